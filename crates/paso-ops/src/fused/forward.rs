//! The forward pass of the fused kernel.

use pulp::Simd;

use super::lanes::{Lanes, window, windows};
use super::{NormEpilogue, VECTORS, check_channels};
use crate::layout::same_shape;
use crate::norm::Norm;
use crate::vector::{BlockKernel, load, run_blocks, store, vector_of};
use crate::{Image, ImageMut, Isa};

/// Batch normalization, activation and pooling of one image: `y = pool(relu(x * scale + shift))`.
///
/// `x` is `[height, width, channels]`, `y` is [`NormEpilogue::output`] of it; both with any halo.
/// Normalization uses the coefficients that [`Norm::set_batch`] or [`Norm::set_running`] set.
///
/// ```
/// use paso_ops::{Image, ImageMut, Isa, Norm, NormEpilogue, Plane, batch_norm};
///
/// let mut norm = Norm::new(1);
/// norm.set_running(&[2.0], &[1.0], &[1.0], &[0.0], 0.0);
/// let (x, epilogue) = (Plane::new(2, 2, 1), NormEpilogue { relu: true, pool: true });
/// let mut y = [0.0];
/// let to = ImageMut::new(epilogue.output(x), &mut y);
/// batch_norm(Isa::best(), &norm, epilogue, Image::new(x, &[1.0, 2.0, 3.0, 5.0]), to);
/// assert_eq!(y, [3.0]);
/// ```
///
/// # Panics
/// When the shapes or the numbers of channels do not fit; the message has both.
#[track_caller]
pub fn batch_norm(isa: Isa, norm: &Norm, epilogue: NormEpilogue, x: Image<'_>, y: ImageMut<'_>) {
    same_shape("batch norm", epilogue.output(x.plane), y.plane);
    check_channels(norm, x.plane);
    let (channels, relu) = (x.plane.channels, epilogue.relu);
    if epilogue.pool {
        run_blocks::<VECTORS>(isa, channels, Forward::<true> { norm, relu, x, y });
    } else {
        run_blocks::<VECTORS>(isa, channels, Forward::<false> { norm, relu, x, y });
    }
}

struct Forward<'a, const POOL: bool> {
    norm: &'a Norm,
    relu: bool,
    x: Image<'a>,
    y: ImageMut<'a>,
}

impl<const POOL: bool> BlockKernel for Forward<'_, POOL> {
    #[inline(always)]
    fn block<S: Simd, const FULL: bool, const N: usize>(&mut self, simd: S, c: usize, end: usize) {
        let (x, channels) = (self.x, self.x.plane.channels);
        let blocks = Lanes::load::<FULL, N>(simd, self.norm, self.relu, c, end);
        for row in 0..self.y.plane.height {
            let y = &mut self.y.data[self.y.plane.row(row)];
            let y = y.chunks_exact_mut(channels);
            if POOL {
                for (y, rows) in y.zip(windows(x, row)) {
                    for (v, lane) in blocks.iter().enumerate() {
                        let (c, lanes) = vector_of::<S>(c, end, v);
                        let xs = window::<S, FULL>(simd, rows, channels, c, lanes);
                        let max = lane.activate(lane.largest(lane.affine4(xs)).0);
                        store::<S, FULL>(simd, &mut y[c..], lanes, max);
                    }
                }
            } else {
                for (y, x) in y.zip(x.data[x.plane.row(row)].chunks_exact(channels)) {
                    for (v, lane) in blocks.iter().enumerate() {
                        let (c, lanes) = vector_of::<S>(c, end, v);
                        let value = lane.affine(load::<S, FULL>(simd, &x[c..], lanes));
                        store::<S, FULL>(simd, &mut y[c..], lanes, lane.activate(value));
                    }
                }
            }
        }
    }
}
