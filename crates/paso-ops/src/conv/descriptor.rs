//! What a convolution is: shapes, checks, and the choice of the kernels that compute it.

use super::geometry::{ConvGeometry, Strides};
use super::winograd_tile::WinogradTile;
use crate::Plane;
use crate::layout::{Window, same_shape};

/// What a convolution is, without its weights.
///
/// Weights are `[kernel][kernel][in_channels / groups][out_channels]`, rows first ("HWIO").
///
/// Most 3 x 3 kernels of stride 1 with at least 16 channels on both sides use Winograd
/// `F(4 x 4, 3 x 3)` or `F(2 x 2, 3 x 3)` (Lavin & Gray, *Fast Algorithms for Convolutional Neural
/// Networks*, arXiv 1509.09308): shapes alone decide. It rounds up to about twice as coarsely as
/// the sum of all products, and a NaN or an infinity reaches whole tiles of up to 4 x 4 outputs,
/// not only those that see it.
///
/// Other settings are struct updates of [`Conv::new`] or [`Conv::depthwise`]:
///
/// ```
/// use paso_ops::{Conv, Plane};
///
/// let halving = Conv { stride: 2, ..Conv::new(3, 32, 3) };
/// assert_eq!(halving.output(Plane::new(64, 64, 3)), Plane::new(32, 32, 32));
/// let valid = Conv { padding: 0, ..Conv::new(3, 32, 3) };
/// assert_eq!(valid.output(Plane::new(64, 64, 3)), Plane::new(62, 62, 32));
/// let grouped = Conv { groups: 4, ..Conv::new(16, 32, 3) };
/// assert_eq!(grouped.weight_shape(), [3, 3, 4, 32]);
/// ```
///
/// A forward pass. The output of a pixel in the middle is the sum of 27 products of 0.5 and 0.1:
///
/// ```
/// use paso_ops::{Conv, Epilogue, FusedActivation, Images, ImagesMut, Isa, PackedConv, Plane};
///
/// let conv = Conv::new(3, 16, 3); // 3 x 3, "same" padding
/// let x = Plane::new(8, 8, 3).with_halo(conv.padding);
/// let y = conv.output(x);
/// assert_eq!((y.height, y.width, y.channels), (8, 8, 16));
///
/// let mut input = vec![0.0; x.len()]; // the halo is zero
/// x.runs().for_each(|run| input[run].fill(0.5));
/// let weights = vec![0.1; conv.weight_len()];
/// let mut output = vec![0.0; y.len()];
/// let mut packed = PackedConv::default();
/// packed.pack(Isa::best(), &conv, x, &weights);
/// let epilogue = Epilogue { bias: None, activation: FusedActivation::Relu };
/// let (from, to) = (Images::new(x, &input), ImagesMut::new(y, &mut output));
/// conv.forward(Isa::best(), from, &packed, epilogue, to);
/// assert!((output[y.row(4).start + 4 * 16] - 1.35).abs() < 1e-5);
/// assert!((output[y.row(0).start] - 0.6).abs() < 1e-5); // a corner sees 12 of 27
/// ```
///
/// # The operation
///
/// With stride `s`, padding `p`, zeros outside of the image and one group,
///
/// ```text
/// y[i, j, o] = bias[o] + sum over ky, kx, c of x[s i + ky - p, s j + kx - p, c] * w[ky, kx, c, o]
/// ```
///
/// which is the cross-correlation that `torch.nn.Conv2d` computes, with `dilation` 1 and zero
/// padding. `PyTorch` keeps weights as OIHW: `w[ky, kx, c, o]` here is its `weight[o, c, ky, kx]`.
/// The three gradients are sums of the same products:
///
/// ```text
/// dx[a, b, c]      = sum over (i, ky), (j, kx), o with s i + ky - p = a, s j + kx - p = b
///                    of dy[i, j, o] * w[ky, kx, c, o]
/// dw[ky, kx, c, o] = sum over i, j of x[s i + ky - p, s j + kx - p, c] * dy[i, j, o]
/// dbias[o]         = sum over i, j of dy[i, j, o]
/// ```
///
/// Output `o` of several groups sums over the inputs `c` of its own group only. A forward pass of
/// `h x w` outputs takes `h w k^2 in out / groups` multiply-adds, each gradient of input and
/// weights as many again.
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
    /// Rows and columns of zeros around the input. Its halo must be at least this, and
    /// `extra_padding` more.
    pub padding: usize,
    /// Rows of zeros more below the input, and columns more to its right. With stride 2,
    /// TensorFlow's "same" padding puts one row more after an image of even sides than before it:
    /// a kernel of 3 has `padding: 0, extra_padding: 1`, one of 5 has `padding: 1`.
    pub extra_padding: usize,
    /// Groups of channels that do not see each other; `in_channels` groups are a depthwise
    /// convolution.
    pub groups: usize,
}

impl Conv {
    /// A convolution of stride 1 with the padding `kernel / 2` and one group. With an odd kernel,
    /// the output has the size of the input ("same"); with an even one, it is one pixel larger.
    #[must_use]
    pub const fn new(in_channels: usize, out_channels: usize, kernel: usize) -> Self {
        let (stride, padding, extra_padding, groups) = (1, kernel / 2, 0, 1);
        Self { in_channels, out_channels, kernel, stride, padding, extra_padding, groups }
    }

    /// A depthwise convolution: each channel with its own filter,
    /// `groups = in_channels = out_channels` (Howard et al., arXiv:1704.04861). Weights are
    /// `[kernel, kernel, 1, channels]`, so channels are adjacent and a tap is one multiply-add of
    /// vectors. A depthwise convolution of one channel is an ordinary one.
    #[must_use]
    pub const fn depthwise(channels: usize, kernel: usize) -> Self {
        Self { groups: channels, ..Self::new(channels, channels, kernel) }
    }

    /// Length of the weights: the product of [`Conv::weight_shape`].
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
        let (size, stride) = (self.kernel, self.stride);
        let window = Window { size, stride, padding: [self.padding, self.end_padding()] };
        window.count("kernel", input, self.out_channels)
    }

    /// The halo that the output's gradient needs for [`Conv::input_grad`], whose taps read outputs
    /// that do not exist: those left of the first and right of the last one that an input
    /// contributes to.
    ///
    /// ```
    /// use paso_ops::{Conv, Plane};
    ///
    /// let x = Plane::new(8, 8, 4);
    /// assert_eq!(Conv::new(4, 4, 3).grad_halo(x), 1); // as much as forward
    /// assert_eq!(Conv { padding: 0, ..Conv::new(4, 4, 3) }.grad_halo(x), 2);
    /// assert_eq!(Conv::new(4, 4, 1).grad_halo(x), 0);
    /// ```
    ///
    /// # Panics
    /// As [`Conv::output`].
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
        self.kernel == 3 && self.stride == 1 && self.groups == 1 && self.extra_padding == 0
    }

    /// Zeros below the input and to its right, which is also the halo that the input needs.
    ///
    /// ```
    /// use paso_ops::{Conv, Plane};
    ///
    /// let same = Conv { stride: 2, padding: 1, extra_padding: 1, ..Conv::depthwise(8, 5) };
    /// assert_eq!(same.end_padding(), 2);
    /// assert_eq!(same.output(Plane::new(56, 56, 8)), Plane::new(28, 28, 8));
    /// ```
    #[must_use]
    pub const fn end_padding(&self) -> usize {
        self.padding + self.extra_padding
    }

    pub(super) const fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.in_channels && self.groups == self.out_channels
    }

    /// The number of images of this size for which a call is fastest, a power of two: more than one
    /// where a single image has too few tiles for the products to be worth reading the weights. A
    /// hint: any number of images is correct, and results do not depend on it.
    ///
    /// ```
    /// use paso_ops::{Conv, Plane};
    ///
    /// let conv = Conv::new(64, 64, 3);
    /// assert_eq!(conv.preferred_batch(Plane::new(8, 8, 64)), 4);
    /// assert_eq!(conv.preferred_batch(Plane::new(64, 64, 64)), 1);
    /// ```
    ///
    /// # Panics
    /// As [`Conv::output`].
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
            x.halo >= self.end_padding(),
            "the input needs a halo of {}, it has {}",
            self.end_padding(),
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
