//! The formulas in f64, one weight after the other, as the papers write them: what the fast step is
//! tested against.
//!
//! It shares no arithmetic on weights, gradients and moments with the kernels: nothing is folded,
//! fused or flushed. What it does share is computed once a step, in f64: the decay of a step,
//! NAdam's momenta, RAdam's rectification, ADOPT's bound and Schedule-Free's share, which are
//! compared with the libraries' own records instead (`DIALECTS.md`).
//!
//! It is public so that a port of a training script can be checked against it, too; it is about a
//! hundred times slower than [`crate::Adam`].

use alloc::vec;
use alloc::vec::Vec;

use crate::config::AdamConfig;
use crate::rules::{StepContext, decoupled_decay};
use crate::scalars::Scalars;

/// A tensor's moments in f64.
///
/// ```
/// use paso_adam::{AdamConfig, reference::Textbook};
///
/// let mut textbook = Textbook::new(AdamConfig::default(), 2);
/// let mut w = [1.0, 1.0];
/// textbook.step(1e-3, &mut w, &[0.5, -20.0]);
/// assert!((w[0] - 0.999).abs() < 1e-9 && (w[1] - 1.001).abs() < 1e-9);
/// ```
#[derive(Debug, Clone)]
pub struct Textbook {
    /// The settings; betas may be changed between steps.
    pub config: AdamConfig,
    steps: u64,
    scalars: Scalars,
    /// A weight's moments, in the order of [`crate::AdamState::moments`].
    pub moments: Vec<[f64; 3]>,
}

impl Textbook {
    /// Moments of zero for a tensor of `len` weights. The settings are taken as they are.
    #[must_use]
    pub fn new(config: AdamConfig, len: usize) -> Self {
        Self { config, steps: 0, scalars: Scalars::default(), moments: vec![[0.0; 3]; len] }
    }

    /// Takes the next step with the learning rate `lr`.
    ///
    /// # Panics
    /// When `weights` or `gradient` has another length than the moments.
    #[track_caller]
    pub fn step(&mut self, lr: f64, weights: &mut [f64], gradient: &[f64]) {
        let n = self.moments.len();
        assert!(weights.len() == n, "{} weights, {n} moments", weights.len());
        assert!(gradient.len() == n, "{} gradients, {n} moments", gradient.len());
        self.steps += 1;
        let (config, t) = (&self.config, self.steps);
        let (hyper, formula) = (config.hyper_params(), config.rule.formula());
        let before = StepContext { hyper, t, lr, scalars: self.scalars };
        self.scalars = formula.scalars(&before);
        let at = StepContext { scalars: self.scalars, ..before };
        let decay = config.decay.at(lr);
        let mut updates = Vec::with_capacity(n);
        for ((w, &g), moments) in weights.iter_mut().zip(gradient).zip(&mut self.moments) {
            if formula.decays_weights(t) {
                *w *= 1.0 - decay.shrink_before;
            }
            let g = if config.maximize { -g } else { g };
            let g = g + decay.l2 * *w;
            updates.push((formula.textbook(&at, *w, g, moments), g));
            if formula.decays_weights(t) {
                *w *= 1.0 - decay.shrink;
            }
        }
        if config.cautious {
            let agreeing = updates.iter().filter(|(step, g)| agree(*step, *g)).count();
            let share = (agreeing as f64 / n as f64).max(1e-3);
            for (step, g) in &mut updates {
                *step = if agree(*step, *g) { *step / share } else { 0.0 };
            }
        }
        if formula.has_trust_ratio() {
            let decay = decoupled_decay(&hyper);
            let norm = |values: &mut dyn Iterator<Item = f64>| {
                libm::sqrt(values.map(|x| x * x).sum::<f64>())
            };
            for ((step, _), w) in updates.iter_mut().zip(weights.iter()) {
                *step += decay * w;
            }
            let size = norm(&mut weights.iter().copied());
            let update = norm(&mut updates.iter().map(|(step, _)| *step));
            let trust = if size == 0.0 || update == 0.0 { 1.0 } else { size / update };
            updates.iter_mut().for_each(|(step, _)| *step *= lr * trust);
        }
        weights.iter_mut().zip(updates).for_each(|(w, (step, _))| *w -= step);
    }

    /// The weights to evaluate: under [`Rule::ScheduleFree`](crate::Rule::ScheduleFree) the
    /// averaged ones.
    #[must_use]
    pub fn evaluated(&self, weights: &[f64]) -> Vec<f64> {
        let place = self.config.rule.formula().evaluated_at(&self.config.hyper_params());
        let place = place.filter(|_| self.steps > 0).unwrap_or(0.0);
        weights.iter().zip(&self.moments).map(|(y, [z, ..])| y + place * (z - y)).collect()
    }
}

fn agree(step: f64, g: f64) -> bool {
    (step > 0.0 && g > 0.0) || (step < 0.0 && g < 0.0)
}
