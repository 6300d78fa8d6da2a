//! Batching: how many images go through a task before they go through the next.
//!
//! One, where nothing speaks for more: an image is then in cache from one task to the next. A
//! convolution of a small image does few multiplications with the weights that it reads, and is
//! faster with several images at a time
//! ([`Conv::preferred_batch`](paso_ops::Conv::preferred_batch)).

use super::{GradWrite, Phase, Plan, Task};
use crate::graph::Node;
use crate::ops::Op;

impl Plan {
    /// Chooses the batch of each phase, and how much scratch memory accumulating gradients takes
    /// with it.
    pub(super) fn choose_batches(&mut self, nodes: &[Node]) {
        for phase in self.forward.iter_mut().chain(&mut self.backward) {
            phase.batch = preferred_batch(nodes, phase);
        }
        for (phase, task) in
            self.backward.iter().flat_map(|phase| phase.tasks.iter().map(move |task| (phase, task)))
        {
            let Task::Backward(n) = *task else { continue };
            for (x, write) in self.nodes[n].inputs.iter().zip(&self.nodes[n].grad_writes) {
                if let (GradWrite::Accumulate, Some(slot)) = (write, self.nodes[x.0].grad) {
                    self.grad_scratch = self.grad_scratch.max(phase.batch * slot.plane.inner_len());
                }
            }
        }
    }
}

/// The minimum over the phase's convolutions, because all images of a batch stay in cache between
/// tasks.
fn preferred_batch(nodes: &[Node], phase: &Phase) -> usize {
    let preferred = phase.tasks.iter().filter_map(|task| {
        let (Task::Forward(n) | Task::Backward(n)) = *task else { return None };
        let Op::Conv(op) = &nodes[n].op else { return None };
        Some(op.conv.preferred_batch(nodes[op.x.0].plane))
    });
    preferred.min().unwrap_or(1)
}
