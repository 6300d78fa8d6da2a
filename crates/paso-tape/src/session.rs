//! A plan with its memory: batch chunks, phases over them, and the sums over the batch between
//! phases.
//!
//! A step is a sequence of phases. Within a phase chunks are independent, so that threads need no
//! locks: each chunk has buffers, moments, gradient sums and a parameter gradient of its own.
//! Between phases one thread merges the moments or sums of all chunks, in the order of the chunks
//! and never in that of completion: floating-point addition is not associative, and bits must not
//! depend on threads.
//!
//! Memory of a session: per chunk the buffers of the plan and one gradient of all parameters; per
//! session the packed weights. It grows to the largest batch and is kept.

use paso_ops::{GradSums, Image, Moments, Norm, PackedConv};

use crate::batch_chunks::{SMALL_CHUNKS, batch_chunks, for_each};
use crate::chunk::{ChunkState, Context};
use crate::graph::{Graph, Node, Var};
use crate::ops::Op;
use crate::params::Params;
use crate::plan::Plan;

/// A plan with its memory.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) given: Vec<Var>,
    pub(crate) plan: Plan,
    chunks: Vec<ChunkState>,
    /// Packed weights, by node.
    pub(crate) packed: Vec<PackedConv>,
    /// Batch norms, by node.
    pub(crate) norms: Vec<Norm>,
    moments: Vec<Moments>,
    sums: Vec<GradSums>,
    /// Images of the last batch.
    pub(crate) batch: usize,
    /// Elements of the parameters.
    pub(crate) params: usize,
    /// The version of the parameters that the weights are packed for, for the forward pass.
    pub(crate) packed_version: Option<u64>,
    /// Scratch: the weights of one convolution, scaled by a batch norm.
    pub(crate) scaled_weights: Vec<f32>,
    /// The number of the training step that ran last.
    pub(crate) step: u64,
    /// Whether the backward pass of that step was run: gradients have overwritten values.
    pub(crate) consumed: bool,
}

impl Session {
    pub(crate) fn new(graph: &Graph, given: &[Var], training: bool, params: usize) -> Self {
        let (plan, nodes) = (Plan::new(graph, given, training), &graph.nodes);
        let channels =
            |node: &Node| if let Op::BatchNorm(_) = node.op { node.plane.channels } else { 0 };
        Self {
            given: given.to_vec(),
            plan,
            chunks: Vec::new(),
            packed: vec![PackedConv::default(); nodes.len()],
            norms: nodes.iter().map(|node| Norm::new(channels(node))).collect(),
            moments: nodes.iter().map(|node| Moments::new(channels(node))).collect(),
            sums: nodes.iter().map(|node| GradSums::new(channels(node))).collect(),
            batch: 0,
            params,
            packed_version: None,
            scaled_weights: Vec::new(),
            step: 0,
            consumed: false,
        }
    }

    /// Cuts a batch into chunks.
    pub(crate) fn set_batch(&mut self, graph: &Graph, batch: usize) {
        let count = batch_chunks(batch).count();
        while self.chunks.len() < count {
            self.chunks.push(ChunkState::new(&graph.nodes, &self.plan, self.params));
        }
        let none = std::iter::repeat(batch..batch);
        for (chunk, images) in self.chunks.iter_mut().zip(batch_chunks(batch).chain(none)) {
            chunk.set_images(&self.plan, images);
        }
        self.batch = batch;
    }

    pub(crate) fn forward(&mut self, graph: &Graph, params: &Params, inputs: &[(Var, &[f32])]) {
        for chunk in &mut self.chunks {
            chunk.moments.iter_mut().for_each(Moments::reset);
        }
        for i in 0..self.plan.forward.len() {
            let reverse = i % 2 == 1;
            self.run_phase(graph, params, inputs, reverse, |cx, chunk| {
                chunk.run(cx, &cx.plan.forward[i], reverse);
            });
            for &n in &self.plan.forward[i].norms {
                let Op::BatchNorm(op) = &graph.nodes[n].op else { continue };
                let moments = &mut self.moments[n];
                moments.reset();
                non_empty(&self.chunks).for_each(|chunk| moments.merge(&chunk.moments[n]));
                assert!(
                    moments.count() > 1.0,
                    "{}: training needs more than one value per channel, {} has one",
                    graph.nodes[n].name,
                    graph.node(op.x).name
                );
                let values = params.values();
                let (gamma, beta) = (&values[op.gamma.range()], &values[op.beta.range()]);
                self.norms[n].set_batch(moments, gamma, beta, op.eps);
            }
        }
    }

    /// Runs one phase over all chunks, the smallest ones last.
    ///
    /// Every second phase runs through the batch in `reverse`, so that what the previous phase
    /// wrote last, which is still in cache, is read first. Always in one direction, a cache smaller
    /// than the values of the batch would hold none of them when they are read.
    fn run_phase(
        &mut self,
        graph: &Graph,
        params: &Params,
        inputs: &[(Var, &[f32])],
        reverse: bool,
        phase: impl Fn(&Context<'_>, &mut ChunkState) + Sync,
    ) {
        let cx = Context {
            graph,
            plan: &self.plan,
            params,
            inputs,
            packed: &self.packed,
            norms: &self.norms,
            step: self.step,
        };
        let count = self.chunks.iter().take_while(|chunk| !chunk.images.is_empty()).count();
        let (large, small) = self.chunks[..count].split_at_mut(count.saturating_sub(SMALL_CHUNKS));
        let work = |chunk| phase(&cx, chunk);
        if reverse {
            for_each(graph.parallel, large.iter_mut().rev().chain(small), work);
        } else {
            for_each(graph.parallel, large.iter_mut().chain(small), work);
        }
    }

    pub(crate) fn update_running_statistics(&self, graph: &Graph, params: &mut Params) {
        for &n in self.plan.forward.iter().flat_map(|phase| &phase.norms) {
            let Op::BatchNorm(op) = &graph.nodes[n].op else { continue };
            let moments = &self.moments[n];
            for c in 0..moments.mean().len() {
                let mean = &mut params.buffers_mut()[op.mean.range()][c];
                *mean = blend(*mean, moments.mean()[c], op.momentum);
                let var = &mut params.buffers_mut()[op.var.range()][c];
                *var = blend(*var, moments.unbiased_variance(c), op.momentum);
            }
        }
    }

    pub(crate) fn backward(
        &mut self,
        graph: &Graph,
        params: &Params,
        loss: Var,
        grads: &mut [f32],
    ) {
        let seed = 1.0 / to_f32(self.batch);
        let loss = self.plan.nodes[loss.0].grad.map(|slot| slot.index);
        grads.fill(0.0);
        self.pack_backward(graph, params);
        for i in 0..self.plan.backward.len() {
            let reverse = (self.plan.forward.len() + i) % 2 == 1;
            self.run_phase(graph, params, &[], reverse, |cx, chunk| {
                if i == 0 {
                    chunk.sums.iter_mut().for_each(GradSums::reset);
                    loss.into_iter().for_each(|loss| chunk.buffers[loss].fill(seed));
                }
                chunk.run(cx, &cx.plan.backward[i], reverse);
            });
            for &n in &self.plan.backward[i].norms {
                let Op::BatchNorm(op) = &graph.nodes[n].op else { continue };
                let sums = &mut self.sums[n];
                sums.reset();
                non_empty(&self.chunks).for_each(|chunk| sums.merge(&chunk.sums[n]));
                let [gamma, beta] = grads
                    .get_disjoint_mut([op.gamma.range(), op.beta.range()])
                    .expect("two tensors of one arena do not overlap");
                self.norms[n].set_backward(sums, self.moments[n].count(), gamma, beta);
            }
        }
        self.sum_param_grads(graph.parallel, grads);
    }

    /// Adds the gradients of the parameters of all chunks, in the order of the chunks.
    fn sum_param_grads(&self, parallel: bool, grads: &mut [f32]) {
        const PIECE: usize = 16 * 1024;
        for_each(parallel, grads.chunks_mut(PIECE).enumerate(), |(i, grads)| {
            for chunk in non_empty(&self.chunks) {
                let part = &chunk.param_grads[i * PIECE..][..grads.len()];
                grads.iter_mut().zip(part).for_each(|(sum, g)| *sum += g);
            }
        });
    }

    /// Whether the last batch computed the value of a node.
    pub(crate) fn has_value(&self, x: Var) -> bool {
        self.plan.nodes[x.0].value.is_some()
    }

    /// Calls `f` with each image of a node in the order of the batch.
    pub(crate) fn for_each_image(&self, x: Var, mut f: impl FnMut(Image<'_>)) {
        let slot = self.plan.nodes[x.0].value.expect("the value was computed");
        for chunk in &self.chunks {
            for image in 0..chunk.images.len() {
                let data = &chunk.buffers[slot.index][slot.offset(image)..];
                f(Image::new(slot.plane, &data[..slot.plane.len()]));
            }
        }
    }

    /// The mean over the batch of a node with one value per image.
    pub(crate) fn mean(&self, x: Var) -> f32 {
        let mut sum = 0.0;
        self.for_each_image(x, |x| sum += f64::from(x.data[x.plane.origin()]));
        #[expect(clippy::cast_possible_truncation, reason = "summed in f64, returned in f32")]
        let mean = (sum / f64::from(to_f32(self.batch))) as f32;
        mean
    }
}

/// Chunks with images. The others keep the sums of a larger batch.
fn non_empty(chunks: &[ChunkState]) -> impl Iterator<Item = &ChunkState> {
    chunks.iter().filter(|chunk| !chunk.images.is_empty())
}

#[expect(clippy::cast_possible_truncation, reason = "blended in f64, kept in f32")]
fn blend(old: f32, new: f64, momentum: f64) -> f32 {
    (f64::from(old) + momentum * (new - f64::from(old))) as f32
}

#[expect(clippy::cast_precision_loss, reason = "no batch has 2^24 images")]
fn to_f32(n: usize) -> f32 {
    n as f32
}
