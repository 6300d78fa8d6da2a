//! Max pooling and its gradient.

use pulp::{Simd, WithSimd};

use super::Pool;
use crate::layout::same_shape;
use crate::{Image, ImageMut, Isa};

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
        dx.plane.runs().for_each(|run| dx.data[run].fill(0.0));
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
