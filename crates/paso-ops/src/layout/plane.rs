//! Where the pixels of one image lie in a slice: height, width, channels, and a halo of zeros
//! around them.
//!
//! Images are NHWC: the channels of a pixel are adjacent, then the pixels of a row, then rows. A
//! halo lets a convolution read past the border without a branch; every kernel writes the inner
//! pixels only, so a halo that was zero once stays zero.

use std::ops::Range;

/// The layout of one image in a slice.
///
/// ```
/// use paso_ops::Plane;
///
/// let plane = Plane::new(2, 3, 4).with_halo(1);
/// assert_eq!(plane.len(), (2 + 2) * (3 + 2) * 4);
/// assert_eq!(plane.row(0), 24..36); // the first row is all halo
/// ```
///
/// An image is stored as NHWC: channels are fastest, then columns, then rows, then images. PyTorch
/// calls this `channels_last`; its default NCHW has to be permuted. A vector of adjacent channels
/// is one load, so a kernel can take any number of pixels and never has to gather.
///
/// ```text
/// 2 x 3 pixels of 2 channels with a halo of 1; a and b are channels, . is zero
///
/// .. .. .. .. ..
/// .. ab ab ab ..      row 0 begins at origin() = 12
/// .. ab ab ab ..      row 1 begins row_stride() = 10 elements later
/// .. .. .. .. ..
/// ```
///
/// A halo costs memory, `(h + 2) * (w + 2)` pixels instead of `h * w`, and saves the tests for the
/// border in the innermost loop. Two images of one shape may have different halos, so that a kernel
/// walks them row by row: a range over the whole of one is not a range over the whole of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plane {
    /// Rows, without the halo.
    pub height: usize,
    /// Pixels in a row, without the halo.
    pub width: usize,
    /// Channels of a pixel.
    pub channels: usize,
    /// Pixels of zeros on each of the four sides.
    pub halo: usize,
}

impl Plane {
    /// A plane without a halo.
    #[must_use]
    pub const fn new(height: usize, width: usize, channels: usize) -> Self {
        Self { height, width, channels, halo: 0 }
    }

    /// A plane of one pixel, for vectors of `channels` elements: outputs of linear layers, boxes,
    /// losses.
    ///
    /// ```
    /// use paso_ops::Plane;
    ///
    /// assert_eq!(Plane::vector(5), Plane::new(1, 1, 5));
    /// ```
    #[must_use]
    pub const fn vector(channels: usize) -> Self {
        Self::new(1, 1, channels)
    }

    /// The same pixels with a halo of this width, whatever halo there was: halos do not add up.
    #[must_use]
    pub const fn with_halo(self, halo: usize) -> Self {
        Self { halo, ..self }
    }

    /// Elements from one row to the next, halo included.
    #[must_use]
    pub const fn row_stride(&self) -> usize {
        (self.width + 2 * self.halo) * self.channels
    }

    /// Length of the slice that holds the plane, halo included.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a layout has a length; whether it is empty is no question"
    )]
    #[must_use]
    pub const fn len(&self) -> usize {
        (self.height + 2 * self.halo) * self.row_stride()
    }

    /// Elements of the image, halo excluded.
    #[must_use]
    pub const fn inner_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Pixels of the image, halo excluded.
    #[must_use]
    pub const fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Index of the first element that is not halo.
    #[must_use]
    pub const fn origin(&self) -> usize {
        self.halo * (self.row_stride() + self.channels)
    }

    /// The elements of row `y`, halo excluded: `width * channels` of them. Rows count from 0, so
    /// that `y < height`; a larger one is not refused, and its range lies in the halo or past the
    /// end.
    #[must_use]
    pub const fn row(&self, y: usize) -> Range<usize> {
        let start = self.origin() + y * self.row_stride();
        start..start + self.width * self.channels
    }

    /// The elements of the image, halo excluded, as contiguous ranges: one range without a halo,
    /// else one per row.
    ///
    /// Trap: planes of one shape with different halos have runs of different lengths. To walk two
    /// images together, go by [`Plane::row`].
    ///
    /// ```
    /// use paso_ops::Plane;
    ///
    /// let plane = Plane::new(2, 3, 1);
    /// assert_eq!(plane.runs().collect::<Vec<_>>(), [0..6]);
    /// assert_eq!(plane.with_halo(1).runs().collect::<Vec<_>>(), [6..9, 11..14]);
    /// ```
    pub fn runs(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let plane =
            if self.halo == 0 { Self { height: 1, width: self.pixels(), ..*self } } else { *self };
        (0..plane.height).map(move |y| plane.row(y))
    }

    /// Whether two planes hold images of the same height, width and channels, whatever their halos.
    ///
    /// ```
    /// use paso_ops::Plane;
    ///
    /// let plane = Plane::new(2, 3, 4);
    /// assert!(plane.same_shape(&plane.with_halo(2)));
    /// assert!(!plane.same_shape(&Plane::new(3, 2, 4)));
    /// ```
    #[must_use]
    pub const fn same_shape(&self, other: &Self) -> bool {
        self.height == other.height && self.width == other.width && self.channels == other.channels
    }
}

/// Asserts that two images have one shape.
///
/// # Panics
/// When they differ; the message begins with `what` and has both shapes as
/// `height x width x channels`.
#[track_caller]
pub(crate) fn same_shape(what: &str, a: Plane, b: Plane) {
    assert!(
        a.same_shape(&b),
        "{what}: the planes differ: {}x{}x{} and {}x{}x{}",
        a.height,
        a.width,
        a.channels,
        b.height,
        b.width,
        b.channels
    );
}
