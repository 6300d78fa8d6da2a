//! Liveness: which values and gradients can share a buffer.
//!
//! The tasks of a step have an order: phase after phase, and one after the other for each image of
//! a phase. The live interval of a value or gradient goes from the task that writes it to the last
//! one that reads it. Two of the same layout share a buffer if their intervals do not overlap; with
//! the layout, they have the halo in common, which stays zero. So in the backward pass gradients
//! take the memory of what the convolutions wrote in the forward pass.
//!
//! Buffers are assigned as registers are by a linear scan (Poletto & Sarkar, *Linear Scan Register
//! Allocation*, 1999): intervals by their first task, each into the first buffer of its layout
//! whose last interval has ended. Two intervals that touch in one task overlap, because a kernel
//! must not write what it reads.

use std::ops::RangeInclusive;

use super::{BufferSlot, GradWrite, Plan, Task};
use crate::graph::Node;

/// The first and last task that access a value or gradient, and the largest batch of those tasks.
type LiveInterval = Option<(RangeInclusive<usize>, usize)>;

/// The live intervals of all values and gradients, by node.
struct Liveness {
    values: Vec<LiveInterval>,
    grads: Vec<LiveInterval>,
}

impl Plan {
    /// Assigns a buffer to each value and gradient.
    pub(super) fn share_buffers(&mut self, nodes: &[Node]) {
        let liveness = Liveness::new(nodes, self);
        let mut order: Vec<(RangeInclusive<usize>, bool, usize)> = Vec::new();
        let batch = |interval: &LiveInterval| interval.as_ref().map_or(1, |(_, batch)| *batch);
        for (n, node) in nodes.iter().enumerate() {
            // What the caller may read lives on after the step. A vector is too small to be worth
            // sharing.
            let tasks = |interval: &LiveInterval| match interval {
                Some((tasks, _)) if !node.is_observable() => tasks.clone(),
                _ => 0..=usize::MAX,
            };
            let plan = &mut self.nodes[n];
            if let Some(slot) = plan.value.as_mut() {
                slot.batch = if slot.stored { 1 } else { batch(&liveness.values[n]) };
                order.push((tasks(&liveness.values[n]), false, n));
            }
            if let Some(slot) = plan.grad.as_mut().filter(|_| plan.grad_owner == n) {
                slot.batch = if slot.stored { 1 } else { batch(&liveness.grads[n]) };
                order.push((tasks(&liveness.grads[n]), true, n));
            }
        }
        order.sort_by_key(|(tasks, is_grad, n)| (*tasks.start(), *is_grad, *n));
        let mut free_after: Vec<usize> = Vec::new();
        for (tasks, is_grad, n) in order {
            let plan = &mut self.nodes[n];
            let slot = if is_grad { &mut plan.grad } else { &mut plan.value };
            let Some(slot) = slot else { continue };
            slot.index = assign(slot, &tasks, &mut self.slots, &mut free_after);
        }
        for n in 0..nodes.len() {
            if self.nodes[n].grad.is_some() {
                self.nodes[n].grad = self.nodes[self.nodes[n].grad_owner].grad;
            }
        }
    }
}

/// The first buffer of this layout that is free from the first task on, or a new one.
fn assign(
    slot: &BufferSlot,
    tasks: &RangeInclusive<usize>,
    slots: &mut Vec<BufferSlot>,
    free_after: &mut Vec<usize>,
) -> usize {
    let is_free = |&i: &usize| slots[i].has_layout_of(slot) && free_after[i] < *tasks.start();
    let index = (0..slots.len()).find(is_free).unwrap_or_else(|| {
        slots.push(*slot);
        free_after.push(0);
        slots.len() - 1
    });
    free_after[index] = *tasks.end();
    index
}

impl Liveness {
    fn new(nodes: &[Node], plan: &Plan) -> Self {
        let mut liveness = Self { values: vec![None; nodes.len()], grads: vec![None; nodes.len()] };
        let phases = plan.forward.iter().chain(&plan.backward);
        let tasks = phases.flat_map(|phase| phase.tasks.iter().map(move |t| (*t, phase.batch)));
        for (time, (task, batch)) in tasks.enumerate() {
            liveness.add(nodes, plan, task, (time, batch));
        }
        liveness
    }

    /// Extends the intervals of what a task accesses.
    fn add(&mut self, nodes: &[Node], plan: &Plan, task: Task, now: (usize, usize)) {
        let (Task::Forward(n) | Task::Statistics(n) | Task::GradSums(n) | Task::Backward(n)) = task;
        let (op, node) = (&nodes[n].op, &plan.nodes[n]);
        let grad_owner = |x: usize| plan.nodes[x].grad_owner;
        if let Some((first, _)) = node.fused.depthwise {
            plan.nodes[first].inputs.iter().for_each(|x| extend(&mut self.values[x.0], now));
        }
        if task == Task::Forward(n) {
            extend(&mut self.values[node.output], now);
        } else if matches!(task, Task::GradSums(_) | Task::Backward(_)) {
            extend(&mut self.grads[grad_owner(node.output)], now);
        }
        let (reads_inputs, reads_output) = match task {
            Task::Backward(_) => (op.backward_reads().inputs, op.backward_reads().output),
            Task::GradSums(_) => (true, node.sums_from_output),
            Task::Forward(_) | Task::Statistics(_) => (true, false),
        };
        if reads_output {
            extend(&mut self.values[node.output], now);
        }
        for (x, write) in node.inputs.iter().zip(&node.grad_writes) {
            if reads_inputs {
                extend(&mut self.values[x.0], now);
            }
            if task == Task::Backward(n) && *write != GradWrite::Skip {
                extend(&mut self.grads[grad_owner(x.0)], now);
            }
        }
    }
}

fn extend(interval: &mut LiveInterval, (time, batch): (usize, usize)) {
    let (first, most) =
        interval.as_ref().map_or((time, 1), |(tasks, most)| (*tasks.start(), *most));
    *interval = Some((first..=time, most.max(batch)));
}
