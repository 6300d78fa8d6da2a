//! How good a run's net is, its averages are, and what is known of Adam's second moments.
//!
//! Evaluation changes nothing that training sees: not the weights, not the running statistics, not
//! the moments. A run that is evaluated after every step has the bits of one that never is.

use super::Trainer;
use super::average::Average;
use super::batch::Batch;
use super::optimizer::Update;
use crate::Error;
use crate::data::Prepared;
use crate::model::Evaluation;
#[cfg(doc)]
use crate::model::Model;

/// Batches from which a Schedule-Free run takes its running statistics before it is evaluated: as
/// many as the authors' package advises (`schedule_free`, README). What was there before weighs
/// 0.9^50 then.
pub const REFRESH: u64 = 50;

impl Trainer {
    /// How good the net is now. Under [`Update::ScheduleFree`] these are the averaged weights, with
    /// running statistics of their own, from the last [`REFRESH`] batches.
    ///
    /// # Errors
    /// As [`Prepared::image`].
    ///
    /// # Panics
    /// As [`Model::evaluate`].
    #[track_caller]
    pub fn evaluate(&mut self, images: &Prepared) -> Result<Evaluation, Error> {
        if self.optimizer.update() != Update::ScheduleFree {
            return self.model.evaluate(images);
        }
        let params = &mut self.model.params;
        let (values, buffers) = (params.values().to_vec(), params.buffers().to_vec());
        let evaluated = self.optimizer.evaluated(params.values_mut());
        params.values_mut().copy_from_slice(&evaluated);
        let evaluation = self.refresh().and_then(|()| self.model.evaluate(images));
        self.model.params.values_mut().copy_from_slice(&values);
        self.model.params.buffers_mut().copy_from_slice(&buffers);
        evaluation
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

    /// How good each of the averaged nets is now.
    ///
    /// # Errors
    /// As [`Prepared::image`].
    ///
    /// # Panics
    /// As [`Model::evaluate`].
    #[track_caller]
    pub fn evaluate_averages(&mut self, images: &Prepared) -> Result<Vec<Evaluation>, Error> {
        let Self { model, averages, .. } = self;
        let evaluate = |average: &mut Average| {
            average.swap(&mut model.params);
            let evaluation = model.evaluate(images);
            average.swap(&mut model.params);
            evaluation
        };
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
