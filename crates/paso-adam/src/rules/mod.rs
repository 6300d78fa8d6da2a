//! The update rules, one a file: the formula, its constants folded once a step, its arithmetic on a vector, and
//! the textbook version that it is tested against.

use pulp::Simd;

pub(crate) mod adam;

/// The arithmetic of a rule on one vector of weights, with everything that is constant over a step inside.
///
/// Implementations use only operations that round correctly (add, subtract, multiply, fused multiply-add, divide,
/// square root, comparisons), always in the same order. That is why every level gives the same bits.
pub(crate) trait Kernel: Copy + Send + Sync {
    /// How many moments (buffers of the weights' length) the rule keeps: 1 to 3.
    const MOMENTS: usize;

    /// From the gradient and the old moments (unused ones are zero): the new moments, and what is subtracted
    /// from the weight.
    fn update<S: Simd>(self, simd: S, gradient: S::f32s, moments: [S::f32s; 3]) -> Update<S::f32s>;
}

/// What a [`Kernel`] returns for one vector.
pub(crate) struct Update<V> {
    /// What is subtracted from the weights; the rate is in it.
    pub(crate) step: V,
    /// The new moments; those beyond [`Kernel::MOMENTS`] are ignored.
    pub(crate) moments: [V; 3],
}
