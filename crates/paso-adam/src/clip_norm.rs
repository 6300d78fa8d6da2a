//! The norm of a gradient, and clipping by it: within a group, or over several.

use paso_isa::Isa;
use pulp::{Simd, WithSimd};

use crate::checks::{non_negative, positive, require};
use crate::error::Error;
use crate::measure::SUMS;

/// Clipping by the norm of all gradients: they are multiplied with `max_norm / (norm + eps)` where
/// that is below 1. PyTorch's `clip_grad_norm_`.
///
/// Within one group it is a [`Clip`](crate::Clip) of its step. Over several groups, measure with
/// [`grad_norm`] and hand [`ClipNorm::factor`] to each step in
/// [`StepOptions::unscale`](crate::StepOptions::unscale):
///
/// ```
/// use paso_adam::{Adam, AdamConfig, AdamGroup, ClipNorm, Isa, StepOptions, grad_norm};
///
/// let clip = ClipNorm::new(1.0);
/// let adam = Adam::new(AdamConfig::default())?;
/// let (mut body, mut head) = (AdamGroup::new(adam, [2]), AdamGroup::new(adam, [1]));
/// let (mut w_body, mut w_head) = ([1.0, 1.0], [1.0]);
/// let (d_body, d_head) = ([3.0, 0.0], [4.0]);
///
/// let norm = grad_norm(Isa::best(), [&d_body[..], &d_head[..]], clip.norm_type);
/// assert_eq!(norm, 5.0);
/// let options = StepOptions { unscale: clip.factor(norm), ..StepOptions::default() };
/// body.step_flat(1e-4, &options, &mut w_body, &d_body)?;
/// head.step_flat(1e-3, &options, &mut w_head, &d_head)?;
/// # Ok::<(), paso_adam::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipNorm {
    /// The largest norm, above 0.
    pub max_norm: f64,
    /// Which norm: the `p` of `(sum |g|^p)^(1/p)`, above 0; infinite for the largest magnitude.
    /// Default 2.
    pub norm_type: f64,
    /// Added to the norm: 1e-6 in PyTorch's `clip_grad_norm_` (and here by default), 0 in Optax and
    /// Keras.
    pub eps: f64,
}

impl ClipNorm {
    /// By the Euclidean norm, as PyTorch's `clip_grad_norm_`.
    #[must_use]
    pub fn new(max_norm: f64) -> Self {
        Self { max_norm, norm_type: 2.0, eps: 1e-6 }
    }

    /// What a gradient of this norm is multiplied with: at most 1, and NaN where the norm is, so
    /// that it is not hidden.
    #[must_use]
    pub fn factor(&self, norm: f64) -> f64 {
        let factor = self.max_norm / (norm + self.eps);
        if factor >= 1.0 { 1.0 } else { factor }
    }

    /// Names the first field that is out of range.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] with the field, its value and what is allowed.
    pub fn validate(&self) -> Result<(), Error> {
        positive("clip.max_norm", self.max_norm)?;
        require("clip.norm_type", self.norm_type, self.norm_type > 0.0, "above 0, or infinite")?;
        non_negative("clip.eps", self.eps)
    }
}

/// The norm of these gradients together: `(sum |g|^p)^(1/p)` for `norm_type` `p`, the largest
/// magnitude for infinity.
///
/// The sum is in f64, in an order that depends on the lengths alone: the same bits on every
/// instruction set. For `p` = 2 the norm is finite exactly when every value is: no square of a
/// finite f32 overflows f64.
#[must_use]
pub fn grad_norm<'g>(
    isa: Isa,
    gradients: impl IntoIterator<Item = &'g [f32]>,
    norm_type: f64,
) -> f64 {
    let sizes = gradients.into_iter().map(|values| isa.run(Measure { values, norm_type }));
    sizes.fold(GradSize::default(), GradSize::merge).norm(norm_type)
}

/// Sums over a gradient.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GradSize {
    /// The sum of squares. It is not finite exactly when a value is not.
    pub(crate) squares: f64,
    /// The largest magnitude of those that are not NaN.
    largest: f32,
    /// The sum of `|g|^p`, where `p` is neither 2 nor infinite.
    powers: f64,
}

/// Whether the square of this gradient, scaled and clipped by value, is not finite in f32. The
/// weight would then never move again: its second moment would stay infinite.
pub(crate) fn square_overflows(gradient: f32, scale: f64, clip: f64) -> bool {
    let scaled = (f64::from(gradient) * scale).abs().min(clip);
    scaled * scaled > f64::from(f32::MAX)
}

impl GradSize {
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            squares: self.squares + other.squares,
            largest: self.largest.max(other.largest),
            powers: self.powers + other.powers,
        }
    }

    /// Whether the second moment would become infinite: the square of the largest gradient, scaled
    /// and clipped by value, is not finite in f32.
    pub(crate) fn overflows(&self, scale: f64, clip: f64) -> bool {
        square_overflows(self.largest, scale, clip)
    }

    /// The norm for which it was measured.
    pub(crate) fn norm(&self, norm_type: f64) -> f64 {
        if norm_type == 2.0 {
            libm::sqrt(self.squares)
        } else if norm_type != f64::INFINITY {
            libm::pow(self.powers, 1.0 / norm_type)
        } else if self.squares.is_nan() {
            // A NaN has no magnitude, but it is in the sum of squares.
            f64::NAN
        } else {
            f64::from(self.largest)
        }
    }
}

/// Measures a gradient.
pub(crate) struct Measure<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) norm_type: f64,
}

impl WithSimd for Measure<'_> {
    type Output = GradSize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> GradSize {
        let mut squares = [0.0_f64; SUMS];
        let mut largest = [0.0_f32; SUMS];
        let (chunks, rest) = self.values.as_chunks::<SUMS>();
        for chunk in chunks {
            for k in 0..SUMS {
                let x = f64::from(chunk[k]);
                squares[k] += x * x;
                let x = chunk[k].abs();
                largest[k] = if x > largest[k] { x } else { largest[k] };
            }
        }
        for k in 0..rest.len() {
            let x = f64::from(rest[k]);
            squares[k] += x * x;
            largest[k] = largest[k].max(rest[k].abs());
        }
        let mut size = GradSize::default();
        for k in 0..SUMS {
            size.squares += squares[k];
            size.largest = size.largest.max(largest[k]);
        }
        if self.norm_type != 2.0 && self.norm_type.is_finite() {
            for &x in self.values {
                size.powers += libm::pow(f64::from(x.abs()), self.norm_type);
            }
        }
        size
    }
}
