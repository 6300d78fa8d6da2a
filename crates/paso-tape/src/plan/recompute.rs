//! Storage: which values and gradients outlive their phase, and which values the backward pass
//! computes again.
//!
//! The output of a batch norm is recomputed (rematerialized) rather than stored where no pooling
//! follows: the phase that reads it reads the input of the batch norm anyway, and memory traffic is
//! what a step waits for.

use super::{BufferSlot, Planner};
use crate::graph::Var;
use crate::ops::Op;

impl Planner<'_> {
    /// Gives each value and gradient that exists its layout, and decides whether it is stored.
    pub(super) fn choose_storage(&mut self) {
        for n in 0..self.nodes.len() {
            if !self.is_kernel_output(n) {
                continue;
            }
            let plane = self.graph.nodes[n].plane;
            if self.nodes[n].computed {
                let halos = self.consumers(n).map(|(c, _)| self.graph.nodes[c].op.input_halo());
                let plane = plane.with_halo(halos.max().unwrap_or(0));
                self.nodes[n].value = Some(BufferSlot::new(plane, self.value_is_stored(n)));
            }
            if self.nodes[n].has_grad {
                let plane = plane.with_halo(self.grad_halo(n));
                self.nodes[n].grad = Some(BufferSlot::new(plane, self.grad_is_stored(n)));
            }
        }
        for n in 0..self.nodes.len() {
            let output = self.nodes[n].output;
            let kept = self.nodes[output].value.is_some_and(|slot| slot.stored);
            self.nodes[n].sums_from_output = kept && self.nodes[n].epilogue.pool;
            let (own, owner) = (self.nodes[n].grad, self.nodes[n].grad_owner);
            if let (Some(own), Some(slot)) = (own, &mut self.nodes[owner].grad) {
                slot.stored |= own.stored;
            }
        }
    }

    fn value_is_stored(&self, n: usize) -> bool {
        let own = self.nodes[n].kernel == n && self.graph.nodes[n].op.backward_reads().output;
        let backward = self.nodes[n].has_grad && own || self.backward_readers(n).next().is_some();
        let recomputed = self.recompute_phase(n).is_some();
        self.graph.nodes[n].is_observable()
            || self.is_read_in_later_phase(n)
            || backward && !recomputed
    }

    fn is_read_in_later_phase(&self, n: usize) -> bool {
        self.consumers(n).any(|(c, _)| self.nodes[c].forward_phase != self.nodes[n].forward_phase)
    }

    /// Consumers that read the value in the backward pass.
    fn backward_readers(&self, n: usize) -> impl Iterator<Item = usize> {
        let reads =
            |&c: &usize| self.nodes[c].has_grad && self.graph.nodes[c].op.backward_reads().inputs;
        self.consumers(n).map(|(c, _)| c).filter(reads)
    }

    /// The backward phase that recomputes the output of a batch norm, where that is less work than
    /// storing it: where the same phase reads the input of the batch norm for its sums. Behind a
    /// pooling the output is a quarter of that input, and is stored.
    pub(super) fn recompute_phase(&self, n: usize) -> Option<usize> {
        let kernel = self.nodes[n].kernel;
        let is_norm = self.training && matches!(self.graph.nodes[kernel].op, Op::BatchNorm(_));
        let cheap = is_norm && self.nodes[kernel].has_grad && !self.nodes[kernel].epilogue.pool;
        let stored = self.graph.nodes[n].is_observable() || self.is_read_in_later_phase(n);
        let phase = self.nodes[n].grad_phase;
        let fits =
            cheap && !stored && self.backward_readers(n).all(|c| self.backward_phase(c) == phase);
        fits.then_some(phase)
    }

    /// The halo that the backward pass of a node needs around its gradient.
    pub(super) fn grad_halo(&self, n: usize) -> usize {
        match &self.graph.nodes[n].op {
            Op::Conv(op) if self.nodes[op.x.0].has_grad => {
                op.conv.grad_halo(self.graph.node(op.x).plane)
            }
            _ => 0,
        }
    }

    fn grad_is_stored(&self, n: usize) -> bool {
        let read_last = self.backward_phase(self.nodes[n].kernel);
        self.loss == Some(Var(n))
            || self.gradient_consumers(n).any(|c| self.backward_phase(c) != read_last)
    }
}
