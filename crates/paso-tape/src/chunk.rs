//! The memory of one batch chunk: values, gradients and sums, and views of them.
//!
//! Buffers, values and gradients are reached by [`BufferSlot`]s. A kernel that writes takes its
//! buffer out of the list for the time of the call, so that it can read all others: the plan has no
//! task that reads and writes one buffer (see `simulation_tests`).

use std::ops::Range;

use paso_ops::{
    Buffer, GradSums, Image, Images, ImagesMut, Moments, Norm, PackedConv, Plane, add_scaled,
    batch_norm_grad_sums, batch_norm_grad_sums_from_output,
};

use crate::graph::{Graph, Node, Var};
use crate::ops::{Op, OpRun};
use crate::params::Params;
use crate::plan::{BufferSlot, GradWrite, Phase, Plan, Task};

/// What all chunks read during a phase.
pub(crate) struct Context<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) plan: &'a Plan,
    pub(crate) params: &'a Params,
    pub(crate) inputs: &'a [(Var, &'a [f32])],
    /// Packed weights, by node.
    pub(crate) packed: &'a [PackedConv],
    /// Batch norms, by node.
    pub(crate) norms: &'a [Norm],
    /// Number of the training step, from 0.
    pub(crate) step: u64,
}

impl Context<'_> {
    /// The key of the random numbers of a node for an image of the batch in this step.
    pub(crate) fn random_key(&self, n: usize, image: usize) -> u64 {
        let mix = |key: u64, x: u64| (key ^ x).wrapping_mul(0xFF51_AFD7_ED55_8CCD).rotate_left(29);
        mix(mix(mix(0, self.step), n as u64 + 1), image as u64 + 1)
    }
}

/// The state of one batch chunk. Statistics and sums are indexed by node.
#[derive(Debug)]
pub(crate) struct ChunkState {
    /// Its images, counted within the batch.
    pub(crate) images: Range<usize>,
    /// Values and gradients, where the plan assigned them.
    pub(crate) buffers: Vec<Buffer>,
    pub(crate) moments: Vec<Moments>,
    pub(crate) sums: Vec<GradSums>,
    /// This chunk's part of the gradient of the parameters.
    pub(crate) param_grads: Vec<f32>,
    /// Rows of a depthwise convolution, until the 1x1 convolution that follows it has read them.
    pub(crate) depthwise_rows: Buffer,
    /// Gradients that are about to be accumulated.
    grad_scratch: Buffer,
}

impl ChunkState {
    pub(crate) fn new(nodes: &[Node], plan: &Plan, params: usize) -> Self {
        let channels = |node: &Node| match node.op {
            Op::BatchNorm(_) if plan.training => node.plane.channels,
            _ => 0,
        };
        Self {
            images: 0..0,
            buffers: vec![Buffer::default(); plan.slots.len()],
            moments: nodes.iter().map(|n| Moments::new(channels(n))).collect(),
            sums: nodes.iter().map(|n| GradSums::new(channels(n))).collect(),
            param_grads: vec![0.0; if plan.backward.is_empty() { 0 } else { params }],
            depthwise_rows: Buffer::default(),
            grad_scratch: Buffer::default(),
        }
    }

    /// Takes these images. Allocates only for more images than ever before.
    pub(crate) fn set_images(&mut self, plan: &Plan, images: Range<usize>) {
        let count = images.len();
        self.images = images;
        for (slot, buffer) in plan.slots.iter().zip(&mut self.buffers) {
            buffer.resize(slot.plane.len() * slot.capacity(count));
        }
        self.grad_scratch.resize(plan.grad_scratch);
        let pairs = plan.nodes.iter().filter_map(|node| node.fused.depthwise);
        self.depthwise_rows.resize(pairs.map(|(_, pair)| pair.scratch_len()).max().unwrap_or(0));
    }

    /// Runs all tasks of a phase, batch after batch, from the first image on or (`reverse`) from
    /// the last one.
    pub(crate) fn run(&mut self, cx: &Context<'_>, phase: &Phase, reverse: bool) {
        for &task in &phase.tasks {
            if let Task::Backward(n) = task
                && let Op::Conv(op) = &cx.graph.nodes[n].op
            {
                op.clear_param_grads(self);
            }
        }
        let count = self.images.len();
        let batches = count.div_ceil(phase.batch);
        for i in 0..batches {
            let first = phase.batch * if reverse { batches - 1 - i } else { i };
            let images = first..count.min(first + phase.batch);
            for &task in &phase.tasks {
                self.task(cx, task, images.clone());
            }
        }
    }

    fn task(&mut self, cx: &Context<'_>, task: Task, images: Range<usize>) {
        let nodes = &cx.graph.nodes;
        match task {
            Task::Forward(n) => nodes[n].op.forward(OpRun { chunk: self, cx, n, images }),
            Task::Backward(n) => nodes[n].op.backward(OpRun { chunk: self, cx, n, images }),
            Task::Statistics(n) => {
                let Op::BatchNorm(op) = &nodes[n].op else { return };
                for image in images {
                    let x = view(slot(cx.plan.nodes[op.x.0].value), &self.buffers, image);
                    self.moments[n].add_image(cx.graph.isa, x);
                }
            }
            Task::GradSums(n) => images.for_each(|image| self.add_grad_sums(cx, n, image)),
        }
    }

    fn add_grad_sums(&mut self, cx: &Context<'_>, n: usize, image: usize) {
        let Op::BatchNorm(op) = &cx.graph.nodes[n].op else { return };
        let (isa, norm, plan) = (cx.graph.isa, &cx.norms[n], &cx.plan.nodes[n]);
        let value = |n: usize| view(slot(cx.plan.nodes[n].value), &self.buffers, image);
        let dy = view(slot(cx.plan.nodes[plan.output].grad), &self.buffers, image);
        let sums = &mut self.sums[n];
        if plan.sums_from_output && norm.is_invertible() {
            batch_norm_grad_sums_from_output(
                isa,
                norm,
                plan.epilogue,
                value(plan.output),
                dy,
                sums,
            );
        } else {
            batch_norm_grad_sums(isa, norm, plan.epilogue, value(op.x.0), dy, sums);
        }
    }

    /// The value of a node for one image of this chunk.
    pub(crate) fn value<'a>(&'a self, cx: &Context<'_>, n: usize, image: usize) -> Image<'a> {
        view(slot(cx.plan.nodes[n].value), &self.buffers, image)
    }

    /// The values of a node for some images.
    pub(crate) fn values<'a>(
        &'a self,
        cx: &Context<'_>,
        n: usize,
        images: Range<usize>,
    ) -> Images<'a> {
        views(slot(cx.plan.nodes[n].value), &self.buffers, images)
    }

    /// The gradients of a kernel's output for some images.
    pub(crate) fn grads<'a>(
        &'a self,
        cx: &Context<'_>,
        n: usize,
        images: Range<usize>,
    ) -> Images<'a> {
        views(slot(cx.plan.nodes[cx.plan.nodes[n].output].grad), &self.buffers, images)
    }

    /// Calls `write` with the memory of what the kernel of node `n` writes: its value, or that of
    /// the last node fused into it.
    pub(crate) fn write(
        &mut self,
        cx: &Context<'_>,
        n: usize,
        images: Range<usize>,
        write: impl FnOnce(&Self, ImagesMut<'_>),
    ) {
        let slot = slot(cx.plan.nodes[cx.plan.nodes[n].output].value);
        let mut buffer = std::mem::take(&mut self.buffers[slot.index]);
        write(self, views_mut(slot, &mut buffer, images));
        self.buffers[slot.index] = buffer;
    }

    /// Calls `write` with the gradient of node `n` and the memory of the gradient of its input
    /// number `which`, where the plan needs that one.
    pub(crate) fn write_grad(
        &mut self,
        cx: &Context<'_>,
        n: usize,
        which: usize,
        images: Range<usize>,
        write: impl FnOnce(&Self, Images<'_>, ImagesMut<'_>),
    ) {
        let plan = &cx.plan.nodes[n];
        if plan.grad_writes[which] == GradWrite::Skip {
            return;
        }
        let dx_slot = slot(cx.plan.nodes[plan.inputs[which].0].grad);
        let mut scratch = std::mem::take(&mut self.grad_scratch);
        let mut buffer = std::mem::take(&mut self.buffers[dx_slot.index]);
        let dy = slot(cx.plan.nodes[plan.output].grad);
        let dy = views(dy, &self.buffers, images.clone());
        let mut dx = views_mut(dx_slot, &mut buffer, images.clone());
        if plan.grad_writes[which] == GradWrite::Assign {
            write(self, dy, dx);
        } else {
            let plane = Plane { halo: 0, ..dx.plane };
            let term = &mut scratch[..images.len() * plane.len()];
            write(self, dy, ImagesMut::new(plane, term));
            for (term, dx) in term.chunks_exact(plane.len()).zip(dx.iter_mut()) {
                add_scaled(cx.graph.isa, 1.0, Image::new(plane, term), dx);
            }
        }
        self.buffers[dx_slot.index] = buffer;
        self.grad_scratch = scratch;
    }
}

/// The slot of a value or gradient that the plan says is read or written.
fn slot(slot: Option<BufferSlot>) -> BufferSlot {
    slot.expect("the plan has a slot for whatever is read or written")
}

fn views(slot: BufferSlot, buffers: &[Buffer], images: Range<usize>) -> Images<'_> {
    let elements = &buffers[slot.index][slot.offset(images.start)..];
    Images::new(slot.plane, &elements[..images.len() * slot.plane.len()])
}

/// One image of a value or gradient.
fn view(slot: BufferSlot, buffers: &[Buffer], image: usize) -> Image<'_> {
    let Images { plane, data } = views(slot, buffers, image..image + 1);
    Image::new(plane, data)
}

fn views_mut(slot: BufferSlot, buffer: &mut Buffer, images: Range<usize>) -> ImagesMut<'_> {
    let elements = &mut buffer[slot.offset(images.start)..];
    ImagesMut::new(slot.plane, &mut elements[..images.len() * slot.plane.len()])
}
