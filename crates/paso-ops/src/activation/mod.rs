//! Activations, element by element: values and gradients.

#[cfg(test)]
mod tests;

use pulp::{Simd, WithSimd};

use crate::layout::same_shape;
use crate::{Image, ImageMut, Isa};

/// A function applied to each element.
///
/// ```
/// use paso_ops::Activation;
///
/// assert_eq!(Activation::LeakyRelu(0.1).value(-2.0), -0.2);
/// assert_eq!(Activation::Relu.derivative(3.0, 3.0), 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`. The gradient at 0 is 0, as in `PyTorch`.
    Relu,
    /// `x` above 0, `slope * x` below. `PyTorch`'s default slope is 0.01.
    LeakyRelu(f32),
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `x * sigmoid(x)` (Elfwing et al. 2017, arXiv:1702.03118).
    Silu,
    /// `clamp(x / 6 + 1 / 2, 0, 1)` (Howard et al. 2019, arXiv:1905.02244).
    HardSigmoid,
    /// `x * hard_sigmoid(x)` (same source).
    HardSwish,
    /// `ln(1 + exp(x))`.
    Softplus,
}

impl Activation {
    /// The value at `x`.
    #[must_use]
    #[inline(always)]
    pub fn value(self, x: f32) -> f32 {
        match self {
            // Not `max`: a NaN must stay one.
            Self::Relu => {
                if x <= 0.0 {
                    0.0
                } else {
                    x
                }
            }
            Self::LeakyRelu(slope) => {
                if x > 0.0 {
                    x
                } else {
                    slope * x
                }
            }
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Silu => x * sigmoid(x),
            Self::HardSigmoid => hard_sigmoid(x),
            Self::HardSwish => x * hard_sigmoid(x),
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        }
    }

    /// The derivative at `x`, where the value is `y`.
    #[must_use]
    #[inline(always)]
    pub fn derivative(self, x: f32, y: f32) -> f32 {
        match self {
            Self::Relu => {
                if y > 0.0 {
                    1.0
                } else {
                    0.0
                }
            }
            Self::LeakyRelu(slope) => {
                if x > 0.0 {
                    1.0
                } else {
                    slope
                }
            }
            Self::Sigmoid => y * (1.0 - y),
            Self::Tanh => 1.0 - y * y,
            Self::Silu => {
                let s = sigmoid(x);
                s * (1.0 + x * (1.0 - s))
            }
            Self::HardSigmoid => {
                if x > -3.0 && x < 3.0 {
                    1.0 / 6.0
                } else {
                    0.0
                }
            }
            Self::HardSwish => {
                if x <= -3.0 {
                    0.0
                } else if x < 3.0 {
                    x / 3.0 + 0.5
                } else {
                    1.0
                }
            }
            Self::Softplus => sigmoid(x),
        }
    }

    /// Whether [`Activation::derivative`] reads `x`. Where it does not, a network need not store
    /// the input.
    #[must_use]
    pub const fn derivative_needs_input(self) -> bool {
        !matches!(self, Self::Relu | Self::Sigmoid | Self::Tanh)
    }
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[inline(always)]
fn hard_sigmoid(x: f32) -> f32 {
    (x / 6.0 + 0.5).clamp(0.0, 1.0)
}

/// `y = activation(x)`. Both are `[height, width, channels]`, with any halo.
///
/// # Panics
/// When shapes differ.
#[track_caller]
pub fn activate(isa: Isa, activation: Activation, x: Image<'_>, y: ImageMut<'_>) {
    same_shape("activation", x.plane, y.plane);
    isa.run(Activate { activation, x, y });
}

struct Activate<'a> {
    activation: Activation,
    x: Image<'a>,
    y: ImageMut<'a>,
}

impl WithSimd for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { activation, x, y } = self;
        for row in 0..x.plane.height {
            let (x, y) = (&x.data[x.plane.row(row)], &mut y.data[y.plane.row(row)]);
            match activation {
                // An arm of its own, so that the compiler vectorizes the loop.
                Activation::Relu => {
                    y.iter_mut().zip(x).for_each(|(y, &x)| *y = Activation::Relu.value(x));
                }
                other => y.iter_mut().zip(x).for_each(|(y, &x)| *y = other.value(x)),
            }
        }
    }
}

/// The gradient of the input from input, output and gradient of the output, all of one shape. `x`
/// is not read, and may have any values, unless [`Activation::derivative_needs_input`].
///
/// # Panics
/// When shapes differ.
#[track_caller]
pub fn activate_grad(
    isa: Isa,
    activation: Activation,
    x: Image<'_>,
    y: Image<'_>,
    dy: Image<'_>,
    dx: ImageMut<'_>,
) {
    for plane in [y.plane, dy.plane, dx.plane] {
        same_shape("activation", x.plane, plane);
    }
    isa.run(ActivateGrad { activation, x, y, dy, dx });
}

struct ActivateGrad<'a> {
    activation: Activation,
    x: Image<'a>,
    y: Image<'a>,
    dy: Image<'a>,
    dx: ImageMut<'a>,
}

impl WithSimd for ActivateGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { activation, x, y, dy, dx } = self;
        for row in 0..x.plane.height {
            let (x, y) = (&x.data[x.plane.row(row)], &y.data[y.plane.row(row)]);
            let (dy, dx) = (&dy.data[dy.plane.row(row)], &mut dx.data[dx.plane.row(row)]);
            let cells = dx.iter_mut().zip(dy).zip(x.iter().zip(y));
            match activation {
                Activation::Relu => {
                    cells.for_each(|((dx, &dy), (_, &y))| *dx = if y > 0.0 { dy } else { 0.0 });
                }
                other => cells.for_each(|((dx, &dy), (&x, &y))| *dx = dy * other.derivative(x, y)),
            }
        }
    }
}
