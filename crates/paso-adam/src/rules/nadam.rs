//! NAdam: Adam with Nesterov's momentum (Dozat, *Incorporating Nesterov Momentum into Adam*, 2016).
//!
//! ```text
//! m, v as in Adam;  mu_t = beta1 * (1 - 0.96^(t * decay) / 2), or beta1;  P_t = mu_1 * … * mu_t
//! w = w - rate * (mu_{t+1} / (1 - P_{t+1}) * m + (1 - mu_t) / (1 - P_t) * g) / (sqrt(v / (1 - beta2^t)) + eps)
//! ```

use pulp::Simd;

use super::{Kernel, Update};
use crate::config::{AdamConfig, Epsilon, Nesterov};
use crate::denominator::Denominator;
use crate::math::{self, Mean};

/// NAdam's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folded {
    mean: Mean,
    square: Mean,
    denominator: Denominator,
    rate_of_mean: f32,
    rate_of_gradient: f32,
}

impl Folded {
    pub(crate) fn new(config: &AdamConfig, nesterov: Nesterov, t: u64, lr: f64) -> Self {
        let [of_mean, of_gradient] = shares(config.beta1, nesterov, t);
        let (denominator, rate) = Denominator::new(config, t, lr);
        Self {
            mean: Mean::new(config.beta1),
            square: Mean::new(config.beta2),
            denominator,
            rate_of_mean: math::round(rate * of_mean),
            rate_of_gradient: math::round(rate * of_gradient),
        }
    }
}

impl Kernel for Folded {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, g: S::f32s, [m, v, unused]: [S::f32s; 3]) -> Update<S::f32s> {
        let m = self.mean.of(simd, m, g);
        let v = self.square.of_squares(simd, v, g);
        let ahead = simd.mul_f32s(simd.splat_f32s(self.rate_of_gradient), g);
        let ahead = simd.mul_add_f32s(simd.splat_f32s(self.rate_of_mean), m, ahead);
        let step = simd.div_f32s(ahead, self.denominator.of(simd, v));
        Update { step, moments: [m, v, unused] }
    }
}

/// What the mean and the gradient are multiplied with at step `t`.
fn shares(beta1: f64, nesterov: Nesterov, t: u64) -> [f64; 2] {
    let (now, next) = (momentum(beta1, nesterov, t), momentum(beta1, nesterov, t + 1));
    let product = product(beta1, nesterov, t);
    [next / (1.0 - product * next), (1.0 - now) / (1.0 - product)]
}

fn momentum(beta1: f64, nesterov: Nesterov, t: u64) -> f64 {
    match nesterov {
        Nesterov::WarmedUp { decay } => beta1 * (1.0 - 0.5 * libm::pow(0.96, t as f64 * decay)),
        Nesterov::Constant => beta1,
    }
}

/// The product of the momenta of steps 1 to `t`, so that a step needs no state but its number. It is below
/// `beta1^t`, so after some hundred steps it is nothing beside 1, and not computed any more.
fn product(beta1: f64, nesterov: Nesterov, t: u64) -> f64 {
    let bound = math::power(beta1, t);
    if bound < 1e-20 || nesterov == Nesterov::Constant {
        return bound;
    }
    (1..=t).map(|i| momentum(beta1, nesterov, i)).product()
}

/// One element of one step in f64.
pub(crate) fn textbook(
    config: &AdamConfig,
    nesterov: Nesterov,
    t: u64,
    lr: f64,
    g: f64,
    [m, v, _]: &mut [f64; 3],
) -> f64 {
    *m = config.beta1 * *m + (1.0 - config.beta1) * g;
    *v = config.beta2 * *v + (1.0 - config.beta2) * g * g;
    let mu = |i| momentum(config.beta1, nesterov, i);
    let product: f64 = (1..=t).map(mu).product();
    let ahead = mu(t + 1) / (1.0 - product * mu(t + 1)) * *m + (1.0 - mu(t)) / (1.0 - product) * g;
    let c2 = 1.0 - math::power(config.beta2, t);
    match config.epsilon {
        Epsilon::Corrected => lr * ahead / (libm::sqrt(*v / c2 + config.eps_root) + config.eps),
        Epsilon::Hat => {
            lr * libm::sqrt(c2) * ahead / (libm::sqrt(*v + config.eps_root) + config.eps)
        }
    }
}
