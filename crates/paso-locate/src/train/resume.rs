//! Between a run in memory and its checkpoint.
//!
//! A checkpoint is refused if it was made with other training images: the order of the samples
//! would be the same, and what they show would not. The fingerprint is of the prepared images, so
//! that another size is another set, too.
//!
//! A run with averaged weights keeps two nets: see [`crate::checkpoint`] for their names.

use super::Trainer;
use super::average::Average;
use crate::Error;
use crate::archive::{self, Archive, TRAINED};
use crate::checkpoint::{FORMAT, Meta, Tensor};
use crate::data::Prepared;
use crate::model::Model;
use crate::train::weights::Weights;
use std::path::Path;
use std::sync::Arc;

impl Trainer {
    /// A run that goes on from a checkpoint, with the same bits as if it had never stopped.
    ///
    /// # Errors
    /// When the checkpoint does not fit its net, or belongs to other training images.
    pub fn resume(
        path: &Path,
        meta: &Meta,
        tensors: &[Tensor],
        data: Arc<Prepared>,
    ) -> Result<Self, Error> {
        let archive = Archive::new(path, tensors)?;
        let mut model = Model::from_archive(meta, &archive)?;
        if data.fingerprint() != meta.data {
            let what = "it was trained on other images; give it the same ones, or start a new run in another folder";
            return Err(Error::Checkpoint { path: path.to_owned(), what: what.into() });
        }
        let averaged = averaged(meta, &archive, &mut model)?;
        let mut trainer = Self::assemble(model, data)?;
        match averaged {
            Some(weights) if meta.config.average > 0.0 => {
                trainer.average = Some(Average::resumed(meta.config.average, weights));
            }
            weights => trainer.schedule_free = weights,
        }
        let moments = trainer
            .optimizer
            .moments()
            .into_iter()
            .map(|(name, _)| archive.trained(&trainer.model.params, &format!("{name}.")));
        let moments = moments.collect::<Result<Vec<_>, _>>()?;
        trainer.optimizer.load(meta.step, &moments, meta.schedule_free)?;
        Ok(trainer)
    }

    /// All that a checkpoint holds.
    ///
    /// # Errors
    /// As [`Prepared::image`], under [`OptimizerName::ScheduleFree`](crate::OptimizerName) only,
    /// whose averaged weights need images for their running statistics.
    pub fn checkpoint(&mut self, best: Option<(f64, u64)>) -> Result<(Meta, Vec<Tensor>), Error> {
        let averaged = self.averaged()?.cloned();
        let model = &self.model;
        let meta = Meta {
            format: FORMAT,
            step: self.steps(),
            config: model.config().clone(),
            classes: model.classes().to_vec(),
            data: self.data.fingerprint(),
            validation: None, // the run knows it
            best,
            schedule_free: self.optimizer.scalars(),
        };
        let params = &model.params;
        let trained = |prefix| archive::model(params, prefix, params.values(), params.buffers());
        let mut tensors = match averaged {
            None => trained(""),
            Some(Weights { values, buffers }) => {
                let used = archive::model(params, "", &values, &buffers);
                [used, trained(TRAINED)].concat()
            }
        };
        for (name, values) in self.optimizer.moments() {
            tensors.extend(archive::trained(params, &format!("{name}."), &values));
        }
        Ok((meta, tensors))
    }
}

/// The averaged weights of a checkpoint that has two nets. The model, which came with the weights to
/// use, has the trained ones then.
fn averaged(
    meta: &Meta,
    archive: &Archive<'_>,
    model: &mut Model,
) -> Result<Option<Weights>, Error> {
    let Some(prefix) = archive.second_net(&meta.config) else { return Ok(None) };
    let values = archive.trained(&model.params, prefix)?;
    let buffers = archive.statistics(&model.params, prefix)?;
    let mut weights = Weights { values, buffers };
    if prefix == TRAINED {
        weights.swap(&mut model.params);
    }
    Ok(Some(weights))
}
