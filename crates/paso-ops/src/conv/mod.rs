//! 2-D convolution: forward, and the gradients of input, weight and bias.

mod depthwise;
mod depthwise_3x3;
mod depthwise_halving;
mod direct;
mod filtering;
mod input_grad;
mod packed;
mod reference;
mod separable;
#[cfg(test)]
mod tests;
mod vector;
mod weight_grad;
mod winograd;
mod winograd_tiles;
mod winograd_weights;

pub use packed::PackedConv;
pub use separable::Separable;

use direct::{Strides, Walk};
use winograd::Tile;

use crate::{Image, Images, ImagesMut, Isa, Plane};

/// What a convolution is, without its weights.
///
/// Weights are `[kernel][kernel][in_channels / groups][out_channels]`, rows first ("HWIO").
///
/// Most 3 x 3 kernels of stride 1 with at least 16 channels on both sides go Winograd's way (Lavin & Gray, *Fast Algorithms for
/// Convolutional Neural Networks*, arXiv 1509.09308): shapes alone decide. It rounds up to about twice as coarsely as the sum of all products,
/// and a NaN or an infinity reaches whole tiles of up to 4 x 4 outputs, not only those that see it.
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
    /// Groups of channels that do not see each other; `in_channels` groups are a depthwise convolution.
    pub groups: usize,
}

/// What a convolution does to its sums before it writes them. Nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epilogue<'a> {
    /// One number a channel that is added.
    pub bias: Option<&'a [f32]>,
    /// Whether what is negative then becomes zero.
    pub relu: bool,
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
    /// When the input has other channels, the padded input is smaller than the kernel, or the convolution makes no
    /// sense (a zero size, groups that do not divide the channels).
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
            "the input has {} channels, the convolution wants {}",
            input.channels, self.in_channels
        );
        let side = |n: usize| {
            assert!(
                n + 2 * self.padding >= self.kernel,
                "an input of {}x{} is too small for a kernel of {} with padding {}",
                input.height,
                input.width,
                self.kernel,
                self.padding
            );
            (n + 2 * self.padding - self.kernel) / self.stride + 1
        };
        Plane::new(side(input.height), side(input.width), self.out_channels)
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

    /// The tile of [`winograd`] by which the outputs of this input are computed.
    fn tile(&self, input: Plane) -> Option<Tile> {
        let y = self.output(input);
        self.plain_tile(self.in_channels, self.out_channels, y)
    }

    /// That of this input's gradient.
    fn tile_backward(&self, input: Plane) -> Option<Tile> {
        self.plain_tile(self.out_channels, self.in_channels, input)
    }

    /// That of the gradient of the weights.
    fn tile_weights(&self, dy: Plane) -> Option<Tile> {
        self.plain_tile(self.in_channels, self.out_channels, dy)
    }

    fn plain_tile(&self, from: usize, to: usize, of: Plane) -> Option<Tile> {
        self.is_plain().then(|| Tile::of(from, to, of.height, of.width)).flatten()
    }

    const fn is_plain(&self) -> bool {
        self.kernel == 3 && self.stride == 1 && self.groups == 1
    }

    const fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.in_channels && self.groups == self.out_channels
    }

    /// How many images of this size a call had best be given, where there are so many: more than one where an image alone
    /// has too few tiles for Winograd's products to be worth the weights that are read for them. A power of two.
    #[must_use]
    pub fn preferred_batch(&self, input: Plane) -> usize {
        let pixels = self.output(input).pixels();
        if self.tile(input) == Some(Tile::Four) {
            PREFERRED_PIXELS.div_ceil(pixels).next_power_of_two()
        } else {
            1
        }
    }

    /// `y = bias + x * weights`, or the `ReLU` of it; the halo of `y` is left alone.
    ///
    /// # Panics
    /// When the planes do not fit the convolution, the halo of `x` is smaller than the padding, or there are more images
    /// of one than of the other.
    #[track_caller]
    pub fn forward(
        &self,
        isa: Isa,
        x: Images<'_>,
        packed: &PackedConv,
        epilogue: Epilogue<'_>,
        mut y: ImagesMut<'_>,
    ) {
        self.check(x.plane, y.plane);
        same_count(x.count(), y.count());
        let tile = self.tile(x.plane);
        packed.check(isa, self, tile, false);
        let walk = self.walk(x.count(), x.plane, y.plane);
        let weights = &packed.weights;
        if let Some(tile) = tile {
            return tile.convolve(isa, &walk, self.in_channels, x.data, weights, epilogue, y.data);
        }
        for (x, y) in x.iter().zip(y.iter_mut()) {
            if self.groups == 1 {
                direct::convolve(isa, &walk, x.data, weights, epilogue, y.data);
            } else if self.is_depthwise() {
                depthwise::convolve(isa, &walk, x.data, weights, epilogue, y.data);
            } else {
                reference::forward(self, x, weights, epilogue, y);
            }
        }
    }

    /// The gradient of the input from the gradient of the output; it replaces what `dx` held, its halo is left alone.
    ///
    /// # Panics
    /// When the planes do not fit the convolution, the halo of `dy` is smaller than [`Conv::grad_halo`], there are more
    /// images of one than of the other, or the weights were not packed by [`PackedConv::pack_backward`].
    #[track_caller]
    pub fn input_grad(&self, isa: Isa, dy: Images<'_>, packed: &PackedConv, mut dx: ImagesMut<'_>) {
        let halo = self.grad_halo(dx.plane);
        assert!(
            dy.plane.halo >= halo,
            "the output gradient needs a halo of {halo}, it has {}",
            dy.plane.halo
        );
        crate::plane::same_shape("convolution", dy.plane, self.output(dx.plane));
        same_count(dx.count(), dy.count());
        packed.check(isa, self, self.tile_backward(dx.plane), true);
        if self.groups > 1 && !self.is_depthwise() {
            let images = dy.iter().zip(dx.iter_mut());
            return images
                .for_each(|(dy, dx)| reference::input_grad(self, dy, &packed.weights, dx));
        }
        input_grad::input_grad(self, isa, dy, &packed.weights, dx);
    }

    /// Adds the gradient of the weights to `dw`.
    ///
    /// # Panics
    /// When the planes do not fit the convolution, there are more images of one than of the other, or `dw` has another
    /// length than the weights.
    #[track_caller]
    pub fn weight_grad(&self, isa: Isa, x: Images<'_>, dy: Images<'_>, dw: &mut [f32]) {
        self.check(x.plane, dy.plane);
        same_count(x.count(), dy.count());
        assert_eq!(
            dw.len(),
            self.weight_len(),
            "the weight gradient needs {} numbers",
            self.weight_len()
        );
        let walk = self.walk(x.count(), x.plane, dy.plane);
        if let Some(tile) = self.tile_weights(dy.plane) {
            return tile.weight_grad(isa, &walk, self.in_channels, x.data, dy.data, dw);
        }
        for (x, dy) in x.iter().zip(dy.iter()) {
            if self.groups == 1 {
                weight_grad::weight_grad(isa, &walk, x.data, dy.data, dw);
            } else if self.is_depthwise() {
                depthwise::weight_grad(isa, &walk, x.data, dy.data, dw);
            } else {
                reference::weight_grad(self, x, dy, dw);
            }
        }
    }

    #[track_caller]
    fn check(&self, x: Plane, y: Plane) {
        assert!(
            x.halo >= self.padding,
            "the input needs a halo of {}, it has {}",
            self.padding,
            x.halo
        );
        crate::plane::same_shape("convolution", y, self.output(x));
    }

    fn walk(&self, images: usize, x: Plane, y: Plane) -> Walk {
        Walk {
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
            run: if self.is_depthwise() { self.kernel } else { self.kernel * x.channels },
            channels: y.channels,
        }
    }
}

/// Pixels that give Winograd's products enough tiles, 16 of them.
const PREFERRED_PIXELS: usize = 256;

#[track_caller]
fn same_count(x: usize, y: usize) {
    assert_eq!(x, y, "a convolution of {x} images has {x} outputs, not {y}");
}

/// Adds the gradient of a bias, the sum of `dy` over all pixels, to `db`.
///
/// # Panics
/// When `db` does not have one number a channel.
#[track_caller]
pub fn bias_grad(isa: Isa, dy: Image<'_>, db: &mut [f32]) {
    assert_eq!(db.len(), dy.plane.channels, "a bias has one number a channel");
    isa.run(|| {
        for run in dy.plane.runs() {
            for pixel in dy.data[run].chunks_exact(db.len()) {
                db.iter_mut().zip(pixel).for_each(|(db, dy)| *db += dy);
            }
        }
    });
}
