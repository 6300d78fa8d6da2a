//! The formulas in f64, one weight after the other, as the papers write them: what the fast step is tested against.
//!
//! It shares no arithmetic with the kernels: nothing is folded, fused or flushed. It is public so that a port of
//! a training script can be checked against it, too; it is about a hundred times slower than [`crate::Adam`].

use alloc::vec;
use alloc::vec::Vec;

use crate::config::{AdamConfig, Decay};
use crate::rules;

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
    config: AdamConfig,
    steps: u64,
    /// A weight's moments, in the order of [`crate::AdamState::moments`].
    pub moments: Vec<[f64; 3]>,
}

impl Textbook {
    /// Moments of zero for a tensor of `len` weights. The settings are taken as they are.
    #[must_use]
    pub fn new(config: AdamConfig, len: usize) -> Self {
        Self { config, steps: 0, moments: vec![[0.0; 3]; len] }
    }

    /// Takes the next step with the rate `lr`.
    ///
    /// # Panics
    /// When `weights` or `gradient` has another length than the moments.
    #[track_caller]
    pub fn step(&mut self, lr: f64, weights: &mut [f64], gradient: &[f64]) {
        let n = self.moments.len();
        assert!(weights.len() == n, "{} weights, {n} moments", weights.len());
        assert!(gradient.len() == n, "{} gradients, {n} moments", gradient.len());
        self.steps += 1;
        let config = &self.config;
        for ((w, &g), moments) in weights.iter_mut().zip(gradient).zip(&mut self.moments) {
            let mut g = if config.maximize { -g } else { g };
            match config.decay {
                Decay::None => {}
                Decay::L2(value) => g += value * *w,
                Decay::Decoupled(value) => *w *= 1.0 - lr * value,
            }
            *w -= rules::textbook(config, self.steps, lr, g, moments);
        }
    }
}
