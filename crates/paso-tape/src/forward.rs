//! The forward half of every op but the convolution, for one image.

use std::ops::Range;

use paso_ops::{
    Image, ImageMut, Isa, Plane, activate, add, add_scaled, avg_pool, batch_norm, bce_with_logits,
    box_loss, clear, copy_channels, cross_entropy, dropout, global_avg_pool, max_pool, mse,
    smooth_l1,
};

use crate::custom::MAX_INPUTS;
use crate::op::{Op, Var};
use crate::worker::{Context, Worker};

impl Worker {
    /// Writes the value of node `n`.
    pub(crate) fn compute(&mut self, cx: &Context<'_>, n: usize, images: Range<usize>) {
        match &cx.nodes[n].op {
            Op::Conv(x, filter) => self.convolve(cx, n, *x, filter, images),
            _ => images.for_each(|image| self.compute_one(cx, n, image)),
        }
    }

    fn compute_one(&mut self, cx: &Context<'_>, n: usize, image: usize) {
        let batch_image = self.images.start + image;
        self.write(cx, n, image..image + 1, |worker, y| {
            let y = ImageMut::new(y.plane, y.data);
            let value = |x: &Var| worker.value(cx, *x, image);
            match &cx.nodes[n].op {
                Op::Input => {
                    let plane = cx.nodes[n].plane;
                    let data =
                        cx.inputs.iter().find(|(v, _)| v.0 == n).map_or(&[][..], |(_, data)| data);
                    let x = Image::new(plane, &data[batch_image * plane.len()..][..plane.len()]);
                    copy_channels(cx.isa, x, 0..plane.channels, y, 0);
                }
                Op::Conv(..) => {}
                Op::BatchNorm(x, _) => {
                    batch_norm(cx.isa, &cx.norms[n], cx.plan.tails[n], value(x), y);
                }
                Op::Activation(x, f) => activate(cx.isa, *f, value(x), y),
                Op::MaxPool(x, pool) => max_pool(cx.isa, *pool, value(x), y),
                Op::AvgPool(x, pool) => avg_pool(cx.isa, *pool, value(x), y),
                Op::GlobalAvgPool(x) => global_avg_pool(cx.isa, value(x), vector_mut(y)),
                Op::Add(a, b) => add(cx.isa, value(a), value(b), y),
                Op::Mul(a, b) => mul(value(a), value(b), y),
                Op::Concat(inputs) => concat(cx.isa, inputs.iter().map(value), y),
                Op::Columns(x, range) => copy_channels(cx.isa, value(x), range.clone(), y, 0),
                Op::Reshape(x) => flatten(value(x), y),
                Op::WeightedSum(terms) => {
                    let ImageMut { plane, data } = y;
                    clear(cx.isa, ImageMut { plane, data });
                    for (factor, x) in terms {
                        add_scaled(cx.isa, *factor, value(x), ImageMut { plane, data });
                    }
                }
                Op::Corners(x) => corners(value(x), y),
                Op::Dropout(x, share) => {
                    let share = if cx.plan.training { *share } else { 0.0 };
                    dropout(cx.isa, share, cx.key(n, batch_image), value(x), y);
                }
                Op::SmoothL1(x, t, beta) => {
                    vector_mut(y)[0] = smooth_l1(vector(value(x)), vector(value(t)), *beta);
                }
                Op::Mse(x, t) => vector_mut(y)[0] = mse(vector(value(x)), vector(value(t))),
                Op::BceWithLogits(x, t) => {
                    vector_mut(y)[0] = bce_with_logits(vector(value(x)), vector(value(t)));
                }
                Op::CrossEntropy(x, t, settings) => {
                    let x = vector(value(x));
                    let class = class_index(vector(value(t))[0], x.len());
                    vector_mut(y)[0] =
                        cross_entropy(x, class, settings.smoothing, settings.weights.as_deref());
                }
                Op::BoxLoss(x, t, kind) => {
                    vector_mut(y)[0] =
                        box_loss(*kind, corners_of(value(x)), corners_of(value(t))).0;
                }
                Op::Custom(inputs, op) => {
                    let mut slices: [&[f32]; MAX_INPUTS] = [&[]; MAX_INPUTS];
                    inputs.iter().zip(&mut slices).for_each(|(x, slice)| *slice = dense(value(x)));
                    op.forward(&slices[..inputs.len()], dense_mut(y));
                }
            }
        });
    }
}

/// The numbers of an image of one pixel.
pub(crate) fn vector(x: Image<'_>) -> &[f32] {
    &x.data[x.plane.row(0)]
}

pub(crate) fn vector_mut(y: ImageMut<'_>) -> &mut [f32] {
    &mut y.data[y.plane.row(0)]
}

/// The numbers of an image without a halo, or of one pixel.
pub(crate) fn dense(x: Image<'_>) -> &[f32] {
    if x.plane.halo == 0 { x.data } else { vector(x) }
}

/// The same, to be written.
pub(crate) fn dense_mut(y: ImageMut<'_>) -> &mut [f32] {
    if y.plane.halo == 0 { y.data } else { vector_mut(y) }
}

pub(crate) fn corners_of(x: Image<'_>) -> [f32; 4] {
    vector(x).try_into().expect("a box has four numbers; checked when recorded")
}

/// A class number as an index.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a small whole number"
)]
pub(crate) fn class_index(class: f32, classes: usize) -> usize {
    let index = class as usize;
    assert!(
        class >= 0.0 && class.fract() == 0.0 && index < classes,
        "a class must be a whole number below {classes}, not {class}"
    );
    index
}

/// Copies all numbers in order, whatever the two shapes and halos.
pub(crate) fn flatten(x: Image<'_>, y: ImageMut<'_>) {
    let width = |plane: Plane| plane.width * plane.channels;
    let place = |plane: Plane, i: usize| plane.row(i / width(plane)).start + i % width(plane);
    let mut i = 0;
    while i < x.plane.inner_len() {
        // As far as both rows go.
        let left = |plane: Plane| width(plane) - i % width(plane);
        let len = left(x.plane).min(left(y.plane));
        let (from, to) = (place(x.plane, i), place(y.plane, i));
        y.data[to..to + len].copy_from_slice(&x.data[from..from + len]);
        i += len;
    }
}

fn mul(a: Image<'_>, b: Image<'_>, y: ImageMut<'_>) {
    for row in 0..a.plane.height {
        let (a, b) = (&a.data[a.plane.row(row)], &b.data[b.plane.row(row)]);
        let y = &mut y.data[y.plane.row(row)];
        y.iter_mut().zip(a.iter().zip(b)).for_each(|(y, (a, b))| *y = a * b);
    }
}

fn concat<'a>(isa: Isa, inputs: impl Iterator<Item = Image<'a>>, y: ImageMut<'_>) {
    let ImageMut { plane, data } = y;
    let mut to = 0;
    for x in inputs {
        let channels = x.plane.channels;
        copy_channels(isa, x, 0..channels, ImageMut { plane, data }, to);
        to += channels;
    }
}

fn corners(x: Image<'_>, y: ImageMut<'_>) {
    for row in 0..x.plane.height {
        let (x, y) = (&x.data[x.plane.row(row)], &mut y.data[y.plane.row(row)]);
        for (x, y) in x.as_chunks::<4>().0.iter().zip(y.as_chunks_mut::<4>().0) {
            let [cx, cy, w, h] = *x;
            *y = [cx - 0.5 * w, cy - 0.5 * h, cx + 0.5 * w, cy + 0.5 * h];
        }
    }
}
