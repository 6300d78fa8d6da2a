//! Training: one [`Trainer`] is one run; each [`Trainer::step`] is one batch and one update.

mod average;
pub(crate) mod config;
pub(crate) mod optimizer;
pub(crate) mod order;

use self::optimizer::{Optimizer, Update};
use crate::archive::{self, Archive};
use crate::checkpoint::{FORMAT, Meta, Tensor};
use crate::data::Prepared;
use crate::model::{Evaluation, Model};
use crate::nets::squeezenet;
use crate::train::average::Average;
use crate::train::order::Order;
use crate::{Error, TrainConfig};
use paso_adam::StepAudit;
use paso_schedule::{Shape, Spec};
use std::path::Path;
use std::sync::Arc;

/// A training run in memory: the net, the optimizer, the data and the place in the stream of samples.
///
/// Everything random follows from the settings' seed and the step number. The result has the same bits
/// for any number of threads (the current rayon pool's are used), and a run that was saved and resumed
/// has the same bits as one that never stopped.
#[derive(Debug)]
pub struct Trainer {
    pub(crate) model: Model,
    pub(crate) data: Arc<Prepared>,
    optimizer: Optimizer,
    schedule: Spec,
    order: Order,
    gradient: Vec<f32>,
    batch: Batch,
    averages: Vec<Average>,
}

/// Batches from which a Schedule-Free run takes its running statistics before it is evaluated: as many as the authors'
/// package advises (`schedule_free`, README). What was there before weighs 0.9^50 then.
pub const REFRESH: u64 = 50;

/// The buffers of one batch, filled anew each step.
#[derive(Debug)]
struct Batch {
    samples: Vec<usize>,
    images: Vec<f32>,
    boxes: Vec<f32>,
    labels: Vec<usize>,
    classes: Vec<f32>,
}

/// What one step did.
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
    /// When a setting is out of range, the schedule cannot be read or bound, or the images have another size.
    pub fn new(
        config: &TrainConfig,
        classes: Vec<String>,
        data: Arc<Prepared>,
    ) -> Result<Self, Error> {
        let model = Model::new(config, classes)?;
        Self::assemble(model, None, data)
    }

    /// Reads the net's body from a file of features that were learned on other images; before the first step.
    ///
    /// # Errors
    /// When the net has no such body, or the file does not hold it.
    pub fn load_features(&mut self, path: &Path) -> Result<(), Error> {
        let config = self.model.config().clone();
        let Some(body) = self.model.net.body else {
            return Err(Error::option(
                "net",
                config.net,
                "squeezenet, to take features from a file",
            ));
        };
        squeezenet::load(path, &mut self.model.params, body)?;
        for average in &mut self.averages {
            *average = Average::new(config.average, &self.model.params);
        }
        Ok(())
    }

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
        let archive = Archive::new(path, tensors);
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

    fn assemble(
        model: Model,
        average: Option<Average>,
        data: Arc<Prepared>,
    ) -> Result<Self, Error> {
        let config = model.config();
        let (side, images) = (config.size as usize, config.batch);
        if data.size() != side {
            return Err(Error::option("size", side, "the size that the images were prepared at"));
        }
        let shape: Shape = config.schedule.parse()?;
        let schedule = shape.bind(config.lr, config.total_steps(data.len()))?;
        let batch = Batch {
            samples: vec![0; images],
            images: vec![0.0; images * side * side * 3],
            boxes: vec![0.0; images * 4],
            labels: vec![0; images],
            classes: vec![0.0; images],
        };
        let split = model.net.body.map_or(0, |body| body.params);
        let frozen = config.frozen_steps(data.len());
        let optimizer = Optimizer::new(config, &model.params, split, frozen, Update::AdamW)?;
        let average = average.unwrap_or_else(|| Average::new(config.average, &model.params));
        Ok(Self {
            averages: if config.average > 0.0 { vec![average] } else { Vec::new() },
            order: Order::new(config.seed, data.len()),
            gradient: model.params.zero_grads(),
            schedule,
            batch,
            model,
            optimizer,
            data,
        })
    }

    /// Takes another way to update the weights, from the start on. Such a run can be evaluated and branched, but not
    /// resumed: a checkpoint does not know how its run was updated.
    ///
    /// # Errors
    /// None that [`Trainer::new`] did not have for the same settings.
    ///
    /// # Panics
    /// After the first step.
    pub fn set_update(&mut self, update: Update) -> Result<(), Error> {
        assert_eq!(self.steps(), 0, "a run updates in one way from its start");
        let (model, split) = (&self.model, self.optimizer.split());
        let frozen = model.config().frozen_steps(self.data.len());
        self.optimizer = Optimizer::new(model.config(), &model.params, split, frozen, update)?;
        Ok(())
    }

    /// Keeps averaged weights with these decays a step, from the weights as they are now, instead of what the
    /// settings ask for. They change nothing else.
    pub fn keep_averages(&mut self, decays: &[f64]) {
        self.averages =
            decays.iter().map(|&decay| Average::new(decay, &self.model.params)).collect();
    }

    /// A second run that stands where this one does and goes on by itself: the same weights, moments and averages, and
    /// the same place in the stream of samples, which follows from `seed` from here on. With this run's own seed both
    /// have the same bits for as long as they take the same rates.
    ///
    /// # Errors
    /// None that [`Trainer::new`] did not have for the same settings.
    pub fn branch(&self, seed: u64) -> Result<Self, Error> {
        let config = TrainConfig { seed, ..self.model.config().clone() };
        let mut model = Model::new(&config, self.model.classes().to_vec())?;
        model.params.values_mut().copy_from_slice(self.model.params.values());
        model.params.buffers_mut().copy_from_slice(self.model.params.buffers());
        let mut branch = Self::assemble(model, None, Arc::clone(&self.data))?;
        branch.optimizer = self.optimizer.clone();
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

    /// The rate of a step, counted from 0.
    #[must_use]
    pub fn lr(&self, step: u64) -> f64 {
        self.schedule.at(step)
    }

    /// Adam's second moments: the sum of their roots over all parameters, bias-corrected, and each one's own rate at
    /// `lr`, tensor by tensor. A body that was trained elsewhere counts by its share of the rate.
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

    /// The net as it is now.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Takes one step, on the threads of the current rayon pool.
    ///
    /// # Errors
    /// [`Error::Diverged`] when the loss or the gradient is not finite, with the step, its rate and the layer that it
    /// began in. Nothing has been updated then but the running statistics.
    pub fn step(&mut self) -> Result<StepReport, Error> {
        self.step_at(self.schedule.at(self.steps()), false)
    }

    /// [`Trainer::step`] at this rate, whatever the schedule says: for a range test.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    pub fn step_at_rate(&mut self, lr: f64) -> Result<StepReport, Error> {
        self.step_at(lr, false)
    }

    /// [`Trainer::step_at_rate`] with what the update did in the report. The step has the same bits.
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
        let gradient_norm = optimizer::norm(&self.gradient);
        if !loss.is_finite() || !gradient_norm.is_finite() {
            return Err(self.diverged(done, lr));
        }
        let scale = optimizer::clip(gradient_norm, self.model.config().clip_norm);
        let params = &mut self.model.params;
        let arena = (params.values_mut(), &self.gradient[..]);
        let audit = self.optimizer.step(lr, arena, scale, audited)?;
        self.averages.iter_mut().for_each(|a| a.update(done + 1, params));
        Ok(StepReport { step: done + 1, lr, loss: f64::from(loss), gradient_norm, audit })
    }

    /// The batch of step number `step`, counted from 0.
    fn fill(&mut self, step: u64) -> Result<(), Error> {
        let config = self.model.config();
        let (images, first) = (config.batch, step * config.batch as u64);
        let pixels = self.batch.images.len() / images;
        let augment = config.augment_at(step, self.data.len());
        let mut k = 0;
        while k < images {
            // A batch may reach into the next pass, which augments anew.
            let (_, pass) = self.order.at(first + k as u64);
            let start = k;
            while k < images {
                let (sample, its_pass) = self.order.at(first + k as u64);
                if its_pass != pass {
                    break;
                }
                self.batch.samples[k] = sample;
                k += 1;
            }
            self.data.par_fill_batch(
                &self.batch.samples[start..k],
                Some(&augment),
                config.seed,
                pass,
                &mut self.batch.images[start * pixels..k * pixels],
                &mut self.batch.boxes[4 * start..4 * k],
                &mut self.batch.labels[start..k],
            )?;
        }
        self.batch.classes.iter_mut().zip(&self.batch.labels).for_each(|(c, &l)| *c = l as f32);
        Ok(())
    }

    /// Where a step went wrong: the first layer of the forward pass whose numbers are not finite, or, where they all are,
    /// the last one whose gradient is not: gradients go from the end to the beginning.
    fn diverged(&self, step: u64, lr: f64) -> Error {
        let (net, params) = (&self.model.net, &self.model.params);
        let Batch { images, boxes, classes, .. } = &self.batch;
        let inputs = [(net.image, &images[..]), (net.target, boxes), (net.class, classes)];
        let gradient_of = || {
            let broken = |t: &&paso_tape::ParamInfo| {
                self.gradient[t.range.clone()].iter().any(|g| !g.is_finite())
            };
            let tensor = params.tensors().iter().rfind(broken);
            tensor.map_or_else(|| "the loss".into(), |t| format!("the gradient of {}", t.name))
        };
        let place = net.tape.first_non_finite(params, &inputs).unwrap_or_else(gradient_of);
        Error::Diverged { step, lr, place }
    }

    /// Refuses to go on from numbers that are not finite: of the net, or of what it says about the validation images.
    pub(crate) fn check_finite(&self, val_loss: f64) -> Result<(), Error> {
        let params = &self.model.params;
        let broken = |t: &&paso_tape::ParamInfo| {
            let arena = if t.kind.is_some() { params.values() } else { params.buffers() };
            arena[t.range.clone()].iter().any(|x| !x.is_finite())
        };
        let tensor = params.tensors().iter().chain(params.statistics()).find(broken);
        let place = match tensor {
            Some(tensor) => tensor.name.clone(),
            None if val_loss.is_finite() => return Ok(()),
            None => "the loss of the validation images".into(),
        };
        let step = self.steps().saturating_sub(1);
        Err(Error::Diverged { step, lr: self.lr(step), place })
    }

    #[cfg(test)]
    pub(crate) fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// How good the net is now. Under [`Update::ScheduleFree`] these are the averaged weights, with running statistics
    /// of their own, from the last [`REFRESH`] batches.
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

    /// Moves the running statistics to those of the weights as they are: the statistics of the weights that were trained
    /// are not those of their average.
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
