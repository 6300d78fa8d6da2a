//! The operations: one enum variant each, one file per family with an operation's forward and backward pass side by side.
//!
//! To add an operation: write its struct and its `Operation` in the family's file, add a variant to [`Op`] and a line
//! to `Op::operation`, and a recording method in `record/`. The compiler asks for each of them.

mod conv;
mod custom;
mod elementwise;
mod input;
mod losses;
mod norm;
mod pool;
mod run;
mod shape;

use crate::graph::Var;

pub use conv::Conv2d;
pub use custom::{Custom, CustomOp};
pub use elementwise::{Activate, Add, Dropout, Mul, WeightedSum};
pub use input::Input;
pub use losses::{BceWithLogits, BoxOverlap, ClassLoss, CrossEntropy, Mse, SmoothL1};
pub use norm::BatchNorm;
pub use pool::{AvgPool, GlobalAvgPool, MaxPool};
pub use shape::{Concat, CxcywhToXyxy, Reshape, SliceChannels};

pub(crate) use custom::MAX_INPUTS;
pub(crate) use run::OpRun;

/// A recorded operation. Every variant holds the operation's inputs as [`Var`]s, its settings, and where its parameters are.
///
/// What an exporter reads: see [`Tape::nodes`](crate::Tape::nodes). A new operation is a new variant, so that the compiler
/// asks every exporter for its form.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is documented at its struct")]
pub enum Op {
    Input(Input),
    Conv(Conv2d),
    BatchNorm(BatchNorm),
    Activation(Activate),
    MaxPool(MaxPool),
    AvgPool(AvgPool),
    GlobalAvgPool(GlobalAvgPool),
    Add(Add),
    Mul(Mul),
    WeightedSum(WeightedSum),
    Dropout(Dropout),
    Concat(Concat),
    SliceChannels(SliceChannels),
    Reshape(Reshape),
    CxcywhToXyxy(CxcywhToXyxy),
    SmoothL1(SmoothL1),
    Mse(Mse),
    BceWithLogits(BceWithLogits),
    CrossEntropy(CrossEntropy),
    BoxOverlap(BoxOverlap),
    Custom(Custom),
}

impl Op {
    fn operation(&self) -> &dyn Operation {
        match self {
            Self::Input(op) => op,
            Self::Conv(op) => op,
            Self::BatchNorm(op) => op,
            Self::Activation(op) => op,
            Self::MaxPool(op) => op,
            Self::AvgPool(op) => op,
            Self::GlobalAvgPool(op) => op,
            Self::Add(op) => op,
            Self::Mul(op) => op,
            Self::WeightedSum(op) => op,
            Self::Dropout(op) => op,
            Self::Concat(op) => op,
            Self::SliceChannels(op) => op,
            Self::Reshape(op) => op,
            Self::CxcywhToXyxy(op) => op,
            Self::SmoothL1(op) => op,
            Self::Mse(op) => op,
            Self::BceWithLogits(op) => op,
            Self::CrossEntropy(op) => op,
            Self::BoxOverlap(op) => op,
            Self::Custom(op) => op,
        }
    }

    /// The operation's name, such as `conv` or `batch_norm`; of a custom operation, its own.
    #[must_use]
    pub fn name(&self) -> &str {
        self.operation().name()
    }

    /// The nodes that the operation reads.
    #[must_use]
    pub fn inputs(&self) -> Vec<Var> {
        self.operation().inputs()
    }

    /// Whether a gradient can flow to input number `which`. The targets of losses get none.
    pub(crate) fn is_differentiable(&self, which: usize) -> bool {
        self.operation().is_differentiable(which)
    }

    /// What the backward pass reads besides the gradient of the output.
    pub(crate) fn backward_reads(&self) -> BackwardReads {
        self.operation().backward_reads()
    }

    pub(crate) fn has_parameters(&self) -> bool {
        matches!(self, Self::Conv(_) | Self::BatchNorm(_))
    }

    /// The halo that the operation needs around its input.
    pub(crate) fn input_halo(&self) -> usize {
        if let Self::Conv(op) = self { op.conv.padding } else { 0 }
    }

    pub(crate) fn forward(&self, run: OpRun<'_>) {
        self.operation().forward(run);
    }

    pub(crate) fn backward(&self, run: OpRun<'_>) {
        self.operation().backward(run);
    }
}

/// What the backward pass of an operation reads besides the gradient of its output.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BackwardReads {
    pub(crate) inputs: bool,
    pub(crate) output: bool,
}

impl BackwardReads {
    pub(crate) const INPUTS: Self = Self { inputs: true, output: false };
    pub(crate) const BOTH: Self = Self { inputs: true, output: true };
}

/// What each operation says of itself and how it runs.
trait Operation {
    fn name(&self) -> &str;

    fn inputs(&self) -> Vec<Var>;

    fn is_differentiable(&self, _which: usize) -> bool {
        true
    }

    fn backward_reads(&self) -> BackwardReads {
        BackwardReads::default()
    }

    /// Writes the values of some images.
    fn forward(&self, run: OpRun<'_>);

    /// Writes the gradients of the inputs, in the order of [`Operation::inputs`].
    fn backward(&self, run: OpRun<'_>);
}
