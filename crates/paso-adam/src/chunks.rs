//! Chunks of tensors: how a step is cut for threads, and how the results of the chunks are merged.
//!
//! Chunks may be cut anywhere, because no weight's bits depend on its neighbors; sums do depend on
//! where, so the cuts depend on the lengths alone, never on threads. `rayon::join` allocates
//! nothing.

use crate::tensors::{Gradient, ParamMut, Tensors};

/// Up to so many weights a group stays in the caller's thread.
#[cfg(feature = "rayon")]
const SERIAL: usize = 100_000;

/// Chunks of at most so many weights (1.75 MiB of memory traffic) are not cut further.
const CHUNK: usize = 64 * 1024;

#[cfg(feature = "rayon")]
impl Threads {
    /// The pool, unless there are so few weights that waking a thread costs more than it brings.
    pub(crate) fn of_pool(weights: usize) -> Self {
        if weights <= SERIAL { Self::One } else { Self::Pool }
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

    /// `each` of the tensors of these lengths, with its number from `first` on; the results are
    /// merged in a fixed order.
    pub(crate) fn tensors<R: Default + Send>(
        self,
        (first, lens): (usize, &[usize]),
        mut tensors: impl Tensors,
        moments: [&mut [f32]; 3],
        each: &(impl Fn(usize, Chunk<'_>) -> R + Sync),
        merge: &(impl Fn(R, R) -> R + Sync),
    ) -> R {
        // Every rule has one moment at least.
        if moments[0].len() <= CHUNK || lens.len() < 2 {
            let (mut rest, mut all) = (Some(moments), R::default());
            tensors.for_each(lens, |i, ParamMut { weights, gradient, average }| {
                let Some(moments) = rest.take() else { return };
                let (moments, others) = cut_all(moments, weights.len());
                rest = Some(others);
                let result = each(first + i, Chunk { weights, gradient, average, moments });
                all = merge(core::mem::take(&mut all), result);
            });
            return all;
        }
        let half = lens.len() / 2;
        let (l_left, l_right) = lens.split_at(half);
        let weights = l_left.iter().sum();
        let (left, right) = tensors.split(half, weights);
        let (m_left, m_right) = cut_all(moments, weights);
        let (a, b) = self.join(
            || self.tensors((first, l_left), left, m_left, each, merge),
            || self.tensors((first + half, l_right), right, m_right, each, merge),
        );
        merge(a, b)
    }

    /// `leaf` of every chunk of a tensor; the results are merged in a fixed order.
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
