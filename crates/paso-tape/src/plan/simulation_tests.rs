//! A simulation of the plans of random graphs: it follows whose value each buffer holds while the
//! tasks run, and fails where a task would read another one.

use paso_ops::{Conv, Pool};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::tests::{Net, kernels};
use super::*;
use crate::ops::Op;

/// A random graph of all kinds of operations, with kept and frozen nodes.
fn random_net(rng: &mut ChaCha8Rng) -> Net {
    let shape = [rng.random_range(2..17), rng.random_range(2..17), rng.random_range(1..20)];
    let mut net = Net::new(shape);
    let mut nodes = vec![net.image];
    for _ in 0..rng.random_range(2..25) {
        let pick = |rng: &mut ChaCha8Rng| nodes[rng.random_range(0..nodes.len())];
        let last = nodes[nodes.len() - 1];
        let x = if rng.random_bool(0.6) { last } else { pick(rng) };
        let [h, w, c] = net.tape.shape(x);
        let alike = |net: &Net| {
            let same = |y: &&Var| net.tape.shape(**y) == [h, w, c];
            *nodes.iter().rev().find(same).expect("the node itself")
        };
        let y = match rng.random_range(0..18) {
            0..3 => net.conv3(x, rng.random_range(1..20)),
            3 => net.conv(x, Conv::new(c, rng.random_range(1..20), 1)),
            4 => net.conv(x, Conv::depthwise(c, 3)),
            5 => net.conv(x, Conv { stride: 2, ..Conv::new(c, 3, 3) }),
            6..9 => net.norm(x),
            9..11 => net.relu(x),
            11 if h.min(w) >= 2 => net.tape.max_pool(x, Pool::new(2)),
            12 if h.min(w) >= 2 => net.tape.avg_pool(x, Pool::new(2)),
            13 => {
                let y = alike(&net);
                net.tape.add(x, y)
            }
            14 => {
                let y = alike(&net);
                net.tape.mul(x, y)
            }
            15 => net.tape.concat(&[x, alike(&net), x]),
            16 => net.tape.dropout(x, 0.5),
            _ => net.tape.weighted_sum(&[(0.5, x), (2.0, alike(&net)), (1.0, x)]),
        };
        if rng.random_bool(0.1) {
            net.tape.keep(y);
        }
        if rng.random_bool(0.05) {
            net.tape.set_frozen(y, true);
        }
        nodes.push(y);
    }
    let last = nodes[nodes.len() - 1];
    net.end(last);
    net
}

/// Whose value (`false`) or gradient (`true`) each buffer holds while a plan runs.
struct Simulation<'a> {
    plan: &'a Plan,
    graph: &'a Graph,
    holds: Vec<Option<(usize, bool)>>,
    what: String,
}

impl Simulation<'_> {
    fn slot(&self, (n, is_grad): (usize, bool)) -> BufferSlot {
        let node = &self.plan.nodes[n];
        let slot = if is_grad { node.grad } else { node.value };
        slot.unwrap_or_else(|| panic!("{}: node {n} has no memory, {is_grad}", self.what))
    }

    /// The node that a gradient is stored under: terms of a sum share that of the sum.
    fn grad(&self, n: usize) -> (usize, bool) {
        (self.plan.nodes[n].grad_owner, true)
    }

    fn read(&self, task: Task, value: (usize, bool)) {
        let index = self.slot(value).index;
        let held = self.holds[index];
        assert_eq!(held, Some(value), "{}: {task:?} reads {value:?} of {index}", self.what);
    }

    fn write(&mut self, value: (usize, bool)) {
        let index = self.slot(value).index;
        self.holds[index] = Some(value);
    }

    fn run(&mut self, task: Task) {
        let (Task::Forward(n) | Task::Statistics(n) | Task::GradSums(n) | Task::Backward(n)) = task;
        let (node, op) = (&self.plan.nodes[n], &self.graph.nodes[n].op);
        let reads = op.backward_reads();
        let (mut read, mut write) = (Vec::new(), Vec::new());
        let inputs = match node.fused.depthwise {
            Some((first, _)) => &self.plan.nodes[first].inputs,
            None => &node.inputs,
        };
        let values = inputs.iter().map(|x| (x.0, false));
        match task {
            Task::Forward(_) => {
                read.extend(values);
                write.push((node.output, false));
            }
            Task::Statistics(_) => read.extend(values),
            Task::GradSums(_) => {
                read.extend(values);
                read.push(self.grad(node.output));
                read.extend(node.sums_from_output.then_some((node.output, false)));
            }
            Task::Backward(_) => {
                read.push(self.grad(node.output));
                read.extend(values.filter(|_| reads.inputs));
                read.extend(reads.output.then_some((node.output, false)));
                for (x, how) in node.inputs.iter().zip(&node.grad_writes) {
                    match how {
                        GradWrite::Skip => {}
                        GradWrite::Assign => write.push(self.grad(x.0)),
                        // A sum with itself adds to what it has just written.
                        GradWrite::Accumulate if write.contains(&self.grad(x.0)) => {}
                        GradWrite::Accumulate => read.push(self.grad(x.0)),
                    }
                }
            }
        }
        read.iter().for_each(|value| self.read(task, *value));
        write.into_iter().for_each(|value| self.write(value));
        // Nothing that was written may have replaced what the same task still reads.
        read.iter().for_each(|value| self.read(task, *value));
    }
}

#[test]
fn every_task_of_random_graphs_finds_what_it_reads_where_the_plan_put_it() {
    for seed in 0..600 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let net = random_net(&mut rng);
        for training in [false, true] {
            let (graph, plan) = (&net.tape.graph, net.plan(training));
            let what = format!("seed {seed}, training {training}");
            let mut simulation =
                Simulation { plan: &plan, graph, holds: vec![None; plan.slots.len()], what };
            let phases = plan.forward.iter().chain(&plan.backward);
            for (i, phase) in phases.enumerate() {
                // Scratch memory has room for the images that pass through one phase together.
                for (slot, holds) in plan.slots.iter().zip(&mut simulation.holds) {
                    if !slot.stored {
                        *holds = None;
                    }
                }
                if i == plan.forward.len() {
                    simulation.write(simulation.grad(graph.loss.expect("a loss").0));
                }
                phase.tasks.iter().for_each(|task| simulation.run(*task));
            }
            for (n, node) in graph.nodes.iter().enumerate() {
                if node.is_observable() {
                    simulation.read(Task::Forward(n), (n, false));
                }
            }
        }
    }
}

#[test]
fn every_kernel_of_random_graphs_runs_once_and_sums_of_a_norm_are_complete_before_it_runs() {
    for seed in 1000..1300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let net = random_net(&mut rng);
        let plan = net.plan(true);
        let mut once = kernels(&plan);
        once.sort_unstable();
        let all = once.len();
        once.dedup();
        assert_eq!(once.len(), all, "seed {seed}: a kernel runs twice forward");
        for (n, node) in plan.nodes.iter().enumerate() {
            // Each node is computed by its own kernel or is on the way to the output of another.
            let kernel = node.kernel;
            assert!(once.contains(&kernel), "seed {seed}: node {n} is computed by {kernel}");
            let Op::BatchNorm(_) = net.tape.graph.nodes[n].op else { continue };
            let find = |phases: &[Phase], task: Task| {
                phases.iter().position(|phase| phase.tasks.contains(&task))
            };
            let sums = |phases: &[Phase]| phases.iter().position(|phase| phase.norms.contains(&n));
            let forward = &plan.forward;
            assert!(sums(forward) < find(forward, Task::Forward(n)), "seed {seed}: norm {n}");
            assert_eq!(sums(forward), find(forward, Task::Statistics(n)), "seed {seed}: norm {n}");
            if node.has_grad {
                let backward = &plan.backward;
                assert!(sums(backward) < find(backward, Task::Backward(n)), "seed {seed}: {n}");
                assert_eq!(sums(backward), find(backward, Task::GradSums(n)), "seed {seed}: {n}");
            }
        }
    }
}

#[test]
fn values_of_other_layouts_never_share_a_buffer_and_long_chains_need_few() {
    let mut net = Net::new([8, 8, 4]);
    let mut x = net.image;
    for _ in 0..40 {
        x = net.conv3(x, 4);
        x = net.relu(x);
    }
    net.end(x);
    // In inference two buffers are shared by all layers; vectors and the input have their own.
    let plan = net.plan(false);
    assert!(plan.slots.len() <= 6, "{} buffers for 80 layers", plan.slots.len());
    for seed in 0..100 {
        let net = random_net(&mut ChaCha8Rng::seed_from_u64(seed));
        for training in [false, true] {
            let plan = net.plan(training);
            for node in &plan.nodes {
                for slot in [node.value, node.grad].into_iter().flatten() {
                    assert!(plan.slots[slot.index].has_layout_of(&slot), "seed {seed}: {slot:?}");
                }
            }
        }
    }
}
