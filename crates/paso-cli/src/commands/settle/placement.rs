//! Where the learning rates to try are placed.
//!
//! A grid in the wrong place costs runs: it widens by one learning rate per round for every arm.
//! The center is the geometric mean of where the loss falls fastest and where it is lowest, rounded
//! to one digit.
//!
//! A refusal of the range test is not an error here, unlike in `paso find-lr`: the grid is then
//! placed around a fixed learning rate, and the tuning of each arm moves it if the best one is at
//! its edge. The range test and its refusal are part of the report.

use crate::sweep::{STEPS, SWEEPS, sweeps};
use crate::trial::Localization;
use crate::{progress, threads};
use anyhow::Result;
use paso_study::RangeTestReport;
use paso_study::range_test::suggest;

/// The middle of the learning rates where neither the user nor a range test says one.
pub(super) const LR: f64 = 2e-3;

/// A range test on a run of its own: it places the grid of learning rates.
///
/// It uses the training images of seed 0. The seed of the sweeps is that of the settings, so it
/// gives the same result on every call. `count` is the number of threads.
pub(super) fn range_test(trial: &Localization, count: usize) -> Result<RangeTestReport> {
    let bar = progress::bar(SWEEPS * STEPS, "range test");
    let sweeps = threads::pool(count)?.install(|| {
        let Localization { config, classes, images, features, .. } = trial;
        let (train, _) = images.of_seed(0)?;
        let advance = || bar.inc(1);
        sweeps(SWEEPS, STEPS, config, classes, &train, features.as_deref(), &advance)
    })?;
    bar.finish_and_clear();
    let (suggestion, refusal) = match suggest(&sweeps) {
        Ok(found) => (Some(found), None),
        Err(refusal) => (None, Some(refusal.to_string())),
    };
    let report = RangeTestReport { sweeps, suggestion, refusal };
    match (center(&report), &report.refusal) {
        (Some(lr), _) => eprintln!("range test: the learning rates to try are placed around {lr}"),
        (_, Some(refusal)) => {
            eprintln!("range test: {refusal}. The learning rates to try are placed around {LR}");
        }
        _ => {}
    }
    Ok(report)
}

/// Half way, in decades, from where the loss falls fastest, a learning rate to begin with, to where
/// it is lowest, a learning rate too high to stay at: peaks lie between. With one digit: more would
/// be invented.
pub(super) fn center(report: &RangeTestReport) -> Option<f64> {
    let suggestion = report.suggestion.as_ref()?;
    format!("{:.0e}", (suggestion.steepest * suggestion.lowest).sqrt()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(steepest: f64, lowest: f64) -> RangeTestReport {
        let suggestion = serde_json::from_value(serde_json::json!({
            "steepest": steepest, "low": steepest, "high": steepest, "lowest": lowest,
            "diverges": null, "curve": [], "valley": steepest, "minimum_over_ten": lowest / 10.0,
        }));
        let suggestion = suggestion.expect("a suggestion");
        RangeTestReport { sweeps: Vec::new(), suggestion: Some(suggestion), refusal: None }
    }

    #[test]
    fn the_center_is_the_geometric_mean_with_one_digit() {
        assert_eq!(center(&report(1e-3, 1e-1)), Some(1e-2));
        assert_eq!(center(&report(2.1e-3, 9.7e-3)), Some(5e-3));
        assert_eq!(center(&report(3.4e-4, 3.4e-4)), Some(3e-4));
    }

    #[test]
    fn a_refusal_places_nothing() {
        let refusal = Some("the loss falls nowhere".into());
        let report = RangeTestReport { sweeps: Vec::new(), suggestion: None, refusal };
        assert_eq!(center(&report), None);
    }
}
