//! What the plan decides: which operations share a kernel, what is recomputed, how many images go together. And a
//! simulation of the plan of random graphs that follows whose value each buffer holds.

use paso_ops::{Activation, Conv, Pool};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::ops::Op;
use crate::params::Params;
use crate::tape::Tape;

/// A tape with an image of `[height, width, channels]`, to be extended.
struct Net {
    tape: Tape,
    params: Params,
    image: Var,
}

impl Net {
    fn new(shape: [usize; 3]) -> Self {
        let mut tape = Tape::new();
        let image = tape.input(shape);
        Self { tape, params: Params::new(1), image }
    }

    fn conv(&mut self, x: Var, conv: Conv) -> Var {
        let name = self.params.free_name("conv");
        self.tape.conv(&mut self.params, &name, x, conv, true)
    }

    fn conv3(&mut self, x: Var, out: usize) -> Var {
        let channels = self.tape.shape(x)[2];
        self.conv(x, Conv::new(channels, out, 3))
    }

    fn norm(&mut self, x: Var) -> Var {
        let name = self.params.free_name("norm");
        self.tape.batch_norm(&mut self.params, &name, x)
    }

    fn relu(&mut self, x: Var) -> Var {
        self.tape.relu(x)
    }

    /// Ends in a linear layer, whose output is the loss.
    fn end(&mut self, x: Var) {
        let loss = self.tape.linear(&mut self.params, "end", x, 1);
        self.tape.set_loss(loss);
    }

    fn plan(&self, training: bool) -> Plan {
        Plan::new(&self.tape.graph, &[self.image], training)
    }
}

/// The nodes that run a kernel of their own in the forward pass.
fn kernels(plan: &Plan) -> Vec<usize> {
    let tasks = plan.forward.iter().flat_map(|phase| &phase.tasks);
    tasks.filter_map(|t| if let Task::Forward(n) = t { Some(*n) } else { None }).collect()
}

#[test]
fn inference_fuses_a_norm_and_a_relu_into_the_convolution_before_them() {
    let mut net = Net::new([8, 8, 3]);
    let a = net.conv3(net.image, 4);
    let b = net.norm(a);
    let c = net.relu(b);
    net.end(c);
    let plan = net.plan(false);
    assert!(!kernels(&plan).contains(&b.0) && !kernels(&plan).contains(&c.0));
    assert_eq!((plan.nodes[a.0].fused.norm, plan.nodes[a.0].fused.relu), (Some(b.0), true));
    assert_eq!(plan.nodes[a.0].output, c.0);
    assert!(plan.is_fused_into_conv(b.0) && plan.backward.is_empty());
    // Training needs the batch between the two, and fuses the ReLU into the norm.
    let plan = net.plan(true);
    assert!(kernels(&plan).contains(&b.0) && !kernels(&plan).contains(&c.0));
    assert!(plan.nodes[b.0].epilogue.relu && !plan.nodes[b.0].epilogue.pool);
    assert!(!plan.is_fused_into_conv(b.0));
    assert_eq!(plan.forward.len(), 2, "one batch barrier");
}

#[test]
fn a_value_that_somebody_else_reads_is_not_fused_away() {
    type Extra = fn(&mut Net, Var, Var);
    let reads: [(&str, Extra); 2] = [
        ("the caller", |net, _, x| net.tape.keep(x)),
        ("another layer", |net, image, x| {
            let y = net.tape.slice_channels(image, 0..1);
            let x = net.tape.slice_channels(x, 0..1);
            net.tape.add(x, y);
        }),
    ];
    for (who, extra) in reads {
        for training in [false, true] {
            let mut net = Net::new([8, 8, 3]);
            let a = net.conv3(net.image, 4);
            let b = net.norm(a);
            let image = net.image;
            extra(&mut net, image, b);
            let c = net.relu(b);
            net.end(c);
            let plan = net.plan(training);
            assert!(kernels(&plan).contains(&c.0), "{who} reads what the ReLU reads");
            assert!(plan.nodes[b.0].value.is_some() || plan.nodes[a.0].output == b.0, "{who}");
            assert_eq!(plan.nodes[b.0].epilogue, NormEpilogue::default(), "{who}");
        }
    }
}

#[test]
fn a_norm_takes_over_a_relu_and_a_2x2_pool_in_this_order_and_nothing_else() {
    let epilogue = |layers: &[&str]| {
        let mut net = Net::new([8, 8, 3]);
        let a = net.conv3(net.image, 4);
        let b = net.norm(a);
        let mut x = b;
        for layer in layers {
            x = match *layer {
                "relu" => net.relu(x),
                "pool" => net.tape.max_pool(x, Pool::new(2)),
                "pool 3" => net.tape.max_pool(x, Pool::new(3)),
                "overlapping" => net.tape.max_pool(x, Pool { kernel: 2, stride: 1, padding: 0 }),
                "mean" => net.tape.avg_pool(x, Pool::new(2)),
                _ => net.tape.activation(x, Activation::LeakyRelu(0.1)),
            };
        }
        net.end(x);
        let NormEpilogue { relu, pool } = net.plan(true).nodes[b.0].epilogue;
        (relu, pool)
    };
    for (layers, want) in [
        (&["relu", "pool"][..], (true, true)),
        (&["pool"], (false, true)),
        (&["relu"], (true, false)),
        (&["relu", "relu"], (true, false)),
        (&["pool", "relu"], (false, true)),
        (&["relu", "pool 3"], (true, false)),
        (&["relu", "overlapping"], (true, false)),
        (&["relu", "mean"], (true, false)),
        (&["leaky", "pool"], (false, false)),
        (&["relu", "pool", "pool"], (true, true)),
    ] {
        assert_eq!(epilogue(layers), want, "{layers:?}");
    }
}

#[test]
fn a_convolution_leaves_a_norm_that_is_pooled_alone_because_the_norm_writes_a_quarter() {
    for (pool, fused) in [(Pool::new(2), false), (Pool::new(3), true)] {
        let mut net = Net::new([9, 9, 3]);
        let a = net.conv3(net.image, 4);
        let b = net.norm(a);
        let c = net.relu(b);
        let d = net.tape.max_pool(c, pool);
        net.end(d);
        let plan = net.plan(false);
        assert_eq!(plan.is_fused_into_conv(b.0), fused, "{pool:?}");
        assert_eq!(plan.nodes[b.0].epilogue.pool, !fused, "{pool:?}");
    }
    // Without a norm the pool is no reason.
    let mut net = Net::new([8, 8, 3]);
    let a = net.conv3(net.image, 4);
    let b = net.relu(a);
    let c = net.tape.max_pool(b, Pool::new(2));
    net.end(c);
    assert!(net.plan(false).nodes[a.0].fused.relu);
}

#[test]
fn a_depthwise_convolution_runs_in_the_1x1_one_that_alone_reads_it_in_inference() {
    let mut net = Net::new([16, 16, 16]);
    let a = net.conv(net.image, Conv::depthwise(16, 3));
    let b = net.norm(a);
    let c = net.relu(b);
    let d = net.conv(c, Conv::new(16, 16, 1));
    let e = net.relu(d);
    net.end(e);
    let plan = net.plan(false);
    assert_eq!(plan.nodes[d.0].fused.depthwise.map(|(first, _)| first), Some(a.0));
    assert!(!kernels(&plan).contains(&a.0), "it has no kernel of its own");
    assert!(plan.runs(a.0) && plan.nodes[c.0].value.is_none(), "and its output no memory");
    assert!(net.plan(true).nodes[d.0].fused.depthwise.is_none());
    net.tape.keep(c);
    assert!(net.plan(false).nodes[d.0].fused.depthwise.is_none(), "the caller wants to read it");
}

#[test]
fn the_backward_pass_recomputes_what_a_norm_wrote_unless_it_is_pooled_or_kept() {
    let net = |pool: bool, keep: bool| {
        let mut net = Net::new([8, 8, 3]);
        let a = net.conv3(net.image, 4);
        let b = net.norm(a);
        let mut c = net.relu(b);
        if pool {
            c = net.tape.max_pool(c, Pool::new(2));
        }
        if keep {
            net.tape.keep(c);
        }
        let d = net.conv3(c, 4);
        let e = net.tape.global_avg_pool(d);
        net.end(e);
        let plan = net.plan(true);
        let again = plan.backward.iter().flat_map(|phase| &phase.tasks);
        let again = again.filter(|task| **task == Task::Forward(b.0)).count();
        (again, plan.nodes[c.0].value.expect("a layer reads it").stored)
    };
    assert_eq!(net(false, false), (1, false), "recomputed once, so not stored");
    assert_eq!(net(true, false), (0, true));
    assert_eq!(net(false, true), (0, true));
}

#[test]
fn a_sum_shares_the_memory_of_its_gradient_with_its_terms() {
    let mut net = Net::new([8, 8, 3]);
    let a = net.conv3(net.image, 4);
    let (b, c) = (net.norm(a), net.norm(a));
    let sum = net.tape.add(b, c);
    let d = net.tape.sigmoid(sum);
    net.end(d);
    let plan = net.plan(true);
    let index = |x: Var| plan.nodes[x.0].grad.expect("a gradient").index;
    assert_eq!([index(b), index(c)], [index(sum); 2]);
    assert_eq!(plan.nodes[sum.0].grad_writes, [GradWrite::Skip; 2], "nothing is copied");
    // A term that something else reads as well needs a gradient of its own.
    let mut net = Net::new([8, 8, 3]);
    let a = net.conv3(net.image, 4);
    let b = net.norm(a);
    let c = net.tape.sigmoid(b);
    let sum = net.tape.add(b, c);
    net.end(sum);
    let plan = net.plan(true);
    assert_ne!(plan.nodes[b.0].grad_owner, plan.nodes[sum.0].grad_owner);
    assert_eq!(plan.nodes[c.0].grad_owner, plan.nodes[sum.0].grad_owner);
}

#[test]
fn a_phase_takes_as_many_images_at_a_time_as_all_of_its_convolutions_like() {
    let batch = |side: usize, also: Option<Conv>| {
        let mut net = Net::new([side, side, 16]);
        let mut x = net.conv3(net.image, 16);
        if let Some(conv) = also {
            x = net.conv(x, conv);
        }
        net.end(x);
        let plan = net.plan(true);
        plan.forward.iter().chain(&plan.backward).map(|phase| phase.batch).min()
    };
    // The linear layer at the end prefers one image at a time: it holds the others back.
    assert_eq!(batch(8, None), Some(1));
    let mut net = Net::new([8, 8, 16]);
    let a = net.conv3(net.image, 16);
    let b = net.norm(a);
    net.end(b);
    let plan = net.plan(true);
    assert_eq!(plan.forward[0].batch, Conv::new(16, 16, 3).preferred_batch(plan.slots[0].plane));
    assert_eq!((plan.forward[0].batch, plan.forward[1].batch), (4, 1), "split by the barrier");
}

#[test]
fn nothing_runs_backward_below_a_frozen_node_nor_above_the_loss() {
    let mut net = Net::new([8, 8, 3]);
    let a = net.conv3(net.image, 4);
    let b = net.conv3(a, 4);
    let c = net.conv3(b, 4);
    net.end(c);
    let beside = net.conv3(c, 2);
    let backward = |plan: &Plan| -> Vec<usize> {
        let tasks = plan.backward.iter().flat_map(|phase| &phase.tasks);
        tasks.filter_map(|t| if let Task::Backward(n) = t { Some(*n) } else { None }).collect()
    };
    let plan = net.plan(true);
    assert!([a, b, c].iter().all(|x| backward(&plan).contains(&x.0)));
    assert!(!backward(&plan).contains(&beside.0), "the loss does not depend on it");
    net.tape.set_frozen(b, true);
    let plan = net.plan(true);
    assert!(backward(&plan).contains(&c.0));
    assert!(!backward(&plan).contains(&a.0) && !backward(&plan).contains(&b.0));
    assert!(plan.nodes[b.0].grad.is_none() && plan.nodes[c.0].grad_writes == [GradWrite::Skip]);
}

#[test]
fn what_the_given_inputs_do_not_lead_to_has_neither_tasks_nor_memory() {
    let mut net = Net::new([4, 4, 2]);
    let target = net.tape.input([1, 1, 1]);
    let x = net.tape.global_avg_pool(net.image);
    let y = net.tape.linear(&mut net.params, "end", x, 1);
    let loss = net.tape.mse(y, target);
    net.tape.set_loss(loss);
    for training in [false, true] {
        let plan = net.plan(training);
        assert!(plan.nodes[y.0].value.is_some() && plan.nodes[loss.0].value.is_none());
        assert!(!kernels(&plan).contains(&loss.0) && !kernels(&plan).contains(&target.0));
        assert!(plan.backward.is_empty(), "no loss, no gradient");
    }
    let all = Plan::new(&net.tape.graph, &[net.image, target], true);
    assert!(all.nodes[loss.0].value.is_some() && !all.backward.is_empty());
}

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
    // In inference two buffers take turns, besides vectors and the input.
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
