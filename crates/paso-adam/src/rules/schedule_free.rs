//! Schedule-Free AdamW (Defazio et al., *The Road Less Scheduled*, arXiv 2405.15682, algorithm 1).
//!
//! ```text
//! v = beta2 * v + (1 - beta2) * g^2        d = g / (sqrt(v / (1 - beta2^t)) + eps) + decay * y
//! y = y + c * (z - y) - lr * (1 - beta1 * (1 - c)) * d
//! z = z - lr * d
//! ```
//!
//! y are the weights that the gradient is taken at, and what the caller holds while training. c is this step's share in
//! the average; z starts as the weights. The averaged weights are `x = y + (1 - 1 / beta1) * (z - y)`.

use pulp::Simd;

use super::adam::{self, Denominator};
use super::{Kernel, StepContext, Update};
use crate::math::{self, Ema};

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

/// The decay that is added to the direction, for each unit of weight.
fn decay(StepContext { config, lr, .. }: StepContext<'_>) -> f64 {
    if lr > 0.0 { config.decay.at(lr).1 / lr } else { 0.0 }
}

/// The learning rate with its warm-up.
fn lr(at: StepContext<'_>) -> f64 {
    at.lr * at.scalars.warmup(at.config, at.t)
}

impl ScheduleFreeKernel {
    pub(crate) fn new(at: StepContext<'_>) -> Self {
        let (config, share, lr) = (at.config, at.scalars.share, lr(at));
        let (denominator, hat) = Denominator::new(config, at.t, 1.0);
        Self {
            first: at.t == 1,
            square: Ema::new(config.beta2),
            denominator,
            decay: math::round(decay(at)),
            share: math::round(share),
            pull: math::round(lr * (1.0 - config.beta1 * (1.0 - share))),
            lr: math::round(lr),
            hat: math::round(hat),
        }
    }
}

impl Kernel for ScheduleFreeKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        simd: S,
        y: S::f32s,
        g: S::f32s,
        [z, v, unused]: [S::f32s; 3],
    ) -> Update<S::f32s> {
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

    #[inline(always)]
    fn gain(self) -> f32 {
        self.lr * self.hat
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(at: StepContext<'_>, y: f64, g: f64, [z, v, _]: &mut [f64; 3]) -> f64 {
    let (config, lr, c) = (at.config, lr(at), at.scalars.share);
    if at.t == 1 {
        *z = y;
    }
    *v = config.beta2 * *v + (1.0 - config.beta2) * g * g;
    let (denominator, hat) = adam::textbook_denominator(config, at.t, *v);
    let direction = hat * g / denominator + decay(at) * y;
    let step = c * (y - *z) + lr * (1.0 - config.beta1 * (1.0 - c)) * direction;
    *z -= lr * direction;
    step
}
