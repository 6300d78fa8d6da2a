//! What is recorded of a run in addition to its metric: the training curve and an audit of the optimizer's steps.

use paso_locate::adam::StepAudit;
use paso_locate::{StepReport, Trainer};
use paso_study::{CurvePoint, LrHistogram, RunAudit};

/// Largest number of points of a training curve.
const POINTS: u64 = 60;

/// The last `1 / END` of the steps count as the end of a run.
const END: u64 = 10;

/// The record of a run so far.
#[derive(Clone)]
pub(crate) struct RunLog {
    /// Steps of the whole run.
    steps: u64,
    pub(crate) curve: Vec<CurvePoint>,
    /// Sum and number of the losses since the last point of the curve.
    losses: (f64, u64),
    whole: StepAudit,
    end: StepAudit,
    last_lr: f64,
}

impl RunLog {
    /// An empty record of a run of `steps` steps.
    pub(crate) fn new(steps: u64) -> Self {
        let (whole, end) = (StepAudit::default(), StepAudit::default());
        Self { steps, curve: Vec::new(), losses: (0.0, 0), whole, end, last_lr: 0.0 }
    }

    /// Adds a step; `step` counts from 1.
    pub(crate) fn record(&mut self, report: &StepReport, step: u64) {
        self.losses = (self.losses.0 + report.loss, self.losses.1 + 1);
        let every = self.steps.div_ceil(POINTS);
        if step.is_multiple_of(every) || step == self.steps {
            let loss = self.losses.0 / self.losses.1 as f64;
            let loss = Some(loss).filter(|loss| loss.is_finite());
            self.curve.push(CurvePoint { step, loss, metric: None });
            self.losses = (0.0, 0);
        }
        let Some(audit) = &report.audit else { return };
        // Steps are measured in units of the learning rate, so there is nothing to measure at 0.
        if report.lr > 0.0 {
            self.last_lr = report.lr;
            self.whole = self.whole.merge(audit);
            if step > self.steps - self.steps / END {
                self.end = self.end.merge(audit);
            }
        }
    }

    /// The audit of the run, with the second moments as they are now.
    pub(crate) fn audit(&self, trainer: &Trainer) -> RunAudit {
        let (sum_sqrt_v, layers) = trainer.second_moment_stats(self.last_lr);
        let histogram = |(layer, lrs)| LrHistogram::new(layer, lrs);
        RunAudit {
            beta1: paso_locate::adam::AdamConfig::default().beta1,
            step_rms: self.end.rms_step(),
            largest_over_bound: self.whole.max_over_longest().unwrap_or(0.0),
            share_above_lr: self.whole.share_above_lr(),
            sum_sqrt_v,
            effective_lrs: layers.into_iter().map(histogram).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The curve of a run whose loss at step `i` (from 1) is `loss(i)`.
    fn curve(steps: u64, loss: impl Fn(u64) -> f64) -> Vec<CurvePoint> {
        let mut log = RunLog::new(steps);
        for step in 1..=steps {
            let report =
                StepReport { step, lr: 1e-3, loss: loss(step), gradient_norm: 1.0, audit: None };
            log.record(&report, step);
        }
        log.curve
    }

    #[test]
    fn a_curve_has_every_step_of_a_short_run_and_at_most_60_points_of_a_long_one() {
        for steps in [1, 59, 60, 61, 119, 120, 121, 600, 1_000] {
            let curve = curve(steps, |_| 1.0);
            assert_eq!(curve.last().map(|point| point.step), Some(steps), "the last step is in it");
            assert!(curve.len() as u64 <= POINTS.min(steps), "{steps} steps: {}", curve.len());
            assert!(curve.is_sorted_by_key(|point| point.step), "{steps} steps");
        }
        assert_eq!(curve(60, |_| 1.0).len(), 60);
    }

    #[test]
    fn a_point_is_the_mean_of_the_losses_since_the_point_before() {
        let curve = curve(121, |step| step as f64);
        let means: Vec<_> = curve.iter().map(|point| (point.step, point.loss)).collect();
        assert_eq!(means[..2], [(3, Some(2.0)), (6, Some(5.0))]);
        assert_eq!(means[means.len() - 1], (121, Some(121.0)), "a shorter last stretch");
    }

    #[test]
    fn a_loss_that_is_not_finite_leaves_a_gap_in_its_stretch_only() {
        for bad in [f64::NAN, f64::INFINITY] {
            let curve = curve(120, |step| if step == 3 { bad } else { 1.0 });
            let losses: Vec<_> = curve.iter().map(|point| point.loss).collect();
            assert_eq!(losses[..3], [Some(1.0), None, Some(1.0)]);
        }
    }
}
