//! Pooling: largest value or mean of windows, and the mean of whole channels.
//!
//! Maxima need their input in the backward pass, to find which pixel was the largest; means need
//! nothing.

use paso_ops::{
    Pool, avg_pool, avg_pool_grad, global_avg_pool, global_avg_pool_grad, max_pool, max_pool_grad,
};

use super::run::{OpRun, vector, vector_mut};
use super::{BackwardReads, Operation};
use crate::graph::Var;

/// The largest value of each window, channel by channel.
#[derive(Clone, Copy, Debug)]
pub struct MaxPool {
    /// The input.
    pub x: Var,
    /// The windows.
    pub pool: Pool,
}

impl Operation for MaxPool {
    fn name(&self) -> &str {
        "max_pool"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x]
    }

    fn backward_reads(&self) -> BackwardReads {
        BackwardReads::INPUTS
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| max_pool(at.isa(), self.pool, at.value(self.x), y));
    }

    fn backward(&self, mut run: OpRun<'_>) {
        run.each_grad(0, |at, dy, dx| {
            max_pool_grad(at.isa(), self.pool, at.value(self.x), dy, dx);
        });
    }
}

/// The mean of each window, channel by channel.
#[derive(Clone, Copy, Debug)]
pub struct AvgPool {
    /// The input.
    pub x: Var,
    /// The windows; padding counts as zeros.
    pub pool: Pool,
}

impl Operation for AvgPool {
    fn name(&self) -> &str {
        "avg_pool"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x]
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| avg_pool(at.isa(), self.pool, at.value(self.x), y));
    }

    fn backward(&self, mut run: OpRun<'_>) {
        run.each_grad(0, |at, dy, dx| avg_pool_grad(at.isa(), self.pool, dy, dx));
    }
}

/// The mean of each channel.
#[derive(Clone, Copy, Debug)]
pub struct GlobalAvgPool {
    /// The input.
    pub x: Var,
}

impl Operation for GlobalAvgPool {
    fn name(&self) -> &str {
        "global_avg_pool"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x]
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| global_avg_pool(at.isa(), at.value(self.x), vector_mut(y)));
    }

    fn backward(&self, mut run: OpRun<'_>) {
        run.each_grad(0, |at, dy, dx| global_avg_pool_grad(at.isa(), vector(dy), dx));
    }
}
