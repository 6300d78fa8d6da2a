//! The sums over the batch that the gradient of a batch normalization needs, from its input or from
//! its output.

use pulp::Simd;

use super::lanes::{Lanes, per_vector, window, windows};
use super::{NormEpilogue, VECTORS, check_channels};
use crate::layout::same_shape;
use crate::norm::{GradSums, Norm};
use crate::vector::{BlockKernel, load, run_blocks, vector_of};
use crate::{Image, Isa};

/// Adds one image to the sums over a batch, from the input of [`batch_norm`](crate::batch_norm) and
/// the gradient of its output.
///
/// `x` is `[height, width, channels]`, `dy` is [`NormEpilogue::output`] of it.
///
/// # Panics
/// When the shapes or the numbers of channels do not fit; the message has both.
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
    check(norm, x, sums);
    let (channels, relu) = (x.plane.channels, epilogue.relu);
    if epilogue.pool {
        run_blocks::<VECTORS>(isa, channels, Sums::<true> { norm, relu, x, dy, sums });
    } else {
        run_blocks::<VECTORS>(isa, channels, Sums::<false> { norm, relu, x, dy, sums });
    }
}

/// [`batch_norm_grad_sums`] from the output `y` instead of the input `x`: with a pool it has a
/// quarter of the values, and the convolution behind has often just read them.
///
/// A gradient reaches only the maximum of a window, and the normalized input of that pixel follows
/// from the output as `(y - beta) / scale`. Call it only where [`Norm::is_invertible`]. The sums
/// equal those from the input up to rounding.
///
/// `y` and `dy` have the same shape, that of the output.
///
/// # Panics
/// When the shapes or the numbers of channels do not fit; the message has both.
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
    check(norm, y, sums);
    let kernel = OutputSums { norm, relu: epilogue.relu, y, dy, sums };
    run_blocks::<VECTORS>(isa, y.plane.channels, kernel);
}

#[track_caller]
fn check(norm: &Norm, x: Image<'_>, sums: &GradSums) {
    check_channels(norm, x.plane);
    let channels = sums.d_output().len();
    assert_eq!(
        channels, x.plane.channels,
        "gradient sums of {channels} channels, an image of {}",
        x.plane.channels
    );
}

struct Sums<'a, const POOL: bool> {
    norm: &'a Norm,
    relu: bool,
    x: Image<'a>,
    dy: Image<'a>,
    sums: &'a mut GradSums,
}

impl<const POOL: bool> BlockKernel for Sums<'_, POOL> {
    #[inline(always)]
    fn block<S: Simd, const FULL: bool, const N: usize>(&mut self, simd: S, c: usize, end: usize) {
        let (x, dy, channels) = (self.x, self.dy, self.x.plane.channels);
        let blocks = Lanes::load::<FULL, N>(simd, self.norm, self.relu, c, end);
        let mean = per_vector::<S, FULL, N>(simd, self.norm.mean(), c, end);
        let mut sum = [simd.splat_f32s(0.0); N];
        let mut product = sum;
        for row in 0..dy.plane.height {
            let dy = dy.data[dy.plane.row(row)].chunks_exact(channels);
            if POOL {
                for (dy, rows) in dy.zip(windows(x, row)) {
                    for (v, lane) in blocks.iter().enumerate() {
                        let (c, lanes) = vector_of::<S>(c, end, v);
                        let xs = window::<S, FULL>(simd, rows, channels, c, lanes);
                        let (max, exceeded) = lane.largest(lane.affine4(xs));
                        let d = lane.gate(max, load::<S, FULL>(simd, &dy[c..], lanes));
                        let mut max_input = xs[0];
                        for k in 0..3 {
                            max_input = simd.select_f32s(exceeded[k], xs[k + 1], max_input);
                        }
                        sum[v] = simd.add_f32s(sum[v], d);
                        let centered = simd.sub_f32s(max_input, mean[v]);
                        product[v] = simd.mul_add_f32s(centered, d, product[v]);
                    }
                }
            } else {
                for (dy, x) in dy.zip(x.data[x.plane.row(row)].chunks_exact(channels)) {
                    for (v, lane) in blocks.iter().enumerate() {
                        let (c, lanes) = vector_of::<S>(c, end, v);
                        let x = load::<S, FULL>(simd, &x[c..], lanes);
                        let d = lane.gate(lane.affine(x), load::<S, FULL>(simd, &dy[c..], lanes));
                        sum[v] = simd.add_f32s(sum[v], d);
                        let centered = simd.sub_f32s(x, mean[v]);
                        product[v] = simd.mul_add_f32s(centered, d, product[v]);
                    }
                }
            }
        }
        for v in 0..N {
            let (c, lanes) = vector_of::<S>(c, end, v);
            self.sums.add_vectors::<S>(c..c + lanes, sum[v], product[v]);
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

impl BlockKernel for OutputSums<'_> {
    #[inline(always)]
    fn block<S: Simd, const FULL: bool, const N: usize>(&mut self, simd: S, c: usize, end: usize) {
        let (y, dy, channels) = (self.y, self.dy, self.y.plane.channels);
        let blocks = Lanes::load::<FULL, N>(simd, self.norm, self.relu, c, end);
        let beta = per_vector::<S, FULL, N>(simd, self.norm.beta(), c, end);
        let mut sum = [simd.splat_f32s(0.0); N];
        let mut product = sum;
        for row in 0..dy.plane.height {
            let y = y.data[y.plane.row(row)].chunks_exact(channels);
            for (y, dy) in y.zip(dy.data[dy.plane.row(row)].chunks_exact(channels)) {
                for (v, lane) in blocks.iter().enumerate() {
                    let (c, lanes) = vector_of::<S>(c, end, v);
                    let y = load::<S, FULL>(simd, &y[c..], lanes);
                    let d = lane.gate(y, load::<S, FULL>(simd, &dy[c..], lanes));
                    sum[v] = simd.add_f32s(sum[v], d);
                    product[v] = simd.mul_add_f32s(simd.sub_f32s(y, beta[v]), d, product[v]);
                }
            }
        }
        for (v, lane) in blocks.iter().enumerate() {
            let (c, lanes) = vector_of::<S>(c, end, v);
            self.sums.add_vectors::<S>(c..c + lanes, sum[v], simd.div_f32s(product[v], lane.scale));
        }
    }
}
