//! Which values and gradients can lie in the same memory.
//!
//! All tasks of a step have an order: phase after phase, and inside a phase one after the other for each image. A value
//! lives from the task that writes it to the last one that reads it, a gradient likewise. Two that never live at
//! the same time share a buffer if they have the same layout: then what is halo of one is halo of the other, and stays
//! zero. On the way back, gradients so take over what the convolutions wrote on the way there.

use std::ops::RangeInclusive;

use crate::op::Node;
use crate::plan::{Plan, Task};

/// First and last task of a step that touch a value or gradient, and how many images go through them together at most.
type Life = Option<(RangeInclusive<usize>, usize)>;

/// The lives of all values and gradients, by node.
struct Lives {
    values: Vec<Life>,
    grads: Vec<Life>,
}

impl Plan {
    /// Gives each value and gradient its buffer.
    pub(crate) fn share_memory(&mut self, nodes: &[Node]) {
        let lives = Lives::new(nodes, self);
        let mut order: Vec<(RangeInclusive<usize>, bool, usize)> = Vec::new();
        let together = |life: &Life| life.as_ref().map_or(1, |(_, together)| *together);
        for (n, node) in nodes.iter().enumerate() {
            // What a caller may read after the step lives on, and a vector is not worth the trouble.
            let stays = node.keep || node.plane.pixels() == 1;
            let all = |life: &Life| match life {
                Some((tasks, _)) if !stays => tasks.clone(),
                _ => 0..=usize::MAX,
            };
            if let Some(place) = self.values[n].as_mut() {
                place.together = if place.stored { 1 } else { together(&lives.values[n]) };
                order.push((all(&lives.values[n]), false, n));
            }
            if let Some(place) = self.grads[n].as_mut().filter(|_| self.owners[n] == n) {
                place.together = if place.stored { 1 } else { together(&lives.grads[n]) };
                order.push((all(&lives.grads[n]), true, n));
            }
        }
        order.sort_by_key(|(life, grad, n)| (*life.start(), *grad, *n));
        let mut free_after: Vec<usize> = Vec::new();
        for (life, grad, n) in order {
            let places = if grad { &mut self.grads } else { &mut self.values };
            let Some(place) = &mut places[n] else { continue };
            let free = (0..free_after.len())
                .find(|&i| self.slots[i].is_alike(place) && free_after[i] < *life.start());
            place.slot = free.unwrap_or_else(|| {
                self.slots.push(*place);
                free_after.push(0);
                free_after.len() - 1
            });
            free_after[place.slot] = *life.end();
        }
        for n in 0..nodes.len() {
            if self.grads[n].is_some() {
                self.grads[n] = self.grads[self.owners[n]];
            }
        }
    }
}

impl Lives {
    fn new(nodes: &[Node], plan: &Plan) -> Self {
        let mut lives = Self { values: vec![None; nodes.len()], grads: vec![None; nodes.len()] };
        let phases = plan.forward.iter().chain(&plan.backward);
        let tasks =
            phases.flat_map(|phase| phase.tasks.iter().map(move |task| (*task, phase.together)));
        for (now, (task, together)) in tasks.enumerate() {
            let now = (now, together);
            let (Task::Compute(n) | Task::Moments(n) | Task::GradSums(n) | Task::Grad(n)) = task;
            let (op, end) = (&nodes[n].op, plan.ends[n]);
            let inputs = op.inputs();
            if let Some((first, _)) = plan.folds[n].depthwise {
                nodes[first].op.inputs().iter().for_each(|x| touch(&mut lives.values[x.0], now));
            }
            if task == Task::Compute(n) {
                touch(&mut lives.values[end], now);
            } else if matches!(task, Task::GradSums(_) | Task::Grad(_)) {
                touch(&mut lives.grads[plan.owners[end]], now);
            }
            let (reads_inputs, reads_output) = match task {
                Task::Grad(_) => op.backward_reads(),
                Task::GradSums(_) => (true, plan.sums_from_output[n]),
                _ => (true, false),
            };
            if reads_output {
                touch(&mut lives.values[end], now);
            }
            for (x, emits) in inputs.iter().zip(&plan.emits[n]) {
                if reads_inputs {
                    touch(&mut lives.values[x.0], now);
                }
                if task == Task::Grad(n) && emits.is_some() {
                    touch(&mut lives.grads[plan.owners[x.0]], now);
                }
            }
        }
        lives
    }
}

fn touch(life: &mut Life, (now, together): (usize, usize)) {
    let (first, most) = life.as_ref().map_or((now, 1), |(tasks, most)| (*tasks.start(), *most));
    *life = Some((first..=now, most.max(together)));
}
