//! Bias correction (Kingma & Ba, arXiv 1412.6980v9, section 3): a running mean that starts at 0 is
//! too small at first, by a factor that the number of the step tells. PyTorch's `bias_correction1`
//! and `bias_correction2`.

use super::formula::StepContext;
use crate::math;

/// `1 - beta1^t`: what the mean of gradients is divided by.
pub(crate) fn bias_correction1(at: &StepContext) -> f64 {
    1.0 - math::power(at.hyper.beta1, at.t)
}

/// `1 - beta2^t`: what the mean of squared gradients is divided by.
pub(crate) fn bias_correction2(at: &StepContext) -> f64 {
    1.0 - math::power(at.hyper.beta2, at.t)
}
