//! What to do in which order: phases that need no other image, and which numbers must be kept between them.
//!
//! Almost every op works on one image alone. Only batch normalization must see the whole batch twice: its moments
//! before its output, its gradient sums before its input's gradient. So a step is a few *phases*; inside one,
//! an image passes through all ops of the phase while it is in the cache, and images go to threads in fixed
//! portions. What lives and dies inside a phase is *scratch*: one image a portion. All else is *stored*: one place
//! for every image. Values and gradients of the same layout share a place where they do not live at the same time
//! (`lifetimes.rs`).
//!
//! What a normalization writes is not kept for the way back where no pool follows it, but written again there, from its
//! input, which the same phase reads for the sums: memory is what a step waits for most.
//!
//! A normalization takes over the `ReLU` and the 2 x 2 max pool behind it, where nobody else looks between them: it
//! writes the value of the last of them, its *end*, and reads that one's gradient. In inference, where a normalization is a
//! factor and a shift, a convolution takes it over, and the `ReLU` behind it; and a 1 x 1 convolution computes the rows of
//! the depthwise one before it as it reads them.

use paso_ops::{Activation, NormEpilogue, Plane, Pool, Separable};

use crate::op::{Node, Op, Var};

/// One piece of work on one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Write a node's value.
    Compute(usize),
    /// Add a normalization's input to its moments.
    Moments(usize),
    /// Add a normalization's gradients to its sums.
    GradSums(usize),
    /// Emit a node's gradient to its inputs and parameters.
    Grad(usize),
}

/// Tasks for each image, and the normalizations whose sums are complete after the last image.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) tasks: Vec<Task>,
    pub(crate) norms: Vec<usize>,
    /// How many images of a portion go through one task before they go through the next.
    pub(crate) together: usize,
}

impl Phase {
    const fn new() -> Self {
        Self { tasks: Vec::new(), norms: Vec::new(), together: 1 }
    }
}

/// What a convolution does beside its own work, in inference.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fold {
    /// The normalization whose factors its weights take up.
    pub(crate) norm: Option<usize>,
    pub(crate) relu: bool,
    /// The depthwise convolution whose rows it computes as it reads them.
    pub(crate) depthwise: Option<(usize, Separable)>,
}

/// Where a node's value or gradient lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) plane: Plane,
    pub(crate) stored: bool,
    /// Images that go through its phase at a time: what is not stored has room for so many.
    pub(crate) together: usize,
    /// Number of its buffer.
    pub(crate) slot: usize,
}

impl Place {
    /// Where image `image` of a portion begins.
    pub(crate) fn offset(&self, image: usize) -> usize {
        self.plane.len() * if self.stored { image } else { image % self.together }
    }

    /// Whether another can take turns with it in a buffer.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        let layout = |place: &Self| (place.plane, place.stored, place.together);
        layout(self) == layout(other)
    }

    /// Images it has room for, in a portion of so many.
    pub(crate) fn room(&self, images: usize) -> usize {
        if self.stored { images } else { self.together }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) training: bool,
    pub(crate) forward: Vec<Phase>,
    pub(crate) backward: Vec<Phase>,
    /// What a normalization does beside its own work; nothing for other ops.
    pub(crate) tails: Vec<NormEpilogue>,
    /// Whether the sums of a normalization may follow from what its tail wrote: behind a pool, where that is kept anyway.
    pub(crate) sums_from_output: Vec<bool>,
    /// What a convolution does beside its own work; nothing for other ops.
    pub(crate) folds: Vec<Fold>,
    /// The node whose value a node's work writes, and whose gradient it reads: itself but for a tail.
    pub(crate) ends: Vec<usize>,
    /// Of each node that is computed.
    pub(crate) values: Vec<Option<Place>>,
    /// Of each node that has a gradient.
    pub(crate) grads: Vec<Option<Place>>,
    /// The node in whose place a node's gradient lies: its own, or that of a sum, whose gradient is that of its terms.
    pub(crate) owners: Vec<usize>,
    /// What lies in each buffer, or one of those that take turns there.
    pub(crate) slots: Vec<Place>,
    /// Numbers of the gradients that are added to others at a time.
    pub(crate) spare: usize,
    /// For each node and input: whether its gradient is the first to arrive there, or `None` where it has no use.
    pub(crate) emits: Vec<Vec<Option<bool>>>,
}

impl Plan {
    /// Plans for the nodes that can be computed from the `given` inputs; with `training`, also the way back from `loss`.
    pub(crate) fn new(nodes: &[Node], given: &[Var], training: bool, loss: Option<Var>) -> Self {
        let graph = Graph::new(nodes, given, training, loss);
        let mut plan = Self {
            training,
            forward: graph.forward_phases(),
            backward: graph.backward_phases(),
            values: vec![None; nodes.len()],
            grads: vec![None; nodes.len()],
            owners: (0..nodes.len()).map(|n| graph.owner(n)).collect(),
            slots: Vec::new(),
            spare: 0,
            emits: graph.emits(),
            tails: graph.tails.clone(),
            sums_from_output: vec![false; nodes.len()],
            folds: graph.folds.clone(),
            ends: graph.ends.clone(),
        };
        for n in (0..nodes.len()).filter(|&n| graph.computed[n] && graph.is_visible(n)) {
            let halo = graph.consumers(n).map(|(c, _)| nodes[c].op.input_halo()).max().unwrap_or(0);
            let plane = nodes[n].plane.with_halo(halo);
            let stored = graph.value_is_stored(n);
            plan.values[n] = Some(Place { plane, stored, together: 1, slot: 0 });
        }
        for n in (0..nodes.len()).filter(|&n| graph.active[n] && graph.is_visible(n)) {
            let plane = nodes[n].plane.with_halo(graph.grad_halo(n));
            let stored = graph.grad_is_stored(n);
            plan.grads[n] = Some(Place { plane, stored, together: 1, slot: 0 });
        }
        for n in 0..nodes.len() {
            let kept = plan.values[plan.ends[n]].is_some_and(|place| place.stored);
            plan.sums_from_output[n] = kept && plan.tails[n].pool;
            let own = plan.grads[n];
            if let (Some(own), Some(place)) = (own, &mut plan.grads[plan.owners[n]]) {
                place.stored |= own.stored;
            }
        }
        plan.group(nodes);
        plan.share_memory(nodes);
        plan
    }

    /// Whether a node's work is done here: by itself, or by the convolution behind it.
    pub(crate) fn does(&self, n: usize) -> bool {
        let is_inside = |fold: &Fold| fold.depthwise.is_some_and(|(first, _)| first == n);
        self.values[self.ends[n]].is_some() || self.folds.iter().any(is_inside)
    }

    /// Whether a convolution took this normalization over.
    pub(crate) fn is_folded(&self, norm: usize) -> bool {
        self.folds.iter().any(|fold| fold.norm == Some(norm))
    }
}

/// The facts a plan follows from.
struct Graph<'a> {
    nodes: &'a [Node],
    inputs: Vec<Vec<Var>>,
    training: bool,
    loss: Option<Var>,
    computed: Vec<bool>,
    /// Phase in which a value is computed.
    level: Vec<usize>,
    /// Whether a gradient is wanted: the node depends on parameters, and the loss depends on it.
    active: Vec<bool>,
    /// Phase in which a gradient is complete.
    grad_level: Vec<usize>,
    tails: Vec<NormEpilogue>,
    folds: Vec<Fold>,
    ends: Vec<usize>,
    /// The node that does a node's work: itself, the normalization whose tail it is in, or the convolution that it is folded into.
    doers: Vec<usize>,
}

impl<'a> Graph<'a> {
    fn new(nodes: &'a [Node], given: &[Var], training: bool, loss: Option<Var>) -> Self {
        let count = nodes.len();
        let mut graph = Self {
            nodes,
            inputs: nodes.iter().map(|node| node.op.inputs()).collect(),
            training,
            loss: loss.filter(|_| training),
            computed: vec![false; count],
            level: vec![0; count],
            active: vec![false; count],
            grad_level: vec![0; count],
            tails: vec![NormEpilogue::default(); count],
            folds: vec![Fold::default(); count],
            ends: (0..count).collect(),
            doers: (0..count).collect(),
        };
        let mut depends = vec![false; count];
        for n in 0..count {
            let inputs = &graph.inputs[n];
            graph.computed[n] = match nodes[n].op {
                Op::Input => given.contains(&Var(n)),
                _ => inputs.iter().all(|x| graph.computed[x.0]),
            };
            let before = inputs.iter().map(|x| graph.level[x.0]).max().unwrap_or(0);
            graph.level[n] = before + usize::from(graph.waits(n));
            let leads_on = |(i, x): (usize, &Var)| nodes[n].op.differentiable(i) && depends[x.0];
            depends[n] = !nodes[n].frozen
                && (nodes[n].op.is_trained() || inputs.iter().enumerate().any(leads_on));
        }
        graph.loss = graph.loss.filter(|loss| graph.computed[loss.0]);
        if let Some(loss) = graph.loss {
            graph.active[loss.0] = depends[loss.0];
            for n in (0..=loss.0).rev() {
                let arrivals = graph.gradient_consumers(n).map(|c| graph.emit_level(c));
                if let Some(level) = arrivals.max() {
                    graph.grad_level[n] = level;
                    graph.active[n] = depends[n];
                }
            }
        }
        if !training {
            graph.find_folds();
            graph.find_pairs();
        }
        graph.find_tails();
        graph
    }

    /// Gives each convolution the normalization and the `ReLU` that follow it, unless a pool follows them: a normalization
    /// with a pool in its tail writes a quarter of what the convolution would.
    fn find_folds(&mut self) {
        for n in (0..self.nodes.len()).filter(|&n| self.computed[n]) {
            if !matches!(self.nodes[n].op, Op::Conv(..)) {
                continue;
            }
            let (mut fold, mut chain) = (Fold::default(), vec![n]);
            let pooled = loop {
                let Some(next) = self.only_consumer(chain[chain.len() - 1]) else { break false };
                match self.nodes[next].op {
                    Op::BatchNorm(..) if chain.len() == 1 => fold.norm = Some(next),
                    Op::Activation(_, Activation::Relu) if !fold.relu => fold.relu = true,
                    Op::MaxPool(_, pool) => break fold.norm.is_some() && pool == Pool::new(2),
                    _ => break false,
                }
                chain.push(next);
            };
            if !pooled {
                self.folds[n] = fold;
                self.ends[n] = chain[chain.len() - 1];
                chain.into_iter().for_each(|member| self.doers[member] = n);
            }
        }
    }

    /// Gives each 1 x 1 convolution the depthwise one before it, where nothing else reads that one and it pays.
    fn find_pairs(&mut self) {
        for n in (0..self.nodes.len()).filter(|&n| self.computed[n]) {
            let Op::Conv(x, second) = &self.nodes[n].op else { continue };
            let first = self.doers[x.0];
            let Op::Conv(input, before) = &self.nodes[first].op else { continue };
            if self.ends[first] != x.0 || self.only_consumer(x.0) != Some(n) {
                continue;
            }
            let pair = Separable::new(before.conv, second.conv, self.nodes[input.0].plane);
            if let Some(pair) = pair {
                self.folds[n].depthwise = Some((first, pair));
                for doer in self.doers.iter_mut().filter(|doer| **doer == first) {
                    *doer = n;
                }
            }
        }
    }

    /// The only node that reads the value of `n`, where nobody else can see it.
    fn only_consumer(&self, n: usize) -> Option<usize> {
        let mut consumers = self.consumers(n);
        let (next, _) = consumers.next()?;
        (!self.is_seen(n) && consumers.next().is_none()).then_some(next)
    }

    /// Gives each normalization the `ReLU` and the pool that follow it.
    fn find_tails(&mut self) {
        for n in (0..self.nodes.len()).filter(|&n| self.computed[n]) {
            if self.doers[n] != n || !matches!(self.nodes[n].op, Op::BatchNorm(..)) {
                continue;
            }
            while let Some((next, tail)) = self.longer_tail(n) {
                (self.ends[n], self.tails[n], self.doers[next]) = (next, tail, n);
            }
        }
    }

    /// The node that a normalization's tail can grow by, where nothing else can see the tail's end as it is.
    fn longer_tail(&self, n: usize) -> Option<(usize, NormEpilogue)> {
        let tail = self.tails[n];
        let next = self.only_consumer(self.ends[n]).filter(|_| !tail.pool)?;
        match self.nodes[next].op {
            Op::Activation(_, Activation::Relu) if !tail.relu => {
                Some((next, NormEpilogue { relu: true, ..tail }))
            }
            Op::MaxPool(_, pool) if pool == Pool::new(2) => {
                Some((next, NormEpilogue { pool: true, ..tail }))
            }
            _ => None,
        }
    }

    /// Whether a node's value and gradient exist: not inside a tail.
    fn is_visible(&self, n: usize) -> bool {
        self.ends[self.doers[n]] == n
    }

    /// Whether a node must wait for the whole batch.
    fn waits(&self, n: usize) -> bool {
        self.training && matches!(self.nodes[n].op, Op::BatchNorm(..))
    }

    /// Computed nodes that read `n`, and as which input.
    fn consumers(&self, n: usize) -> impl Iterator<Item = (usize, usize)> {
        (n + 1..self.nodes.len()).filter(|&c| self.computed[c]).flat_map(move |c| {
            let reads = self.inputs[c].iter().enumerate().filter(move |(_, x)| x.0 == n);
            reads.map(move |(i, _)| (c, i))
        })
    }

    /// Consumers whose gradient flows to `n`.
    fn gradient_consumers(&self, n: usize) -> impl Iterator<Item = usize> {
        self.consumers(n)
            .filter(|&(c, i)| self.active[c] && self.nodes[c].op.differentiable(i))
            .map(|(c, _)| c)
    }

    /// Phase in which a node emits its gradient.
    fn emit_level(&self, n: usize) -> usize {
        self.grad_level[n] + usize::from(self.waits(n))
    }

    fn forward_phases(&self) -> Vec<Phase> {
        let last = self.level.iter().max().map_or(0, |last| last + 1);
        let mut phases = vec![Phase::new(); last];
        for n in (0..self.nodes.len()).filter(|&n| self.computed[n] && self.doers[n] == n) {
            let phase = &mut phases[self.level[n]];
            phase.tasks.push(Task::Compute(n));
            for (c, _) in self.consumers(self.ends[n]).filter(|&(c, _)| self.waits(c)) {
                phase.tasks.push(Task::Moments(c));
                phase.norms.push(c);
            }
        }
        phases
    }

    fn backward_phases(&self) -> Vec<Phase> {
        let active =
            || (0..self.nodes.len()).rev().filter(|&n| self.active[n] && self.doers[n] == n);
        let count = active().map(|n| self.emit_level(n) + 1).max().unwrap_or(0);
        let mut phases = vec![Phase::new(); count];
        for n in active() {
            let level = self.emit_level(n);
            for x in self.inputs[n].iter().filter(|_| self.nodes[n].op.backward_reads().0) {
                let again = Task::Compute(self.doers[x.0]);
                if self.written_again(x.0) == Some(level) && !phases[level].tasks.contains(&again) {
                    phases[level].tasks.push(again);
                }
            }
            phases[level].tasks.push(Task::Grad(n));
            if self.waits(n) {
                let phase = &mut phases[self.grad_level[n]];
                phase.tasks.push(Task::GradSums(n));
                phase.norms.push(n);
            }
        }
        phases
    }

    fn emits(&self) -> Vec<Vec<Option<bool>>> {
        let mut arrived = vec![false; self.nodes.len()];
        let mut emits: Vec<Vec<Option<bool>>> =
            self.inputs.iter().map(|i| vec![None; i.len()]).collect();
        for task in self.backward_phases().iter().flat_map(|phase| &phase.tasks) {
            let &Task::Grad(n) = task else { continue };
            for (i, x) in self.inputs[n].iter().enumerate() {
                if self.active[x.0] && self.nodes[n].op.differentiable(i) && self.owner(x.0) == x.0
                {
                    emits[n][i] = Some(!arrived[x.0]);
                    arrived[x.0] = true;
                }
            }
        }
        emits
    }

    fn value_is_stored(&self, n: usize) -> bool {
        let node = &self.nodes[n];
        let own = self.doers[n] == n && node.op.backward_reads().1;
        let backward = self.active[n] && own || self.backward_readers(n).next().is_some();
        let again = self.written_again(n).is_some();
        self.is_seen(n) || self.is_read_later(n) || backward && !again
    }

    /// Whether a caller can read the value after the step.
    fn is_seen(&self, n: usize) -> bool {
        self.nodes[n].keep || self.nodes[n].plane.pixels() == 1
    }

    /// Whether another phase of the way there reads the value.
    fn is_read_later(&self, n: usize) -> bool {
        self.consumers(n).any(|(c, _)| self.level[c] != self.level[n])
    }

    /// Consumers that read the value on the way back.
    fn backward_readers(&self, n: usize) -> impl Iterator<Item = usize> {
        let reads = |&c: &usize| self.active[c] && self.nodes[c].op.backward_reads().0;
        self.consumers(n).map(|(c, _)| c).filter(reads)
    }

    /// The phase of the way back that writes a normalization's value again, where that is less work than to have kept it: where
    /// the same phase reads the normalization's input for its sums, which is kept anyway. Behind a pool the value is a
    /// quarter of that input, and keeping it is less.
    fn written_again(&self, n: usize) -> Option<usize> {
        let doer = self.doers[n];
        let is_norm = self.training && matches!(self.nodes[doer].op, Op::BatchNorm(..));
        let phase = self.grad_level[n];
        let cheap = is_norm && self.active[doer] && !self.tails[doer].pool;
        let kept = !cheap || self.is_seen(n) || self.is_read_later(n);
        let fits = !kept && self.backward_readers(n).all(|c| self.emit_level(c) == phase);
        fits.then_some(phase)
    }

    /// Whose place a gradient takes: that of the sum (of the last one, of sums of sums) that alone reads the node, where the
    /// kernels can read it there.
    fn owner(&self, n: usize) -> usize {
        let mut consumers = self.gradient_consumers(n);
        match (consumers.next(), consumers.next()) {
            (Some(sum), None) if self.is_plain_sum(sum) && self.grad_halo(n) == 0 => {
                self.owner(sum)
            }
            _ => n,
        }
    }

    fn is_plain_sum(&self, n: usize) -> bool {
        matches!(self.nodes[n].op, Op::Add(..)) && self.is_visible(n)
    }

    /// The halo that a node's backward half wants around its gradient.
    fn grad_halo(&self, n: usize) -> usize {
        match &self.nodes[n].op {
            Op::Conv(x, filter) if self.active[x.0] => filter.conv.grad_halo(self.nodes[x.0].plane),
            _ => 0,
        }
    }

    fn grad_is_stored(&self, n: usize) -> bool {
        let read_last = self.emit_level(self.doers[n]);
        self.loss == Some(Var(n))
            || self.gradient_consumers(n).any(|c| self.emit_level(c) != read_last)
    }
}
