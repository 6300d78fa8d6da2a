//! The backward half of every op but the convolution, for one image: the gradients of its inputs.

use std::ops::Range;

use paso_ops::{
    Image, ImageMut, activate_grad, add_scaled, avg_pool_grad, batch_norm_grad,
    bce_with_logits_grad, box_loss, clear, copy_channels, cross_entropy_grad, dropout,
    global_avg_pool_grad, max_pool_grad, mse_grad, smooth_l1_grad,
};

use crate::custom::MAX_INPUTS;
use crate::forward::{class_index, corners_of, dense, dense_mut, flatten, vector, vector_mut};
use crate::op::{Op, Var};
use crate::worker::{Context, Worker};

impl Worker {
    /// Emits the gradient of node `n`.
    pub(crate) fn grad(&mut self, cx: &Context<'_>, n: usize, images: Range<usize>) {
        match &cx.nodes[n].op {
            Op::Conv(x, filter) => self.conv_grad(cx, n, *x, filter, images),
            _ => images.for_each(|image| self.grad_one(cx, n, image)),
        }
    }

    fn grad_one(&mut self, cx: &Context<'_>, n: usize, image: usize) {
        match &cx.nodes[n].op {
            Op::Input | Op::Conv(..) => {}
            Op::BatchNorm(x, _) => self.emit(cx, n, 0, *x, image, |worker, dy, dx| {
                let x = worker.value(cx, *x, image);
                batch_norm_grad(cx.isa, &cx.norms[n], cx.plan.tails[n], x, dy, dx);
            }),
            Op::Activation(x, f) => self.emit(cx, n, 0, *x, image, |worker, dy, dx| {
                let y = worker.value(cx, Var(n), image);
                let x = if f.derivative_needs_input() { worker.value(cx, *x, image) } else { y };
                activate_grad(cx.isa, *f, x, y, dy, dx);
            }),
            Op::MaxPool(x, pool) => self.emit(cx, n, 0, *x, image, |worker, dy, dx| {
                max_pool_grad(cx.isa, *pool, worker.value(cx, *x, image), dy, dx);
            }),
            Op::AvgPool(x, pool) => {
                self.emit(cx, n, 0, *x, image, |_, dy, dx| avg_pool_grad(cx.isa, *pool, dy, dx));
            }
            Op::GlobalAvgPool(x) => {
                self.emit(cx, n, 0, *x, image, |_, dy, dx| {
                    global_avg_pool_grad(cx.isa, vector(dy), dx)
                });
            }
            Op::Add(a, b) => {
                for (which, x) in [a, b].into_iter().enumerate() {
                    self.emit(cx, n, which, *x, image, |_, dy, dx| {
                        copy_channels(cx.isa, dy, 0..dy.plane.channels, dx, 0);
                    });
                }
            }
            Op::Mul(a, b) => {
                for (which, x, other) in [(0, a, b), (1, b, a)] {
                    self.emit(cx, n, which, *x, image, |worker, dy, dx| {
                        mul(dy, worker.value(cx, *other, image), dx);
                    });
                }
            }
            Op::Concat(inputs) => {
                let mut from = 0;
                for (which, x) in inputs.iter().enumerate() {
                    let channels = from..from + cx.nodes[x.0].plane.channels;
                    from = channels.end;
                    self.emit(cx, n, which, *x, image, |_, dy, dx| {
                        copy_channels(cx.isa, dy, channels, dx, 0);
                    });
                }
            }
            Op::Columns(x, range) => self.emit(cx, n, 0, *x, image, |_, dy, dx| {
                let ImageMut { plane, data } = dx;
                clear(cx.isa, ImageMut { plane, data });
                copy_channels(cx.isa, dy, 0..range.len(), ImageMut { plane, data }, range.start);
            }),
            Op::Reshape(x) => self.emit(cx, n, 0, *x, image, |_, dy, dx| flatten(dy, dx)),
            Op::WeightedSum(terms) => {
                for (which, (factor, x)) in terms.iter().enumerate() {
                    self.emit(cx, n, which, *x, image, |_, dy, dx| {
                        let ImageMut { plane, data } = dx;
                        clear(cx.isa, ImageMut { plane, data });
                        add_scaled(cx.isa, *factor, dy, ImageMut { plane, data });
                    });
                }
            }
            Op::Corners(x) => self.emit(cx, n, 0, *x, image, |_, dy, dx| corners_grad(dy, dx)),
            Op::Dropout(x, share) => {
                let key = cx.key(n, self.images.start + image);
                self.emit(cx, n, 0, *x, image, |_, dy, dx| dropout(cx.isa, *share, key, dy, dx));
            }
            Op::Custom(inputs, op) => {
                for (which, x) in inputs.iter().enumerate() {
                    self.emit(cx, n, which, *x, image, |worker, dy, dx| {
                        let mut slices: [&[f32]; MAX_INPUTS] = [&[]; MAX_INPUTS];
                        inputs
                            .iter()
                            .zip(&mut slices)
                            .for_each(|(x, s)| *s = dense(worker.value(cx, *x, image)));
                        let y = dense(worker.value(cx, Var(n), image));
                        op.backward(which, &slices[..inputs.len()], y, dense(dy), dense_mut(dx));
                    });
                }
            }
            Op::SmoothL1(x, ..)
            | Op::Mse(x, _)
            | Op::BceWithLogits(x, _)
            | Op::CrossEntropy(x, ..)
            | Op::BoxLoss(x, ..) => self.loss_grad(cx, n, *x, image),
        }
    }

    fn loss_grad(&mut self, cx: &Context<'_>, n: usize, x: Var, image: usize) {
        self.emit(cx, n, 0, x, image, |worker, dy, dx| {
            let value = |x: &Var| vector(worker.value(cx, *x, image));
            let (scale, dx) = (vector(dy)[0], vector_mut(dx));
            match &cx.nodes[n].op {
                Op::SmoothL1(x, t, beta) => smooth_l1_grad(value(x), value(t), *beta, scale, dx),
                Op::Mse(x, t) => mse_grad(value(x), value(t), scale, dx),
                Op::BceWithLogits(x, t) => bce_with_logits_grad(value(x), value(t), scale, dx),
                Op::CrossEntropy(x, t, settings) => {
                    let logits = value(x);
                    let class = class_index(value(t)[0], logits.len());
                    cross_entropy_grad(
                        logits,
                        class,
                        settings.smoothing,
                        settings.weights.as_deref(),
                        scale,
                        dx,
                    );
                }
                Op::BoxLoss(x, t, kind) => {
                    let value = |x: &Var| corners_of(worker.value(cx, *x, image));
                    let (_, slope) = box_loss(*kind, value(x), value(t));
                    dx.iter_mut().zip(slope).for_each(|(dx, slope)| *dx = scale * slope);
                }
                _ => {}
            }
        });
    }
}

fn mul(dy: Image<'_>, other: Image<'_>, dx: ImageMut<'_>) {
    for row in 0..dy.plane.height {
        let (dy, other) = (&dy.data[dy.plane.row(row)], &other.data[other.plane.row(row)]);
        let dx = &mut dx.data[dx.plane.row(row)];
        dx.iter_mut().zip(dy.iter().zip(other)).for_each(|(dx, (dy, other))| *dx = dy * other);
    }
}

fn corners_grad(dy: Image<'_>, dx: ImageMut<'_>) {
    for row in 0..dy.plane.height {
        let (dy, dx) = (&dy.data[dy.plane.row(row)], &mut dx.data[dx.plane.row(row)]);
        for (dy, dx) in dy.as_chunks::<4>().0.iter().zip(dx.as_chunks_mut::<4>().0) {
            let [x0, y0, x1, y1] = *dy;
            *dx = [x0 + x1, y0 + y1, 0.5 * (x1 - x0), 0.5 * (y1 - y0)];
        }
    }
}
