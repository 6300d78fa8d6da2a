//! An arm at one learning rate: what is tuned and what is compared.

use crate::arm::Arm;
use crate::config::StudyConfig;
use crate::journal::Journal;
use crate::outcome::Outcome;
use crate::run_spec::RunSpec;
use crate::runs::run_spec;

/// An arm at one learning rate of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Candidate {
    /// Index of the arm.
    pub(crate) arm: usize,
    /// Learning rate, in half points of the grid above its center.
    pub(crate) lr: i32,
}

impl Candidate {
    pub(crate) fn arm(self, config: &StudyConfig) -> &Arm {
        &config.arms[self.arm]
    }

    pub(crate) fn peak_lr(self, config: &StudyConfig) -> f64 {
        config.grid.lr(self.lr)
    }

    /// Its run with a seed.
    pub(crate) fn run(self, config: &StudyConfig, seed: u64) -> RunSpec {
        run_spec(config, self.arm(config), self.peak_lr(config), seed)
    }

    /// The averaging horizons to choose from, by index; `[None]` for an arm that is not averaged.
    pub(crate) fn horizons(self, config: &StudyConfig) -> Vec<Option<usize>> {
        if self.arm(config).averaged {
            (0..config.averaging.len()).map(Some).collect()
        } else {
            vec![None]
        }
    }
}

/// A candidate whose averaging horizon, if it has one, is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Finalist {
    pub(crate) candidate: Candidate,
    /// Index of its averaging horizon.
    pub(crate) horizon: Option<usize>,
}

impl Finalist {
    pub(crate) fn run(self, config: &StudyConfig, seed: u64) -> RunSpec {
        self.candidate.run(config, seed)
    }

    /// Its metric with a seed; `None` if the run is not finished. Not finite if it diverged.
    pub(crate) fn metric(self, config: &StudyConfig, journal: &Journal, seed: u64) -> Option<f64> {
        journal.get(&self.run(config, seed)).map(|outcome| metric_of(outcome, self.horizon))
    }

    /// Its loss with a seed, if the run has one.
    pub(crate) fn loss(self, config: &StudyConfig, journal: &Journal, seed: u64) -> Option<f64> {
        let outcome = journal.get(&self.run(config, seed))?;
        match self.horizon {
            None => outcome.loss,
            Some(which) => outcome.averaged_loss.get(which).copied(),
        }
    }
}

/// The metric of a run, or of its averaged weights with this horizon.
pub(crate) fn metric_of(outcome: &Outcome, horizon: Option<usize>) -> f64 {
    horizon.map_or(outcome.metric, |which| outcome.averaged[which])
}
