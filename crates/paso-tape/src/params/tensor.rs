//! One tensor of a model: what it is for, how it is filled, and where it lies.

use std::ops::Range;

/// What a trained tensor is for. Optimizers usually decay [`Kind::Weight`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A matrix or filter.
    Weight,
    /// A number added to each channel.
    Bias,
    /// A scale or shift of a normalization.
    Norm,
}

/// How a new tensor is filled. What is drawn depends on the seed of the model and on all that was
/// drawn before; constants draw nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// The same number everywhere.
    Constant(f32),
    /// Normal with mean 0 and variance `2 / fan_in`, for layers followed by a `ReLU` (He et al.
    /// 2015, arXiv:1502.01852).
    KaimingNormal {
        /// Numbers that one output sums.
        fan_in: usize,
    },
    /// Uniform between `-bound` and `bound`.
    Uniform(f32),
}

/// One named tensor of an arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamInfo {
    /// Unique in its model, such as `conv1.weight`.
    pub name: String,
    /// Convolution weights are `[kernel, kernel, in, out]`, linear ones `[in, out]`.
    pub shape: Vec<usize>,
    /// `None` for running statistics, which are not trained.
    pub kind: Option<Kind>,
    /// Its place in [`Params::values`](crate::Params::values), or in [`Params::buffers`](crate::Params::buffers) for running statistics.
    pub range: Range<usize>,
}

/// Where a trained tensor lies in the arena of the model that it was added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParamId {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl ParamId {
    /// Its place in [`Params::values`](crate::Params::values) and in a gradient.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.start + self.len
    }
}

/// Where running statistics lie in the arena of the model that they were added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufferId {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl BufferId {
    /// Its place in [`Params::buffers`](crate::Params::buffers).
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.start + self.len
    }
}
