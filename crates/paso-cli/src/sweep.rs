//! The range test that `paso find-lr` prints and that `paso settle` places its learning rates by.
//!
//! A sweep trains for a short time while the learning rate rises from 1e-6 to 10, each step by the
//! same factor, and records the loss (Smith, 2017, "Cyclical Learning Rates for Training Neural
//! Networks"). Three sweeps from different seeds are pooled, since one of 360 steps is too noisy to
//! place anything. With 120 steps from 1e-7, a third as many per decade, the loss of the demo and of
//! other sets that are learned slowly did not fall by more than noise.
//!
//! Before a sweep come steps at learning rate 0. Adam's second moment starts at zero and is
//! corrected for that, so the first steps would have the size of the learning rate whatever the
//! gradient.
//!
//! A sweep keeps its weights to itself: the runs that follow begin with fresh ones. A loss that is
//! not finite is recorded as NaN, and the sweep ends there by the rules of `paso-study`, which also
//! turns sweeps into a suggestion.

use anyhow::Result;
use paso_locate::data::Prepared;
use paso_locate::{Error, TrainConfig, Trainer};
use paso_study::range_test::{RangeTest, Sweep};
use std::path::Path;
use std::sync::Arc;

/// Sweeps and their steps, where nobody asks for others.
pub(crate) const SWEEPS: u64 = 3;
pub(crate) const STEPS: u64 = 360;

/// The learning rates that they begin and end with, where nobody asks for others.
pub(crate) const FROM: f64 = 1e-6;
pub(crate) const TO: f64 = 10.0;

/// Steps at learning rate 0 before a sweep, so that Adam's second moment and the norms' statistics
/// are those of training.
const SETTLE: u64 = 30;

/// The sweeps, each a run of its own from its own initial weights.
///
/// Seeds count up from the seed of the settings, so the result is the same on every call.
/// `features` are loaded into the fresh weights. `advance` is called once for each step of a sweep,
/// but not for the steps at learning rate 0.
///
/// # Errors
/// If a run cannot be built or a step fails for another reason than divergence.
pub(crate) fn sweeps(
    sweeps: u64,
    test: RangeTest,
    config: &TrainConfig,
    classes: &[String],
    images: &Arc<Prepared>,
    features: Option<&Path>,
    advance: &dyn Fn(),
) -> Result<Vec<Sweep>> {
    let steps = test.steps as u64;
    let sweep = |seed| -> Result<Sweep> {
        // A run of its own from its own initial weights: nothing has to be put back.
        let config = TrainConfig { seed, steps: Some(steps + SETTLE), ..config.clone() };
        let mut trainer = Trainer::new(&config, classes.to_vec(), Arc::clone(images))?;
        features.map_or(Ok(()), |features| trainer.load_features(features))?;
        for _ in 0..SETTLE {
            trainer.step_at_rate(0.0)?;
        }
        Ok(test.sweep(|lr| {
            advance();
            match trainer.step_at_rate(lr) {
                Ok(report) => Ok(report.loss),
                // "Diverged here" is what the sweep looks for.
                Err(Error::Diverged { .. }) => Ok(f64::NAN),
                Err(e) => Err(e),
            }
        })?)
    };
    (0..sweeps).map(|i| sweep(config.seed.wrapping_add(i))).collect()
}
