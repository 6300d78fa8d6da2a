//! How good a run's net is, its averages are, and what is known of Adam's second moments.
//!
//! Evaluation changes nothing that training sees: not the weights, not the running statistics, not
//! the moments. A run that is evaluated after every step has the bits of one that never is.
//!
//! The weights that are evaluated are those that are used later: averaged ones where the settings
//! ask for them, the trained ones otherwise. Schedule-Free's are kept until the next step, since
//! evaluation and the checkpoint after it need the same ones, and their running statistics take up
//! to [`REFRESH`] forward passes.

use super::Trainer;
use super::average::Average;
use super::batch::Batch;
use super::weights::Weights;
#[cfg(doc)]
use crate::TrainConfig;
use crate::data::Prepared;
use crate::model::{Evaluation, Model};
use crate::{Error, OptimizerName};

/// Batches from which a Schedule-Free run takes its running statistics before it is evaluated. What
/// was there before, the statistics of the trained weights nearby, weighs 0.9^20 = 0.12 then.
///
/// The authors' package advises 50 (`schedule_free`, README). In a run of seven steps an epoch that
/// is most of the work, and evaluates alike: see DESIGN.md.
pub const REFRESH: u64 = 20;

impl Trainer {
    /// How good the net is now, with the weights that a checkpoint has for use: the averaged ones
    /// where [`TrainConfig::average`] is above 0, and under [`OptimizerName::ScheduleFree`], there
    /// with running statistics of their own, from the last [`REFRESH`] batches.
    ///
    /// # Errors
    /// As [`Prepared::image`].
    ///
    /// # Panics
    /// As [`Model::evaluate`].
    #[track_caller]
    pub fn evaluate(&mut self, images: &Prepared) -> Result<Evaluation, Error> {
        self.update_schedule_free()?;
        let Self { model, average, schedule_free, .. } = self;
        let average = average.as_mut().map(|average| &mut average.weights);
        match average.or(schedule_free.as_mut()) {
            None => model.evaluate(images),
            Some(weights) => evaluate_with(weights, model, images),
        }
    }

    /// The weights and running statistics to use, where they are not the trained ones.
    ///
    /// # Errors
    /// As [`Prepared::image`].
    pub(super) fn averaged(&mut self) -> Result<Option<&Weights>, Error> {
        self.update_schedule_free()?;
        Ok(self.average.as_ref().map(|a| &a.weights).or(self.schedule_free.as_ref()))
    }

    /// Makes Schedule-Free's averaged weights of this step, unless they are there.
    fn update_schedule_free(&mut self) -> Result<(), Error> {
        let is_schedule_free = self.optimizer.name() == OptimizerName::ScheduleFree;
        if !is_schedule_free || self.schedule_free.is_some() {
            return Ok(());
        }
        let params = &mut self.model.params;
        let mut weights = Weights::of(params);
        let evaluated = self.optimizer.evaluated(params.values_mut());
        params.values_mut().copy_from_slice(&evaluated);
        let refreshed = self.refresh();
        weights.swap(&mut self.model.params);
        refreshed?;
        self.schedule_free = Some(weights);
        Ok(())
    }

    /// Moves the running statistics to those of the weights as they are: the statistics of the
    /// weights that were trained are not those of their average.
    fn refresh(&mut self) -> Result<(), Error> {
        for step in self.steps().saturating_sub(REFRESH)..self.steps() {
            self.fill(step)?;
            let (net, params) = (&mut self.model.net, &mut self.model.params);
            let Batch { images, boxes, classes, .. } = &self.batch;
            let inputs = [(net.image, &images[..]), (net.target, boxes), (net.class, classes)];
            net.tape.forward(params, &inputs);
        }
        Ok(())
    }

    /// How good each of the nets of [`Trainer::keep_averages`] is now.
    ///
    /// # Errors
    /// As [`Prepared::image`].
    ///
    /// # Panics
    /// As [`Model::evaluate`].
    #[track_caller]
    pub fn evaluate_averages(&mut self, images: &Prepared) -> Result<Vec<Evaluation>, Error> {
        let Self { model, averages, .. } = self;
        let evaluate = |average: &mut Average| evaluate_with(&mut average.weights, model, images);
        averages.iter_mut().map(evaluate).collect()
    }

    /// Adam's second moments: the sum of their roots over all parameters, bias-corrected, and each
    /// one's own rate at `lr`, tensor by tensor. A body that was trained elsewhere counts by its
    /// share of the rate.
    #[must_use]
    pub fn second_moment_stats(&self, lr: f64) -> (f64, Vec<(&str, Vec<f64>)>) {
        let (config, settings) = (*self.optimizer.config(), self.model.config());
        let body = self.model.net.body.map_or(0, |body| body.params);
        let share = |i: usize| if i < body { settings.body_rate } else { 1.0 };
        let moments = self.optimizer.moments();
        let root = |(i, v): (usize, &f32)| {
            let steps = if i < body { self.optimizer.body_steps() } else { self.steps() };
            (f64::from(*v) / (1.0 - config.beta2.powf(steps.max(1) as f64))).sqrt()
        };
        let roots: Vec<f64> = moments[1].1.iter().enumerate().map(root).collect();
        let tensors = self.model.params.tensors().iter();
        let layers = tensors
            .map(|t| {
                let rate = share(t.range.start) * lr;
                let rates = roots[t.range.clone()].iter().map(|root| rate / (root + config.eps));
                (t.name.as_str(), rates.collect())
            })
            .collect();
        (roots.iter().enumerate().map(|(i, root)| share(i) * root).sum(), layers)
    }
}

/// How good the net is with these weights in place of its own, which it has again afterwards.
#[track_caller]
fn evaluate_with(
    weights: &mut Weights,
    model: &mut Model,
    images: &Prepared,
) -> Result<Evaluation, Error> {
    weights.swap(&mut model.params);
    let evaluation = model.evaluate(images);
    weights.swap(&mut model.params);
    evaluation
}
