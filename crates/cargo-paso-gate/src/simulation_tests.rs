//! Simulated gates: how often they cry wolf, and how often they see one.
//!
//! A run's time has log-normal noise of 2 %, is 30 % longer one time in twenty, and the machine
//! gets 5 % slower over a round of full length. Some machines are busy with something else for
//! stretches of eight runs. Both rounds go through the code that the gate runs.
//!
//! What is asserted, at the default margin of 1 % and over 2000 gates each, with a fixed seed: at
//! most 1 % of the gates stop a candidate that is equal, on quiet, noisy and busy machines, or that
//! is slower by exactly the margin; at least 90 % stop a slowdown of 3 % at a noise of 2 % a run.
//!
//! A simulation and not a formula, because rounds end early, verdicts depend on two intervals at
//! once, and noise is neither normal nor independent.

use crate::benchmark::MARGIN;
use crate::rounds::{Arm, MOST, round, slowdown_test};
use crate::stats::{SlowdownTest, Verdict};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A machine with noise, drift and outliers.
struct Machine {
    rng: ChaCha8Rng,
    /// Log-normal, of one run.
    noise: f64,
    /// Of the whole round of full length, as a ratio minus 1.
    drift: f64,
    outliers: f64,
    /// How often a busy stretch begins; its runs take up to 60 % longer.
    busy: f64,
    busy_runs: u32,
    /// Of the candidate, as a ratio.
    slowdown: f64,
}

impl Machine {
    /// Both rounds: whether the gate stops the candidate, and the blocks that it took.
    fn gate(&mut self, test: &SlowdownTest) -> (bool, usize) {
        let mut blocks = 0;
        let mut slower = || {
            let mut runs = 0.0;
            let comparison = round(test, || false, |arm| Ok::<f64, ()>(self.time(arm, &mut runs)))
                .expect("a simulated run does not fail");
            blocks += comparison.blocks;
            comparison.verdict == Verdict::Slower
        };
        (slower() && slower(), blocks)
    }

    fn time(&mut self, arm: Arm, runs: &mut f64) -> f64 {
        *runs += 1.0;
        let drift = self.drift * *runs / (6 * MOST) as f64;
        let slowdown = if arm == Arm::Candidate { self.slowdown } else { 1.0 };
        let outlier = if self.uniform() < self.outliers { 1.3 } else { 1.0 };
        if self.busy_runs == 0 && self.uniform() < self.busy {
            self.busy_runs = 8;
        }
        let busy = if self.busy_runs > 0 { 1.0 + 0.6 * self.uniform() } else { 1.0 };
        self.busy_runs = self.busy_runs.saturating_sub(1);
        (slowdown * outlier * busy * (1.0 + drift)).ln() + self.noise * self.normal()
    }

    /// Of the open interval from 0 to 1.
    fn uniform(&mut self) -> f64 {
        (f64::from(self.rng.next_u32()) + 0.5) / 2_f64.powi(32)
    }

    /// Box and Muller's.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// The share of gates that stop a candidate with this slowdown, and the mean blocks of a gate.
fn stopped(slowdown: f64, noise: f64, busy: f64) -> (f64, f64) {
    let gates = 2000;
    let rng = ChaCha8Rng::seed_from_u64(7);
    let mut machine =
        Machine { rng, noise, drift: 0.05, outliers: 0.05, busy, busy_runs: 0, slowdown };
    let test = slowdown_test(MARGIN);
    let (mut stops, mut blocks) = (0, 0);
    for _ in 0..gates {
        let (stop, took) = machine.gate(&test);
        stops += u32::from(stop);
        blocks += took;
    }
    (f64::from(stops) / f64::from(gates), blocks as f64 / f64::from(gates))
}

#[test]
fn the_gate_seldom_cries_wolf() {
    // The fourth machine is busy two fifths of the time.
    for (noise, busy) in [(0.002, 0.0), (0.02, 0.0), (0.06, 0.0), (0.02, 0.08)] {
        let (share, blocks) = stopped(1.0, noise, busy);
        eprintln!(
            "noise {noise}, busy {busy}: {share} of 2000 gates stop an equal one; {blocks:.1} blocks"
        );
        assert!(
            share <= 0.01,
            "noise {noise}, busy {busy}: {share} of the gates stop an equal candidate"
        );
    }
    let (share, blocks) = stopped(1.01, 0.02, 0.0);
    eprintln!("a slowdown of the margin: {share} of 2000 gates stop it; {blocks:.1} blocks");
    assert!(share <= 0.01, "{share} of the gates stop a slowdown of no more than the margin");
}

#[test]
fn the_gate_sees_three_percent() {
    for (slowdown, noise) in [(1.03, 0.02), (1.03, 0.01), (1.05, 0.02), (1.02, 0.005)] {
        let (share, blocks) = stopped(slowdown, noise, 0.0);
        eprintln!("noise {noise}, {slowdown}: {share} of 2000 gates stop it; {blocks:.1} blocks");
        assert!(
            share >= 0.9,
            "noise {noise}: only {share} of the gates stop a slowdown of {slowdown}"
        );
    }
}
