//! The sums that a normalization's gradient needs from the whole batch.

use pulp::{Simd, WithSimd};

use super::{Kernel, Lane, NormEpilogue, check, load, part, run, window, windows};
use crate::norm::{GradSums, Norm};
use crate::plane::same_shape;
use crate::{Image, Isa};

/// Adds one image to the sums over a batch: the input of the normalization and the gradient of the tail's output.
///
/// # Panics
/// When shapes differ.
#[track_caller]
pub fn batch_norm_grad_sums(
    isa: Isa,
    norm: &Norm,
    epilogue: NormEpilogue,
    x: Image<'_>,
    dy: Image<'_>,
    sums: &mut GradSums,
) {
    same_shape("batch norm", epilogue.output(x.plane), dy.plane);
    check(norm, x.plane);
    assert_eq!(sums.channels(), x.plane.channels, "sums of another number of channels");
    isa.run(Sums { norm, epilogue, x, dy, sums });
}

/// [`batch_norm_grad_sums`] from the tail's output instead of the input: behind a pool a quarter of the numbers, and often the
/// ones that were read last.
///
/// A gradient reaches only the maximum of a window, and that one follows from the output, `(y - beta) / scale`, as long as
/// [`Norm::is_invertible`]. Without a pool the two are the same sums, but for rounding.
///
/// # Panics
/// When shapes differ.
#[track_caller]
pub fn batch_norm_grad_sums_from_output(
    isa: Isa,
    norm: &Norm,
    epilogue: NormEpilogue,
    y: Image<'_>,
    dy: Image<'_>,
    sums: &mut GradSums,
) {
    same_shape("batch norm", y.plane, dy.plane);
    check(norm, y.plane);
    assert_eq!(sums.channels(), y.plane.channels, "sums of another number of channels");
    isa.run(OutputSums { norm, relu: epilogue.relu, y, dy, sums });
}

struct Sums<'a> {
    norm: &'a Norm,
    epilogue: NormEpilogue,
    x: Image<'a>,
    dy: Image<'a>,
    sums: &'a mut GradSums,
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (channels, pool) = (self.x.plane.channels, self.epilogue.pool);
        run(simd, &mut self, channels, pool);
    }
}

impl Kernel for Sums<'_> {
    #[inline(always)]
    fn channels<S: Simd, const POOL: bool, const FULL: bool, const N: usize>(
        &mut self,
        simd: S,
        c: usize,
        end: usize,
    ) {
        let (x, dy, channels) = (self.x, self.dy, self.x.plane.channels);
        let lanes = Lane::of::<N>(simd, self.norm, self.epilogue.relu, c, end);
        let mut mean = [simd.splat_f32s(0.0); N];
        let (mut sum, mut product) = (mean, mean);
        for (v, mean) in mean.iter_mut().enumerate() {
            let (c, end) = part::<S>(c, end, v);
            *mean = simd.partial_load_f32s(&self.norm.mean()[c..end]);
        }
        for row in 0..dy.plane.height {
            let dy = dy.data[dy.plane.row(row)].chunks_exact(channels);
            if POOL {
                for (dy, rows) in dy.zip(windows(x, row)) {
                    for (v, lane) in lanes.iter().enumerate() {
                        let (c, end) = part::<S>(c, end, v);
                        let xs = window::<S, FULL>(simd, rows, channels, c, end);
                        let (max, beaten) = lane.largest(lane.affine4(xs));
                        let d = lane.gate(max, load::<S, FULL>(simd, dy, c, end));
                        let mut winner = xs[0];
                        for k in 0..3 {
                            winner = simd.select_f32s(beaten[k], xs[k + 1], winner);
                        }
                        sum[v] = simd.add_f32s(sum[v], d);
                        let centred = simd.sub_f32s(winner, mean[v]);
                        product[v] = simd.mul_add_f32s(centred, d, product[v]);
                    }
                }
            } else {
                for (dy, x) in dy.zip(x.data[x.plane.row(row)].chunks_exact(channels)) {
                    for (v, lane) in lanes.iter().enumerate() {
                        let (c, end) = part::<S>(c, end, v);
                        let x = load::<S, FULL>(simd, x, c, end);
                        let d = lane.gate(lane.affine(x), load::<S, FULL>(simd, dy, c, end));
                        sum[v] = simd.add_f32s(sum[v], d);
                        let centred = simd.sub_f32s(x, mean[v]);
                        product[v] = simd.mul_add_f32s(centred, d, product[v]);
                    }
                }
            }
        }
        for v in 0..N {
            let (c, end) = part::<S>(c, end, v);
            self.sums.add_vectors::<S>(c..end, sum[v], product[v]);
        }
    }
}

struct OutputSums<'a> {
    norm: &'a Norm,
    relu: bool,
    y: Image<'a>,
    dy: Image<'a>,
    sums: &'a mut GradSums,
}

impl WithSimd for OutputSums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let channels = self.y.plane.channels;
        // The pool is behind: one number for each window.
        run(simd, &mut self, channels, false);
    }
}

impl Kernel for OutputSums<'_> {
    #[inline(always)]
    fn channels<S: Simd, const POOL: bool, const FULL: bool, const N: usize>(
        &mut self,
        simd: S,
        c: usize,
        end: usize,
    ) {
        let (y, dy, channels) = (self.y, self.dy, self.y.plane.channels);
        let lanes = Lane::of::<N>(simd, self.norm, self.relu, c, end);
        let mut beta = [simd.splat_f32s(0.0); N];
        let (mut sum, mut product) = (beta, beta);
        for (v, beta) in beta.iter_mut().enumerate() {
            let (c, end) = part::<S>(c, end, v);
            *beta = simd.partial_load_f32s(&self.norm.beta()[c..end]);
        }
        for row in 0..dy.plane.height {
            let y = y.data[y.plane.row(row)].chunks_exact(channels);
            for (y, dy) in y.zip(dy.data[dy.plane.row(row)].chunks_exact(channels)) {
                for (v, lane) in lanes.iter().enumerate() {
                    let (c, end) = part::<S>(c, end, v);
                    let y = load::<S, FULL>(simd, y, c, end);
                    let d = lane.gate(y, load::<S, FULL>(simd, dy, c, end));
                    sum[v] = simd.add_f32s(sum[v], d);
                    product[v] = simd.mul_add_f32s(simd.sub_f32s(y, beta[v]), d, product[v]);
                }
            }
        }
        for (v, lane) in lanes.iter().enumerate() {
            let (c, end) = part::<S>(c, end, v);
            self.sums.add_vectors::<S>(c..end, sum[v], simd.div_f32s(product[v], lane.scale));
        }
    }
}
