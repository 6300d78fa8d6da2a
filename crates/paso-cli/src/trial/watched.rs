//! What a study's run reports besides its metric: its loss curve, and what the optimizer's steps
//! looked like.
//!
//! These figures explain an answer and never change it. The audit of the last tenth of a run tells
//! whether its steps have the size that noise alone would give them; those of the whole run,
//! whether any exceeded the bound of Adam's theory.
//!
//! Points of the curve are means over equal numbers of steps, the last one over what is left. A
//! mean that is not finite has no value. Steps at learning rate 0 do not count in the audit, and
//! neither do those of Schedule-Free, whose steps have another scale.

use paso_locate::adam::StepAudit;
use paso_locate::{StepReport, Trainer};
use paso_study::{CurvePoint, LrHistogram, RunAudit};

/// Points of a run's curve.
const POINTS: u64 = 60;

/// The share of a run that counts as its end.
const END: u64 = 10;

/// What was seen of a run so far.
#[derive(Clone)]
pub(super) struct Watched {
    steps: u64,
    pub(super) curve: Vec<CurvePoint>,
    /// Loss and number of the steps since the last point.
    since: (f64, u64),
    /// The audit of all steps; the next field is that of the last tenth. In a run of fewer than 10
    /// steps the latter stays empty.
    whole: StepAudit,
    end: StepAudit,
    /// The learning rate of the last step that was above 0.
    last_lr: f64,
}

impl Watched {
    pub(super) fn new(steps: u64) -> Self {
        let (whole, end) = (StepAudit::default(), StepAudit::default());
        Self { steps, curve: Vec::new(), since: (0.0, 0), whole, end, last_lr: 0.0 }
    }

    /// Takes in step number `step` of the study, from 1.
    pub(super) fn see(&mut self, report: &StepReport, step: u64) {
        self.since = (self.since.0 + report.loss, self.since.1 + 1);
        let every = self.steps.div_ceil(POINTS);
        if step.is_multiple_of(every) || step == self.steps {
            let loss = self.since.0 / self.since.1 as f64;
            let loss = Some(loss).filter(|loss| loss.is_finite());
            self.curve.push(CurvePoint { step, loss, metric: None });
            self.since = (0.0, 0);
        }
        let Some(audit) = &report.audit else { return };
        // At learning rate 0 there is no step to measure in its units.
        if report.lr > 0.0 {
            self.last_lr = report.lr;
            self.whole = self.whole.merge(audit);
            if step > self.steps - self.steps / END {
                self.end = self.end.merge(audit);
            }
        }
    }

    /// The audit, with the second moments as they are now.
    pub(super) fn audit(&self, trainer: &Trainer) -> RunAudit {
        let (sum_sqrt_v, layers) = trainer.second_moment_stats(self.last_lr);
        RunAudit {
            beta1: paso_locate::adam::AdamConfig::default().beta1,
            step_rms: self.end.rms_step(),
            largest_over_bound: self.whole.max_over_longest().unwrap_or(0.0),
            share_above_lr: self.whole.share_above_lr(),
            sum_sqrt_v,
            effective_lrs: layers
                .into_iter()
                .map(|(layer, rates)| LrHistogram::new(layer, rates))
                .collect(),
        }
    }
}
