//! An op of the user's own.

/// A differentiable function of some nodes, image by image.
///
/// Images are dense NHWC slices; shapes are `[height, width, channels]`. An op must not depend on anything but its
/// inputs, or training will not repeat itself.
///
/// ```
/// use paso_tape::{CustomOp, Params, Tape, check_gradient};
///
/// /// The square of every number.
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
///     fn backward(&self, _: usize, inputs: &[&[f32]], _: &[f32], d_output: &[f32], d_input: &mut [f32]) {
///         d_input.iter_mut().zip(inputs[0]).zip(d_output).for_each(|((dx, x), dy)| *dx = 2.0 * x * dy);
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
pub trait CustomOp: std::fmt::Debug + Send + Sync {
    /// What it is called in messages.
    fn name(&self) -> &str;

    /// The output's shape for inputs of these shapes; called once, when the op is recorded. Panic when they do not fit.
    fn shape(&self, inputs: &[[usize; 3]]) -> [usize; 3];

    /// Writes the output of one image.
    fn forward(&self, inputs: &[&[f32]], output: &mut [f32]);

    /// Writes the gradient of input number `which` of one image.
    fn backward(
        &self,
        which: usize,
        inputs: &[&[f32]],
        output: &[f32],
        d_output: &[f32],
        d_input: &mut [f32],
    );
}

/// Most inputs of one custom op.
pub(crate) const MAX_INPUTS: usize = 8;
