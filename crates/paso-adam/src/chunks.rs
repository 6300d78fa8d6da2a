//! Chunks of tensors: how a step is cut for threads, and how what the chunks return is put together again.
//!
//! Chunks may be cut anywhere, because no weight's bits depend on its neighbors; sums do depend on where, so the
//! cuts depend on the lengths alone, never on threads. `rayon::join` allocates nothing.

/// Up to so many weights a group stays in the caller's thread.
#[cfg(feature = "rayon")]
pub(crate) const SERIAL: usize = 100_000;

/// Chunks of at most so many weights (1.75 MiB of memory traffic) are not cut further.
const CHUNK: usize = 64 * 1024;

/// The gradient of a tensor of a step.
#[derive(Debug)]
pub enum Gradient<'a> {
    /// To be read.
    Keep(&'a [f32]),
    /// To be read and set to zero in the same pass, for a backward pass that adds to it.
    Zero(&'a mut [f32]),
}

impl Gradient<'_> {
    /// The values.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        match self {
            Self::Keep(values) => values,
            Self::Zero(values) => values,
        }
    }

    fn reborrow(&mut self) -> Gradient<'_> {
        match self {
            Self::Keep(values) => Gradient::Keep(values),
            Self::Zero(values) => Gradient::Zero(values),
        }
    }
}

/// A tensor of a step: its weights, its gradient, and what else is to happen to it. All slices have one length.
#[derive(Debug)]
pub struct ParamMut<'a> {
    /// The weights.
    pub weights: &'a mut [f32],
    /// The gradient.
    pub gradient: Gradient<'a>,
    /// A running average of the weights, which [`StepOptions::average`](crate::StepOptions::average) moves towards them
    /// after the step; empty for none.
    pub average: &'a mut [f32],
}

/// What a step takes its tensors from.
pub(crate) trait Source: Send {
    /// The weights, the gradient and the average.
    fn parts(&mut self) -> (&mut [f32], Gradient<'_>, &mut [f32]);
}

impl Source for ParamMut<'_> {
    fn parts(&mut self) -> (&mut [f32], Gradient<'_>, &mut [f32]) {
        (self.weights, self.gradient.reborrow(), self.average)
    }
}

impl Source for (&mut [f32], &[f32]) {
    fn parts(&mut self) -> (&mut [f32], Gradient<'_>, &mut [f32]) {
        (self.0, Gradient::Keep(self.1), &mut [])
    }
}

/// A part of a tensor with its moments; slices that are not there are empty.
pub(crate) struct Chunk<'a> {
    pub(crate) weights: &'a mut [f32],
    pub(crate) gradient: Gradient<'a>,
    pub(crate) average: &'a mut [f32],
    pub(crate) moments: [&'a mut [f32]; 3],
}

impl Chunk<'_> {
    pub(crate) fn reborrow(&mut self) -> Chunk<'_> {
        let [a, b, c] = &mut self.moments;
        Chunk {
            weights: self.weights,
            gradient: self.gradient.reborrow(),
            average: self.average,
            moments: [a, b, c],
        }
    }
}

impl<'a> Chunk<'a> {
    fn split_at(self, middle: usize) -> (Self, Self) {
        let (w0, w1) = self.weights.split_at_mut(middle);
        let (g0, g1) = match self.gradient {
            Gradient::Keep(values) => {
                let (a, b) = values.split_at(middle);
                (Gradient::Keep(a), Gradient::Keep(b))
            }
            Gradient::Zero(values) => {
                let (a, b) = values.split_at_mut(middle);
                (Gradient::Zero(a), Gradient::Zero(b))
            }
        };
        let (a0, a1) = cut(self.average, middle);
        let (m0, m1) = cut_all(self.moments, middle);
        (
            Self { weights: w0, gradient: g0, average: a0, moments: m0 },
            Self { weights: w1, gradient: g1, average: a1, moments: m1 },
        )
    }
}

/// Cuts a slice in two; one that is not there in two that are not there.
fn cut(slice: &mut [f32], middle: usize) -> (&mut [f32], &mut [f32]) {
    slice.split_at_mut(middle.min(slice.len()))
}

/// The moments of the first `n` weights, and of the others.
type Cut<'a> = ([&'a mut [f32]; 3], [&'a mut [f32]; 3]);

fn cut_all([a, b, c]: [&mut [f32]; 3], middle: usize) -> Cut<'_> {
    let ((a0, a1), (b0, b1), (c0, c1)) = (cut(a, middle), cut(b, middle), cut(c, middle));
    ([a0, b0, c0], [a1, b1, c1])
}

/// Where work runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Threads {
    /// In the caller's thread.
    One,
    /// In the current rayon pool.
    #[cfg(feature = "rayon")]
    Pool,
}

impl Threads {
    fn join<A: Send, B: Send>(
        self,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        match self {
            Self::One => (a(), b()),
            #[cfg(feature = "rayon")]
            Self::Pool => rayon::join(a, b),
        }
    }

    /// `each` of the tensors, with its number from `first` on; what they return is merged in a fixed order.
    pub(crate) fn tensors<T: Source, R: Default + Send>(
        self,
        first: usize,
        tensors: &mut [T],
        moments: [&mut [f32]; 3],
        each: &(impl Fn(usize, Chunk<'_>) -> R + Sync),
        merge: &(impl Fn(R, R) -> R + Sync),
    ) -> R {
        // Every rule has one moment at least.
        if moments[0].len() <= CHUNK || tensors.len() < 2 {
            let (mut rest, mut all) = (moments, R::default());
            for (i, tensor) in tensors.iter_mut().enumerate() {
                let (weights, gradient, average) = tensor.parts();
                let (moments, others) = cut_all(rest, weights.len());
                rest = others;
                let result = each(first + i, Chunk { weights, gradient, average, moments });
                all = merge(all, result);
            }
            return all;
        }
        let half = tensors.len() / 2;
        let (left, right) = tensors.split_at_mut(half);
        let weights = left.iter_mut().map(|tensor| tensor.parts().0.len()).sum();
        let (m_left, m_right) = cut_all(moments, weights);
        let (a, b) = self.join(
            || self.tensors(first, left, m_left, each, merge),
            || self.tensors(first + half, right, m_right, each, merge),
        );
        merge(a, b)
    }

    /// `leaf` of every chunk of a tensor; what they return is merged in a fixed order.
    pub(crate) fn chunks<R: Send>(
        self,
        chunk: Chunk<'_>,
        leaf: &(impl Fn(Chunk<'_>) -> R + Sync),
        merge: &(impl Fn(R, R) -> R + Sync),
    ) -> R {
        let n = chunk.weights.len();
        if n <= CHUNK {
            return leaf(chunk);
        }
        // A whole number of chunks to the left, so that no chunk is much smaller than the others.
        let (left, right) = chunk.split_at((n / CHUNK).div_ceil(2) * CHUNK);
        let (a, b) =
            self.join(|| self.chunks(left, leaf, merge), || self.chunks(right, leaf, merge));
        merge(a, b)
    }
}
