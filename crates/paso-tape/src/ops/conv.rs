//! Convolutions and linear layers, with what inference fuses into them: a batch norm, a ReLU, a
//! depthwise convolution before.
//!
//! The gradient of the parameters goes to `param_grads` of the chunk, which has the layout of
//! [`Params::values`](crate::Params::values). It is cleared once per chunk, and the images of the
//! chunk add to it; the session adds the chunks.

use paso_ops::{Conv, Epilogue, bias_grad};

use super::run::OpRun;
use super::{BackwardReads, Op, Operation};
use crate::chunk::{ChunkState, Context};
use crate::graph::Var;
use crate::params::ParamId;

/// A convolution. A linear layer is a 1x1 convolution of one pixel.
#[derive(Clone, Copy, Debug)]
pub struct Conv2d {
    /// The input.
    pub x: Var,
    /// Channels, kernel, stride, padding, groups.
    pub conv: Conv,
    /// `[kernel, kernel, in_channels, out_channels]`, depthwise `[kernel, kernel, channels]`.
    pub weight: ParamId,
    /// `[out_channels]`.
    pub bias: Option<ParamId>,
}

impl Operation for Conv2d {
    fn name(&self) -> &str {
        "conv"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x]
    }

    fn backward_reads(&self) -> BackwardReads {
        BackwardReads::INPUTS
    }

    fn forward(&self, mut run: OpRun<'_>) {
        let (cx, n, images) = (run.cx, run.n, run.images.clone());
        let mut rows = std::mem::take(&mut run.chunk.depthwise_rows);
        run.all_images(|chunk, mut y| {
            let values = |x: Var| chunk.values(cx, x.0, images);
            let (packed, epilogue) = (&cx.packed[n], epilogue(cx, n));
            let Some((first, pair)) = cx.plan.nodes[n].fused.depthwise else {
                return self.conv.forward(cx.graph.isa, values(self.x), packed, epilogue, y);
            };
            let Op::Conv(depthwise) = &cx.graph.nodes[first].op else { return };
            let layers = [(&cx.packed[first], self::epilogue(cx, first)), (packed, epilogue)];
            let rows = &mut rows[..pair.scratch_len()];
            for (x, y) in values(depthwise.x).iter().zip(y.iter_mut()) {
                pair.forward(cx.graph.isa, x, layers, rows, y);
            }
        });
        run.chunk.depthwise_rows = rows;
    }

    fn backward(&self, mut run: OpRun<'_>) {
        let (cx, n, images) = (run.cx, run.n, run.images.clone());
        let isa = cx.graph.isa;
        let mut sums = std::mem::take(&mut run.chunk.param_grads);
        let dy = run.chunk.grads(cx, n, images.clone());
        let x = run.chunk.values(cx, self.x.0, images);
        self.conv.weight_grad(isa, x, dy, &mut sums[self.weight.range()]);
        if let Some(bias) = self.bias {
            dy.iter().for_each(|dy| bias_grad(isa, dy, &mut sums[bias.range()]));
        }
        run.chunk.param_grads = sums;
        run.all_grads(0, |_, dy, dx| self.conv.input_grad(isa, dy, &cx.packed[n], dx));
    }
}

impl Conv2d {
    /// Zeroes this chunk's gradients of the parameters, right before images are added to them, so
    /// that they are in cache.
    pub(crate) fn clear_param_grads(&self, chunk: &mut ChunkState) {
        for param in [Some(self.weight), self.bias].into_iter().flatten() {
            chunk.param_grads[param.range()].fill(0.0);
        }
    }
}

/// What the kernel of convolution `n` does to its sums before it stores them.
fn epilogue<'a>(cx: &Context<'a>, n: usize) -> Epilogue<'a> {
    let own = match &cx.graph.nodes[n].op {
        Op::Conv(op) => op.bias.map(|bias| &cx.params.values()[bias.range()]),
        _ => None,
    };
    let fused = &cx.plan.nodes[n].fused;
    Epilogue {
        bias: fused.norm.map(|norm| &cx.norms[norm].shift[..]).or(own),
        activation: fused.activation,
    }
}
