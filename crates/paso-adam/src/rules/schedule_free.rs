//! Schedule-Free AdamW (Defazio et al., *The Road Less Scheduled*, arXiv 2405.15682, algorithm 1).
//!
//! ```text
//! v = beta2 * v + (1 - beta2) * g^2        d = g / (sqrt(v / (1 - beta2^t)) + eps) + decay * y
//! y = y + c * (z - y) - lr * (1 - beta1 * (1 - c)) * d
//! z = z - lr * d
//! ```
//!
//! y are the weights that the gradient is taken at, and what the caller holds while training. c is
//! this step's share in the average; z starts as the weights. The averaged weights are
//! `x = y + (1 - 1 / beta1) * (z - y)`.

use pulp::Simd;

use super::formula::{Formula, Inputs, Kernel, StepContext, Update, refuse_cautious};
use super::moments::{Denominator, textbook_denominator, textbook_mean};
use crate::checks::{non_negative, require};
use crate::weight_decay::WeightDecay;
use crate::error::Error;
use crate::hyper_params::HyperParams;
use crate::math::{self, Ema};
use crate::scalars::Scalars;

/// Schedule-Free's average of the weights and its warm-up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScheduleFree {
    /// Steps over which the learning rate rises linearly to what is given with the step. Default 0;
    /// the paper advises a warm-up.
    pub warmup: u64,
    /// A step weighs `t^r`. Default 0.
    pub r: f64,
    /// A step weighs `lr^power`, with the highest learning rate so far. Default 2; Keras has 0.
    pub power: f64,
}

impl Default for ScheduleFree {
    fn default() -> Self {
        Self { warmup: 0, r: 0.0, power: 2.0 }
    }
}

impl ScheduleFree {
    /// The learning rate with its warm-up.
    fn lr(self, at: &StepContext) -> f64 {
        let warmup = if at.t < self.warmup { at.t as f64 / self.warmup as f64 } else { 1.0 };
        at.lr * warmup
    }

    pub(crate) fn kernel(self, at: &StepContext) -> (ScheduleFreeKernel, f64) {
        let (lr, share) = (self.lr(at), at.scalars.share);
        let (denominator, hat) = Denominator::new(at, 1.0);
        let kernel = ScheduleFreeKernel {
            first: at.t == 1,
            square: Ema::new(at.hyper.beta2),
            denominator,
            decay: math::round(decay(at)),
            share: math::round(share),
            pull: math::round(lr * (1.0 - at.hyper.beta1 * (1.0 - share))),
            lr: math::round(lr),
            hat: math::round(hat),
        };
        (kernel, lr * hat)
    }
}

/// The decay that is added to the direction, for each unit of weight.
fn decay(at: &StepContext) -> f64 {
    if at.lr > 0.0 { at.hyper.decay.at(at.lr).shrink / at.lr } else { 0.0 }
}

impl Formula for ScheduleFree {
    fn moment_names(&self) -> &'static [&'static str] {
        &["z", "exp_avg_sq"]
    }

    fn validate(&self, hyper: &HyperParams) -> Result<(), Error> {
        non_negative("r", self.r)?;
        non_negative("power", self.power)?;
        require("beta1", hyper.beta1, hyper.beta1 > 0.0, "above 0 for ScheduleFree")?;
        if let WeightDecay::Constant(value) = hyper.decay {
            require("decay", value, value == 0.0, "any but Constant for ScheduleFree")?;
        }
        refuse_cautious(hyper, "ScheduleFree")
    }

    fn has_scalars(&self) -> bool {
        true
    }

    fn scalars(&self, at: &StepContext) -> Scalars {
        let lr_max = at.scalars.lr_max.max(self.lr(at));
        let weight = libm::pow(at.t as f64, self.r) * libm::pow(lr_max, self.power);
        let weight_sum = at.scalars.weight_sum + weight;
        let share = if weight_sum > 0.0 { weight / weight_sum } else { 0.0 };
        Scalars { weight_sum, lr_max, share, ..at.scalars }
    }

    /// Its kernel adds the decay to the direction.
    fn decays_weights(&self, _: u64) -> bool {
        false
    }

    fn evaluated_at(&self, hyper: &HyperParams) -> Option<f64> {
        Some(1.0 - 1.0 / hyper.beta1)
    }

    fn textbook(&self, at: &StepContext, y: f64, g: f64, [z, v, _]: &mut [f64; 3]) -> f64 {
        let (lr, c) = (self.lr(at), at.scalars.share);
        if at.t == 1 {
            *z = y;
        }
        *v = textbook_mean(at.hyper.beta2, *v, g * g);
        let (denominator, hat) = textbook_denominator(at, *v);
        let direction = hat * g / denominator + decay(at) * y;
        let step = c * (y - *z) + lr * (1.0 - at.hyper.beta1 * (1.0 - c)) * direction;
        *z -= lr * direction;
        step
    }
}

/// Schedule-Free's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScheduleFreeKernel {
    first: bool,
    square: Ema,
    denominator: Denominator,
    decay: f32,
    share: f32,
    pull: f32,
    lr: f32,
    /// `lr` is in units of this, where `eps` is added to the raw moment.
    hat: f32,
}

impl Kernel for ScheduleFreeKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s> {
        let (y, g, [z, v, unused]) = (at.weight, at.gradient, at.moments);
        let z = if self.first { y } else { z };
        let v = self.square.update_squares(simd, v, g);
        let denominator = self.denominator.of(simd, v);
        let direction = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.hat), g), denominator);
        let direction = simd.mul_add_f32s(simd.splat_f32s(self.decay), y, direction);
        let down = simd.mul_f32s(simd.splat_f32s(self.pull), direction);
        let step = simd.mul_add_f32s(simd.splat_f32s(self.share), simd.sub_f32s(y, z), down);
        let z = simd.negate_mul_add_f32s(simd.splat_f32s(self.lr), direction, z);
        Update { step, denominator, moments: [z, v, unused] }
    }
}
