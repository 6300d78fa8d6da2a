//! Both halves of a convolution, for as many images as go together.

use std::ops::Range;

use paso_ops::{Epilogue, bias_grad};

use crate::op::{Filter, Op, Var};
use crate::worker::{Context, Worker, views};

impl Worker {
    /// Writes the value of the convolution `n`, or of what it does beside it.
    pub(crate) fn convolve(
        &mut self,
        cx: &Context<'_>,
        n: usize,
        x: Var,
        filter: &Filter,
        images: Range<usize>,
    ) {
        let mut between = std::mem::take(&mut self.between);
        self.write(cx, n, images.clone(), |worker, mut y| {
            let values = |x: Var| views(&cx.plan.values, &worker.slots, x.0, images);
            let (packed, finish) = (&cx.packed[n], cx.finish(n));
            let Some((first, pair)) = cx.plan.folds[n].depthwise else {
                return filter.conv.forward(cx.isa, values(x), packed, finish, y);
            };
            let Op::Conv(x, _) = &cx.nodes[first].op else { return };
            let layers = [(&cx.packed[first], cx.finish(first)), (packed, finish)];
            let between = &mut between[..pair.scratch_len()];
            for (x, y) in values(*x).iter().zip(y.iter_mut()) {
                pair.forward(cx.isa, x, layers, between, y);
            }
        });
        self.between = between;
    }

    /// Emits its gradient.
    pub(crate) fn conv_grad(
        &mut self,
        cx: &Context<'_>,
        n: usize,
        x: Var,
        filter: &Filter,
        images: Range<usize>,
    ) {
        let mut sums = std::mem::take(&mut self.param_grads);
        let dy = views(&cx.plan.grads, &self.slots, n, images.clone());
        let values = views(&cx.plan.values, &self.slots, x.0, images.clone());
        filter.conv.weight_grad(cx.isa, values, dy, &mut sums[filter.weight.range()]);
        if let Some(bias) = filter.bias {
            dy.iter().for_each(|dy| bias_grad(cx.isa, dy, &mut sums[bias.range()]));
        }
        self.param_grads = sums;
        self.emit_all(cx, n, 0, x, images, |_, dy, dx| {
            filter.conv.input_grad(cx.isa, dy, &cx.packed[n], dx);
        });
    }

    /// Zeroes this portion's share of a convolution's gradients, to which its images are about to be added: here and not for all
    /// parameters at once, so that what was zeroed is in the cache still.
    pub(crate) fn clear_grads(&mut self, cx: &Context<'_>, n: usize) {
        let Op::Conv(_, filter) = &cx.nodes[n].op else { return };
        for range in [Some(filter.weight), filter.bias].into_iter().flatten() {
            self.param_grads[range.range()].fill(0.0);
        }
    }
}

impl Context<'_> {
    /// What the convolution `n` does to its sums.
    fn finish(&self, n: usize) -> Epilogue<'_> {
        let own = match &self.nodes[n].op {
            Op::Conv(_, filter) => filter.bias.map(|bias| &self.params.values()[bias.range()]),
            _ => None,
        };
        let fold = &self.plan.folds[n];
        Epilogue {
            bias: fold.norm.map(|norm| &self.norms[norm].shift[..]).or(own),
            relu: fold.relu,
        }
    }
}
