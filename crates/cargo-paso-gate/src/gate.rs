//! Did a change make anything slower?
//!
//! Every benchmark has a first round. What is slower in it has a second one, after all others have
//! had their first: a neighbor that was noisy for a minute is gone by then. Only what is slower in
//! both stops the gate.
//!
//! What decides is in `stats.rs` (the test) and `rounds.rs` (the order of the runs). This file
//! shares the time between benchmarks and runs the second rounds.
//!
//! First rounds may take seven tenths of the budget; each has an equal share of what is left when it
//! starts, so that a round which is clear early leaves its time to later ones. Second rounds share
//! all of the rest.

use crate::Result;
use crate::benchmark::Benchmark;
use crate::rounds::{self, Arm, slowdown_test};
use crate::stats::{Comparison, Verdict};
use crate::verdicts::{Outcome, Row};
use std::time::Duration;

/// The share of the time that first rounds may take.
const FIRST_ROUNDS: f64 = 0.7;

/// What ends a gate.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// For all rounds; what is not clear by then is unsure.
    pub budget: Duration,
    /// The time since the gate started.
    pub clock: &'a dyn Fn() -> Duration,
    /// Whether the gate is to be cut off: asked after every block.
    pub is_cut_off: &'a dyn Fn() -> bool,
}

impl std::fmt::Debug for Limits<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").field("budget", &self.budget).finish_non_exhaustive()
    }
}

/// What happens in a gate.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A round of a benchmark starts.
    Starts {
        /// Its name.
        name: &'a str,
        /// Rounds that ended before.
        done: usize,
        /// Rounds that are known to be needed.
        of: usize,
    },
    /// A round ended.
    Ended {
        /// What it found.
        row: &'a Row,
        /// Whether it was a second round.
        second: bool,
        /// All rows, as far as they are known.
        rows: &'a [Row],
    },
}

/// Gives every row that waits its first round, and every one that was slower a second.
///
/// `run` runs the benchmark once with a program and returns its figure. A benchmark that the base
/// cannot run is skipped; one that the candidate cannot run has failed. When the gate is cut off,
/// the row that is measured then goes back to waiting, and those after it stay so.
pub fn gate(
    rows: &mut [Row],
    mut run: impl FnMut(&Benchmark, Arm) -> Result<f64>,
    limits: &Limits<'_>,
    mut tell: impl FnMut(Event<'_>),
) {
    let waiting = |row: &Row| matches!(row.outcome, Outcome::Waiting);
    let of = rows.iter().filter(|row| waiting(row)).count();
    let first_rounds = limits.budget.mul_f64(FIRST_ROUNDS);
    let mut done = 0;
    for i in 0..rows.len() {
        if !waiting(&rows[i]) {
            continue;
        }
        if (limits.is_cut_off)() {
            return;
        }
        tell(Event::Starts { name: &rows[i].benchmark.name, done, of });
        let end = share(limits, first_rounds, of - done);
        rows[i].outcome = first(&rows[i].benchmark, &mut run, limits, end);
        done += 1;
        tell(Event::Ended { row: &rows[i], second: false, rows });
    }
    let suspects = rows.iter().filter(|row| is_suspect(row)).count();
    for i in 0..rows.len() {
        if !is_suspect(&rows[i]) {
            continue;
        }
        if (limits.is_cut_off)() {
            return;
        }
        tell(Event::Starts { name: &rows[i].benchmark.name, done, of: of + suspects });
        let end = share(limits, limits.budget, of + suspects - done);
        let result = round(&rows[i].benchmark, &mut run, limits, end);
        confirm(&mut rows[i], result, (limits.is_cut_off)());
        done += 1;
        tell(Event::Ended { row: &rows[i], second: true, rows });
    }
}

/// Skipped where the base or the control fails, failed where the candidate does or the round breaks
/// off.
fn first(
    benchmark: &Benchmark,
    run: &mut impl FnMut(&Benchmark, Arm) -> Result<f64>,
    limits: &Limits<'_>,
    end: Duration,
) -> Outcome {
    // One run of each that does not count: it warms the page cache, and finds out whether the base
    // knows the benchmark.
    let base = run(benchmark, Arm::Base).and_then(|_| run(benchmark, Arm::Control));
    let found = match base {
        Err(e) => Outcome::Skipped(format!("the base cannot run it: {e}")),
        Ok(_) => {
            match run(benchmark, Arm::Candidate).and_then(|_| round(benchmark, run, limits, end)) {
                Ok(comparison) => Outcome::Compared { first: comparison, second: None },
                Err(e) => Outcome::Failed(e.to_string()),
            }
        }
    };
    // Whoever interrupts this process often interrupts the benchmark, too: that is no failure of it.
    let cut_off = (limits.is_cut_off)();
    match found {
        Outcome::Compared { first, .. } if !cut_off || first.verdict != Verdict::Unsure => found,
        _ if cut_off => Outcome::Waiting,
        found => found,
    }
}

/// One round of one benchmark, up to `end`. Rates become times by their logarithm's sign.
fn round(
    benchmark: &Benchmark,
    run: &mut impl FnMut(&Benchmark, Arm) -> Result<f64>,
    limits: &Limits<'_>,
    end: Duration,
) -> Result<Comparison> {
    let late = || (limits.clock)() >= end || (limits.is_cut_off)();
    let time = |arm| Ok(benchmark.better.log_time(run(benchmark, arm)?));
    rounds::round(&slowdown_test(benchmark.margin), late, time)
}

/// When the next of `left` rounds must end. One that ends early leaves its time to those after it.
fn share(limits: &Limits<'_>, deadline: Duration, left: usize) -> Duration {
    let now = (limits.clock)();
    let left = u32::try_from(left.max(1)).unwrap_or(u32::MAX);
    now + deadline.saturating_sub(now) / left
}

/// Slower in its first round, and has not had a second.
fn is_suspect(row: &Row) -> bool {
    matches!(&row.outcome, Outcome::Compared { first, second: None } if first.verdict == Verdict::Slower)
}

/// Adds the second round.
///
/// A second round that breaks off makes the benchmark `failed`, whatever the first one said; one
/// that is cut off leaves it as it was.
fn confirm(row: &mut Row, result: Result<Comparison>, cut_off: bool) {
    match (&mut row.outcome, result) {
        (_, Err(_)) if cut_off => {}
        (_, Ok(comparison)) if cut_off && comparison.verdict == Verdict::Unsure => {}
        (Outcome::Compared { second, .. }, Ok(comparison)) => *second = Some(comparison),
        (outcome, Err(e)) => *outcome = Outcome::Failed(e.to_string()),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
