//! Phases: what runs between two batch barriers, and how gradients that meet at a node are
//! combined.
//!
//! With `b` batch norms on the path that has most of them there are `b + 1` forward phases: a value
//! belongs to the latest phase of its inputs, and to the next one if it is a batch norm. The
//! backward pass has its own phases, counted from the loss; a batch norm ends one of them as well,
//! because the gradient of its input needs sums over the batch.
//!
//! Where several gradients meet at a node, the first to arrive is written and the others are added.
//! Which one is first follows from the order of the tasks and is the same in every step.

use super::{GradWrite, Phase, Planner, Task};
use crate::ops::Op;

impl Phase {
    const fn new() -> Self {
        Self { tasks: Vec::new(), norms: Vec::new(), batch: 1 }
    }
}

impl Planner<'_> {
    /// Finds the forward phase of each value, which nodes have a gradient, and the backward phase
    /// that completes it.
    pub(super) fn find_phases(&mut self) {
        for n in 0..self.nodes.len() {
            let phases = self.nodes[n].inputs.iter().map(|x| self.nodes[x.0].forward_phase);
            let phase = phases.max().unwrap_or(0) + usize::from(self.needs_batch_barrier(n));
            self.nodes[n].forward_phase = phase;
        }
        let Some(loss) = self.loss else { return };
        let depends = self.graph.depends_on_parameters();
        self.nodes[loss.0].has_grad = depends[loss.0];
        for n in (0..=loss.0).rev() {
            let arrivals = self.gradient_consumers(n).map(|c| self.backward_phase(c));
            if let Some(phase) = arrivals.max() {
                self.nodes[n].grad_phase = phase;
                self.nodes[n].has_grad = depends[n];
            }
        }
    }

    /// Whether a node needs sums over the whole batch before it can run.
    fn needs_batch_barrier(&self, n: usize) -> bool {
        self.training && matches!(self.graph.nodes[n].op, Op::BatchNorm(_))
    }

    /// The phase in which a node writes the gradients of its inputs.
    pub(super) fn backward_phase(&self, n: usize) -> usize {
        self.nodes[n].grad_phase + usize::from(self.needs_batch_barrier(n))
    }

    pub(super) fn forward_phases(&self) -> Vec<Phase> {
        let last = self.nodes.iter().map(|node| node.forward_phase).max();
        let mut phases = vec![Phase::new(); last.map_or(0, |last| last + 1)];
        for n in self.computed_nodes().filter(|&n| self.nodes[n].kernel == n) {
            let phase = &mut phases[self.nodes[n].forward_phase];
            phase.tasks.push(Task::Forward(n));
            let consumers = self.consumers(self.nodes[n].output);
            for (norm, _) in consumers.filter(|&(c, _)| self.needs_batch_barrier(c)) {
                phase.tasks.push(Task::Statistics(norm));
                phase.norms.push(norm);
            }
        }
        phases
    }

    pub(super) fn backward_phases(&self) -> Vec<Phase> {
        let kernels = || {
            let runs = |&n: &usize| self.nodes[n].has_grad && self.nodes[n].kernel == n;
            (0..self.nodes.len()).rev().filter(runs)
        };
        let count = kernels().map(|n| self.backward_phase(n) + 1).max().unwrap_or(0);
        let mut phases = vec![Phase::new(); count];
        for n in kernels() {
            let phase = self.backward_phase(n);
            let reads_inputs = self.graph.nodes[n].op.backward_reads().inputs;
            for x in self.nodes[n].inputs.iter().filter(|_| reads_inputs) {
                let again = Task::Forward(self.nodes[x.0].kernel);
                let tasks = &mut phases[phase].tasks;
                if self.recompute_phase(x.0) == Some(phase) && !tasks.contains(&again) {
                    tasks.push(again);
                }
            }
            phases[phase].tasks.push(Task::Backward(n));
            if self.needs_batch_barrier(n) {
                let phase = &mut phases[self.nodes[n].grad_phase];
                phase.tasks.push(Task::GradSums(n));
                phase.norms.push(n);
            }
        }
        phases
    }

    /// Decides for each gradient whether it is written or added, in the order in which they arrive.
    pub(super) fn assign_grad_writes(&mut self, backward: &[Phase]) {
        for n in 0..self.nodes.len() {
            self.nodes[n].grad_owner = self.grad_owner(n);
        }
        let mut arrived = vec![false; self.nodes.len()];
        for task in backward.iter().flat_map(|phase| &phase.tasks) {
            let &Task::Backward(n) = task else { continue };
            for i in 0..self.nodes[n].inputs.len() {
                let x = self.nodes[n].inputs[i].0;
                let flows = self.nodes[x].has_grad && self.graph.nodes[n].op.is_differentiable(i);
                if flows && self.nodes[x].grad_owner == x {
                    let first = !std::mem::replace(&mut arrived[x], true);
                    self.nodes[n].grad_writes[i] =
                        if first { GradWrite::Assign } else { GradWrite::Accumulate };
                }
            }
        }
    }

    /// The node whose gradient's memory a gradient uses: that of the sum (or sum of sums) that
    /// alone reads the node, where the kernels can read it there.
    fn grad_owner(&self, n: usize) -> usize {
        let mut consumers = self.gradient_consumers(n);
        match (consumers.next(), consumers.next()) {
            (Some(sum), None) if self.is_unfused_sum(sum) && self.grad_halo(n) == 0 => {
                self.grad_owner(sum)
            }
            _ => n,
        }
    }

    fn is_unfused_sum(&self, n: usize) -> bool {
        matches!(self.graph.nodes[n].op, Op::Add(_)) && self.is_kernel_output(n)
    }
}
