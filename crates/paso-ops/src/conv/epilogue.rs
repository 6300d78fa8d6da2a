//! What a convolution does to its outputs before it stores them.

/// What a convolution applies to its sums before it stores them; nothing by default.
///
/// Batch normalization of inference is fused into a convolution this way: its scale is multiplied
/// into the weights, its shift is the bias.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epilogue<'a> {
    /// Added to each pixel: one element per output channel.
    pub bias: Option<&'a [f32]>,
    /// Whether `ReLU` is applied after the bias.
    pub relu: bool,
}
