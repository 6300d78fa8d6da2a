//! Between a run in memory and its checkpoint.
//!
//! A checkpoint is refused if it was made with other training images: the order of the samples
//! would be the same, and what they show would not. The fingerprint is of the prepared images, so
//! that another size is another set, too.

use super::Trainer;
use super::average::Average;
use crate::Error;
use crate::archive::{self, Archive};
use crate::checkpoint::{FORMAT, Meta, Tensor};
use crate::data::Prepared;
use crate::model::Model;
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
        let model = Model::from_archive(meta, &archive)?;
        if data.fingerprint() != meta.data {
            let what = "it was trained on other images; give it the same ones, or start a new run in another folder";
            return Err(Error::Checkpoint { path: path.to_owned(), what: what.into() });
        }
        let mut average = Average::new(meta.config.average, &model.params);
        if meta.config.average > 0.0 {
            average.values = archive.trained(&model.params, "average.")?;
            average.buffers = archive.statistics(&model.params, "average.")?;
        }
        let mut trainer = Self::assemble(model, Some(average), data)?;
        let moments = trainer
            .optimizer
            .moments()
            .into_iter()
            .map(|(name, _)| archive.trained(&trainer.model.params, &format!("{name}.")));
        let moments = moments.collect::<Result<Vec<_>, _>>()?;
        trainer.optimizer.load(meta.step, &moments)?;
        Ok(trainer)
    }

    /// All that a checkpoint holds.
    #[must_use]
    pub fn checkpoint(&self, best: Option<(f64, u64)>) -> (Meta, Vec<Tensor>) {
        let model = &self.model;
        let meta = Meta {
            format: FORMAT,
            step: self.steps(),
            config: model.config().clone(),
            classes: model.classes().to_vec(),
            data: self.data.fingerprint(),
            validation: None, // the run knows it
            best,
        };
        let mut tensors =
            archive::model(&model.params, "", model.params.values(), model.params.buffers());
        for (name, values) in self.optimizer.moments() {
            tensors.extend(archive::trained(&model.params, &format!("{name}."), &values));
        }
        if model.config().average > 0.0 {
            tensors.extend(
                self.averages
                    .iter()
                    .flat_map(|a| archive::model(&model.params, "average.", &a.values, &a.buffers)),
            );
        }
        (meta, tensors)
    }
}
