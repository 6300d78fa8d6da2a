//! The noisy quadratic as a training loop: a known answer for studies.
//!
//! The loss is `w^2 / 2` a coordinate, gradients carry noise of standard deviation `sigma`, and the
//! optimizer is Adam. With noise a constant learning rate keeps a floor that decay removes; without
//! noise there is nothing to remove.

use paso_study::{
    CurvePoint, Outcome, RunAudit, RunMonitor, RunSpec, TrialError, stats::mean, theory,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;

/// The problem, and how many updates it was trained for in all.
#[derive(Debug)]
pub(crate) struct Quadratic {
    pub(crate) sigma: f64,
    pub(crate) start: f64,
    pub(crate) coordinates: usize,
    pub(crate) updates: AtomicU64,
}

impl Quadratic {
    pub(crate) fn new(sigma: f64, start: f64, coordinates: usize) -> Self {
        Self { sigma, start, coordinates, updates: AtomicU64::new(0) }
    }
}

/// A run on its way. A clone continues as the original would.
#[derive(Clone)]
struct Walk {
    rng: ChaCha8Rng,
    w: Vec<f64>,
    m: Vec<f64>,
    v: Vec<f64>,
    averages: Vec<(u64, Vec<f64>)>,
    /// Losses after those updates after which any run of the group is evaluated.
    losses: BTreeMap<u64, f64>,
    /// Losses of the averages, and the mean of `sqrt(v)`, after the updates of the schedule.
    at_end: (Vec<(u64, f64)>, Vec<f64>),
    curve: Vec<CurvePoint>,
    squares: f64,
    largest: f64,
    above: u64,
}

impl Walk {
    fn new(problem: &Quadratic, seed: u64, averaging: &[u64]) -> Self {
        let w = vec![problem.start; problem.coordinates];
        let zero = vec![0.0; problem.coordinates];
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            averages: averaging.iter().map(|horizon| (*horizon, w.clone())).collect(),
            m: zero.clone(),
            v: zero,
            w,
            losses: BTreeMap::new(),
            at_end: Default::default(),
            curve: Vec::new(),
            squares: 0.0,
            largest: 0.0,
            above: 0,
        }
    }

    fn go(
        &mut self,
        problem: &Quadratic,
        run: &RunSpec,
        steps: std::ops::Range<u64>,
        evaluates_after: impl Fn(u64) -> bool,
        monitor: &RunMonitor<'_>,
    ) -> Result<(), TrialError> {
        let schedule = run.schedule();
        problem.updates.fetch_add(steps.end - steps.start, Ordering::Relaxed);
        for t in steps {
            if monitor.should_stop() {
                return Err("stopped".into());
            }
            let (rate, count) = (schedule.at(t), i32::try_from(t + 1)?);
            let bound = theory::step_bound(BETA1, BETA2, t + 1);
            let (first, second) = (1.0 - BETA1.powi(count), 1.0 - BETA2.powi(count));
            if t % (run.steps / 40).max(1) == 0 {
                self.curve.push(CurvePoint { step: t, loss: Some(loss(&self.w)), metric: None });
            }
            let late = (run.steps / 2..run.steps).contains(&t);
            for i in 0..self.w.len() {
                // 64 coin flips: symmetric, of variance 1 after scaling, and the same on every
                // machine.
                let noise = (f64::from(self.rng.next_u64().count_ones()) - 32.0) / 4.0;
                let gradient = self.w[i] + problem.sigma * noise;
                self.m[i] = BETA1 * self.m[i] + (1.0 - BETA1) * gradient;
                self.v[i] = BETA2 * self.v[i] + (1.0 - BETA2) * gradient * gradient;
                let step = self.m[i] / first / ((self.v[i] / second).sqrt() + 1e-8);
                self.w[i] -= rate * step;
                self.largest = self.largest.max(step.abs() / bound);
                self.above += u64::from(step.abs() > 1.0);
                self.squares += if late { step * step } else { 0.0 };
            }
            for (horizon, average) in &mut self.averages {
                for (a, w) in average.iter_mut().zip(&self.w) {
                    *a += (w - *a) / *horizon as f64;
                }
            }
            if evaluates_after(t + 1) {
                self.losses.insert(t + 1, loss(&self.w));
            }
            if t + 1 == run.steps {
                let averages = self.averages.iter().map(|(horizon, w)| (*horizon, loss(w)));
                let roots = self.v.iter().map(|v| (v / second).sqrt());
                self.at_end = (averages.collect(), roots.collect());
            }
        }
        Ok(())
    }

    fn outcome(&self, run: &RunSpec) -> Outcome {
        let (averages, roots) = &self.at_end;
        let n = self.w.len() as f64;
        let late = run.steps - run.steps / 2;
        let average =
            |horizon: &u64| averages.iter().find(|(h, _)| h == horizon).map(|(_, loss)| *loss);
        let averaged_loss: Vec<f64> = run.averaging.iter().filter_map(average).collect();
        let losses: Vec<f64> = run.evaluate_at.iter().map(|done| self.losses[done]).collect();
        let loss = mean(&losses);
        Outcome {
            metric: -loss,
            averaged: averaged_loss.iter().map(|loss| -loss).collect(),
            loss: Some(loss),
            averaged_loss,
            audit: Some(RunAudit {
                beta1: BETA1,
                step_rms: (self.squares / n / late as f64).sqrt(),
                largest_over_bound: self.largest,
                share_above_lr: self.above as f64 / n / run.last_step() as f64,
                // The loss is a mean over the coordinates, hence the gain as well.
                sum_sqrt_v: roots.iter().sum::<f64>() / n,
                effective_lrs: vec![paso_study::LrHistogram::new(
                    "w",
                    roots.iter().map(|root| run.peak_lr / (root + 1e-8)),
                )],
            }),
            curve: self.curve.clone(),
            ..Outcome::default()
        }
    }
}

fn loss(w: &[f64]) -> f64 {
    w.iter().map(|w| w * w / 2.0).sum::<f64>() / w.len() as f64
}

impl paso_study::Trial for Quadratic {
    fn train(&self, run: &RunSpec, monitor: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
        let mut walk = Walk::new(self, run.seed, &run.averaging);
        walk.go(self, run, 0..run.last_step(), |done| run.evaluates_after(done), monitor)?;
        monitor.advance(run.last_step());
        Ok(walk.outcome(run))
    }

    fn train_branches(
        &self,
        runs: &[RunSpec],
        monitor: &RunMonitor<'_>,
    ) -> Result<Vec<Outcome>, TrialError> {
        let mut horizons: Vec<u64> = runs.iter().flat_map(|run| run.averaging.clone()).collect();
        horizons.sort_unstable();
        horizons.dedup();
        let shared = runs[1..].iter().map(|run| runs[0].shared_steps(run)).min();
        let shared = shared.unwrap_or_else(|| runs[0].last_step());
        let mut trunk = Walk::new(self, runs[0].seed, &horizons);
        let any = |done| runs.iter().any(|run| run.evaluates_after(done));
        trunk.go(self, &runs[0], 0..shared, any, monitor)?;
        let branch = |run: &RunSpec| {
            let mut walk = trunk.clone();
            let own = |done| run.evaluates_after(done);
            walk.go(self, run, shared..run.last_step(), own, monitor)?;
            monitor.advance(run.last_step());
            Ok(walk.outcome(run))
        };
        runs.iter().map(branch).collect()
    }
}
