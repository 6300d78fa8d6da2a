//! Training: one [`Trainer`] is one run; each [`Trainer::step`] is one batch and one update.
//!
//! # One step
//!
//! 1. The samples of the batch, by [`order`] from the seed and the step number.
//! 2. Their augmented images, in parallel.
//! 3. Forward and backward pass over the tape: loss `box + class_weight * class`, where `box` is
//!    `1 - GIoU` and `class` a cross-entropy with label smoothing.
//! 4. The norm of the gradient; a step whose loss or norm is not finite is refused before it changes a
//!    weight, and so is one whose norm has a square that is infinite in f32.
//! 5. Clipping, then a step of the optimizer at the rate that the schedule has for this step.
//! 6. Averaged weights, where they are kept.
//!
//! The step number is the only state besides weights and moments. That is why a checkpoint is small
//! and why resuming cannot drift: the order of the samples, the augmentation and the learning rate
//! are functions of it.

mod average;
mod batch;
pub(crate) mod config;
mod diverged;
mod evaluate;
mod optimizer;
pub(crate) mod optimizer_name;
pub(crate) mod order;
mod resume;
mod weights;

use self::batch::Batch;
pub use self::evaluate::REFRESH;
use self::optimizer::Optimizer;
use crate::data::Prepared;
use crate::model::Model;
use crate::train::average::Average;
use crate::train::order::Order;
use crate::train::weights::Weights;
use crate::{Error, TrainConfig};
use paso_adam::StepAudit;
use paso_schedule::{Shape, Spec};
use std::path::Path;
use std::sync::Arc;

/// The root of the largest f32: a second moment that takes in more stays infinite.
const LARGEST_NORM: f64 = 1.844_674_3e19;

/// A training run in memory: the net, the optimizer, the data and the place in the stream of
/// samples.
///
/// Everything random follows from the settings' seed and the step number. The result has the same
/// bits for any number of threads (the current rayon pool's are used), and a run that was saved and
/// resumed has the same bits as one that never stopped.
///
/// ```
/// use paso_locate::data::{PrepareOptions, Prepared, Split};
/// use paso_locate::demo::{DemoOptions, dataset};
/// use paso_locate::{NetName, TrainConfig, Trainer};
/// use std::{path::Path, sync::Arc};
///
/// let demo = dataset(&DemoOptions { train: 8, val: 2, seed: 0 })?;
/// let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
/// let (images, _) = Prepared::new(&demo, &demo.indices(Split::Train), &options)?;
/// let images = Arc::new(images);
///
/// let config = TrainConfig {
///     net: NetName::Tiny,
///     size: 32,
///     batch: 4,
///     steps: Some(4),
///     schedule: "warmup(50%) then cosine".into(),
///     ..TrainConfig::default()
/// };
/// let mut run = Trainer::new(&config, demo.classes.clone(), Arc::clone(&images))?;
/// assert!(run.step()?.loss.is_finite());
///
/// // What a checkpoint holds is enough to go on with the same bits.
/// let (meta, tensors) = run.checkpoint(None)?;
/// let mut again = Trainer::resume(Path::new("memory"), &meta, &tensors, images)?;
/// assert_eq!(run.step()?, again.step()?);
/// # Ok::<(), paso_locate::Error>(())
/// ```
#[derive(Debug)]
pub struct Trainer {
    pub(crate) model: Model,
    pub(crate) data: Arc<Prepared>,
    optimizer: Optimizer,
    schedule: Spec,
    order: Order,
    gradient: Vec<f32>,
    batch: Batch,
    /// What [`TrainConfig::average`] asks for.
    average: Option<Average>,
    /// What [`Trainer::keep_averages`] asks for.
    averages: Vec<Average>,
    /// Schedule-Free's averaged weights after the last step, once something needed them.
    schedule_free: Option<Weights>,
}

/// What one step did. The loss is that of one augmented batch, which is noisy: for how good the net
/// is, evaluate it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Steps done, this one included.
    pub step: u64,
    /// The learning rate it used.
    pub lr: f64,
    /// Loss of its batch before the update.
    pub loss: f64,
    /// The norm of the gradient over all weights, before it was clipped.
    pub gradient_norm: f64,
    /// What the update did, if it was asked for.
    pub audit: Option<StepAudit>,
}

impl Trainer {
    /// A run before its first step. `data` are the training images.
    ///
    /// # Errors
    /// When a setting is out of range, the schedule cannot be read or bound, or the images have
    /// another size.
    pub fn new(
        config: &TrainConfig,
        classes: Vec<String>,
        data: Arc<Prepared>,
    ) -> Result<Self, Error> {
        let model = Model::new(config, classes)?;
        Self::assemble(model, data)
    }

    /// Reads the net's body from a file of features that were learned on other images; before the
    /// first step.
    ///
    /// # Errors
    /// When the net has no such body, or the file does not hold it.
    pub fn load_features(&mut self, path: &Path) -> Result<(), Error> {
        self.model.load_features(path)?;
        let averages = self.average.iter_mut().chain(&mut self.averages);
        averages.for_each(|average| average.restart(&self.model.params));
        self.schedule_free = None;
        Ok(())
    }

    fn assemble(model: Model, data: Arc<Prepared>) -> Result<Self, Error> {
        let config = model.config();
        let (side, images) = (config.size as usize, config.batch);
        if data.size() != side {
            return Err(Error::invalid_value(
                "size",
                side,
                "the size that the images were prepared at",
            ));
        }
        let shape: Shape = config.schedule.parse()?;
        let schedule = shape.bind(config.lr, config.total_steps(data.len()))?;
        let batch = Batch::new(images, side);
        let split = model.net.body.map_or(0, |body| body.params);
        let frozen = config.frozen_steps(data.len());
        let optimizer = Optimizer::new(config, &model.params, split, frozen)?;
        let average = (config.average > 0.0).then(|| Average::new(config.average, &model.params));
        Ok(Self {
            average,
            averages: Vec::new(),
            schedule_free: None,
            order: Order::new(config.seed, data.len()),
            gradient: model.params.zero_grads(),
            schedule,
            batch,
            model,
            optimizer,
            data,
        })
    }

    /// Keeps averaged weights with these decays a step, from the weights as they are now, for
    /// [`Trainer::evaluate_averages`]. They change nothing else: [`TrainConfig::average`] has its own,
    /// and a checkpoint does not hold these.
    pub fn keep_averages(&mut self, decays: &[f64]) {
        self.averages =
            decays.iter().map(|&decay| Average::new(decay, &self.model.params)).collect();
    }

    /// A second run that stands where this one does and goes on by itself: the same weights,
    /// moments and averages, and the same place in the stream of samples, which follows from `seed`
    /// from here on. With this run's own seed both have the same bits for as long as they take the
    /// same rates.
    ///
    /// # Errors
    /// None that [`Trainer::new`] did not have for the same settings.
    pub fn branch(&self, seed: u64) -> Result<Self, Error> {
        let config = TrainConfig { seed, ..self.model.config().clone() };
        let mut model = Model::new(&config, self.model.classes().to_vec())?;
        model.params.values_mut().copy_from_slice(self.model.params.values());
        model.params.buffers_mut().copy_from_slice(self.model.params.buffers());
        let mut branch = Self::assemble(model, Arc::clone(&self.data))?;
        branch.optimizer = self.optimizer.clone();
        branch.average.clone_from(&self.average);
        branch.averages.clone_from(&self.averages);
        Ok(branch)
    }

    /// The images that it trains on.
    #[must_use]
    pub fn images(&self) -> &Prepared {
        &self.data
    }

    /// Steps done.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.optimizer.steps()
    }

    /// Steps of the whole run.
    #[must_use]
    pub fn total_steps(&self) -> u64 {
        self.model.config().total_steps(self.data.len())
    }

    /// Steps of one epoch.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        self.model.config().steps_per_epoch(self.data.len())
    }

    /// The learning rate that the schedule has for a step, counted from 0.
    #[must_use]
    pub fn lr(&self, step: u64) -> f64 {
        self.schedule.at(step)
    }

    /// The net as it is now: with its trained weights, also where averaged ones are those to use.
    /// [`Model::load`] of a checkpoint has the latter.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Takes one step, on the threads of the current rayon pool.
    ///
    /// # Errors
    /// [`Error::Diverged`] when the loss or the gradient is not finite, with the step, its rate and
    /// the layer that it began in. Nothing has been updated then but the running statistics.
    pub fn step(&mut self) -> Result<StepReport, Error> {
        self.step_at(self.schedule.at(self.steps()), false)
    }

    /// [`Trainer::step`] at this rate, whatever the schedule says: for a range test, and for a study.
    /// Also beyond the run's last step: the images are then changed as in that one.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    pub fn step_at_rate(&mut self, lr: f64) -> Result<StepReport, Error> {
        self.step_at(lr, false)
    }

    /// [`Trainer::step_at_rate`] with what the update did in the report. The step has the same
    /// bits.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    pub fn step_audited_at_rate(&mut self, lr: f64) -> Result<StepReport, Error> {
        self.step_at(lr, true)
    }

    fn step_at(&mut self, lr: f64, audited: bool) -> Result<StepReport, Error> {
        let done = self.steps();
        self.fill(done)?;
        let (net, params) = (&mut self.model.net, &mut self.model.params);
        if let Some(body) = net.body {
            net.tape.set_frozen(body.output, self.optimizer.is_frozen());
        }
        let Batch { images, boxes, classes, .. } = &self.batch;
        let loss = net
            .tape
            .forward(params, &[(net.image, images), (net.target, boxes), (net.class, classes)]);
        net.tape.backward(params, &mut self.gradient);
        let gradient_norm = self.optimizer.norm(&self.gradient);
        if !loss.is_finite() || !gradient_norm.is_finite() {
            return Err(self.diverged(done, lr));
        }
        let scale = self.optimizer.clip(gradient_norm);
        if gradient_norm * scale > LARGEST_NORM {
            return Err(self.diverged(done, lr));
        }
        let params = &mut self.model.params;
        let arena = (params.values_mut(), &self.gradient[..]);
        let audit = self.optimizer.step(lr, arena, scale, audited)?;
        self.schedule_free = None;
        let averages = self.average.iter_mut().chain(&mut self.averages);
        averages.for_each(|average| average.update(done + 1, params));
        Ok(StepReport { step: done + 1, lr, loss: f64::from(loss), gradient_norm, audit })
    }

    #[cfg(test)]
    pub(crate) fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }
}

#[cfg(test)]
mod tests;
