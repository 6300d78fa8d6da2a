//! The range test that `paso find-lr` prints and that `paso settle` places its learning rates by.

use anyhow::Result;
use paso_locate::data::Prepared;
use paso_locate::{Error, TrainConfig, Trainer};
use paso_study::range_test::{RangeTest, Sweep};
use std::path::Path;
use std::sync::Arc;

/// Sweeps and their steps, where nobody asks for others.
pub(crate) const SWEEPS: u64 = 3;
pub(crate) const STEPS: u64 = 120;

/// Steps at learning rate 0 before a sweep, so that Adam's second moment and the norms' statistics
/// are those of training.
const SETTLE: u64 = 30;

/// The sweeps, each a run of its own from its own initial weights.
pub(crate) fn sweeps(
    sweeps: u64,
    steps: u64,
    config: &TrainConfig,
    classes: &[String],
    images: &Arc<Prepared>,
    features: Option<&Path>,
    advance: &dyn Fn(),
) -> Result<Vec<Sweep>> {
    let test = RangeTest { steps: usize::try_from(steps)?, ..RangeTest::default() };
    let needed = (steps + SETTLE) * config.batch as u64;
    if needed > images.len() as u64 {
        eprintln!(
            "a sweep sees each of the {} images about {:.1} times, in a new order each time",
            images.len(),
            needed as f64 / images.len() as f64
        );
    }
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
    (config.seed..config.seed + sweeps).map(sweep).collect()
}
