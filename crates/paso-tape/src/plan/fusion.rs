//! Fusion: which operations run in the kernel of another one.
//!
//! A batch norm takes over the ReLU and the 2x2 max pooling that follow it. In inference, where a
//! batch norm is a scale and a shift, a convolution takes over the batch norm and the `ReLU` or
//! `ReLU6` that follow it, and a 1x1 convolution computes the rows of the depthwise convolution before it as it
//! reads them.
//!
//! A fused node has no value in memory, so it must have one reader and not be observable.
//! `NodePlan::kernel` is the node that computes it, and `NodePlan::output` the last one of a chain,
//! which is written.
//!
//! Scaling convolution weights by a batch norm is Jacob et al., arXiv:1712.05877, section 3.2: with
//! `s = gamma / sqrt(var + eps)`, `s (w x + b - mean) + beta = (s w) x + (s (b - mean) + beta)`.

use paso_ops::{Activation, FusedActivation, NormEpilogue, Pool, Separable};

use super::{ConvFusion, Planner};
use crate::ops::{Activate, MaxPool, Op};

impl Planner<'_> {
    /// Fuses a batch norm and an activation into the convolution before them, unless a pooling follows: a
    /// batch norm with a pooling writes a quarter of what the convolution would.
    pub(super) fn fuse_conv_bn_activation(&mut self) {
        for n in self.computed_nodes() {
            if !matches!(self.graph.nodes[n].op, Op::Conv(_)) {
                continue;
            }
            let (mut fused, mut chain) = (ConvFusion::default(), vec![n]);
            let pooled = loop {
                let Some(next) = self.only_consumer(chain[chain.len() - 1]) else { break false };
                match self.graph.nodes[next].op {
                    Op::BatchNorm(_) if chain.len() == 1 => fused.norm = Some(next),
                    Op::Activation(Activate { activation, .. })
                        if fused.activation == FusedActivation::None =>
                    {
                        match FusedActivation::of(activation) {
                            Some(activation) => fused.activation = activation,
                            None => break false,
                        }
                    }
                    Op::MaxPool(MaxPool { pool, .. }) => {
                        break fused.norm.is_some() && pool == Pool::new(2);
                    }
                    _ => break false,
                }
                chain.push(next);
            };
            if !pooled {
                self.nodes[n].fused = fused;
                self.nodes[n].output = chain[chain.len() - 1];
                chain.into_iter().for_each(|member| self.nodes[member].kernel = n);
            }
        }
    }

    /// Fuses a depthwise convolution into the 1x1 convolution that alone reads it, where that is
    /// faster.
    pub(super) fn fuse_separable(&mut self) {
        for n in self.computed_nodes() {
            let Op::Conv(second) = &self.graph.nodes[n].op else { continue };
            let x = second.x.0;
            let first = self.nodes[x].kernel;
            let Op::Conv(depthwise) = &self.graph.nodes[first].op else { continue };
            if self.nodes[first].output != x || self.only_consumer(x) != Some(n) {
                continue;
            }
            let input = self.graph.node(depthwise.x).plane;
            if let Some(pair) = Separable::new(depthwise.conv, second.conv, input) {
                self.nodes[n].fused.depthwise = Some((first, pair));
                for node in self.nodes.iter_mut().filter(|node| node.kernel == first) {
                    node.kernel = n;
                }
            }
        }
    }

    /// Fuses the ReLU and the pooling that follow a batch norm into it.
    pub(super) fn fuse_norm_relu_pool(&mut self) {
        for n in self.computed_nodes() {
            if self.nodes[n].kernel != n || !matches!(self.graph.nodes[n].op, Op::BatchNorm(_)) {
                continue;
            }
            while let Some((next, epilogue)) = self.longer_epilogue(n) {
                self.nodes[next].kernel = n;
                self.nodes[n].output = next;
                self.nodes[n].epilogue = epilogue;
            }
        }
    }

    /// The node that the epilogue of a batch norm can be extended by, where nothing else reads what
    /// it writes so far.
    fn longer_epilogue(&self, n: usize) -> Option<(usize, NormEpilogue)> {
        let epilogue = self.nodes[n].epilogue;
        let next = self.only_consumer(self.nodes[n].output).filter(|_| !epilogue.pool)?;
        match self.graph.nodes[next].op {
            Op::Activation(Activate { activation: Activation::Relu, .. }) if !epilogue.relu => {
                Some((next, NormEpilogue { relu: true, ..epilogue }))
            }
            Op::MaxPool(MaxPool { pool, .. }) if pool == Pool::new(2) => {
                Some((next, NormEpilogue { pool: true, ..epilogue }))
            }
            _ => None,
        }
    }

    /// The only node that reads the value of `n`, where the caller cannot read it.
    fn only_consumer(&self, n: usize) -> Option<usize> {
        let mut consumers = self.consumers(n);
        let (next, _) = consumers.next()?;
        let is_only = consumers.next().is_none() && !self.graph.nodes[n].is_observable();
        is_only.then_some(next)
    }
}
