//! Max pooling, average pooling and the mean over a whole image.
//!
//! Loops go over windows and, innermost, over channels, which the compiler makes vectors of. Maxima
//! of 2 x 2 windows behind a batch normalization are computed in its kernel
//! ([`NormEpilogue`](crate::NormEpilogue)) and do not come here.

#[cfg(test)]
mod tests;

use pulp::{Simd, WithSimd};

use crate::layout::{Window, same_shape};
use crate::{Image, ImageMut, Isa, Plane};

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
        let window = Window { size: self.kernel, stride: self.stride, padding: self.padding };
        window.count("window", input, input.channels)
    }

    /// The input pixels under window `o` of one dimension of `n` pixels, without those in the
    /// padding. Never empty: at most half of a window is padding.
    fn window(&self, o: usize, n: usize) -> std::ops::Range<usize> {
        let start = o * self.stride;
        start.saturating_sub(self.padding)..(start + self.kernel - self.padding).min(n)
    }
}

/// The maximum of each window, channel by channel; a NaN in a window is its maximum.
///
/// `x` is `[height, width, channels]`, `y` is [`Pool::output`] of it, both with any halo.
///
/// ```
/// use paso_ops::{Image, ImageMut, Isa, Plane, Pool, max_pool};
///
/// let (x, mut y) = (Plane::new(2, 4, 1), [0.0; 2]);
/// let input = [1.0, 5.0, -2.0, -3.0, 4.0, 2.0, -8.0, -1.0];
/// let to = ImageMut::new(Pool::new(2).output(x), &mut y);
/// max_pool(Isa::best(), Pool::new(2), Image::new(x, &input), to);
/// assert_eq!(y, [5.0, -1.0]);
/// ```
///
/// # Panics
/// When shapes do not fit.
#[track_caller]
pub fn max_pool(isa: Isa, pool: Pool, x: Image<'_>, y: ImageMut<'_>) {
    same_shape("max pool", y.plane, pool.output(x.plane));
    isa.run(MaxPool { pool, x, y });
}

struct MaxPool<'a> {
    pool: Pool,
    x: Image<'a>,
    y: ImageMut<'a>,
}

impl WithSimd for MaxPool<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { pool, x, y } = self;
        let channels = x.plane.channels;
        for oy in 0..y.plane.height {
            for (ox, out) in y.data[y.plane.row(oy)].chunks_exact_mut(channels).enumerate() {
                out.fill(f32::NEG_INFINITY);
                for iy in pool.window(oy, x.plane.height) {
                    let row = &x.data[x.plane.row(iy)];
                    for ix in pool.window(ox, x.plane.width) {
                        for (out, &x) in out.iter_mut().zip(&row[ix * channels..][..channels]) {
                            *out = if exceeds(x, *out) { x } else { *out };
                        }
                    }
                }
            }
        }
    }
}

/// Whether `x` takes the place of the maximum so far: the first of equal ones stays, a NaN wins for
/// good.
#[inline(always)]
fn exceeds(x: f32, max: f32) -> bool {
    x > max || (x.is_nan() && !max.is_nan())
}

/// The gradient of the input: each output's gradient goes to the first pixel of its window that has
/// the maximum.
///
/// `x` and `dx` are `[height, width, channels]`, `dy` is [`Pool::output`] of it, all with any halo.
/// `dx` is overwritten; its halo is not. Where windows overlap, a pixel gets the sum.
///
/// ```
/// use paso_ops::{Image, ImageMut, Isa, Plane, Pool, max_pool_grad};
///
/// let (plane, mut dx) = (Plane::new(2, 2, 1), [0.0; 4]);
/// let x = [1.0, 7.0, 7.0, 0.0]; // two pixels are the largest: the first one counts
/// let (x, dy) = (Image::new(plane, &x), Image::new(Plane::vector(1), &[3.0]));
/// max_pool_grad(Isa::best(), Pool::new(2), x, dy, ImageMut::new(plane, &mut dx));
/// assert_eq!(dx, [0.0, 3.0, 0.0, 0.0]);
/// ```
///
/// # Panics
/// When shapes do not fit.
#[track_caller]
pub fn max_pool_grad(isa: Isa, pool: Pool, x: Image<'_>, dy: Image<'_>, dx: ImageMut<'_>) {
    same_shape("max pool", dy.plane, pool.output(x.plane));
    same_shape("max pool", x.plane, dx.plane);
    isa.run(MaxPoolGrad { pool, x, dy, dx });
}

struct MaxPoolGrad<'a> {
    pool: Pool,
    x: Image<'a>,
    dy: Image<'a>,
    dx: ImageMut<'a>,
}

impl WithSimd for MaxPoolGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { pool, x, dy, dx } = self;
        let channels = x.plane.channels;
        clear(dx.plane, dx.data);
        for oy in 0..dy.plane.height {
            for (ox, dy) in dy.data[dy.plane.row(oy)].chunks_exact(channels).enumerate() {
                for (c, &d) in dy.iter().enumerate() {
                    let mut best = (f32::NEG_INFINITY, None);
                    for iy in pool.window(oy, x.plane.height) {
                        for ix in pool.window(ox, x.plane.width) {
                            let value = x.data[x.plane.row(iy).start + ix * channels + c];
                            if best.1.is_none() || exceeds(value, best.0) {
                                best = (value, Some((iy, ix)));
                            }
                        }
                    }
                    if let Some((iy, ix)) = best.1 {
                        dx.data[dx.plane.row(iy).start + ix * channels + c] += d;
                    }
                }
            }
        }
    }
}

/// The mean of each window, channel by channel; pixels in the padding count as zeros.
///
/// `x` is `[height, width, channels]`, `y` is [`Pool::output`] of it, both with any halo.
///
/// ```
/// use paso_ops::{Image, ImageMut, Isa, Plane, Pool, avg_pool};
///
/// let (x, pool) = (Plane::new(2, 2, 1), Pool { kernel: 2, stride: 2, padding: 1 });
/// let mut y = [0.0; 4];
/// let from = Image::new(x, &[4.0, 8.0, 12.0, 16.0]);
/// let to = ImageMut::new(pool.output(x), &mut y);
/// avg_pool(Isa::best(), pool, from, to);
/// assert_eq!(y, [1.0, 2.0, 3.0, 4.0]); // one pixel and three of padding each
/// ```
///
/// # Panics
/// When shapes do not fit.
#[track_caller]
pub fn avg_pool(isa: Isa, pool: Pool, x: Image<'_>, y: ImageMut<'_>) {
    same_shape("average pool", y.plane, pool.output(x.plane));
    let channels = x.plane.channels;
    let share = reciprocal(pool.kernel * pool.kernel);
    isa.run(|| {
        for oy in 0..y.plane.height {
            for (ox, out) in y.data[y.plane.row(oy)].chunks_exact_mut(channels).enumerate() {
                out.fill(0.0);
                for iy in pool.window(oy, x.plane.height) {
                    let row = &x.data[x.plane.row(iy)];
                    for ix in pool.window(ox, x.plane.width) {
                        out.iter_mut()
                            .zip(&row[ix * channels..][..channels])
                            .for_each(|(out, x)| *out += x);
                    }
                }
                out.iter_mut().for_each(|out| *out *= share);
            }
        }
    });
}

/// The gradient of the input of [`avg_pool`]: each output's gradient, divided by the area of the
/// window, goes to all of its pixels.
///
/// `dx` is `[height, width, channels]`, `dy` is [`Pool::output`] of it, both with any halo. `dx` is
/// overwritten; its halo is not.
///
/// # Panics
/// When shapes do not fit.
#[track_caller]
pub fn avg_pool_grad(isa: Isa, pool: Pool, dy: Image<'_>, dx: ImageMut<'_>) {
    same_shape("average pool", dy.plane, pool.output(dx.plane));
    let channels = dx.plane.channels;
    let share = reciprocal(pool.kernel * pool.kernel);
    isa.run(|| {
        clear(dx.plane, dx.data);
        for oy in 0..dy.plane.height {
            for (ox, dy) in dy.data[dy.plane.row(oy)].chunks_exact(channels).enumerate() {
                for iy in pool.window(oy, dx.plane.height) {
                    let row = dx.plane.row(iy);
                    let row = &mut dx.data[row];
                    for ix in pool.window(ox, dx.plane.width) {
                        row[ix * channels..][..channels]
                            .iter_mut()
                            .zip(dy)
                            .for_each(|(dx, dy)| *dx += dy * share);
                    }
                }
            }
        }
    });
}

/// The mean of each channel over the image. `x` is `[height, width, channels]` with any halo, `y`
/// is `[channels]`.
///
/// ```
/// use paso_ops::{Image, Isa, Plane, global_avg_pool};
///
/// let mut y = [0.0; 2];
/// let x = Image::new(Plane::new(1, 2, 2), &[1.0, 10.0, 3.0, 30.0]);
/// global_avg_pool(Isa::best(), x, &mut y);
/// assert_eq!(y, [2.0, 20.0]);
/// ```
///
/// # Panics
/// When `y` does not have one element per channel.
#[track_caller]
pub fn global_avg_pool(isa: Isa, x: Image<'_>, y: &mut [f32]) {
    assert_eq!(y.len(), x.plane.channels, "the global average needs one element per channel");
    isa.run(|| {
        y.fill(0.0);
        for run in x.plane.runs() {
            for pixel in x.data[run].chunks_exact(x.plane.channels) {
                y.iter_mut().zip(pixel).for_each(|(y, x)| *y += x);
            }
        }
        let share = reciprocal(x.plane.pixels());
        y.iter_mut().for_each(|y| *y *= share);
    });
}

/// The gradient of the input of [`global_avg_pool`]: `dy / (height * width)` at each pixel.
///
/// `dy` is `[channels]`, `dx` is `[height, width, channels]` with any halo, and is overwritten; its
/// halo is not.
///
/// # Panics
/// When `dy` does not have one element per channel.
#[track_caller]
pub fn global_avg_pool_grad(isa: Isa, dy: &[f32], dx: ImageMut<'_>) {
    assert_eq!(dy.len(), dx.plane.channels, "the global average needs one element per channel");
    let share = reciprocal(dx.plane.pixels());
    isa.run(|| {
        for run in dx.plane.runs() {
            for pixel in dx.data[run].chunks_exact_mut(dy.len()) {
                pixel.iter_mut().zip(dy).for_each(|(dx, dy)| *dx = dy * share);
            }
        }
    });
}

fn clear(plane: Plane, data: &mut [f32]) {
    for run in plane.runs() {
        data[run].fill(0.0);
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of pixels are far below 2^24")]
fn reciprocal(n: usize) -> f32 {
    1.0 / n as f32
}
