//! Running a plan: portions of the batch, phases over them, and the sums between phases.

use paso_ops::{GradSums, Image, ImageMut, Moments, Norm, PackedConv, copy_channels};

use crate::op::{Node, Op, Var};
use crate::params::Params;
use crate::plan::Plan;
use crate::portions::{SMALL, each, portions};
use crate::tape::Tape;
use crate::worker::{Context, Worker, view};

/// A plan with its memory.
#[derive(Debug)]
pub(crate) struct Session {
    given: Vec<Var>,
    pub(crate) plan: Plan,
    workers: Vec<Worker>,
    pub(crate) packed: Vec<PackedConv>,
    pub(crate) norms: Vec<Norm>,
    moments: Vec<Moments>,
    sums: Vec<GradSums>,
    batch: usize,
    params: usize,
    /// The version of the parameters that it is prepared for, to go forward.
    pub(crate) prepared: Option<u64>,
    /// Weights of one convolution, scaled.
    pub(crate) scaled: Vec<f32>,
    /// The number of the training step that ran last.
    step: u64,
    /// Whether its way back was taken: gradients lie where values were.
    spent: bool,
}

impl Session {
    fn new(tape: &Tape, given: &[Var], training: bool, params: usize) -> Self {
        let plan = Plan::new(&tape.nodes, given, training, tape.loss);
        let channels =
            |node: &Node| if let Op::BatchNorm(..) = node.op { node.plane.channels } else { 0 };
        Self {
            given: given.to_vec(),
            plan,
            workers: Vec::new(),
            packed: vec![PackedConv::default(); tape.nodes.len()],
            norms: tape.nodes.iter().map(|node| Norm::new(channels(node))).collect(),
            moments: tape.nodes.iter().map(|node| Moments::new(channels(node))).collect(),
            sums: tape.nodes.iter().map(|node| GradSums::new(channels(node))).collect(),
            batch: 0,
            params,
            prepared: None,
            scaled: Vec::new(),
            step: 0,
            spent: false,
        }
    }

    /// Cuts the batch into portions.
    fn assign(&mut self, tape: &Tape, batch: usize) {
        let count = portions(batch).count();
        while self.workers.len() < count {
            self.workers.push(Worker::new(&tape.nodes, &self.plan, self.params));
        }
        let none = std::iter::repeat(batch..batch);
        for (worker, images) in self.workers.iter_mut().zip(portions(batch).chain(none)) {
            worker.assign(&self.plan, images);
        }
        self.batch = batch;
    }

    fn forward(&mut self, tape: &Tape, params: &Params, inputs: &[(Var, &[f32])]) {
        for worker in &mut self.workers {
            worker.moments.iter_mut().for_each(Moments::reset);
        }
        for i in 0..self.plan.forward.len() {
            let back = i % 2 == 1;
            self.run(tape, params, inputs, back, |cx, worker| {
                worker.run(cx, &cx.plan.forward[i], back);
            });
            for &n in &self.plan.forward[i].norms {
                let Op::BatchNorm(x, norm) = &tape.nodes[n].op else { continue };
                let moments = &mut self.moments[n];
                moments.reset();
                busy(&self.workers).for_each(|worker| moments.merge(&worker.moments[n]));
                assert!(
                    moments.count() > 1.0,
                    "{}: training needs more than one value a channel, {} has one",
                    tape.name(Var(n)),
                    tape.name(*x)
                );
                let values = params.values();
                let (gamma, beta) = (&values[norm.gamma.range()], &values[norm.beta.range()]);
                self.norms[n].set_batch(moments, gamma, beta, norm.eps);
            }
        }
    }

    /// Runs one phase over all portions, the smallest last.
    ///
    /// Every other phase goes `back` through the batch: what the phase before wrote last is in the caches still, and is read
    /// first. Always in the same direction, a cache smaller than the batch's values would hold none of them when they are read.
    fn run(
        &mut self,
        tape: &Tape,
        params: &Params,
        inputs: &[(Var, &[f32])],
        back: bool,
        phase: impl Fn(&Context<'_>, &mut Worker) + Sync,
    ) {
        let cx = Context {
            isa: tape.isa,
            nodes: &tape.nodes,
            plan: &self.plan,
            params,
            inputs,
            packed: &self.packed,
            norms: &self.norms,
            step: tape.step,
        };
        let busy = self.workers.iter().take_while(|worker| !worker.images.is_empty()).count();
        let (large, small) = self.workers[..busy].split_at_mut(busy.saturating_sub(SMALL));
        let work = |worker| phase(&cx, worker);
        if back {
            each(tape.parallel, large.iter_mut().rev().chain(small), work);
        } else {
            each(tape.parallel, large.iter_mut().chain(small), work);
        }
    }

    fn update_statistics(&self, tape: &Tape, params: &mut Params) {
        for &n in self.plan.forward.iter().flat_map(|phase| &phase.norms) {
            let Op::BatchNorm(_, norm) = &tape.nodes[n].op else { continue };
            let moments = &self.moments[n];
            for c in 0..moments.mean().len() {
                let mean = &mut params.buffers_mut()[norm.mean.range()][c];
                *mean = blend(*mean, moments.mean()[c], norm.momentum);
                let var = &mut params.buffers_mut()[norm.var.range()][c];
                *var = blend(*var, moments.unbiased_variance(c), norm.momentum);
            }
        }
    }

    fn backward(&mut self, tape: &Tape, params: &Params, loss: Var, grads: &mut [f32]) {
        let seed = 1.0 / to_f32(self.batch);
        let loss = self.plan.grads[loss.0].map(|place| place.slot);
        grads.fill(0.0);
        self.turn(tape, params);
        for i in 0..self.plan.backward.len() {
            let back = (self.plan.forward.len() + i) % 2 == 1;
            self.run(tape, params, &[], back, |cx, worker| {
                if i == 0 {
                    worker.sums.iter_mut().for_each(GradSums::reset);
                    loss.into_iter().for_each(|loss| worker.slots[loss].fill(seed));
                }
                worker.run(cx, &cx.plan.backward[i], back);
            });
            for &n in &self.plan.backward[i].norms {
                let Op::BatchNorm(_, norm) = &tape.nodes[n].op else { continue };
                let sums = &mut self.sums[n];
                sums.reset();
                busy(&self.workers).for_each(|worker| sums.merge(&worker.sums[n]));
                let [gamma, beta] = grads
                    .get_disjoint_mut([norm.gamma.range(), norm.beta.range()])
                    .expect("two tensors of one arena do not overlap");
                self.norms[n].set_backward(sums, self.moments[n].count(), gamma, beta);
            }
        }
        self.add_up(tape.parallel, grads);
    }

    /// Adds the portions' gradients of the parameters, portion after portion for each number.
    fn add_up(&self, parallel: bool, grads: &mut [f32]) {
        const PIECE: usize = 16 * 1024;
        each(parallel, grads.chunks_mut(PIECE).enumerate(), |(i, grads)| {
            for worker in busy(&self.workers) {
                let share = &worker.param_grads[i * PIECE..][..grads.len()];
                grads.iter_mut().zip(share).for_each(|(sum, g)| *sum += g);
            }
        });
    }

    /// Calls `f` with each image of a node in the order of the batch.
    fn for_each_image(&self, x: Var, mut f: impl FnMut(Image<'_>)) {
        for worker in &self.workers {
            for image in 0..worker.images.len() {
                f(view(&self.plan.values, &worker.slots, x.0, image));
            }
        }
    }

    fn mean_loss(&self, loss: Var) -> f32 {
        let mut sum = 0.0;
        self.for_each_image(loss, |x| sum += f64::from(x.data[x.plane.origin()]));
        #[expect(clippy::cast_possible_truncation, reason = "summed in f64, returned in f32")]
        let mean = (sum / f64::from(to_f32(self.batch))) as f32;
        mean
    }
}

impl Tape {
    /// Runs all nodes that the given inputs lead to, in training mode, and returns the mean loss of the batch (NaN
    /// where no loss was set or given its inputs). Normalizations use the batch and update their running
    /// statistics in `params`.
    ///
    /// Each input is paired with the numbers of the whole batch, image after image, NHWC. The first call with these
    /// inputs makes a plan and allocates; later ones allocate nothing until a batch is larger than any before.
    ///
    /// # Panics
    /// When an input is not one of this tape, its length is no multiple of an image, inputs differ in their number of
    /// images, or there is none.
    #[track_caller]
    pub fn forward(&mut self, params: &mut Params, inputs: &[(Var, &[f32])]) -> f32 {
        let batch = self.batch(inputs);
        let mut session = self.session(true, inputs, params);
        self.in_region(|tape| {
            session.assign(tape, batch);
            session.prepare(tape, params);
            session.forward(tape, params, inputs);
            session.update_statistics(tape, params);
        });
        // The backward half of this step draws what its forward half drew.
        (session.step, session.spent) = (self.step, false);
        self.step += 1;
        let computed = self.loss.filter(|loss| session.plan.values[loss.0].is_some());
        let loss = computed.map_or(f32::NAN, |loss| session.mean_loss(loss));
        self.train = Some(session);
        self.trained_last = true;
        loss
    }

    /// Writes the gradient of the mean loss of the last [`Tape::forward`] to `grads`, in the layout of
    /// [`Params::values`]. `params` must be those of that call, unchanged. Each forward pass has one way back: gradients
    /// take the place of what it kept.
    ///
    /// # Panics
    /// When there was no forward pass with a loss since the last call, or `grads` has another length than the parameters.
    #[track_caller]
    pub fn backward(&mut self, params: &Params, grads: &mut [f32]) {
        assert_eq!(
            grads.len(),
            params.values().len(),
            "a gradient has the length of the parameters"
        );
        let loss = self.loss.expect("backward needs a loss: call `set_loss` first");
        let mut session = self.train.take().expect("backward needs a forward pass before it");
        assert!(
            session.plan.values[loss.0].is_some(),
            "the last forward pass did not have all inputs of the loss"
        );
        assert!(
            !session.spent,
            "backward needs a forward pass before it: the last one was used up"
        );
        session.spent = true;
        let next = std::mem::replace(&mut self.step, session.step);
        self.in_region(|tape| session.backward(tape, params, loss, grads));
        self.step = next;
        self.train = Some(session);
    }

    /// Runs all nodes that the given inputs lead to, in inference mode: normalizations use their running statistics, and
    /// only what [`Tape::value`] can read is kept. Inputs as for [`Tape::forward`]; the loss's targets may be left out.
    ///
    /// # Panics
    /// As [`Tape::forward`].
    #[track_caller]
    pub fn infer(&mut self, params: &Params, inputs: &[(Var, &[f32])]) {
        let batch = self.batch(inputs);
        let mut session = self.session(false, inputs, params);
        self.in_region(|tape| {
            session.assign(tape, batch);
            session.prepare(tape, params);
            session.forward(tape, params, inputs);
        });
        self.infer = Some(session);
        self.trained_last = false;
    }

    /// The numbers of a node for the batch that ran last, image after image, NHWC.
    ///
    /// # Panics
    /// When nothing ran, the batch's inputs did not lead to `x`, or `x` is an image that nobody asked to
    /// [`Tape::keep`].
    #[must_use]
    #[track_caller]
    pub fn value(&self, x: Var) -> Vec<f32> {
        let mut values = vec![0.0; self.images() * self.nodes[x.0].plane.len()];
        self.copy_value(x, &mut values);
        values
    }

    /// As [`Tape::value`], into a slice of the right length.
    ///
    /// # Panics
    /// As [`Tape::value`], and when the length is another.
    #[track_caller]
    pub fn copy_value(&self, x: Var, values: &mut [f32]) {
        let session = self.last();
        let (node, plane) = (&self.nodes[x.0], self.nodes[x.0].plane);
        let readable = node.keep || plane.pixels() == 1;
        assert!(
            readable,
            "{} is an image: ask for it with `keep` before the batch runs",
            node.name
        );
        assert!(
            session.plan.values[x.0].is_some(),
            "the last batch's inputs did not lead to {}",
            node.name
        );
        assert_eq!(
            values.len(),
            session.batch * plane.len(),
            "{} needs a slice of another length",
            node.name
        );
        let mut images = values.chunks_exact_mut(plane.len());
        session.for_each_image(x, |image| {
            if let Some(out) = images.next() {
                copy_channels(self.isa, image, 0..plane.channels, ImageMut::new(plane, out), 0);
            }
        });
    }

    /// Mean over the batch of a node with one number an image, such as a loss.
    ///
    /// # Panics
    /// As [`Tape::value`], and when the node has more than one number an image.
    #[must_use]
    #[track_caller]
    pub fn mean(&self, x: Var) -> f32 {
        assert_eq!(self.shape(x), [1, 1, 1], "{} has more than one number an image", self.name(x));
        let session = self.last();
        assert!(
            session.plan.values[x.0].is_some(),
            "the last batch's inputs did not lead to {}",
            self.name(x)
        );
        session.mean_loss(x)
    }

    /// Images of the batch that ran last.
    #[must_use]
    pub fn images(&self) -> usize {
        self.last().batch
    }

    #[track_caller]
    fn last(&self) -> &Session {
        let session = if self.trained_last { &self.train } else { &self.infer };
        session.as_ref().expect("no batch ran yet")
    }

    /// The session for these inputs: the one there is, or a new one.
    fn session(&mut self, training: bool, inputs: &[(Var, &[f32])], params: &Params) -> Session {
        let old = if training { self.train.take() } else { self.infer.take() };
        let fits = |s: &Session| {
            s.given.iter().eq(inputs.iter().map(|(x, _)| x)) && s.params == params.values().len()
        };
        old.filter(fits).unwrap_or_else(|| {
            let given: Vec<Var> = inputs.iter().map(|(x, _)| *x).collect();
            Session::new(self, &given, training, params.values().len())
        })
    }

    /// Images of a batch, after checking the inputs.
    #[track_caller]
    fn batch(&self, inputs: &[(Var, &[f32])]) -> usize {
        let mut batch = None;
        for &(x, data) in inputs {
            let node = self.nodes.get(x.0).filter(|node| matches!(node.op, Op::Input));
            let node = node.unwrap_or_else(|| panic!("node {} is no input of this tape", x.0));
            let len = node.plane.len();
            assert!(
                !data.is_empty() && data.len().is_multiple_of(len),
                "{}: {} numbers are not a whole number of images of {len}",
                node.name,
                data.len()
            );
            let images = data.len() / len;
            let first = *batch.get_or_insert(images);
            assert_eq!(
                images, first,
                "{} has {images} images, the inputs before it {first}",
                node.name
            );
        }
        batch.expect("a batch needs an input")
    }

    /// Runs `f` inside the rayon pool, so that its phases need not enter it one by one.
    fn in_region(&self, f: impl FnOnce(&Self) + Send) {
        if self.parallel {
            rayon::scope(|_| f(self));
        } else {
            f(self);
        }
    }
}

/// Those with images. The others keep the sums of a larger batch.
fn busy(workers: &[Worker]) -> impl Iterator<Item = &Worker> {
    workers.iter().filter(|worker| !worker.images.is_empty())
}

#[expect(clippy::cast_possible_truncation, reason = "blended in f64, kept in f32")]
fn blend(old: f32, new: f64, momentum: f64) -> f32 {
    (f64::from(old) + momentum * (new - f64::from(old))) as f32
}

#[expect(clippy::cast_precision_loss, reason = "no batch has 2^24 images")]
fn to_f32(n: usize) -> f32 {
    n as f32
}
