//! [`Scalars`]: what a rule remembers beside its moments and the count of steps.

use crate::config::AdamConfig;
use crate::rule::{Nesterov, Rule, ScheduleFree};
use crate::rules::momentum;

/// Numbers that some rules carry from step to step; the others leave them alone.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Scalars {
    /// The product of [`Rule::NAdam`]'s momenta so far; 1 before the first step. PyTorch's `mu_product`.
    pub mu_product: f64,
    /// The weights of [`Rule::ScheduleFree`]'s average so far. `schedulefree`'s `weight_sum`.
    pub weight_sum: f64,
    /// The highest learning rate so far. `schedulefree`'s `lr_max`.
    pub lr_max: f64,
    /// The share of the last step in [`Rule::ScheduleFree`]'s average.
    pub share: f64,
}

impl Default for Scalars {
    fn default() -> Self {
        Self { mu_product: 1.0, weight_sum: 0.0, lr_max: 0.0, share: 0.0 }
    }
}

impl Scalars {
    /// The numbers after step `t` with the learning rate `lr`.
    pub(crate) fn after(self, config: &AdamConfig, t: u64, lr: f64) -> Self {
        match config.rule {
            Rule::NAdam(Nesterov::Warming { decay }) => {
                let mu_product = self.mu_product * momentum(config.beta1, decay, t);
                Self { mu_product, ..self }
            }
            Rule::ScheduleFree(ScheduleFree { r, power, .. }) => {
                let lr_max = self.lr_max.max(lr * self.warmup(config, t));
                let weight = libm::pow(t as f64, r) * libm::pow(lr_max, power);
                let weight_sum = self.weight_sum + weight;
                let share = if weight_sum > 0.0 { weight / weight_sum } else { 0.0 };
                Self { weight_sum, lr_max, share, ..self }
            }
            _ => self,
        }
    }

    /// What [`Rule::ScheduleFree`] multiplies the rate of step `t` with.
    pub(crate) fn warmup(self, config: &AdamConfig, t: u64) -> f64 {
        match config.rule {
            Rule::ScheduleFree(ScheduleFree { warmup, .. }) if t < warmup => {
                t as f64 / warmup as f64
            }
            _ => 1.0,
        }
    }
}
