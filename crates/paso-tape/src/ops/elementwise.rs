//! Operations element by element: activations, sums, products, dropout.
//!
//! With `d` the gradient of the output:
//!
//! | operation | output | gradient of its inputs |
//! |---|---|---|
//! | [`Activate`] | `f(x)` | `d f'(x)` |
//! | [`Add`] | `a + b` | `d`, `d` |
//! | [`Mul`] | `a b` | `d b`, `d a` |
//! | [`WeightedSum`] | `sum of f_i x_i` | `f_i d` |
//! | [`Dropout`] | `x m / (1 - p)`, `m` 0 or 1 | `d m / (1 - p)` |
//!
//! All are linear in `d`, and those but `Activate` and `Mul` need no value in the backward pass.

use paso_ops::{
    Activation, Image, ImageMut, activate, activate_grad, add, add_scaled, clear, copy_channels,
    dropout,
};

use super::run::{OpRun, vector_mut};
use super::{BackwardReads, Operation};
use crate::graph::Var;

/// An activation function.
#[derive(Clone, Copy, Debug)]
pub struct Activate {
    /// The input.
    pub x: Var,
    /// The function.
    pub activation: Activation,
}

impl Operation for Activate {
    fn name(&self) -> &str {
        "activation"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x]
    }

    fn backward_reads(&self) -> BackwardReads {
        BackwardReads { inputs: self.activation.derivative_needs_input(), output: true }
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| activate(at.isa(), self.activation, at.value(self.x), y));
    }

    fn backward(&self, mut run: OpRun<'_>) {
        run.each_grad(0, |at, dy, dx| {
            let y = at.output();
            let needs_input = self.activation.derivative_needs_input();
            let x = if needs_input { at.value(self.x) } else { y };
            activate_grad(at.isa(), self.activation, x, y, dy, dx);
        });
    }
}

/// `a + b`.
#[derive(Clone, Copy, Debug)]
pub struct Add {
    /// One term.
    pub a: Var,
    /// The other.
    pub b: Var,
}

impl Operation for Add {
    fn name(&self) -> &str {
        "add"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.a, self.b]
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| add(at.isa(), at.value(self.a), at.value(self.b), y));
    }

    fn backward(&self, mut run: OpRun<'_>) {
        for which in 0..2 {
            run.each_grad(which, |at, dy, dx| {
                copy_channels(at.isa(), dy, 0..dy.plane.channels, dx, 0);
            });
        }
    }
}

/// `a * b`.
#[derive(Clone, Copy, Debug)]
pub struct Mul {
    /// One factor.
    pub a: Var,
    /// The other.
    pub b: Var,
}

impl Operation for Mul {
    fn name(&self) -> &str {
        "mul"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.a, self.b]
    }

    fn backward_reads(&self) -> BackwardReads {
        BackwardReads::INPUTS
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| mul(at.value(self.a), at.value(self.b), y));
    }

    fn backward(&self, mut run: OpRun<'_>) {
        for (which, other) in [self.b, self.a].into_iter().enumerate() {
            run.each_grad(which, |at, dy, dx| mul(dy, at.value(other), dx));
        }
    }
}

fn mul(a: Image<'_>, b: Image<'_>, y: ImageMut<'_>) {
    for row in 0..a.plane.height {
        let (a, b) = (&a.data[a.plane.row(row)], &b.data[b.plane.row(row)]);
        let y = &mut y.data[y.plane.row(row)];
        y.iter_mut().zip(a.iter().zip(b)).for_each(|(y, (a, b))| *y = a * b);
    }
}

/// Every channel of a map times one value of the image: squeeze-and-excitation (Hu et al., arXiv
/// 1709.01507, equation 4).
#[derive(Clone, Copy, Debug)]
pub struct ScaleChannels {
    /// The map, `[height, width, channels]`.
    pub x: Var,
    /// A factor per channel, `[1, 1, channels]`.
    pub scale: Var,
}

impl Operation for ScaleChannels {
    fn name(&self) -> &str {
        "scale_channels"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x, self.scale]
    }

    fn backward_reads(&self) -> BackwardReads {
        BackwardReads::INPUTS
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| scale_pixels(at.value(self.x), at.vector(self.scale), y));
    }

    fn backward(&self, mut run: OpRun<'_>) {
        run.each_grad(0, |at, dy, dx| scale_pixels(dy, at.vector(self.scale), dx));
        run.each_grad(1, |at, dy, ds| {
            let (x, ds) = (at.value(self.x), vector_mut(ds));
            ds.fill(0.0);
            for row in 0..dy.plane.height {
                let (dy, x) = (&dy.data[dy.plane.row(row)], &x.data[x.plane.row(row)]);
                for (dy, x) in dy.chunks_exact(ds.len()).zip(x.chunks_exact(ds.len())) {
                    ds.iter_mut().zip(dy.iter().zip(x)).for_each(|(ds, (dy, x))| *ds += dy * x);
                }
            }
        });
    }
}

fn scale_pixels(x: Image<'_>, scale: &[f32], y: ImageMut<'_>) {
    for row in 0..x.plane.height {
        let (x, y) = (&x.data[x.plane.row(row)], &mut y.data[y.plane.row(row)]);
        for (y, x) in y.chunks_exact_mut(scale.len()).zip(x.chunks_exact(scale.len())) {
            y.iter_mut().zip(x.iter().zip(scale)).for_each(|(y, (x, scale))| *y = x * scale);
        }
    }
}

/// The sum of `factor * x` over the terms.
#[derive(Clone, Debug)]
pub struct WeightedSum {
    /// Factors and inputs.
    pub terms: Vec<(f32, Var)>,
}

impl Operation for WeightedSum {
    fn name(&self) -> &str {
        "weighted_sum"
    }

    fn inputs(&self) -> Vec<Var> {
        self.terms.iter().map(|(_, x)| *x).collect()
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, ImageMut { plane, data }| {
            clear(at.isa(), ImageMut { plane, data });
            for &(factor, x) in &self.terms {
                add_scaled(at.isa(), factor, at.value(x), ImageMut { plane, data });
            }
        });
    }

    fn backward(&self, mut run: OpRun<'_>) {
        for (which, &(factor, _)) in self.terms.iter().enumerate() {
            run.each_grad(which, |at, dy, ImageMut { plane, data }| {
                clear(at.isa(), ImageMut { plane, data });
                add_scaled(at.isa(), factor, dy, ImageMut { plane, data });
            });
        }
    }
}

/// Dropout: in training, elements become zero with this probability and the others are scaled up.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    /// The input.
    pub x: Var,
    /// The probability, in `0..1`.
    pub probability: f32,
}

impl Operation for Dropout {
    fn name(&self) -> &str {
        "dropout"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x]
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| {
            let probability = if at.cx.plan.training { self.probability } else { 0.0 };
            dropout(at.isa(), probability, at.random_key(), at.value(self.x), y);
        });
    }

    fn backward(&self, mut run: OpRun<'_>) {
        run.each_grad(0, |at, dy, dx| {
            dropout(at.isa(), self.probability, at.random_key(), dy, dx);
        });
    }
}
