//! A convolution's weights in the order in which its kernels read them.

use super::{Conv, direct, input_grad};
use crate::{Buffer, Isa};

/// Weights packed for [`Conv::forward`] and, if wanted, for [`Conv::input_grad`].
///
/// Pack once after each change of the weights; the buffers are kept, so packing again allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct PackedConv {
    pub(super) forward: Buffer,
    pub(super) backward: Buffer,
    packed_for: Option<(Isa, Conv)>,
    backward_for: Option<(Isa, Conv)>,
}

impl PackedConv {
    /// Packs for the forward pass.
    ///
    /// # Panics
    /// When `weights` has another length than the convolution wants.
    #[track_caller]
    pub fn pack(&mut self, isa: Isa, conv: &Conv, weights: &[f32]) {
        check_len(conv, weights);
        self.packed_for = Some((isa, *conv));
        if conv.groups > 1 {
            self.forward.resize(weights.len());
            self.forward.copy_from_slice(weights);
            return;
        }
        let rows = conv.kernel * conv.kernel * conv.in_channels;
        self.forward.resize(direct::packed_len(rows, conv.out_channels, isa.lanes()));
        direct::pack(rows, conv.out_channels, isa.lanes(), &mut self.forward, |row, channel| {
            weights[row * conv.out_channels + channel]
        });
    }

    /// Packs for the gradient of the input.
    ///
    /// # Panics
    /// When `weights` has another length than the convolution wants.
    #[track_caller]
    pub fn pack_backward(&mut self, isa: Isa, conv: &Conv, weights: &[f32]) {
        check_len(conv, weights);
        self.backward_for = Some((isa, *conv));
        if conv.groups > 1 && !conv.is_depthwise() {
            self.backward.resize(weights.len());
            self.backward.copy_from_slice(weights);
            return;
        }
        self.backward.resize(input_grad::packed_len(conv, isa.lanes()));
        input_grad::pack(conv, isa.lanes(), weights, &mut self.backward);
    }

    #[track_caller]
    pub(super) fn check(&self, isa: Isa, conv: &Conv) {
        assert_eq!(
            self.packed_for,
            Some((isa, *conv)),
            "the weights were packed for something else"
        );
    }

    #[track_caller]
    pub(super) fn check_backward(&self, isa: Isa, conv: &Conv) {
        assert_eq!(
            self.backward_for,
            Some((isa, *conv)),
            "the weights were packed backward for something else"
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
