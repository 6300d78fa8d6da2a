//! Fused kernel: a depthwise convolution and the 1 x 1 convolution behind it in one pass, a few
//! rows at a time.
//!
//! A depthwise convolution has so few operations that writing its output to the L2 cache and
//! reading it again takes longer than its sums. A few rows of it stay in the L1 cache until the 1 x
//! 1 convolution has read them. The results have the same bits as those of the two convolutions one
//! after the other.

use super::descriptor::Conv;
use super::epilogue::Epilogue;
use super::geometry::ConvGeometry;
use super::packed::PackedConv;
use super::{depthwise, direct};
use crate::{Image, ImageMut, Isa, Plane};

/// Elements of the rows in between: 16 KiB, half of the smallest L1 data cache of current CPUs.
const BETWEEN: usize = 4096;

/// A depthwise convolution and the 1 x 1 convolution behind it, for inputs of one size: the block
/// of `MobileNet` (Howard et al., arXiv:1704.04861), in inference.
///
/// ```
/// use paso_ops::{Conv, Epilogue, Image, ImageMut, Isa, PackedConv, Plane, Separable};
///
/// let (depthwise, pointwise) = (Conv::depthwise(16, 3), Conv::new(16, 32, 1));
/// let x = Plane::new(32, 32, 16).with_halo(1);
/// let pair = Separable::new(depthwise, pointwise, x).expect("worth it");
///
/// let isa = Isa::best();
/// let (mut first, mut second) = (PackedConv::default(), PackedConv::default());
/// first.pack(isa, &depthwise, x, &vec![0.5; depthwise.weight_len()]);
/// second.pack(isa, &pointwise, depthwise.output(x), &vec![0.25; pointwise.weight_len()]);
/// let (mut input, mut between) = (vec![0.0; x.len()], vec![0.0; pair.scratch_len()]);
/// x.runs().for_each(|run| input[run].fill(1.0)); // the halo stays zero
/// let y = pointwise.output(depthwise.output(x));
/// let mut output = vec![0.0; y.len()];
/// let layers = [(&first, Epilogue::default()), (&second, Epilogue::default())];
/// let to = ImageMut::new(y, &mut output);
/// pair.forward(isa, Image::new(x, &input), layers, &mut between, to);
/// assert_eq!(output[y.row(5).start + 5 * 32], 9.0 * 0.5 * 16.0 * 0.25);
/// assert!(pair.scratch_len() < depthwise.output(x).len()); // only some rows exist at a time
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separable {
    first: Conv,
    second: Conv,
    input: Plane,
    /// The rows in between that are there at a time.
    between: Plane,
}

impl Separable {
    /// The pair, if `first` is depthwise, `second` is 1 x 1, and one pass over these inputs is
    /// faster than two: the weights of the second, read again for each few rows, must be less than
    /// what the rows would cost.
    ///
    /// # Panics
    /// When the inputs do not fit.
    #[must_use]
    #[track_caller]
    pub fn new(first: Conv, second: Conv, input: Plane) -> Option<Self> {
        let all = first.output(input);
        let is_pointwise =
            (second.kernel, second.stride, second.end_padding(), second.groups) == (1, 1, 0, 1);
        let rows = (BETWEEN / (all.width * all.channels)).clamp(1, all.height);
        let between = Plane { height: rows, ..all };
        let pays = second.weight_len() <= 2 * between.len() && all.width >= 8;
        (first.is_depthwise() && is_pointwise && pays).then_some(Self {
            first,
            second,
            input,
            between,
        })
    }

    /// Length of the memory that [`Separable::forward`] needs.
    #[must_use]
    pub const fn scratch_len(&self) -> usize {
        self.between.len()
    }

    /// `y` is the second convolution of the first one of `x`, each with its weights and what it
    /// does to its sums.
    ///
    /// `x` is `[height, width, channels]` with a halo of zeros of at least the padding of the first
    /// convolution, `y` is [`Conv::output`] of both, with any halo. `between` is scratch memory
    /// with any content.
    ///
    /// # Panics
    /// When an image is not of the size that the pair was made for, `between` has another length
    /// than [`Separable::scratch_len`], or weights were packed for something else.
    #[track_caller]
    pub fn forward(
        &self,
        isa: Isa,
        x: Image<'_>,
        [(first, first_epilogue), (second, second_epilogue)]: [(&PackedConv, Epilogue<'_>); 2],
        between: &mut [f32],
        y: ImageMut<'_>,
    ) {
        let all = self.first.output(self.input);
        self.first.check(x.plane, all);
        self.second.check(all, y.plane);
        first.check(isa, &self.first, None, false);
        second.check(isa, &self.second, None, false);
        let (to, from) = (
            self.first.geometry(1, x.plane, self.between),
            self.second.geometry(1, self.between, y.plane),
        );
        for row in (0..all.height).step_by(self.between.height) {
            let rows = self.between.height.min(all.height - row);
            let mut to = ConvGeometry { rows, ..to };
            to.input.origin += row * to.input.row;
            depthwise::convolve(isa, &to, x.data, &first.weights, first_epilogue, between);
            let mut from = ConvGeometry { rows, ..from };
            from.output.origin += row * from.output.row;
            direct::convolve(isa, &from, between, &second.weights, second_epilogue, y.data);
        }
    }
}
