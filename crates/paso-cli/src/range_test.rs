//! Learning-rate range tests on a training of paso: short runs with a rising learning rate, for `find-lr` and `settle`.

use anyhow::Result;
use paso_locate::data::Prepared;
use paso_locate::{Error, TrainConfig, Trainer};
use paso_study::range_test::{RangeTest, Sweep};
use std::path::Path;
use std::sync::Arc;

/// Default number of sweeps.
pub(crate) const SWEEPS: u64 = 3;

/// Default steps per sweep.
pub(crate) const STEPS: u64 = 120;

/// Steps at learning rate 0 before a sweep, so that Adam's second moment and the statistics of batch norm have the values
/// that they have in training.
const BURN_IN: u64 = 30;

/// What the sweeps train.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sweeps<'a> {
    pub(crate) sweeps: u64,
    /// Steps per sweep.
    pub(crate) steps: u64,
    pub(crate) config: &'a TrainConfig,
    pub(crate) classes: &'a [String],
    pub(crate) images: &'a Arc<Prepared>,
    /// A file of pretrained features to start from.
    pub(crate) features: Option<&'a Path>,
}

impl Sweeps<'_> {
    /// Runs the sweeps; calls `on_step` at each step. Every sweep has a seed of its own, so initial weights and order of
    /// the images differ.
    pub(crate) fn run(&self, on_step: &dyn Fn()) -> Result<Vec<Sweep>> {
        let shown = (self.steps + BURN_IN) * self.config.batch as u64;
        if shown > self.images.len() as u64 {
            let images = self.images.len();
            eprintln!(
                "a sweep sees each of the {images} images about {:.1} times, in a new order each time",
                shown as f64 / images as f64
            );
        }
        let first = self.config.seed;
        (first..first + self.sweeps).map(|seed| self.sweep(seed, on_step)).collect()
    }

    fn sweep(&self, seed: u64, on_step: &dyn Fn()) -> Result<Sweep> {
        let config = TrainConfig { seed, steps: Some(self.steps + BURN_IN), ..self.config.clone() };
        let mut trainer = Trainer::new(&config, self.classes.to_vec(), Arc::clone(self.images))?;
        if let Some(features) = self.features {
            trainer.load_features(features)?;
        }
        for _ in 0..BURN_IN {
            trainer.step_at_rate(0.0)?;
        }
        let test = RangeTest { steps: usize::try_from(self.steps)?, ..RangeTest::default() };
        Ok(test.sweep(|lr| {
            on_step();
            match trainer.step_at_rate(lr) {
                Ok(report) => Ok(report.loss),
                // Where training diverges is a result of the sweep, not a failure.
                Err(Error::Diverged { .. }) => Ok(f64::NAN),
                Err(e) => Err(e),
            }
        })?)
    }
}
