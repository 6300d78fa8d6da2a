//! Adam (Kingma & Ba, arXiv 1412.6980v9, algorithm 1).
//!
//! ```text
//! m = beta1 * m + (1 - beta1) * g                  v = beta2 * v + (1 - beta2) * g^2
//! w = w - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t) + eps_root) + eps)
//! ```
//!
//! The bias corrections are the same for every element, so they are folded into three constants; one square
//! root and one division an element remain. The means are written as `m + (1 - beta1) * (g - m)`: `1 - 0.999`
//! keeps all its digits in f32, where the rounding of 0.999 itself would be an error of 1.3e-5 in `1 - beta2`.

use pulp::Simd;

use super::{Kernel, StepContext, Update};
use crate::config::{AdamConfig, Epsilon};
use crate::math::{self, Ema};

/// Adam's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamKernel {
    mean: Ema,
    square: Ema,
    denominator: Denominator,
    lr: f32,
    gain: f32,
}

impl AdamKernel {
    pub(crate) fn new(StepContext { config, t, .. }: StepContext<'_>, lr: f64) -> Self {
        let (denominator, gain) = Denominator::new(config, t, lr);
        Self {
            mean: Ema::new(config.beta1),
            square: Ema::new(config.beta2),
            denominator,
            lr: math::round(gain / (1.0 - math::power(config.beta1, t))),
            gain: math::round(gain),
        }
    }
}

impl Kernel for AdamKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        simd: S,
        _: S::f32s,
        g: S::f32s,
        [m, v, unused]: [S::f32s; 3],
    ) -> Update<S::f32s> {
        let m = self.mean.update(simd, m, g);
        let v = self.square.update_squares(simd, v, g);
        let denominator = self.denominator.of(simd, v);
        let step = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.lr), m), denominator);
        Update { step, denominator, moments: [m, v, unused] }
    }

    #[inline(always)]
    fn gain(self) -> f32 {
        self.gain
    }
}

/// `scale * sqrt(v + root) + eps`: the denominator that most rules share, in every dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Denominator {
    scale: f32,
    root: f32,
    eps: f32,
}

impl Denominator {
    /// The denominator at step `t`, and the learning rate that goes with it. With c = `1 - beta2^t`:
    ///
    /// - corrected: `sqrt(v / c + eps_root) + eps`, written as `sqrt(v + c * eps_root) / sqrt(c) + eps`;
    /// - hat: `sqrt(v + eps_root) + eps`, and the learning rate takes `sqrt(c)`.
    pub(crate) fn new(config: &AdamConfig, t: u64, lr: f64) -> (Self, f64) {
        let c = 1.0 - math::power(config.beta2, t);
        let (scale, root, lr) = match config.epsilon {
            Epsilon::Corrected => (1.0 / libm::sqrt(c), c * config.eps_root, lr),
            Epsilon::Hat => (1.0, config.eps_root, lr * libm::sqrt(c)),
        };
        let denominator = Self {
            scale: math::round(scale),
            root: math::round(root),
            eps: math::round(config.eps),
        };
        (denominator, lr)
    }

    /// The same for a moment that was corrected already, or has `eps_root` in it already.
    pub(crate) fn without_root(self) -> Self {
        Self { root: 0.0, ..self }
    }

    /// The denominator of a moment that was corrected already.
    pub(crate) fn of_corrected(config: &AdamConfig) -> Self {
        Self { scale: 1.0, root: math::round(config.eps_root), eps: math::round(config.eps) }
    }

    #[inline(always)]
    pub(crate) fn of<S: Simd>(self, simd: S, v: S::f32s) -> S::f32s {
        let rooted = if self.root > 0.0 { simd.add_f32s(v, simd.splat_f32s(self.root)) } else { v };
        let root = simd.sqrt_f32s(rooted);
        simd.mul_add_f32s(simd.splat_f32s(self.scale), root, simd.splat_f32s(self.eps))
    }
}

/// The denominator in f64, for a raw second moment; and the factor of the learning rate.
pub(crate) fn textbook_denominator(config: &AdamConfig, t: u64, v: f64) -> (f64, f64) {
    let c = 1.0 - math::power(config.beta2, t);
    match config.epsilon {
        Epsilon::Corrected => (libm::sqrt(v / c + config.eps_root) + config.eps, 1.0),
        Epsilon::Hat => (libm::sqrt(v + config.eps_root) + config.eps, libm::sqrt(c)),
    }
}

/// Both moments after `g`, in f64.
pub(crate) fn textbook_moments(config: &AdamConfig, g: f64, [m, v, _]: &mut [f64; 3]) {
    *m = config.beta1 * *m + (1.0 - config.beta1) * g;
    *v = config.beta2 * *v + (1.0 - config.beta2) * g * g;
}

/// One element of one step in f64, as the paper writes it, for a learning rate of 1.
pub(crate) fn textbook(
    StepContext { config, t, .. }: StepContext<'_>,
    g: f64,
    moments: &mut [f64; 3],
) -> f64 {
    textbook_moments(config, g, moments);
    let (denominator, lr_factor) = textbook_denominator(config, t, moments[1]);
    lr_factor * (moments[0] / (1.0 - math::power(config.beta1, t))) / denominator
}
