//! The memory of one portion of a batch, and views into it.

use std::ops::Range;

use paso_ops::{
    Buffer, GradSums, Image, ImageMut, Images, ImagesMut, Isa, Moments, Norm, PackedConv, Plane,
    add_scaled, batch_norm_grad_sums, batch_norm_grad_sums_from_output,
};

use crate::op::{Node, Op, Var};
use crate::params::Params;
use crate::plan::{Phase, Place, Plan, Task};

/// What all portions read during a phase.
pub(crate) struct Context<'a> {
    pub(crate) isa: Isa,
    pub(crate) nodes: &'a [Node],
    pub(crate) plan: &'a Plan,
    pub(crate) params: &'a Params,
    pub(crate) inputs: &'a [(Var, &'a [f32])],
    /// Of each convolution.
    pub(crate) packed: &'a [PackedConv],
    /// Of each normalization.
    pub(crate) norms: &'a [Norm],
    /// Training steps before this one.
    pub(crate) step: u64,
}

impl Context<'_> {
    /// What the random numbers of a node and an image follow from in this step.
    pub(crate) fn key(&self, n: usize, image: usize) -> u64 {
        let mix = |key: u64, x: u64| (key ^ x).wrapping_mul(0xFF51_AFD7_ED55_8CCD).rotate_left(29);
        mix(mix(mix(0, self.step), n as u64 + 1), image as u64 + 1)
    }
}

/// A fixed portion of the batch: its values, gradients and sums. Sums are indexed by node.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Its images in the batch.
    pub(crate) images: Range<usize>,
    /// Values and gradients, where the plan put them.
    pub(crate) slots: Vec<Buffer>,
    pub(crate) moments: Vec<Moments>,
    pub(crate) sums: Vec<GradSums>,
    /// This portion's share of the gradient of the parameters.
    pub(crate) param_grads: Vec<f32>,
    /// Some rows of a depthwise convolution, until the 1 x 1 one behind it has read them.
    pub(crate) between: Buffer,
    /// A gradient that is to be added to one that arrived before.
    spare: Buffer,
}

impl Worker {
    pub(crate) fn new(nodes: &[Node], plan: &Plan, params: usize) -> Self {
        let channels = |node: &Node| match node.op {
            Op::BatchNorm(..) if plan.training => node.plane.channels,
            _ => 0,
        };
        Self {
            images: 0..0,
            slots: vec![Buffer::default(); plan.slots.len()],
            moments: nodes.iter().map(|n| Moments::new(channels(n))).collect(),
            sums: nodes.iter().map(|n| GradSums::new(channels(n))).collect(),
            param_grads: vec![0.0; if plan.backward.is_empty() { 0 } else { params }],
            between: Buffer::default(),
            spare: Buffer::default(),
        }
    }

    /// Takes over these images; allocates only for more images than ever before.
    pub(crate) fn assign(&mut self, plan: &Plan, images: Range<usize>) {
        let count = images.len();
        self.images = images;
        for (place, slot) in plan.slots.iter().zip(&mut self.slots) {
            slot.resize(place.plane.len() * place.room(count));
        }
        self.spare.resize(plan.spare);
        let pairs = plan.folds.iter().filter_map(|fold| fold.depthwise);
        self.between.resize(pairs.map(|(_, pair)| pair.scratch_len()).max().unwrap_or(0));
    }

    /// All tasks of a phase, over as many images as go together and then over the next ones: from the first on, or `back` from
    /// the last.
    pub(crate) fn run(&mut self, cx: &Context<'_>, phase: &Phase, back: bool) {
        for &task in &phase.tasks {
            if let Task::Grad(n) = task {
                self.clear_grads(cx, n);
            }
        }
        let count = self.images.len();
        let groups = count.div_ceil(phase.together);
        for i in 0..groups {
            let first = phase.together * if back { groups - 1 - i } else { i };
            let images = first..count.min(first + phase.together);
            for &task in &phase.tasks {
                self.task(cx, task, images.clone());
            }
        }
    }

    fn task(&mut self, cx: &Context<'_>, task: Task, images: Range<usize>) {
        match task {
            Task::Compute(n) => self.compute(cx, n, images),
            Task::Grad(n) => self.grad(cx, n, images),
            Task::Moments(n) => {
                let Op::BatchNorm(x, _) = cx.nodes[n].op else { return };
                for image in images {
                    let x = view(&cx.plan.values, &self.slots, x.0, image);
                    self.moments[n].add_image(cx.isa, x);
                }
            }
            Task::GradSums(n) => images.for_each(|image| self.grad_sums(cx, n, image)),
        }
    }

    fn grad_sums(&mut self, cx: &Context<'_>, n: usize, image: usize) {
        let Op::BatchNorm(x, _) = cx.nodes[n].op else { return };
        let (norm, tail, end) = (&cx.norms[n], cx.plan.tails[n], cx.plan.ends[n]);
        let value = |n| view(&cx.plan.values, &self.slots, n, image);
        let dy = view(&cx.plan.grads, &self.slots, end, image);
        let sums = &mut self.sums[n];
        if cx.plan.sums_from_output[n] && norm.is_invertible() {
            batch_norm_grad_sums_from_output(cx.isa, norm, tail, value(end), dy, sums);
        } else {
            batch_norm_grad_sums(cx.isa, norm, tail, value(x.0), dy, sums);
        }
    }

    /// The value of a node for one image of this portion.
    pub(crate) fn value<'a>(&'a self, cx: &Context<'_>, x: Var, image: usize) -> Image<'a> {
        view(&cx.plan.values, &self.slots, x.0, image)
    }

    /// Lets `write` write what a node's work writes: its value, or that of its end.
    pub(crate) fn write(
        &mut self,
        cx: &Context<'_>,
        n: usize,
        images: Range<usize>,
        write: impl FnOnce(&Self, ImagesMut<'_>),
    ) {
        let place = place(&cx.plan.values, cx.plan.ends[n]);
        let mut slot = std::mem::take(&mut self.slots[place.slot]);
        write(self, views_mut(place, &mut slot, images));
        self.slots[place.slot] = slot;
    }

    /// Lets `write` write the gradient that node `n` has for its input number `which`, where anybody wants it.
    pub(crate) fn emit(
        &mut self,
        cx: &Context<'_>,
        n: usize,
        which: usize,
        x: Var,
        image: usize,
        write: impl FnOnce(&Self, Image<'_>, ImageMut<'_>),
    ) {
        self.emit_all(cx, n, which, x, image..image + 1, |worker, dy, dx| {
            write(worker, Image::new(dy.plane, dy.data), ImageMut::new(dx.plane, dx.data));
        });
    }

    /// The same for several images at a time.
    pub(crate) fn emit_all(
        &mut self,
        cx: &Context<'_>,
        n: usize,
        which: usize,
        x: Var,
        images: Range<usize>,
        write: impl FnOnce(&Self, Images<'_>, ImagesMut<'_>),
    ) {
        let Some(first) = cx.plan.emits[n][which] else { return };
        let place = place(&cx.plan.grads, x.0);
        let mut slot = std::mem::take(&mut self.slots[place.slot]);
        let dy = views(&cx.plan.grads, &self.slots, cx.plan.ends[n], images.clone());
        let mut dx = views_mut(place, &mut slot, images.clone());
        if first {
            write(self, dy, dx);
        } else {
            let mut spare = std::mem::take(&mut self.spare);
            let plane = Plane { halo: 0, ..dx.plane };
            let more = &mut spare[..images.len() * plane.len()];
            write(self, dy, ImagesMut::new(plane, more));
            for (more, dx) in more.chunks_exact(plane.len()).zip(dx.iter_mut()) {
                add_scaled(cx.isa, 1.0, Image::new(plane, more), dx);
            }
            self.spare = spare;
        }
        self.slots[place.slot] = slot;
    }
}

/// Some images of a node's value or gradient that go together.
pub(crate) fn views<'a>(
    places: &[Option<Place>],
    slots: &'a [Buffer],
    n: usize,
    images: Range<usize>,
) -> Images<'a> {
    let place = place(places, n);
    let numbers = &slots[place.slot][place.offset(images.start)..];
    Images::new(place.plane, &numbers[..images.len() * place.plane.len()])
}

/// One image of a node's value or gradient.
pub(crate) fn view<'a>(
    places: &[Option<Place>],
    slots: &'a [Buffer],
    n: usize,
    image: usize,
) -> Image<'a> {
    let Images { plane, data } = views(places, slots, n, image..image + 1);
    Image::new(plane, data)
}

fn views_mut(place: Place, slot: &mut Buffer, images: Range<usize>) -> ImagesMut<'_> {
    let numbers = &mut slot[place.offset(images.start)..];
    ImagesMut::new(place.plane, &mut numbers[..images.len() * place.plane.len()])
}

fn place(places: &[Option<Place>], n: usize) -> Place {
    places[n].expect("the plan has a place for whatever is read or written")
}
