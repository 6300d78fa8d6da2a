//! The gradient of the fused kernel.

use pulp::Simd;

use super::lanes::{Lanes, WINDOW, per_vector, window, windows};
use super::{NormEpilogue, VECTORS, check_channels};
use crate::layout::same_shape;
use crate::norm::Norm;
use crate::vector::{BlockKernel, load, run_blocks, store, vector_of};
use crate::{Image, ImageMut, Isa};

/// The gradient of the input of [`batch_norm`](crate::batch_norm), once [`Norm::set_backward`] has
/// the sums of the batch.
///
/// `x` and `dx` are `[height, width, channels]`, `dy` is [`NormEpilogue::output`] of it. `dx` is
/// overwritten; its halo is not. The gradient of a pool goes to the first pixel of its window that
/// has the maximum.
///
/// # Panics
/// When the shapes or the numbers of channels do not fit; the message has both.
#[track_caller]
pub fn batch_norm_grad(
    isa: Isa,
    norm: &Norm,
    epilogue: NormEpilogue,
    x: Image<'_>,
    dy: Image<'_>,
    dx: ImageMut<'_>,
) {
    same_shape("batch norm", epilogue.output(x.plane), dy.plane);
    same_shape("batch norm", x.plane, dx.plane);
    check_channels(norm, x.plane);
    let (channels, relu) = (x.plane.channels, epilogue.relu);
    if epilogue.pool {
        run_blocks::<VECTORS>(isa, channels, Grad::<true> { norm, relu, x, dy, dx });
    } else {
        run_blocks::<VECTORS>(isa, channels, Grad::<false> { norm, relu, x, dy, dx });
    }
}

struct Grad<'a, const POOL: bool> {
    norm: &'a Norm,
    relu: bool,
    x: Image<'a>,
    dy: Image<'a>,
    dx: ImageMut<'a>,
}

impl<const POOL: bool> BlockKernel for Grad<'_, POOL> {
    #[inline(always)]
    fn block<S: Simd, const FULL: bool, const N: usize>(&mut self, simd: S, c: usize, end: usize) {
        let (x, dy, channels) = (self.x, self.dy, self.x.plane.channels);
        let blocks = Lanes::load::<FULL, N>(simd, self.norm, self.relu, c, end);
        let zero = simd.splat_f32s(0.0);
        let mut coefficients = [[zero; 4]; N];
        for (k, all) in self.norm.backward_coefficients().into_iter().enumerate() {
            let vectors = per_vector::<S, FULL, N>(simd, all, c, end);
            for (coefficients, vector) in coefficients.iter_mut().zip(vectors) {
                coefficients[k] = vector;
            }
        }
        // The pixels that windows cover: not the last row of an odd height, nor the last pixel of
        // an odd width.
        let (rows, pixels) = if POOL { (2 * dy.plane.height, 2 * dy.plane.width) } else { (0, 0) };
        let plane = self.dx.plane;
        if POOL {
            let (line, halo) = (plane.row_stride(), 2 * plane.halo * channels);
            for row in 0..dy.plane.height {
                let start = plane.row(2 * row).start;
                let two = &mut self.dx.data[start..start + 2 * line - halo];
                let (dx_top, dx_bottom) = two.split_at_mut(line);
                let dx = dx_top
                    .chunks_exact_mut(2 * channels)
                    .zip(dx_bottom.chunks_exact_mut(2 * channels));
                let dy = dy.data[dy.plane.row(row)].chunks_exact(channels);
                for ((dy, rows), dx) in dy.zip(windows(x, row)).zip(dx) {
                    let dx = [dx.0, dx.1];
                    for (v, (lane, coefficients)) in blocks.iter().zip(coefficients).enumerate() {
                        let (c, lanes) = vector_of::<S>(c, end, v);
                        let xs = window::<S, FULL>(simd, rows, channels, c, lanes);
                        let (max, exceeded) = lane.largest(lane.affine4(xs));
                        let mut d = lane.gate(max, load::<S, FULL>(simd, &dy[c..], lanes));
                        for k in (0..4).rev() {
                            let (r, p) = WINDOW[k];
                            let mut share = d;
                            if k > 0 {
                                share = simd.select_f32s(exceeded[k - 1], d, zero);
                                d = simd.select_f32s(exceeded[k - 1], zero, d);
                            }
                            let value = lane.grad(coefficients, xs[k], share);
                            store::<S, FULL>(simd, &mut dx[r][p * channels + c..], lanes, value);
                        }
                    }
                }
            }
        }
        for row in 0..plane.height {
            let skip = if row < rows { pixels } else { 0 };
            let x = x.data[x.plane.row(row)].chunks_exact(channels);
            let dx = self.dx.data[plane.row(row)].chunks_exact_mut(channels);
            if POOL {
                for (x, dx) in x.zip(dx).skip(skip) {
                    for (v, (lane, coefficients)) in blocks.iter().zip(coefficients).enumerate() {
                        let (c, lanes) = vector_of::<S>(c, end, v);
                        let x = load::<S, FULL>(simd, &x[c..], lanes);
                        store::<S, FULL>(
                            simd,
                            &mut dx[c..],
                            lanes,
                            lane.grad(coefficients, x, zero),
                        );
                    }
                }
            } else {
                let dy = dy.data[dy.plane.row(row)].chunks_exact(channels);
                for ((x, dx), dy) in x.zip(dx).zip(dy) {
                    for (v, (lane, coefficients)) in blocks.iter().zip(coefficients).enumerate() {
                        let (c, lanes) = vector_of::<S>(c, end, v);
                        let x = load::<S, FULL>(simd, &x[c..], lanes);
                        let d = lane.gate(lane.affine(x), load::<S, FULL>(simd, &dy[c..], lanes));
                        store::<S, FULL>(simd, &mut dx[c..], lanes, lane.grad(coefficients, x, d));
                    }
                }
            }
        }
    }
}
