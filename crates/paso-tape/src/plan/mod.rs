//! The plan of a step: what is computed when, in which kernel, and in which memory.
//!
//! Almost every operation works on single images. Only batch normalization needs the whole batch,
//! twice: statistics before its output, gradient sums before the gradient of its input. So a step
//! is a few [`Phase`]s. Within a phase, an image passes through all operations while it is in
//! cache, and threads take fixed chunks of the batch. What is used within one phase only is
//! *scratch*, with room for one image per chunk; all else is *stored*, with room for every image.
//!
//! | file | decides |
//! |---|---|
//! | `fusion.rs` | which operations run in one kernel |
//! | `phases.rs` | what runs in which phase, and where gradients are written |
//! | `recompute.rs` | what is stored, and what the backward pass computes again |
//! | `batching.rs` | how many images go through an operation at a time |
//! | `liveness.rs` | which values and gradients share a buffer |

mod batching;
mod fusion;
mod liveness;
mod phases;
mod recompute;
#[cfg(test)]
mod simulation_tests;
#[cfg(test)]
mod tests;

use paso_ops::{FusedActivation, NormEpilogue, Plane, Separable};

use crate::graph::{Graph, Var};

/// One piece of work on some images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Write the value of a node.
    Forward(usize),
    /// Add the input of a batch norm to its statistics.
    Statistics(usize),
    /// Add the gradients of a batch norm to its sums.
    GradSums(usize),
    /// Write the gradients of a node's inputs, and add to those of its parameters.
    Backward(usize),
}

/// Tasks for each image, and the batch norms whose sums are complete after the last image.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) tasks: Vec<Task>,
    pub(crate) norms: Vec<usize>,
    /// How many images of a chunk go through one task before they go through the next.
    pub(crate) batch: usize,
}

/// What happens to a gradient that an operation has for one of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GradWrite {
    /// Nothing needs it.
    Skip,
    /// It is the first to arrive, and is written.
    Assign,
    /// It is added to what arrived before.
    Accumulate,
}

/// What a convolution does in inference in addition to its own work.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConvFusion {
    /// The batch norm that its weights are scaled by.
    pub(crate) norm: Option<usize>,
    /// The activation that it applies before it stores.
    pub(crate) activation: FusedActivation,
    /// The depthwise convolution whose rows it computes as it reads them.
    pub(crate) depthwise: Option<(usize, Separable)>,
}

/// Where a value or gradient is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BufferSlot {
    pub(crate) plane: Plane,
    /// Room for every image of a chunk, not only for those of one pass through a phase.
    pub(crate) stored: bool,
    /// Images that go through its phase at a time.
    pub(crate) batch: usize,
    /// Number of its buffer.
    pub(crate) index: usize,
}

impl BufferSlot {
    fn new(plane: Plane, stored: bool) -> Self {
        Self { plane, stored, batch: 1, index: 0 }
    }

    /// Where image `image` of a chunk begins.
    pub(crate) fn offset(&self, image: usize) -> usize {
        self.plane.len() * if self.stored { image } else { image % self.batch }
    }

    /// Images it has room for, in a chunk of so many.
    pub(crate) fn capacity(&self, images: usize) -> usize {
        if self.stored { images } else { self.batch }
    }

    fn has_layout_of(&self, other: &Self) -> bool {
        let layout = |slot: &Self| (slot.plane, slot.stored, slot.batch);
        layout(self) == layout(other)
    }
}

/// Everything the plan says of one node.
#[derive(Clone, Debug)]
pub(crate) struct NodePlan {
    pub(crate) inputs: Vec<Var>,
    /// Whether its value can be computed from the given inputs.
    computed: bool,
    /// The forward phase that computes its value.
    forward_phase: usize,
    /// Whether it has a gradient: it depends on parameters, and the loss depends on it.
    has_grad: bool,
    /// The backward phase in which its gradient is complete.
    grad_phase: usize,
    /// The node in whose kernel it is computed: itself, or the node that it is fused into.
    kernel: usize,
    /// The node whose value its kernel writes and whose gradient it reads: itself, or the last node
    /// fused into it.
    pub(crate) output: usize,
    /// Of a batch norm: the ReLU and pooling fused into it.
    pub(crate) epilogue: NormEpilogue,
    /// Of a convolution: what is fused into it.
    pub(crate) fused: ConvFusion,
    /// Of a batch norm: whether its gradient sums may be computed from its output, because that is
    /// a pooled one that is kept.
    pub(crate) sums_from_output: bool,
    pub(crate) value: Option<BufferSlot>,
    pub(crate) grad: Option<BufferSlot>,
    /// The node whose gradient's memory this node's gradient uses: itself, or a sum, whose gradient
    /// is that of its terms.
    grad_owner: usize,
    /// For each input.
    pub(crate) grad_writes: Vec<GradWrite>,
}

/// The plan of a step for one set of given inputs.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) training: bool,
    pub(crate) forward: Vec<Phase>,
    pub(crate) backward: Vec<Phase>,
    pub(crate) nodes: Vec<NodePlan>,
    /// One value or gradient of each buffer, for its layout.
    pub(crate) slots: Vec<BufferSlot>,
    /// Elements of the largest gradients that are accumulated at a time.
    pub(crate) grad_scratch: usize,
}

impl Plan {
    /// Plans for the nodes that can be computed from the `given` inputs; with `training`, also the
    /// backward pass.
    pub(crate) fn new(graph: &Graph, given: &[Var], training: bool) -> Self {
        let mut planner = Planner::new(graph, given, training);
        planner.find_phases();
        if !training {
            planner.fuse_conv_bn_activation();
            planner.fuse_separable();
        }
        planner.fuse_norm_relu_pool();
        let (forward, backward) = (planner.forward_phases(), planner.backward_phases());
        planner.assign_grad_writes(&backward);
        planner.choose_storage();
        let nodes = planner.nodes;
        let mut plan = Self { training, forward, backward, nodes, slots: vec![], grad_scratch: 0 };
        plan.choose_batches(&graph.nodes);
        plan.share_buffers(&graph.nodes);
        plan
    }

    /// Whether a node runs here: in a kernel of its own, or in that of the convolution that follows
    /// it.
    pub(crate) fn runs(&self, n: usize) -> bool {
        let is_fused = |node: &NodePlan| node.fused.depthwise.is_some_and(|(first, _)| first == n);
        self.nodes[self.nodes[n].output].value.is_some() || self.nodes.iter().any(is_fused)
    }

    /// Whether a batch norm is fused into a convolution.
    pub(crate) fn is_fused_into_conv(&self, norm: usize) -> bool {
        self.nodes.iter().any(|node| node.fused.norm == Some(norm))
    }
}

/// A plan in the making.
struct Planner<'a> {
    graph: &'a Graph,
    training: bool,
    /// The loss, where it is computed in training.
    loss: Option<Var>,
    nodes: Vec<NodePlan>,
}

impl<'a> Planner<'a> {
    fn new(graph: &'a Graph, given: &[Var], training: bool) -> Self {
        let reachable = graph.reachable(given);
        let loss = graph.loss.filter(|loss| training && reachable[loss.0]);
        let node = |n: usize| {
            let inputs = graph.nodes[n].op.inputs();
            NodePlan {
                computed: reachable[n],
                forward_phase: 0,
                has_grad: false,
                grad_phase: 0,
                kernel: n,
                output: n,
                epilogue: NormEpilogue::default(),
                fused: ConvFusion::default(),
                sums_from_output: false,
                value: None,
                grad: None,
                grad_owner: n,
                grad_writes: vec![GradWrite::Skip; inputs.len()],
                inputs,
            }
        };
        Self { graph, training, loss, nodes: (0..graph.nodes.len()).map(node).collect() }
    }

    fn computed_nodes(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        let computed: Vec<usize> =
            (0..self.nodes.len()).filter(|&n| self.nodes[n].computed).collect();
        computed.into_iter()
    }

    /// Computed nodes that read `n`, and as which input.
    fn consumers(&self, n: usize) -> impl Iterator<Item = (usize, usize)> {
        (n + 1..self.nodes.len()).filter(|&c| self.nodes[c].computed).flat_map(move |c| {
            let reads = self.nodes[c].inputs.iter().enumerate().filter(move |(_, x)| x.0 == n);
            reads.map(move |(i, _)| (c, i))
        })
    }

    /// Consumers whose gradient flows to `n`.
    fn gradient_consumers(&self, n: usize) -> impl Iterator<Item = usize> {
        let differentiable = |&(c, i): &(usize, usize)| {
            self.nodes[c].has_grad && self.graph.nodes[c].op.is_differentiable(i)
        };
        self.consumers(n).filter(differentiable).map(|(c, _)| c)
    }

    /// Whether a node's value and gradient exist, because it is the output of its kernel.
    fn is_kernel_output(&self, n: usize) -> bool {
        self.nodes[self.nodes[n].kernel].output == n
    }
}
