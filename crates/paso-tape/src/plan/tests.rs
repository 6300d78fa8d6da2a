//! What the plan decides: which operations share a kernel, what is recomputed, how many images go
//! together.

use paso_ops::{Activation, Conv, Pool};

use super::*;
use crate::params::Params;
use crate::tape::Tape;

/// A tape with an image of `[height, width, channels]`, to be extended.
pub(super) struct Net {
    pub(super) tape: Tape,
    pub(super) params: Params,
    pub(super) image: Var,
}

impl Net {
    pub(super) fn new(shape: [usize; 3]) -> Self {
        let mut tape = Tape::new();
        let image = tape.input(shape);
        Self { tape, params: Params::new(1), image }
    }

    pub(super) fn conv(&mut self, x: Var, conv: Conv) -> Var {
        let name = self.params.free_name("conv");
        self.tape.conv(&mut self.params, &name, x, conv, true)
    }

    pub(super) fn conv3(&mut self, x: Var, out: usize) -> Var {
        let channels = self.tape.shape(x)[2];
        self.conv(x, Conv::new(channels, out, 3))
    }

    pub(super) fn norm(&mut self, x: Var) -> Var {
        let name = self.params.free_name("norm");
        self.tape.batch_norm(&mut self.params, &name, x)
    }

    pub(super) fn relu(&mut self, x: Var) -> Var {
        self.tape.relu(x)
    }

    /// Ends in a linear layer, whose output is the loss.
    pub(super) fn end(&mut self, x: Var) {
        let loss = self.tape.linear(&mut self.params, "end", x, 1);
        self.tape.set_loss(loss);
    }

    pub(super) fn plan(&self, training: bool) -> Plan {
        Plan::new(&self.tape.graph, &[self.image], training)
    }
}

/// The nodes that run a kernel of their own in the forward pass.
pub(super) fn kernels(plan: &Plan) -> Vec<usize> {
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
    let fused = plan.nodes[a.0].fused;
    assert_eq!((fused.norm, fused.activation), (Some(b.0), FusedActivation::Relu));
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
    assert_eq!(net.plan(false).nodes[a.0].fused.activation, FusedActivation::Relu);
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
    let unrelated = net.conv3(c, 2);
    let backward = |plan: &Plan| -> Vec<usize> {
        let tasks = plan.backward.iter().flat_map(|phase| &phase.tasks);
        tasks.filter_map(|t| if let Task::Backward(n) = t { Some(*n) } else { None }).collect()
    };
    let plan = net.plan(true);
    assert!([a, b, c].iter().all(|x| backward(&plan).contains(&x.0)));
    assert!(!backward(&plan).contains(&unrelated.0), "the loss does not depend on it");
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
