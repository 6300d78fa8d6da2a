//! Checking a tape: its gradient against differences, and where the first NaN came from.

use crate::graph::{Graph, Var};
use crate::params::Params;
use crate::tape::Tape;

/// A parameter whose gradient is not what a small change of it says.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the gradient of {tensor}[{index}] is {analytic}, a small change of it says {numeric}")]
pub struct GradientError {
    /// Name of the tensor.
    pub tensor: String,
    /// Position in the tensor.
    pub index: usize,
    /// What [`Tape::backward`] computed.
    pub analytic: f32,
    /// The slope of the loss between two nearby values.
    pub numeric: f32,
}

/// Compares the gradient of every parameter with a central difference of the loss.
///
/// `tolerance` is relative to `1 + |gradient|`. In `f32` about `1e-2` is what a smooth loss of a
/// few layers allows; near the kink of a `ReLU` or at a tie of a maximum no difference is right, so
/// choose inputs away from them. Running statistics are left as they were.
///
/// Costs four forward passes per parameter: for tests of small networks.
///
/// ```
/// use paso_tape::{Activation, Params, Sequential, Tape, check_gradient};
///
/// let (mut tape, mut params) = (Tape::new(), Params::new(1));
/// let x = tape.input([4, 4, 1]);
/// let net = Sequential::new().conv_bias(2, 3).activation(Activation::Tanh).linear(1);
/// let y = net.record(&mut tape, &mut params, x);
/// tape.set_loss(y);
/// let image: Vec<f32> = (0..16_u8).map(|i| f32::from(i * 7 % 16) / 8.0 - 1.0).collect();
/// check_gradient(&mut tape, &mut params, &[(x, &image)], 1e-2)?;
/// # Ok::<(), paso_tape::GradientError>(())
/// ```
///
/// # Errors
/// The first parameter that disagrees.
///
/// # Panics
/// As [`Tape::forward`] and [`Tape::backward`].
#[track_caller]
pub fn check_gradient(
    tape: &mut Tape,
    params: &mut Params,
    inputs: &[(Var, &[f32])],
    tolerance: f32,
) -> Result<(), GradientError> {
    const STEP: f32 = 1.0 / 128.0;
    let buffers = params.buffers().to_vec();
    let mut grads = params.zero_grads();
    let step = tape.step;
    tape.forward(params, inputs);
    tape.backward(params, &mut grads);
    let mut result = Ok(());
    'tensors: for tensor in params.tensors().to_vec() {
        for (index, i) in tensor.range.clone().enumerate() {
            let value = params.values()[i];
            let mut loss_at = |value: f32| {
                params.values_mut()[i] = value;
                tape.set_step(step); // the same elements are dropped every time
                tape.forward(params, inputs)
            };
            // Fourth order, so that the step can be large enough for rounding not to matter.
            let near = loss_at(value + STEP) - loss_at(value - STEP);
            let far = loss_at(value + 2.0 * STEP) - loss_at(value - 2.0 * STEP);
            params.values_mut()[i] = value;
            let numeric = (8.0 * near - far) / (12.0 * STEP);
            let analytic = grads[i];
            let close = (numeric - analytic).abs() <= tolerance * (1.0 + analytic.abs());
            if !close {
                result = Err(GradientError { tensor: tensor.name, index, analytic, numeric });
                break 'tensors;
            }
        }
    }
    params.buffers_mut().copy_from_slice(&buffers);
    result
}

impl Tape {
    /// The name of the first tensor or node, in the order of computation, that holds a NaN or an
    /// infinity for this batch in training mode; `None` when all values are finite.
    ///
    /// For diagnosis after a loss that is not finite: it runs the batch once more and keeps every
    /// value, so it is slow and uses much memory. Running statistics are left as they are.
    ///
    /// # Panics
    /// As [`Tape::forward`].
    #[must_use]
    #[track_caller]
    pub fn first_non_finite(&self, params: &Params, inputs: &[(Var, &[f32])]) -> Option<String> {
        let all_finite = |values: &[f32]| values.iter().all(|x| x.is_finite());
        let bad_tensor =
            params.tensors().iter().find(|t| !all_finite(&params.values()[t.range.clone()]));
        let bad_statistic =
            params.statistics().iter().find(|t| !all_finite(&params.buffers()[t.range.clone()]));
        if let Some(tensor) = bad_tensor.or(bad_statistic) {
            return Some(tensor.name.clone());
        }
        let mut nodes = self.graph.nodes.clone();
        nodes.iter_mut().for_each(|node| node.keep = true);
        let Graph { isa, parallel, .. } = self.graph;
        let mut copy = Self::with_isa(isa);
        copy.graph = Graph { nodes, loss: None, isa, parallel };
        copy.forward(&mut params.clone(), inputs);
        let session = copy.train.as_ref()?;
        copy.nodes()
            .find(|(x, _)| session.has_value(*x) && !all_finite(&copy.value(*x)))
            .map(|(_, node)| node.name.clone())
    }
}
