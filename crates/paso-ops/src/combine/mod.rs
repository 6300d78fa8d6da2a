//! Kernels that only add or copy: residual addition, concatenation and selection of channels.

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::layout::same_shape;
use crate::{Image, ImageMut, Isa};

/// `y = a + b`, all `[height, width, channels]`, with any halo.
///
/// ```
/// use paso_ops::{Image, ImageMut, Isa, Plane, add};
///
/// let (plane, mut y) = (Plane::vector(2), [0.0; 2]);
/// let (a, b) = (Image::new(plane, &[1.0, 2.0]), Image::new(plane, &[10.0, 20.0]));
/// add(Isa::best(), a, b, ImageMut::new(plane, &mut y));
/// assert_eq!(y, [11.0, 22.0]);
/// ```
///
/// The gradient of both terms is that of the sum: nothing is computed, at most copied.
///
/// # Panics
/// When shapes differ.
#[track_caller]
pub fn add(isa: Isa, a: Image<'_>, b: Image<'_>, y: ImageMut<'_>) {
    same_shape("addition", a.plane, b.plane);
    same_shape("addition", a.plane, y.plane);
    isa.run(|| {
        for row in 0..a.plane.height {
            let (a, b) = (&a.data[a.plane.row(row)], &b.data[b.plane.row(row)]);
            let y = &mut y.data[y.plane.row(row)];
            y.iter_mut().zip(a.iter().zip(b)).for_each(|(y, (a, b))| *y = a + b);
        }
    });
}

/// `y += scale * x`, both `[height, width, channels]`, with any halo.
///
/// The `axpy` of BLAS, over images. The product is rounded before it is added.
///
/// ```
/// use paso_ops::{Image, ImageMut, Isa, Plane, add_scaled};
///
/// let (plane, mut y) = (Plane::vector(2), [1.0, 2.0]);
/// add_scaled(Isa::best(), -0.5, Image::new(plane, &[4.0, 8.0]), ImageMut::new(plane, &mut y));
/// assert_eq!(y, [-1.0, -2.0]);
/// ```
///
/// # Panics
/// When shapes differ.
#[track_caller]
pub fn add_scaled(isa: Isa, scale: f32, x: Image<'_>, y: ImageMut<'_>) {
    same_shape("addition", x.plane, y.plane);
    isa.run(|| {
        for row in 0..x.plane.height {
            let (x, y) = (&x.data[x.plane.row(row)], &mut y.data[y.plane.row(row)]);
            y.iter_mut().zip(x).for_each(|(y, x)| *y += scale * x);
        }
    });
}

/// Copies channels `from` of every pixel of `x` to the channels of `y` that begin at `to`.
///
/// This one op is selection (`from` a part), concatenation (one call for each input) and, with all
/// channels, a copy between planes with different halos. Channels of `y` outside the range are left
/// alone. `x` is `[height, width, channels]`, `y` is `[height, width, other channels]`, both with
/// any halo.
///
/// ```
/// use paso_ops::{Image, ImageMut, Isa, Plane, copy_channels};
///
/// // Concatenate two channels and one, over two pixels.
/// let isa = Isa::best();
/// let (two, one, three) = (Plane::new(1, 2, 2), Plane::new(1, 2, 1), Plane::new(1, 2, 3));
/// let (a, b, mut y) = ([1.0, 2.0, 4.0, 5.0], [3.0, 6.0], [0.0; 6]);
/// copy_channels(isa, Image::new(two, &a), 0..2, ImageMut::new(three, &mut y), 0);
/// copy_channels(isa, Image::new(one, &b), 0..1, ImageMut::new(three, &mut y), 2);
/// assert_eq!(y, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// ```
///
/// # Panics
/// When heights or widths differ or a range is outside the channels.
#[track_caller]
pub fn copy_channels(isa: Isa, x: Image<'_>, from: Range<usize>, y: ImageMut<'_>, to: usize) {
    let (px, py) = (x.plane, y.plane);
    assert!(
        px.height == py.height && px.width == py.width,
        "channels of {}x{} pixels cannot be copied to {}x{}",
        px.height,
        px.width,
        py.height,
        py.width
    );
    assert!(
        from.end <= px.channels && to + from.len() <= py.channels,
        "channels {from:?} of {} to {to} of {}",
        px.channels,
        py.channels
    );
    if px.channels == py.channels && from.len() == px.channels {
        // All of them: rows in one piece, not pixel by pixel.
        for row in 0..px.height {
            y.data[py.row(row)].copy_from_slice(&x.data[px.row(row)]);
        }
        return;
    }
    isa.run(|| copy_pixels(x, from, y, to));
}

/// Inlined, because a closure of this size would be a function of its own, without the instruction
/// set.
#[inline(always)]
fn copy_pixels(x: Image<'_>, from: Range<usize>, y: ImageMut<'_>, to: usize) {
    let (px, py) = (x.plane, y.plane);
    for row in 0..px.height {
        let (x, y) = (&x.data[px.row(row)], &mut y.data[py.row(row)]);
        for (x, y) in x.chunks_exact(px.channels).zip(y.chunks_exact_mut(py.channels)) {
            y[to..to + from.len()].copy_from_slice(&x[from.clone()]);
        }
    }
}

/// Sets all elements of `y`, `[height, width, channels]`, to zero except those of the halo.
pub fn clear(isa: Isa, y: ImageMut<'_>) {
    isa.run(|| {
        for run in y.plane.runs() {
            y.data[run].fill(0.0);
        }
    });
}
