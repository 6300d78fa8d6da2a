//! How many images go through a task before they go through the next.
//!
//! One, where there is no reason for more: then an image is in the cache from one task to the next. A convolution of a small image
//! reads its weights for few multiplications, and is faster with several images at a time (`paso_ops::Conv::preferred_batch`).

use crate::op::{Node, Op};
use crate::plan::{Phase, Plan, Task};

impl Plan {
    /// Chooses for each phase, and how many gradients a portion adds to others at a time then.
    pub(crate) fn group(&mut self, nodes: &[Node]) {
        for phase in self.forward.iter_mut().chain(&mut self.backward) {
            phase.together = together(nodes, phase);
        }
        for (phase, task) in
            self.backward.iter().flat_map(|phase| phase.tasks.iter().map(move |task| (phase, task)))
        {
            let Task::Grad(n) = *task else { continue };
            for (x, emits) in nodes[n].op.inputs().iter().zip(&self.emits[n]) {
                if let (Some(false), Some(place)) = (emits, self.grads[x.0]) {
                    self.spare = self.spare.max(phase.together * place.plane.inner_len());
                }
            }
        }
    }
}

/// What the most modest of its convolutions wants: the images that go together wait in the cache for the others.
fn together(nodes: &[Node], phase: &Phase) -> usize {
    let wants = phase.tasks.iter().filter_map(|task| {
        let (Task::Compute(n) | Task::Grad(n)) = *task else { return None };
        let Op::Conv(x, filter) = &nodes[n].op else { return None };
        Some(filter.conv.preferred_batch(nodes[x.0].plane))
    });
    wants.min().unwrap_or(1)
}
