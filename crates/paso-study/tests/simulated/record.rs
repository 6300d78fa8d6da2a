//! What one simulated study found.
//!
//! A study with up to 48 pairs contains the one with up to 40: what is spent depends on the number of
//! pairs alone, so it looks at the same pairs and finds the same. One simulation gives both.

use super::{Truth, World};
use paso_study::{
    Comparison, Event, Outcome, Question, RunMonitor, RunSpec, Session, Study, TrialError, Verdict,
};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a comparison had found at some limit of pairs.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub verdict: Verdict,
    /// Whether the intervals of all looks held the true difference of these two finalists, so that it
    /// does not matter at which of them a study was stopped.
    pub covered: bool,
    /// Trainings up to there, those of the race included; a run that shares steps counts as one.
    pub runs: u64,
}

/// A study's findings.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub first: Found,
    pub second: Option<Found>,
}

/// Runs study `number` of a cell with up to `most` pairs; says what it had found at each of `limits`.
pub fn study(truth: Truth, number: u64, limits: &[usize]) -> Vec<Record> {
    let world = World::new(truth, number);
    let runs = AtomicU64::new(0);
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        runs.fetch_add(1, Ordering::Relaxed);
        Ok(world.train(run))
    };
    // Question, pairs and trainings up to then, of every look. A look that waited for its
    // confirmation comes twice.
    let costs = Mutex::new(Vec::new());
    let observe = |event: &Event<'_>| {
        if let Event::Looked { question, look, .. } = event {
            let so_far = (*question, look.pairs, runs.load(Ordering::Relaxed));
            costs.lock().expect("no panic").push(so_far);
        }
    };
    let most = *limits.iter().max().expect("a limit");
    let study = Study::new(world.config(most)).expect("a valid configuration");
    let session = Session { observe: &observe, ..Session::default() };
    let answer = study.run(&trial, &session).expect("the trial never fails");
    let costs = costs.into_inner().expect("no panic");
    let found =
        |comparison: &Comparison, limit: usize| {
            let difference =
                world.mean_of(&comparison.challenger) - world.mean_of(&comparison.incumbent);
            let in_time = comparison.last().pairs <= limit;
            let of = |question: Question| {
                let seen = costs.iter().filter(|(q, pairs, _)| *q == question && *pairs <= limit);
                seen.map(|(_, _, runs)| *runs).max().expect("a look")
            };
            Found {
                verdict: if in_time { comparison.verdict } else { Verdict::Undecided },
                covered: comparison.looks.iter().filter(|look| look.pairs <= limit).all(|look| {
                    look.interval.low <= difference && difference <= look.interval.high
                }),
                runs: of(comparison.question),
            }
        };
    let record = |limit: &usize| Record {
        first: found(&answer.decay, *limit),
        second: answer.alternative.as_ref().map(|second| found(second, *limit)),
    };
    limits.iter().map(record).collect()
}
