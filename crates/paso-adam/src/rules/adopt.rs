//! ADOPT (Taniguchi et al., arXiv 2411.02853, algorithm 2).
//!
//! ```text
//! t = 1:  v = g^2, and nothing else
//! t > 1:  n = clamp(g / max(sqrt(v), eps), -c, c),  c = (t - 1)^0.25
//!         m = beta1 * m + (1 - beta1) * n,  w = w - lr * m,  and then v = beta2 * v + (1 - beta2) * g^2
//! ```

use pulp::Simd;

use super::formula::{Formula, Inputs, Kernel, StepContext, Update, require_eps_alone};
use super::moments::textbook_mean;
use crate::checks::{non_negative, require};
use crate::error::Error;
use crate::hyper_params::HyperParams;
use crate::math::{self, Ema};

/// The options of ADOPT: the default is the paper's algorithm, as in Optax.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adopt {
    /// The bound on the normalized gradient; `None` for none. Default `Some(AdoptClip::default())`.
    pub clip: Option<AdoptClip>,
    /// Whether decoupled weight decay acts in the first step, which only fills the second moment
    /// otherwise. Default `false` (paper, Optax, timm); `pytorch_optimizer` decays.
    pub decay_in_first_step: bool,
}

impl Default for Adopt {
    fn default() -> Self {
        Self { clip: Some(AdoptClip::default()), decay_in_first_step: false }
    }
}

/// The bound on ADOPT's normalized gradient: `(t - shift)^power`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdoptClip {
    /// The exponent, at least 0. Default 0.25 (paper, Optax); timm has 0.333.
    pub power: f64,
    /// 1 (default: paper, Optax, timm) or 0 (`pytorch_optimizer`).
    pub shift: u8,
}

impl Default for AdoptClip {
    fn default() -> Self {
        Self { power: 0.25, shift: 1 }
    }
}

impl Adopt {
    /// The bound at step `t`; infinite without one.
    fn bound(self, t: u64) -> f64 {
        self.clip.map_or(f64::INFINITY, |clip| {
            libm::pow(t.saturating_sub(clip.shift.into()) as f64, clip.power)
        })
    }

    pub(crate) fn kernel(self, at: &StepContext) -> (AdoptKernel, f64) {
        let first = at.t == 1;
        let kernel = AdoptKernel {
            first,
            mean: Ema::new(at.hyper.beta1),
            square: Ema::new(if first { 0.0 } else { at.hyper.beta2 }),
            eps: math::round(at.hyper.eps),
            bound: math::round(self.bound(at.t)),
            lr: math::round(at.lr),
        };
        (kernel, at.lr)
    }
}

impl Formula for Adopt {
    fn moment_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn validate(&self, hyper: &HyperParams) -> Result<(), Error> {
        require_eps_alone(hyper)?;
        let Some(clip) = self.clip else { return Ok(()) };
        non_negative("clip power", clip.power)?;
        require("clip shift", clip.shift.into(), clip.shift <= 1, "0 or 1")
    }

    fn decays_weights(&self, t: u64) -> bool {
        t > 1 || self.decay_in_first_step
    }

    fn textbook(&self, at: &StepContext, _: f64, g: f64, [m, v, _]: &mut [f64; 3]) -> f64 {
        if at.t == 1 {
            *v = g * g;
            return 0.0;
        }
        let bound = self.bound(at.t);
        let normalized = (g / libm::sqrt(*v).max(at.hyper.eps)).clamp(-bound, bound);
        *m = textbook_mean(at.hyper.beta1, *m, normalized);
        *v = textbook_mean(at.hyper.beta2, *v, g * g);
        at.lr * *m
    }
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

impl Kernel for AdoptKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s> {
        let [m, v, unused] = at.moments;
        let denominator = math::larger(simd, simd.splat_f32s(self.eps), simd.sqrt_f32s(v));
        let normalized = simd.div_f32s(at.gradient, denominator);
        let normalized = math::clamp(simd, self.bound, normalized);
        let v = self.square.update_squares(simd, v, at.gradient);
        let (m, step) = if self.first {
            (m, simd.splat_f32s(0.0))
        } else {
            let m = self.mean.update(simd, m, normalized);
            (m, simd.mul_f32s(simd.splat_f32s(self.lr), m))
        };
        Update { step, denominator, moments: [m, v, unused] }
    }
}
