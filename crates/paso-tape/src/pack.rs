//! Packing: what is prepared once for new parameters. Weights are packed for their kernels, again
//! for the backward pass, and in inference scaled by the batch norms that are fused into their
//! convolutions.
//!
//! Parameters have a version that every change increases, so that inference on many batches packs
//! once. A step packs twice, for each direction, because both use one memory: weights of the
//! forward pass are not needed any more when the backward pass begins.

use paso_ops::Norm;

use crate::batch_chunks::for_each;
use crate::graph::Graph;
use crate::ops::{BatchNorm, Conv2d, Op};
use crate::params::Params;
use crate::session::Session;

impl Session {
    /// Packs the weights for the forward pass and, for inference, sets the batch norms, unless that
    /// was done for these parameters.
    pub(crate) fn pack_forward(&mut self, graph: &Graph, params: &Params) {
        if self.packed_version.replace(params.version()) == Some(params.version()) {
            return;
        }
        if self.plan.training {
            return self.pack_all(graph, params, false);
        }
        for (n, node) in graph.nodes.iter().enumerate() {
            if !self.plan.runs(n) {
                continue;
            }
            match &node.op {
                Op::Conv(op) => {
                    let fused = self.scale_by_fused_norm(n, graph, params, op);
                    let own = &params.values()[op.weight.range()];
                    let weights = if fused { &self.scaled_weights[..] } else { own };
                    self.packed[n].pack(graph.isa, &op.conv, graph.node(op.x).plane, weights);
                }
                Op::BatchNorm(op) if !self.plan.is_fused_into_conv(n) => {
                    set_running(&mut self.norms[n], op, params);
                }
                _ => {}
            }
        }
    }

    /// Packs the weights for the backward pass, into the memory of those for the forward pass.
    pub(crate) fn pack_backward(&mut self, graph: &Graph, params: &Params) {
        self.packed_version = None;
        self.pack_all(graph, params, true);
    }

    fn pack_all(&mut self, graph: &Graph, params: &Params, backward: bool) {
        let plan = &self.plan;
        // The largest weights are those of the last layers in most networks. They go first, so that
        // threads end together.
        let convs = graph.nodes.iter().zip(&mut self.packed).enumerate().rev();
        for_each(graph.parallel, convs, |(n, (node, packed))| {
            let Op::Conv(op) = &node.op else { return };
            let (input, weights) = (graph.node(op.x).plane, &params.values()[op.weight.range()]);
            if !backward && plan.runs(n) {
                packed.pack(graph.isa, &op.conv, input, weights);
            }
            if backward && plan.runs(n) && plan.nodes[op.x.0].grad.is_some() {
                packed.pack_backward(graph.isa, &op.conv, input, weights);
            }
        });
    }

    /// Where a batch norm is fused into a convolution, scales the weights by it, and adds the bias,
    /// scaled, to its shift, which is the bias from now on.
    fn scale_by_fused_norm(
        &mut self,
        n: usize,
        graph: &Graph,
        params: &Params,
        conv: &Conv2d,
    ) -> bool {
        let Some(m) = self.plan.nodes[n].fused.norm else { return false };
        let Op::BatchNorm(op) = &graph.nodes[m].op else { return false };
        let norm = &mut self.norms[m];
        set_running(norm, op, params);
        if let Some(bias) = conv.bias {
            let bias = &params.values()[bias.range()];
            let factors = norm.scale.iter().zip(bias);
            norm.shift.iter_mut().zip(factors).for_each(|(y, (scale, bias))| *y += scale * bias);
        }
        self.scaled_weights.clear();
        self.scaled_weights.extend_from_slice(&params.values()[conv.weight.range()]);
        for per_channel in self.scaled_weights.chunks_exact_mut(norm.scale.len()) {
            per_channel.iter_mut().zip(&norm.scale).for_each(|(w, scale)| *w *= scale);
        }
        true
    }
}

fn set_running(norm: &mut Norm, op: &BatchNorm, params: &Params) {
    let (values, buffers) = (params.values(), params.buffers());
    let (mean, var) = (&buffers[op.mean.range()], &buffers[op.var.range()]);
    let (gamma, beta) = (&values[op.gamma.range()], &values[op.beta.range()]);
    norm.set_running(mean, var, gamma, beta, op.eps);
}
