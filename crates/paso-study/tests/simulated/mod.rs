//! Simulated studies whose truth is known: what `tests/simulation.rs` and the example `rigour` share.
//!
//! A [`World`] is a training loop that trains nothing. Its metric is an effect of the arm, minus a
//! loss for a learning rate that is not the arm's best, plus noise of the run. The unit is the
//! standard deviation of a paired difference.
#![allow(dead_code, reason = "the test and the example use a part each")]
#![allow(unreachable_pub, reason = "a module of two programs")]

pub mod cells;
pub mod interrupted;
pub mod noise;
pub mod rates;
pub mod record;

use noise::{Noise, hash, uniform};
use paso_study::{Arm, FinalistAnswer, Outcome, Role, RunSpec, StudyConfig};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What is true of every study of a cell.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    /// Effect of each decaying arm over the constant learning rate, each at its best learning rate.
    pub decay: f64,
    /// Whether the decaying arms have a third, two thirds, all and none of that effect.
    pub unequal: bool,
    /// Effect of the averaged weights over the constant learning rate; `None` without that arm.
    pub averaged: Option<f64>,
    /// Whether a learning rate of three times the best costs one unit (and nine times four), or
    /// nothing.
    pub peaked: bool,
    pub noise: Noise,
}

/// One study of a cell.
#[derive(Clone, Debug)]
pub struct World {
    truth: Truth,
    number: u64,
    /// Distance of each arm's best learning rate from the center of the grid, in points: random
    /// within half a point.
    best: Vec<f64>,
}

/// Shares of the effect where arms differ, in the order of [`Arm::usual`].
const UNEQUAL: [f64; 6] = [0.0, 0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0, 0.0];

impl World {
    pub fn new(truth: Truth, number: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(hash(&[number, u64::MAX]));
        let best = Arm::usual().iter().map(|_| uniform(&mut rng) - 0.5).collect();
        Self { truth, number, best }
    }

    /// The configuration of such a study. There is no margin, so that "no difference" is never said.
    pub fn config(&self, pairs: usize) -> StudyConfig {
        let wanted = |arm: &Arm| arm.role != Role::Alternative || self.truth.averaged.is_some();
        let arms = Arm::usual().into_iter().filter(wanted).collect();
        StudyConfig { arms, steps: 10, pairs, margin: 0.0, ..StudyConfig::default() }
    }

    /// Trains a run: the same outcome whenever it is asked for.
    pub fn train(&self, run: &RunSpec) -> Outcome {
        let same = |arm: &Arm| arm.spec == run.spec && !arm.averaged;
        let arm = Arm::usual().iter().position(same).expect("an arm of the study");
        let key = [self.number, arm as u64, run.peak_lr.to_bits(), run.seed, run.steps];
        let mut rng = ChaCha8Rng::seed_from_u64(hash(&key));
        let role = Arm::usual()[arm].role;
        let metric = self.mean(arm, run.peak_lr) + self.truth.noise.of_run(role, &mut rng);
        let mut averaged = || {
            let noise = self.truth.noise.of_run(Role::Alternative, &mut rng);
            self.mean(AVERAGED, run.peak_lr) + noise
        };
        let averaged = run.averaging.iter().map(|_| averaged()).collect();
        Outcome { metric, averaged, ..Outcome::default() }
    }

    /// The true mean of a finalist.
    pub fn mean_of(&self, finalist: &FinalistAnswer) -> f64 {
        let arm = Arm::usual().iter().position(|arm| arm.name == finalist.arm);
        self.mean(arm.expect("an arm of the study"), finalist.peak_lr)
    }

    fn mean(&self, arm: usize, lr: f64) -> f64 {
        let effect = match Arm::usual()[arm].role {
            Role::Baseline => 0.0,
            Role::Alternative => self.truth.averaged.unwrap_or(0.0),
            Role::Decay if self.truth.unequal => UNEQUAL[arm] * self.truth.decay,
            Role::Decay => self.truth.decay,
        };
        let points = (lr / 1e-3).ln() / 3f64.ln() - self.best[arm];
        if self.truth.peaked { effect - points * points } else { effect }
    }
}

/// Index of the averaged arm.
const AVERAGED: usize = 1;
