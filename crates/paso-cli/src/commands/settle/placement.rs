//! Where the learning rates to try are placed.
//!
//! A grid in the wrong place costs runs: it widens by one learning rate per round for every arm.
//! The center is the peak rate that a range test suggests, rounded to one digit.
//!
//! A refusal of the range test is not an error here, unlike in `paso find-lr`: the grid is then
//! placed around a fixed learning rate, and the tuning of each arm moves it if the best one is at
//! its edge. The range test and its refusal are part of the report.

use crate::sweep::{FROM, STEPS, SWEEPS, TO, sweeps};
use crate::trial::Localization;
use crate::{folder, progress, threads};
use anyhow::Result;
use paso_study::range_test::{RangeTest, suggest};
use paso_study::{RangeTestReport, Worker};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The middle of the learning rates where neither the user nor a range test says one.
pub(super) const LR: f64 = 2e-3;

/// The file of a range test in the folder of a study.
const FILE_NAME: &str = "range-test.json";

/// Sweeps are some hundred numbers each.
const LARGEST: u64 = 1 << 24;

/// A range test, and the study that it is for.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    fingerprint: String,
    #[serde(flatten)]
    range_test: RangeTestReport,
}

impl Kept {
    fn new(trial: &Localization, range: &RangeTestReport) -> Self {
        Self { fingerprint: trial.fingerprint(), range_test: range.clone() }
    }
}

/// The range test that an earlier call of this study kept, unless it cannot be read.
pub(super) fn kept(folder: &Path, trial: &Localization) -> Option<RangeTestReport> {
    let text = paso_files::read_text(&folder.join(FILE_NAME), LARGEST).ok()?;
    let kept: Kept = serde_json::from_str(&text).ok()?;
    (kept.fingerprint == trial.fingerprint()).then_some(kept.range_test)
}

/// The range test of one of several workers: the first does it, the others wait for it. Where it
/// cannot be kept, each does its own.
pub(super) fn shared(
    folder: &Path,
    worker: &Worker,
    trial: &Localization,
    threads: usize,
) -> Result<RangeTestReport> {
    let mut own = None;
    let work = || -> Result<()> {
        let range = range_test(trial, threads)?;
        if let Ok(text) = serde_json::to_vec(&Kept::new(trial, &range)) {
            // Not over that of a worker that was taken for dead: others may have read it.
            paso_files::write_new(&folder.join(FILE_NAME), &text).ok();
        }
        own = Some(range);
        Ok(())
    };
    folder::make_own(folder, "settle")?;
    worker.once(folder, "range-test", || kept(folder, trial).is_some(), work)?;
    kept(folder, trial).or(own).map_or_else(|| range_test(trial, threads), Ok)
}

/// Keeps a range test in a folder of paso's, so that the same command does not repeat it. Where it
/// cannot be written it is repeated.
pub(super) fn keep(folder: &Path, trial: &Localization, range: &RangeTestReport) {
    if let Ok(text) = serde_json::to_vec(&Kept::new(trial, range)) {
        paso_files::write(&folder.join(FILE_NAME), &text).ok();
    }
}

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
        let test = RangeTest { from: FROM, to: TO, steps: usize::try_from(STEPS)? };
        sweeps(SWEEPS, test, config, classes, &train, features.as_deref(), &advance)
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

/// The suggested peak rate with one digit: more would be invented.
pub(super) fn center(report: &RangeTestReport) -> Option<f64> {
    let suggestion = report.suggestion.as_ref()?;
    format!("{:.0e}", suggestion.peak_lr).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(peak: f64) -> RangeTestReport {
        let suggestion = serde_json::from_value(serde_json::json!({
            "peak_lr": peak, "peak_low": peak, "peak_high": peak,
            "steepest": 1e-4, "low": 1e-4, "high": 1e-4, "lowest": 1e-1,
            "diverges": null, "curve": [], "valley": 1e-4, "minimum_over_ten": 1e-2,
        }));
        let suggestion = suggestion.expect("a suggestion");
        RangeTestReport { sweeps: Vec::new(), suggestion: Some(suggestion), refusal: None }
    }

    #[test]
    fn the_center_is_the_peak_rate_with_one_digit() {
        assert_eq!(center(&report(1e-2)), Some(1e-2));
        assert_eq!(center(&report(4.6e-3)), Some(5e-3));
        assert_eq!(center(&report(3.4e-4)), Some(3e-4));
    }

    #[test]
    fn a_refusal_places_nothing() {
        let refusal = Some("the loss falls nowhere".into());
        let report = RangeTestReport { sweeps: Vec::new(), suggestion: None, refusal };
        assert_eq!(center(&report), None);
    }
}
