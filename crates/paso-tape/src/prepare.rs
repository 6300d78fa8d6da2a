//! What is done once for new parameters: weights packed for their kernels, anew for the way back, and in inference
//! normalizations folded into them.

use paso_ops::Norm;

use crate::op::{BatchNorm, Filter, Op};
use crate::params::Params;
use crate::portions::each;
use crate::session::Session;
use crate::tape::Tape;

impl Session {
    /// Packs the weights and, for inference, sets the normalizations, unless that was done for these very parameters.
    pub(crate) fn prepare(&mut self, tape: &Tape, params: &Params) {
        if self.prepared.replace(params.version()) == Some(params.version()) {
            return;
        }
        if self.plan.training {
            return self.pack_all(tape, params, false);
        }
        for (n, node) in tape.nodes.iter().enumerate() {
            if !self.plan.does(n) {
                continue;
            }
            match &node.op {
                Op::Conv(x, filter) => {
                    self.fold(n, tape, params, filter);
                    let own = &params.values()[filter.weight.range()];
                    let folded = self.plan.folds[n].norm.is_some();
                    let weights = if folded { &self.scaled[..] } else { own };
                    let input = tape.nodes[x.0].plane;
                    self.packed[n].pack(tape.isa, &filter.conv, input, weights);
                }
                Op::BatchNorm(_, norm) if !self.plan.is_folded(n) => {
                    set_running(&mut self.norms[n], norm, params);
                }
                _ => {}
            }
        }
    }

    /// Packs the weights for the way back, in the place of those for the way there.
    pub(crate) fn turn(&mut self, tape: &Tape, params: &Params) {
        self.prepared = None;
        self.pack_all(tape, params, true);
    }

    fn pack_all(&mut self, tape: &Tape, params: &Params, backward: bool) {
        let plan = &self.plan;
        // The largest filters are the last ones of most nets, and are begun first.
        let convs = tape.nodes.iter().zip(&mut self.packed).enumerate().rev();
        each(tape.parallel, convs, |(n, (node, packed))| {
            let Op::Conv(x, filter) = &node.op else { return };
            let (input, weights) = (tape.nodes[x.0].plane, &params.values()[filter.weight.range()]);
            if !backward && plan.does(n) {
                packed.pack(tape.isa, &filter.conv, input, weights);
            }
            if backward && plan.does(n) && plan.grads[x.0].is_some() {
                packed.pack_backward(tape.isa, &filter.conv, input, weights);
            }
        });
    }

    /// Scales a convolution's weights by the normalization that it takes over, if any. That one's shift, with the convolution's own
    /// bias in it, is the bias from now on.
    fn fold(&mut self, n: usize, tape: &Tape, params: &Params, filter: &Filter) {
        let Some(m) = self.plan.folds[n].norm else { return };
        let Op::BatchNorm(_, op) = &tape.nodes[m].op else { return };
        let norm = &mut self.norms[m];
        set_running(norm, op, params);
        if let Some(bias) = filter.bias {
            let bias = &params.values()[bias.range()];
            let factors = norm.scale.iter().zip(bias);
            norm.shift.iter_mut().zip(factors).for_each(|(y, (scale, bias))| *y += scale * bias);
        }
        self.scaled.clear();
        self.scaled.extend_from_slice(&params.values()[filter.weight.range()]);
        for tap in self.scaled.chunks_exact_mut(norm.scale.len()) {
            tap.iter_mut().zip(&norm.scale).for_each(|(w, scale)| *w *= scale);
        }
    }
}

fn set_running(norm: &mut Norm, op: &BatchNorm, params: &Params) {
    let (values, buffers) = (params.values(), params.buffers());
    let (mean, var) = (&buffers[op.mean.range()], &buffers[op.var.range()]);
    let (gamma, beta) = (&values[op.gamma.range()], &values[op.beta.range()]);
    norm.set_running(mean, var, gamma, beta, op.eps);
}
