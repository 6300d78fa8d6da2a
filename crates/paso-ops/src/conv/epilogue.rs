//! What a convolution does to its outputs before it stores them.
//!
//! A value that is still in a register can be changed for free. As passes of their own, bias and
//! `ReLU` would read and write the whole output once more each.

/// What a convolution applies to its sums before it stores them; nothing by default.
///
/// Batch normalization of inference is fused into a convolution this way: its scale is multiplied
/// into the weights, its shift is the bias.
///
/// ```
/// use paso_ops::{Conv, Epilogue, Images, ImagesMut, Isa, PackedConv, Plane};
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
/// assert_eq!(run(Epilogue { bias: Some(&[1.0, -5.0]), relu: false }), [3.0, -3.0]);
/// assert_eq!(run(Epilogue { bias: Some(&[1.0, -5.0]), relu: true }), [3.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epilogue<'a> {
    /// Added to each pixel: one element per output channel.
    pub bias: Option<&'a [f32]>,
    /// Whether `ReLU` is applied after the bias.
    pub relu: bool,
}
