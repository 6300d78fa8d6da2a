//! Max pooling, average pooling and the mean over a whole image.
//!
//! Loops go over windows and, innermost, over channels, which the compiler makes vectors of. Maxima
//! of 2 x 2 windows behind a batch normalization are computed in its kernel
//! ([`NormEpilogue`](crate::NormEpilogue)) and do not come here.

mod avg;
mod max;
#[cfg(test)]
mod tests;

pub use avg::{avg_pool, avg_pool_grad, global_avg_pool, global_avg_pool_grad};
pub use max::{max_pool, max_pool_grad};

use crate::Plane;
use crate::layout::Window;

/// A pooling window.
///
/// ```
/// use paso_ops::{Plane, Pool};
///
/// let x = Plane::new(7, 8, 3);
/// assert_eq!(Pool::new(2).output(x), Plane::new(3, 4, 3)); // the seventh row is dropped
/// let overlapping = Pool { kernel: 3, stride: 2, padding: 1 };
/// assert_eq!(overlapping.output(x), Plane::new(4, 4, 3));
/// ```
///
/// Differences to other libraries: `PyTorch`'s `AvgPool2d` counts padding by default as well
/// (`count_include_pad=True`), Keras' `"same"` padding does not. Sizes are rounded down, as with
/// `ceil_mode=False`. Where values are equal, the first pixel in row order gets the gradient of a
/// maximum, as in `PyTorch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    /// Side of the square window, at least 1.
    pub kernel: usize,
    /// Pixels from one window to the next, at least 1.
    pub stride: usize,
    /// Pixels that windows may reach over the border, at most half of `kernel`. They are never a
    /// maximum, and count as zeros in a mean.
    pub padding: usize,
}

impl Pool {
    /// Windows that touch but do not overlap. Rows and columns that fill no window are dropped.
    #[must_use]
    pub const fn new(kernel: usize) -> Self {
        Self { kernel, stride: kernel, padding: 0 }
    }

    /// The output's layout for this input.
    ///
    /// # Panics
    /// When the padded input is smaller than a window, or the window is invalid: see the fields.
    #[must_use]
    #[track_caller]
    pub fn output(&self, input: Plane) -> Plane {
        assert!(
            self.kernel > 0 && self.stride > 0 && 2 * self.padding <= self.kernel,
            "a pooling window needs kernel and stride of at least 1 and padding of at most half the kernel: {self:?}"
        );
        let window = Window { size: self.kernel, stride: self.stride, padding: [self.padding; 2] };
        window.count("window", input, input.channels)
    }

    /// The input pixels under window `o` of one dimension of `n` pixels, without those in the
    /// padding. Never empty: at most half of a window is padding.
    fn window(&self, o: usize, n: usize) -> std::ops::Range<usize> {
        let start = o * self.stride;
        start.saturating_sub(self.padding)..(start + self.kernel - self.padding).min(n)
    }
}
