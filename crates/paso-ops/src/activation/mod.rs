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
/// // A sigmoid's derivative follows from its value alone: y (1 - y).
/// let y = Activation::Sigmoid.value(0.0);
/// assert_eq!(Activation::Sigmoid.derivative(f32::NAN, y), 0.25);
/// ```
///
/// | [`Activation`] | PyTorch | range | slope at large `x` | backward reads |
/// |---|---|---|---|---|
/// | `Relu` | `nn.ReLU` | `0..` | 1 | output |
/// | `Relu6` | `nn.ReLU6` | `0..=6` | 0 | output |
/// | `LeakyRelu` | `nn.LeakyReLU` | all | 1 | input |
/// | `Sigmoid` | `nn.Sigmoid` | `0..=1` | 0 | output |
/// | `Tanh` | `nn.Tanh` | `-1..=1` | 0 | output |
/// | `Silu` | `nn.SiLU` | `-0.279..` | 1 | input |
/// | `HardSigmoid` | `nn.Hardsigmoid` | `0..=1` | 0 | input |
/// | `HardSwish` | `nn.Hardswish` | `-0.375..` | 1 | input |
/// | `Softplus` | `nn.Softplus` | `0..` | 1 | input |
///
/// What the backward pass reads decides what a network stores: an activation that needs its output
/// only can overwrite its input, or be recomputed by the layer before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`. The gradient at 0 is 0, as in `PyTorch`.
    Relu,
    /// `clamp(x, 0, 6)` (Krizhevsky 2010, *Convolutional Deep Belief Networks on CIFAR-10*; used by
    /// `MobileNet`s). The gradient at 0 and at 6 is 0, as in `PyTorch`.
    Relu6,
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
            Self::Relu6 => {
                let y = Self::Relu.value(x);
                if y >= 6.0 { 6.0 } else { y }
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

    /// The derivative at `x`, where the value is `y`. At a corner, as in `PyTorch`: 0 for `ReLU`
    /// and `slope` for `LeakyReLU` at 0; at -3 and 3, the hard functions have the derivative that
    /// they have beyond, 0 or, for `HardSwish` at 3, 1.
    ///
    /// `x` is not read unless [`Activation::derivative_needs_input`]; `y` is read where it is not.
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
            Self::Relu6 => {
                if y > 0.0 && y < 6.0 {
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
        !matches!(self, Self::Relu | Self::Relu6 | Self::Sigmoid | Self::Tanh)
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
/// ```
/// use paso_ops::{Activation, Image, ImageMut, Isa, Plane, activate};
///
/// let plane = Plane::vector(3);
/// let mut y = [0.0; 3];
/// let (x, to) = (Image::new(plane, &[-9.0, 0.0, 1.5]), ImageMut::new(plane, &mut y));
/// activate(Isa::best(), Activation::HardSigmoid, x, to);
/// assert_eq!(y, [0.0, 0.5, 0.75]);
/// ```
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
                // Arms of their own, so that the compiler vectorizes the loops.
                Activation::Relu => {
                    y.iter_mut().zip(x).for_each(|(y, &x)| *y = Activation::Relu.value(x));
                }
                Activation::Relu6 => {
                    y.iter_mut().zip(x).for_each(|(y, &x)| *y = Activation::Relu6.value(x));
                }
                other => y.iter_mut().zip(x).for_each(|(y, &x)| *y = other.value(x)),
            }
        }
    }
}

/// The gradient of the input from input, output and gradient of the output, all of one shape. `x`
/// is not read, and may have any values, unless [`Activation::derivative_needs_input`].
///
/// `dx = dy * derivative`, except that `ReLU` and `ReLU6` write 0 where they block, even if `dy` is
/// infinite or NaN. `dx` is overwritten; its halo is not.
///
/// ```
/// use paso_ops::{Activation, Image, ImageMut, Isa, Plane, activate_grad};
///
/// let plane = Plane::vector(3);
/// let (y, dy, mut dx) = ([0.0, 2.0, 0.0], [5.0, 7.0, f32::NAN], [0.0; 3]);
/// let (y, dy) = (Image::new(plane, &y), Image::new(plane, &dy));
/// let to = ImageMut::new(plane, &mut dx);
/// activate_grad(Isa::best(), Activation::Relu, y, y, dy, to); // the input is not read
/// assert_eq!(dx, [0.0, 7.0, 0.0]);
/// ```
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
                Activation::Relu6 => cells.for_each(|((dx, &dy), (_, &y))| {
                    *dx = if y > 0.0 && y < 6.0 { dy } else { 0.0 };
                }),
                other => cells.for_each(|((dx, &dy), (&x, &y))| *dx = dy * other.derivative(x, y)),
            }
        }
    }
}
