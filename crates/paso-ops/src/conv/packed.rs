//! A convolution's weights in the order in which its kernels read them.
//!
//! A kernel multiplies one input with the weights of one or two vectors of output channels. Packed,
//! those are adjacent and begin on a cache line, panel after panel, so that the innermost loop
//! reads weights as one stream and needs no masks at the last channels, where the panel is padded
//! with zeros. Winograd weights are transformed here as well. Packing costs about as much as the
//! convolution of a few pixels.

use super::descriptor::Conv;
use super::winograd_tile::WinogradTile;
use super::{direct, input_grad};
use crate::{Buffer, Isa, Plane};

/// Weights packed for [`Conv::forward`], or for [`Conv::input_grad`].
///
/// Pack after each change of the weights, and before each change between the forward and the
/// backward pass: both use the same memory. Packing again allocates nothing. Packed weights fit one
/// instruction set, one convolution and one kind of kernel; a use for anything else panics.
///
/// ```
/// use paso_ops::{Conv, Epilogue, Images, ImagesMut, Isa, PackedConv, Plane};
///
/// let (isa, conv, x) = (Isa::best(), Conv::new(1, 2, 1), Plane::new(1, 1, 1));
/// let mut packed = PackedConv::default();
/// let mut outputs = Vec::new();
/// for weights in [[1.0, 2.0], [3.0, 4.0]] {
///     packed.pack(isa, &conv, x, &weights); // again, because the weights changed
///     let mut y = [0.0; 2];
///     let to = ImagesMut::new(conv.output(x), &mut y);
///     conv.forward(isa, Images::new(x, &[10.0]), &packed, Epilogue::default(), to);
///     outputs.push(y);
/// }
/// assert_eq!(outputs, [[10.0, 20.0], [30.0, 40.0]]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct PackedConv {
    pub(super) weights: Buffer,
    packed_for: Option<Use>,
}

/// What weights were packed for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Use {
    isa: Isa,
    conv: Conv,
    /// Of the Winograd kernels; none for the others.
    tile: Option<WinogradTile>,
    backward: bool,
}

impl PackedConv {
    /// Packs weights (`[kernel, kernel, in_channels / groups, out_channels]`) for the forward pass
    /// over inputs of this size.
    ///
    /// # Panics
    /// When `weights` does not have [`Conv::weight_len`] elements, or the input does not fit the
    /// convolution.
    #[track_caller]
    pub fn pack(&mut self, isa: Isa, conv: &Conv, input: Plane, weights: &[f32]) {
        check_len(conv, weights);
        let tile = conv.tile(input);
        self.packed_for = Some(Use { isa, conv: *conv, tile, backward: false });
        let (inputs, outputs, lanes) = (conv.in_channels, conv.out_channels, isa.lanes());
        if let Some(tile) = tile {
            self.weights.resize(tile.packed_len(inputs, outputs, lanes));
            tile.pack(inputs, outputs, lanes, &mut self.weights, |tap, input, output| {
                weights[(tap * inputs + input) * outputs + output]
            });
            return;
        }
        if conv.groups > 1 {
            self.weights.resize(weights.len());
            self.weights.copy_from_slice(weights);
            return;
        }
        let rows = conv.kernel * conv.kernel * conv.in_channels;
        self.weights.resize(direct::packed_len(rows, conv.out_channels, isa.lanes()));
        direct::pack(rows, conv.out_channels, isa.lanes(), &mut self.weights, |row, channel| {
            weights[row * conv.out_channels + channel]
        });
    }

    /// Packs weights of the same layout for the gradient of inputs of this size.
    ///
    /// # Panics
    /// As [`PackedConv::pack`].
    #[track_caller]
    pub fn pack_backward(&mut self, isa: Isa, conv: &Conv, input: Plane, weights: &[f32]) {
        check_len(conv, weights);
        let tile = conv.tile_backward(input);
        self.packed_for = Some(Use { isa, conv: *conv, tile, backward: true });
        if conv.groups > 1 && !conv.is_depthwise() {
            self.weights.resize(weights.len());
            self.weights.copy_from_slice(weights);
            return;
        }
        self.weights.resize(input_grad::packed_len(conv, isa.lanes(), tile));
        input_grad::pack(conv, isa.lanes(), tile, weights, &mut self.weights);
    }

    #[track_caller]
    pub(super) fn check(&self, isa: Isa, conv: &Conv, tile: Option<WinogradTile>, backward: bool) {
        assert_eq!(
            self.packed_for,
            Some(Use { isa, conv: *conv, tile, backward }),
            "the weights were packed for something else"
        );
    }
}

#[track_caller]
fn check_len(conv: &Conv, weights: &[f32]) {
    assert_eq!(
        weights.len(),
        conv.weight_len(),
        "a convolution of shape {:?} has {} weights, not {}",
        conv.weight_shape(),
        conv.weight_len(),
        weights.len()
    );
}
