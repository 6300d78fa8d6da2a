//! Batch normalization, with the ReLU and the 2x2 max pooling that the plan fuses into it.
//!
//! In training, one node is four tasks: statistics of its input, [`batch_norm`], sums of its
//! gradient, [`batch_norm_grad`]. The session merges the sums of all chunks between them, and the
//! operation itself only applies coefficients: `y = x * scale + shift`. In inference the
//! coefficients come from the running statistics; a norm that is fused into a convolution does not
//! run at all.

use paso_ops::{batch_norm, batch_norm_grad};

use super::run::OpRun;
use super::{BackwardReads, Operation};
use crate::graph::Var;
use crate::params::{BufferId, ParamId};

/// Batch normalization. All parameters and statistics are `[channels]`.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm {
    /// The input.
    pub x: Var,
    /// The scale.
    pub gamma: ParamId,
    /// The shift.
    pub beta: ParamId,
    /// The running mean.
    pub mean: BufferId,
    /// The running variance (unbiased).
    pub var: BufferId,
    /// Weight of the batch in the running statistics: 0.1.
    pub momentum: f64,
    /// Added to the variance: 1e-5.
    pub eps: f64,
}

impl Operation for BatchNorm {
    fn name(&self) -> &str {
        "batch_norm"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x]
    }

    fn backward_reads(&self) -> BackwardReads {
        BackwardReads::INPUTS
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| {
            let epilogue = at.cx.plan.nodes[at.n].epilogue;
            batch_norm(at.isa(), &at.cx.norms[at.n], epilogue, at.value(self.x), y);
        });
    }

    fn backward(&self, mut run: OpRun<'_>) {
        run.each_grad(0, |at, dy, dx| {
            let epilogue = at.cx.plan.nodes[at.n].epilogue;
            batch_norm_grad(at.isa(), &at.cx.norms[at.n], epilogue, at.value(self.x), dy, dx);
        });
    }
}
