//! The range test of a study: where the grid of peak learning rates is centered.

use super::trial::LocalizationTrial;
use crate::range_test::{STEPS, SWEEPS, Sweeps};
use crate::{progress, threads};
use anyhow::Result;
use paso_study::RangeTestReport;
use paso_study::range_test::suggest;

/// The center of the grid where neither the user nor a range test gives one.
pub(super) const LR: f64 = 2e-3;

/// Runs a range test on the images of the first seed, and reports on stderr where the grid is placed.
pub(super) fn run(trial: &LocalizationTrial, threads: usize) -> Result<RangeTestReport> {
    let bar = progress::bar(SWEEPS * STEPS, "range test");
    let sweeps = threads::pool(threads)?.install(|| {
        let (images, _) = trial.images.of_seed(0)?;
        let sweeps = Sweeps {
            sweeps: SWEEPS,
            steps: STEPS,
            config: &trial.config,
            classes: &trial.classes,
            images: &images,
            features: trial.features.as_deref(),
        };
        sweeps.run(&|| bar.inc(1))
    })?;
    bar.finish_and_clear();
    let (suggestion, refusal) = match suggest(&sweeps) {
        Ok(suggestion) => (Some(suggestion), None),
        Err(refusal) => (None, Some(refusal.to_string())),
    };
    let report = RangeTestReport { sweeps, suggestion, refusal };
    match (center(&report), &report.refusal) {
        (Some(lr), _) => {
            eprintln!("range test: the grid of peak learning rates is centered at {lr}");
        }
        (None, Some(refusal)) => eprintln!(
            "range test: {refusal}. The grid of peak learning rates is centered at the default, {LR}"
        ),
        (None, None) => {}
    }
    Ok(report)
}

/// The center of the grid that a range test suggests, if it does.
pub(super) fn center(report: &RangeTestReport) -> Option<f64> {
    report.suggestion.as_ref().map(|suggestion| between(suggestion.steepest, suggestion.lowest))
}

/// The geometric mean of the learning rate where the loss falls fastest, a good one to start with, and the one where the
/// loss is lowest, too high to stay at: the best peaks lie between them. One digit: a range test is not more precise.
fn between(steepest: f64, lowest: f64) -> f64 {
    format!("{:.0e}", (steepest * lowest).sqrt()).parse().expect("a printed number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_centered_half_way_in_decades_with_one_digit() {
        assert_eq!(between(3.2e-4, 2.5e-2), 3e-3, "the photographs of raccoons");
        assert_eq!(between(1e-4, 1e-2), 1e-3);
        assert_eq!(between(1e-3, 1e-3), 1e-3);
        assert_eq!(between(9.9e-3, 9.9e-3), 1e-2, "rounded up to the next decade");
    }

    #[test]
    fn a_range_test_that_refuses_gives_no_center() {
        let refused =
            RangeTestReport { sweeps: Vec::new(), suggestion: None, refusal: Some("noise".into()) };
        assert_eq!(center(&refused), None);
    }
}
