//! ADOPT (Taniguchi et al., arXiv 2411.02853, algorithm 2).
//!
//! ```text
//! t = 1:  v = g^2, and nothing else
//! t > 1:  n = clamp(g / max(sqrt(v), eps), -c, c),  c = (t - 1)^0.25
//!         m = beta1 * m + (1 - beta1) * n,  w = w - lr * m,  and then v = beta2 * v + (1 - beta2) * g^2
//! ```

use pulp::Simd;

use super::{Kernel, StepContext, Update};
use crate::math::{self, Ema};
use crate::rule::AdoptClip;

/// The bound at step `t`; infinite without one.
fn bound(clip: Option<AdoptClip>, t: u64) -> f64 {
    clip.map_or(f64::INFINITY, |clip| {
        libm::pow(t.saturating_sub(clip.shift.into()) as f64, clip.power)
    })
}

/// ADOPT's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdoptKernel {
    first: bool,
    mean: Ema,
    square: Ema,
    eps: f32,
    bound: f32,
    lr: f32,
}

impl AdoptKernel {
    pub(crate) fn new(
        StepContext { config, t, lr, .. }: StepContext<'_>,
        clip: Option<AdoptClip>,
    ) -> Self {
        Self {
            first: t == 1,
            mean: Ema::new(config.beta1),
            square: Ema::new(if t == 1 { 0.0 } else { config.beta2 }),
            eps: math::round(config.eps),
            bound: math::round(bound(clip, t)),
            lr: math::round(lr),
        }
    }
}

impl Kernel for AdoptKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        simd: S,
        _: S::f32s,
        g: S::f32s,
        [m, v, unused]: [S::f32s; 3],
    ) -> Update<S::f32s> {
        let denominator = math::larger(simd, simd.splat_f32s(self.eps), simd.sqrt_f32s(v));
        let normal = math::clamp(simd, self.bound, simd.div_f32s(g, denominator));
        let v = self.square.update_squares(simd, v, g);
        let (m, step) = if self.first {
            (m, simd.splat_f32s(0.0))
        } else {
            let m = self.mean.update(simd, m, normal);
            (m, simd.mul_f32s(simd.splat_f32s(self.lr), m))
        };
        Update { step, denominator, moments: [m, v, unused] }
    }

    #[inline(always)]
    fn gain(self) -> f32 {
        self.lr
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(
    StepContext { config, t, lr, .. }: StepContext<'_>,
    clip: Option<AdoptClip>,
    g: f64,
    [m, v, _]: &mut [f64; 3],
) -> f64 {
    if t == 1 {
        *v = g * g;
        return 0.0;
    }
    let bound = bound(clip, t);
    let normal = (g / libm::sqrt(*v).max(config.eps)).clamp(-bound, bound);
    *m = config.beta1 * *m + (1.0 - config.beta1) * normal;
    *v = config.beta2 * *v + (1.0 - config.beta2) * g * g;
    lr * *m
}
