//! What a convolution is: shapes, checks, and the choice of the kernels that compute it.

use super::geometry::{ConvGeometry, Strides};
use super::winograd_tile::WinogradTile;
use crate::Plane;
use crate::layout::{Window, same_shape};

/// What a convolution is, without its weights.
///
/// Weights are `[kernel][kernel][in_channels / groups][out_channels]`, rows first ("HWIO").
///
/// Most 3 x 3 kernels of stride 1 with at least 16 channels on both sides use Winograd F(4 x 4, 3 x
/// 3) or F(2 x 2, 3 x 3) (Lavin & Gray, *Fast Algorithms for Convolutional Neural Networks*, arXiv
/// 1509.09308): shapes alone decide. It rounds up to about twice as coarsely as the sum of all
/// products, and a NaN or an infinity reaches whole tiles of up to 4 x 4 outputs, not only those
/// that see it.
///
/// ```
/// use paso_ops::{Conv, Epilogue, Images, ImagesMut, Isa, PackedConv, Plane};
///
/// let conv = Conv::new(3, 16, 3); // 3 x 3, "same" padding
/// let x = Plane::new(8, 8, 3).with_halo(conv.padding);
/// let y = conv.output(x);
/// assert_eq!((y.height, y.width, y.channels), (8, 8, 16));
///
/// let (input, weights) = (vec![0.5; x.len()], vec![0.1; conv.weight_len()]);
/// let mut output = vec![0.0; y.len()];
/// let mut packed = PackedConv::default();
/// packed.pack(Isa::best(), &conv, x, &weights);
/// let epilogue = Epilogue { bias: None, relu: true };
/// conv.forward(Isa::best(), Images::new(x, &input), &packed, epilogue, ImagesMut::new(y, &mut output));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv {
    /// Channels of the input; a multiple of `groups`.
    pub in_channels: usize,
    /// Channels of the output; a multiple of `groups`.
    pub out_channels: usize,
    /// Side of the square kernel, at least 1.
    pub kernel: usize,
    /// Pixels from one output to the next, at least 1.
    pub stride: usize,
    /// Rows and columns of zeros around the input; the halo of the input must be at least this.
    pub padding: usize,
    /// Groups of channels that do not see each other; `in_channels` groups are a depthwise
    /// convolution.
    pub groups: usize,
}

impl Conv {
    /// A convolution of stride 1 with the padding `kernel / 2` and one group.
    #[must_use]
    pub const fn new(in_channels: usize, out_channels: usize, kernel: usize) -> Self {
        Self { in_channels, out_channels, kernel, stride: 1, padding: kernel / 2, groups: 1 }
    }

    /// A depthwise convolution: each channel with its own filter.
    #[must_use]
    pub const fn depthwise(channels: usize, kernel: usize) -> Self {
        Self { groups: channels, ..Self::new(channels, channels, kernel) }
    }

    /// Length of the weights.
    #[must_use]
    pub const fn weight_len(&self) -> usize {
        self.kernel * self.kernel * (self.in_channels / self.groups) * self.out_channels
    }

    /// Shape of the weights: `[kernel, kernel, in_channels / groups, out_channels]`.
    #[must_use]
    pub const fn weight_shape(&self) -> [usize; 4] {
        [self.kernel, self.kernel, self.in_channels / self.groups, self.out_channels]
    }

    /// The output's layout for this input, without a halo.
    ///
    /// # Panics
    /// When the input has other channels, the padded input is smaller than the kernel, or the
    /// convolution is invalid: a size of zero, or groups that do not divide the channels.
    #[must_use]
    #[track_caller]
    pub fn output(&self, input: Plane) -> Plane {
        assert!(
            self.kernel > 0 && self.stride > 0 && self.groups > 0 && self.out_channels > 0,
            "a convolution needs a kernel, stride, groups and channels of at least 1: {self:?}"
        );
        assert!(
            self.in_channels.is_multiple_of(self.groups)
                && self.out_channels.is_multiple_of(self.groups),
            "groups must divide the channels: {self:?}"
        );
        assert_eq!(
            input.channels, self.in_channels,
            "the input has {} channels, the convolution needs {}",
            input.channels, self.in_channels
        );
        let window = Window { size: self.kernel, stride: self.stride, padding: self.padding };
        window.count("kernel", input, self.out_channels)
    }

    /// The halo that the output's gradient needs for [`Conv::input_grad`].
    #[must_use]
    pub fn grad_halo(&self, input: Plane) -> usize {
        let output = self.output(input);
        let before = (self.kernel - 1).saturating_sub(self.padding).div_ceil(self.stride);
        let after =
            |n: usize, out: usize| ((n - 1 + self.padding) / self.stride).saturating_sub(out - 1);
        before.max(after(input.height, output.height)).max(after(input.width, output.width))
    }

    /// The tile of [`winograd`](super::winograd) by which the outputs of this input are computed.
    pub(super) fn tile(&self, input: Plane) -> Option<WinogradTile> {
        let y = self.output(input);
        self.winograd_tile(self.in_channels, self.out_channels, y)
    }

    /// That of this input's gradient.
    pub(super) fn tile_backward(&self, input: Plane) -> Option<WinogradTile> {
        self.winograd_tile(self.out_channels, self.in_channels, input)
    }

    /// That of the gradient of the weights.
    pub(super) fn tile_weights(&self, dy: Plane) -> Option<WinogradTile> {
        self.winograd_tile(self.in_channels, self.out_channels, dy)
    }

    fn winograd_tile(&self, from: usize, to: usize, of: Plane) -> Option<WinogradTile> {
        self.is_3x3_stride_1()
            .then(|| WinogradTile::choose(from, to, of.height, of.width))
            .flatten()
    }

    const fn is_3x3_stride_1(&self) -> bool {
        self.kernel == 3 && self.stride == 1 && self.groups == 1
    }

    pub(super) const fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.in_channels && self.groups == self.out_channels
    }

    /// The number of images of this size for which a call is fastest, a power of two: more than one
    /// where a single image has too few tiles for the products to be worth reading the weights.
    #[must_use]
    pub fn preferred_batch(&self, input: Plane) -> usize {
        let pixels = self.output(input).pixels();
        if self.tile(input) == Some(WinogradTile::F4x4) {
            PREFERRED_PIXELS.div_ceil(pixels).next_power_of_two()
        } else {
            1
        }
    }

    #[track_caller]
    pub(super) fn check(&self, x: Plane, y: Plane) {
        assert!(
            x.halo >= self.padding,
            "the input needs a halo of {}, it has {}",
            self.padding,
            x.halo
        );
        same_shape("convolution", y, self.output(x));
    }

    pub(super) fn geometry(&self, images: usize, x: Plane, y: Plane) -> ConvGeometry {
        ConvGeometry {
            images,
            rows: y.height,
            columns: y.width,
            input: Strides {
                origin: (x.halo - self.padding) * (x.row_stride() + x.channels),
                image: x.len(),
                row: self.stride * x.row_stride(),
                pixel: self.stride * x.channels,
            },
            output: Strides {
                origin: y.origin(),
                image: y.len(),
                row: y.row_stride(),
                pixel: y.channels,
            },
            taps: self.kernel,
            tap_stride: x.row_stride(),
            row_len: if self.is_depthwise() { self.kernel } else { self.kernel * x.channels },
            channels: y.channels,
        }
    }
}

/// Pixels that give Winograd's products enough tiles, 16 of them.
const PREFERRED_PIXELS: usize = 256;
