//! The index arithmetic of a convolution: where each output pixel is, and where its inputs begin.

/// First element and strides of pixels in a slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strides {
    pub(super) origin: usize,
    pub(super) image: usize,
    pub(super) row: usize,
    pub(super) pixel: usize,
}

/// The loop nest of a convolution: output pixels, and the inputs under the kernel of each.
///
/// Forward pass and gradients are the same loops over different geometries.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConvGeometry {
    /// Number of images. Only the Winograd kernels read more than the first.
    pub(super) images: usize,
    /// Output rows of each image.
    pub(super) rows: usize,
    /// Output pixels of a row.
    pub(super) columns: usize,
    /// First input of an output pixel.
    pub(super) input: Strides,
    /// First channel of an output pixel.
    pub(super) output: Strides,
    /// Kernel rows.
    pub(super) taps: usize,
    /// Elements of the input from one kernel row to the next.
    pub(super) tap_stride: usize,
    /// Length of a kernel row: kernel width times input channels, or the kernel width alone where
    /// the convolution is depthwise.
    pub(super) row_len: usize,
    /// Output channels.
    pub(super) channels: usize,
}
