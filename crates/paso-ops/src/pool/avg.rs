//! Average pooling, the mean over a whole image, and their gradients.

use super::Pool;
use crate::layout::same_shape;
use crate::{Image, ImageMut, Isa};

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
        dx.plane.runs().for_each(|run| dx.data[run].fill(0.0));
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

#[expect(clippy::cast_precision_loss, reason = "counts of pixels are far below 2^24")]
fn reciprocal(n: usize) -> f32 {
    1.0 / n as f32
}
