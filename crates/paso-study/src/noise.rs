//! Why decay helps or does not: measurements of the baseline's runs against theory.
//!
//! Two signs that noise limits a constant learning rate: the root mean square of step / learning
//! rate is near `sqrt((1 - beta1) / (1 + beta1))`, the value for gradients of pure noise, and
//! averaging the weights lowers the loss. A run that still makes progress has longer steps, and
//! averaging it looks back at worse weights.
//!
//! All of this explains and decides nothing: the verdict depends on the paired metrics alone.

use crate::audit::{LrHistogram, RunAudit};
use crate::candidate::Finalist;
use crate::config::StudyConfig;
use crate::journal::Journal;
use crate::outcome::Outcome;
use crate::stats::mean;
use crate::theory::{predicted_gain, step_rms};
use serde::{Deserialize, Serialize};

/// A run counts as limited by noise when its steps are within this share of the floor that noise
/// keeps them at.
const NEAR_THE_FLOOR: f64 = 0.15;

/// How much noise limits the baseline, from its runs of the pairs. All losses are in the unit of
/// [`Outcome::loss`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NoiseAnalysis {
    /// Runs of the baseline that have a finite audit and did not diverge.
    pub runs: usize,
    /// Mean root mean square of step / learning rate near the end.
    pub step_rms: f64,
    /// Its value for pure-noise gradients: [`theory::step_rms`](crate::theory::step_rms).
    pub step_rms_floor: f64,
    /// Whether noise limits the runs: steps within 15 % of that floor, and, where it is known, a
    /// lower loss of averaged weights.
    pub noise_limited: bool,
    /// Largest `|step| / (lr * R(t))` over all the runs; theory allows 1.
    pub largest_over_bound: f64,
    /// Mean share of steps above the learning rate.
    #[serde(rename = "share_above_rate")]
    pub share_above_lr: f64,
    /// `lr / 4 * sum of sqrt(v)`: how much loss a decay to 0 would remove from a quadratic whose
    /// weights have all settled. A heuristic, and an upper one: see
    /// [`theory::predicted_gain`](crate::theory::predicted_gain).
    pub predicted_gain: f64,
    /// Mean loss of the baseline minus that of the best decaying arm, over seeds in which neither
    /// diverged; each at its own learning rate.
    pub measured_gain: Option<f64>,
    /// Mean loss of the baseline minus that of its weights averaged over the horizon at which that
    /// is largest.
    pub averaging_gain: Option<f64>,
    /// The effective learning rates of all these runs, per layer.
    #[serde(rename = "effective_rates")]
    pub effective_lrs: Vec<LrHistogram>,
}

impl NoiseAnalysis {
    /// Analyzes the runs of the pairs; `None` if no run of the baseline was audited.
    pub(crate) fn new(
        config: &StudyConfig,
        journal: &Journal,
        (baseline, best): (Finalist, Finalist),
        pairs: usize,
    ) -> Option<Self> {
        let outcomes = |side: Finalist| -> Vec<&Outcome> {
            let run = |number| side.run(config, config.pair_seed(number));
            (0..pairs).filter_map(|number| journal.get(&run(number))).collect()
        };
        let (constant, decaying) = (outcomes(baseline), outcomes(best));
        let audits: Vec<_> = constant
            .iter()
            .filter(|outcome| outcome.metric.is_finite())
            .filter_map(|outcome| outcome.audit.as_ref())
            .filter(|audit| audit.is_finite())
            .collect();
        let first = audits.first()?;
        let over = |value: &dyn Fn(&RunAudit) -> f64| {
            mean(&audits.iter().map(|audit| value(audit)).collect::<Vec<_>>())
        };
        let measured = constant.iter().zip(&decaying).filter_map(|(c, d)| Some(c.loss? - d.loss?));
        let gain = |which: usize| {
            finite_mean(
                constant.iter().filter_map(move |c| Some(c.loss? - c.averaged_loss.get(which)?)),
            )
        };
        let averaging_gain = (0..config.averaging.len()).filter_map(gain).reduce(f64::max);
        let floor = step_rms(first.beta1);
        let rms = over(&|audit| audit.step_rms);
        let mut effective_lrs: Vec<LrHistogram> = Vec::new();
        for histogram in audits.iter().flat_map(|audit| &audit.effective_lrs) {
            match effective_lrs.iter_mut().find(|known| known.layer == histogram.layer) {
                Some(known) => known.merge(histogram),
                None => effective_lrs.push(histogram.clone()),
            }
        }
        Some(Self {
            runs: audits.len(),
            step_rms: rms,
            step_rms_floor: floor,
            noise_limited: (rms / floor - 1.0).abs() <= NEAR_THE_FLOOR
                && averaging_gain.is_none_or(|gain| gain > 0.0),
            largest_over_bound: audits.iter().map(|a| a.largest_over_bound).fold(0.0, f64::max),
            share_above_lr: over(&|audit| audit.share_above_lr),
            predicted_gain: predicted_gain(
                baseline.candidate.peak_lr(config),
                over(&|audit| audit.sum_sqrt_v),
            ),
            measured_gain: finite_mean(measured),
            averaging_gain,
            effective_lrs,
        })
    }
}

/// The mean of those that are finite; `None` when there are none.
fn finite_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    (!finite.is_empty()).then(|| mean(&finite))
}
