//! Operations that users write themselves.

use std::any::Any;
use std::sync::Arc;

use super::run::{OneImage, OpRun, dense, dense_mut};
use super::{BackwardReads, Operation};
use crate::graph::Var;

/// A differentiable function of some nodes, image by image.
///
/// Images are dense NHWC slices; shapes are `[height, width, channels]`. An op must not depend on
/// anything but its inputs, or training will not repeat itself. An exporter finds out which one it
/// has by `Any`: `(&*op as &dyn Any).is::<T>()`.
///
/// ```
/// use paso_tape::{CustomOp, Params, Tape, check_gradient};
///
/// /// The square of every element.
/// #[derive(Debug)]
/// struct Square;
///
/// impl CustomOp for Square {
///     fn name(&self) -> &str {
///         "square"
///     }
///     fn shape(&self, inputs: &[[usize; 3]]) -> [usize; 3] {
///         inputs[0]
///     }
///     fn forward(&self, inputs: &[&[f32]], output: &mut [f32]) {
///         output.iter_mut().zip(inputs[0]).for_each(|(y, x)| *y = x * x);
///     }
///     fn backward(
///         &self,
///         _: usize,
///         inputs: &[&[f32]],
///         _: &[f32],
///         d_output: &[f32],
///         d_input: &mut [f32],
///     ) {
///         let pairs = inputs[0].iter().zip(d_output);
///         d_input.iter_mut().zip(pairs).for_each(|(dx, (x, dy))| *dx = 2.0 * x * dy);
///     }
/// }
///
/// let (mut tape, mut params) = (Tape::new(), Params::new(0));
/// let x = tape.input([1, 1, 3]);
/// let h = tape.linear(&mut params, "linear1", x, 1);
/// let loss = tape.custom(Square, &[h]);
/// tape.set_loss(loss);
/// check_gradient(&mut tape, &mut params, &[(x, &[0.5, -1.0, 2.0])], 1e-2).unwrap();
/// ```
pub trait CustomOp: Any + std::fmt::Debug + Send + Sync {
    /// The name in messages.
    fn name(&self) -> &str;

    /// The output's shape for inputs of these shapes; called once, when the op is recorded. Panic
    /// when they do not fit.
    fn shape(&self, inputs: &[[usize; 3]]) -> [usize; 3];

    /// Writes the output of one image, which has any content before: every element has to be
    /// written.
    fn forward(&self, inputs: &[&[f32]], output: &mut [f32]);

    /// Writes the gradient of input number `which` of one image: `d_output`, the gradient of the
    /// output, times the derivative with respect to that input. `d_input` has any content before,
    /// and every element has to be written. It is not called for inputs that need no gradient.
    fn backward(
        &self,
        which: usize,
        inputs: &[&[f32]],
        output: &[f32],
        d_output: &[f32],
        d_input: &mut [f32],
    );
}

/// The largest number of inputs of a custom operation.
pub(crate) const MAX_INPUTS: usize = 8;

/// A recorded [`CustomOp`].
#[derive(Clone, Debug)]
pub struct Custom {
    /// The inputs, at most eight.
    pub inputs: Vec<Var>,
    /// The operation.
    pub op: Arc<dyn CustomOp>,
}

impl Custom {
    fn slices<'a>(&self, at: &OneImage<'a>) -> [&'a [f32]; MAX_INPUTS] {
        let mut slices: [&[f32]; MAX_INPUTS] = [&[]; MAX_INPUTS];
        self.inputs.iter().zip(&mut slices).for_each(|(&x, slice)| *slice = dense(at.value(x)));
        slices
    }
}

impl Operation for Custom {
    fn name(&self) -> &str {
        self.op.name()
    }

    fn inputs(&self) -> Vec<Var> {
        self.inputs.clone()
    }

    fn backward_reads(&self) -> BackwardReads {
        BackwardReads::BOTH
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| {
            self.op.forward(&self.slices(at)[..self.inputs.len()], dense_mut(y));
        });
    }

    fn backward(&self, mut run: OpRun<'_>) {
        for which in 0..self.inputs.len() {
            run.each_grad(which, |at, dy, dx| {
                let inputs = &self.slices(at)[..self.inputs.len()];
                self.op.backward(which, inputs, dense(at.output()), dense(dy), dense_mut(dx));
            });
        }
    }
}
