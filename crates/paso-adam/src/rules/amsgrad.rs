//! AMSGrad (Reddi, Kale & Kumar, arXiv 1904.09237, algorithm 2), with Adam's bias corrections.
//!
//! ```text
//! m, v as Adam's      x = max(x, v)  or, bias-corrected,  x = max(x, v / (1 - beta2^t))
//! ```
//!
//! and x takes the place of v in Adam's denominator.

use pulp::Simd;

use super::adam::{self, Denominator};
use super::{Kernel, StepContext, Update};
use crate::math::{self, Ema};
use crate::rule::AmsGrad;

/// AMSGrad's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AmsGradKernel {
    mean: Ema,
    square: Ema,
    /// What v is multiplied with before the maximum: 1, or its bias correction.
    bias_correction: f32,
    denominator: Denominator,
    lr: f32,
    gain: f32,
}

impl AmsGradKernel {
    pub(crate) fn new(StepContext { config, t, lr, .. }: StepContext<'_>, kind: AmsGrad) -> Self {
        let (bias_correction, (denominator, gain)) = match kind {
            AmsGrad::Raw => (1.0, Denominator::new(config, t, lr)),
            AmsGrad::BiasCorrected => {
                let bias_correction = 1.0 / (1.0 - math::power(config.beta2, t));
                (bias_correction, (Denominator::of_corrected(config), lr))
            }
        };
        Self {
            mean: Ema::new(config.beta1),
            square: Ema::new(config.beta2),
            bias_correction: math::round(bias_correction),
            denominator,
            lr: math::round(gain / (1.0 - math::power(config.beta1, t))),
            gain: math::round(gain),
        }
    }
}

impl Kernel for AmsGradKernel {
    const MOMENTS: usize = 3;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        simd: S,
        _: S::f32s,
        g: S::f32s,
        [m, v, x]: [S::f32s; 3],
    ) -> Update<S::f32s> {
        let m = self.mean.update(simd, m, g);
        let v = self.square.update_squares(simd, v, g);
        let x = math::larger(simd, x, simd.mul_f32s(simd.splat_f32s(self.bias_correction), v));
        let denominator = self.denominator.of(simd, x);
        let step = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.lr), m), denominator);
        Update { step, denominator, moments: [m, v, x] }
    }

    #[inline(always)]
    fn gain(self) -> f32 {
        self.gain
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(
    StepContext { config, t, lr, .. }: StepContext<'_>,
    kind: AmsGrad,
    g: f64,
    moments: &mut [f64; 3],
) -> f64 {
    adam::textbook_moments(config, g, moments);
    let [m, v, x] = moments;
    let (denominator, lr_factor) = match kind {
        AmsGrad::Raw => {
            *x = x.max(*v);
            adam::textbook_denominator(config, t, *x)
        }
        AmsGrad::BiasCorrected => {
            *x = x.max(*v / (1.0 - math::power(config.beta2, t)));
            (libm::sqrt(*x + config.eps_root) + config.eps, 1.0)
        }
    };
    lr * lr_factor * *m / (1.0 - math::power(config.beta1, t)) / denominator
}
