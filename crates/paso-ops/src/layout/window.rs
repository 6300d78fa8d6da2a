//! Square windows that move over an image: those of convolutions and of pools.
//!
//! For `n` pixels in one dimension there are `floor((n + before + after - size) / stride) + 1`
//! windows, where `before` and `after` are the padding, as in `PyTorch` without `ceil_mode` and as relationship 6 of Dumoulin & Visin, *A guide
//! to convolution arithmetic for deep learning*, arXiv:1603.07285. Pixels that fill no whole window
//! are dropped.

use super::Plane;

/// The side of a window, the pixels from one to the next, and how far they may reach over the
/// border.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) size: usize,
    pub(crate) stride: usize,
    /// Before the first pixel and after the last one of a row or column.
    pub(crate) padding: [usize; 2],
}

impl Window {
    /// How many windows an image has, as the layout of an output with one pixel for each; `what`
    /// they are called in a message.
    ///
    /// # Panics
    /// When the padded image is smaller than a window.
    #[track_caller]
    pub(crate) fn count(self, what: &str, image: Plane, channels: usize) -> Plane {
        let Self { size, stride, padding: [before, after] } = self;
        let smaller = image.height.min(image.width);
        assert!(
            smaller + before + after >= size,
            "an input of {}x{} is too small for a {what} of {size} with padding {before}",
            image.height,
            image.width
        );
        let side = |n: usize| (n + before + after - size) / stride + 1;
        Plane::new(side(image.height), side(image.width), channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::assert_panics;

    #[test]
    fn windows_are_counted_as_they_fit_into_the_padded_image() {
        for (size, stride, padding) in [
            (1, 1, [0, 0]),
            (3, 1, [1, 1]),
            (3, 2, [1, 1]),
            (3, 2, [0, 1]),
            (2, 2, [0, 0]),
            (5, 3, [2, 2]),
            (5, 2, [1, 2]),
        ] {
            for (height, width) in [(5, 9), (6, 5), (12, 7)] {
                let starts = |n: usize| {
                    let padded = n + padding[0] + padding[1];
                    (0..padded).step_by(stride).filter(|s| s + size <= padded).count()
                };
                let counted = Window { size, stride, padding }.count(
                    "window",
                    Plane::new(height, width, 3),
                    4,
                );
                assert_eq!(counted, Plane::new(starts(height), starts(width), 4), "size {size}");
            }
        }
    }

    #[test]
    fn an_image_that_is_too_small_is_named_with_the_window() {
        assert_panics(&["an input of 2x9 is too small for a kernel of 5 with padding 1"], || {
            Window { size: 5, stride: 1, padding: [1, 1] }.count("kernel", Plane::new(2, 9, 1), 1);
        });
    }
}
