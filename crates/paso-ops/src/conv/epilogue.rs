//! What a convolution does to its outputs before it stores them.
//!
//! A value that is still in a register can be changed for free. As passes of their own, bias and
//! activation would read and write the whole output once more each.

use pulp::Simd;

use crate::Activation;

/// What a convolution applies to its sums before it stores them; nothing by default.
///
/// Batch normalization of inference is fused into a convolution this way: its scale is multiplied
/// into the weights, its shift is the bias.
///
/// ```
/// use paso_ops::{Conv, Epilogue, FusedActivation, Images, ImagesMut, Isa, PackedConv, Plane};
///
/// let (isa, conv, x) = (Isa::best(), Conv::new(1, 2, 1), Plane::new(1, 1, 1));
/// let mut packed = PackedConv::default();
/// packed.pack(isa, &conv, x, &[1.0, 1.0]);
/// let run = |epilogue| {
///     let mut y = [0.0; 2];
///     let to = ImagesMut::new(conv.output(x), &mut y);
///     conv.forward(isa, Images::new(x, &[2.0]), &packed, epilogue, to);
///     y
/// };
/// assert_eq!(run(Epilogue::default()), [2.0, 2.0]);
/// let biased = Epilogue { bias: Some(&[5.0, -5.0]), ..Epilogue::default() };
/// assert_eq!(run(biased), [7.0, -3.0]);
/// assert_eq!(run(Epilogue { activation: FusedActivation::Relu, ..biased }), [7.0, 0.0]);
/// assert_eq!(run(Epilogue { activation: FusedActivation::Relu6, ..biased }), [6.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epilogue<'a> {
    /// Added to each pixel: one element per output channel.
    pub bias: Option<&'a [f32]>,
    /// Applied after the bias.
    pub activation: FusedActivation,
}

/// An activation that a kernel applies to its sums while they are in registers.
///
/// ```
/// use paso_ops::{Activation, FusedActivation};
///
/// assert_eq!(FusedActivation::of(Activation::Relu6), Some(FusedActivation::Relu6));
/// assert_eq!(FusedActivation::of(Activation::Silu), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FusedActivation {
    /// The sums themselves.
    #[default]
    None,
    /// [`Activation::Relu`].
    Relu,
    /// [`Activation::Relu6`].
    Relu6,
}

impl FusedActivation {
    /// The same function, where a kernel can apply it.
    #[must_use]
    pub const fn of(activation: Activation) -> Option<Self> {
        match activation {
            Activation::Relu => Some(Self::Relu),
            Activation::Relu6 => Some(Self::Relu6),
            _ => None,
        }
    }

    /// The value at `y`. NaN stays NaN, which `min` and `max` would not guarantee.
    #[inline(always)]
    pub(crate) fn apply<S: Simd>(self, simd: S, y: S::f32s) -> S::f32s {
        if self == Self::None {
            return y;
        }
        let zero = simd.splat_f32s(0.0);
        let y = simd.select_f32s(simd.less_than_or_equal_f32s(y, zero), zero, y);
        if self == Self::Relu {
            return y;
        }
        let six = simd.splat_f32s(6.0);
        simd.select_f32s(simd.greater_than_or_equal_f32s(y, six), six, y)
    }
}
