//! The operations: one line each in the list below, one file per family with an operation's forward
//! and backward pass side by side.
//!
//! To add an operation: write its struct and its `Operation` in the family's file, add a line to
//! the list, and a recording method in `record/` that makes its variant of [`Op`]. The line brings
//! the variant and the dispatch. What is forgotten is named: a recording method
//! without a line and an exporter without the variant do not compile, and a test names each struct
//! of this folder that no line has.
//!
//! All operations work on images of `[height, width, channels]`, channels fastest (NHWC). Only
//! through a batch normalization does a value depend on other images, and the plan, not the
//! operation, provides for that.

mod conv;
mod custom;
mod elementwise;
mod input;
mod losses;
mod norm;
mod pool;
mod run;
mod shape;
#[cfg(test)]
mod tests;

use crate::graph::Var;

pub use conv::*;
pub use custom::*;
pub use elementwise::*;
pub use input::*;
pub use losses::*;
pub use norm::*;
pub use pool::*;
pub use shape::*;

pub(crate) use run::OpRun;

/// Makes [`Op`] of a list of `Variant(Struct)`: the variants, and `Op::operation`, by which a
/// variant runs as its struct does.
macro_rules! operations {
    ($($Variant:ident($Struct:ident),)*) => {
        /// A recorded operation. Every variant holds the operation's inputs as [`Var`]s, its
        /// settings, and where its parameters are.
        ///
        /// What an exporter reads: see [`Tape::nodes`](crate::Tape::nodes). A new operation is a
        /// new variant, so that the compiler asks every exporter for its form.
        ///
        /// ```
        /// use paso_tape::{Op, Pool, Tape};
        ///
        /// let mut tape = Tape::new();
        /// let x = tape.input([6, 6, 2]);
        /// let y = tape.max_pool(x, Pool::new(2));
        /// let (_, node) = tape.nodes().last().expect("two nodes");
        /// let Op::MaxPool(op) = node.op() else { panic!("a pool was recorded") };
        /// assert_eq!((op.x, op.pool.stride), (x, 2));
        /// assert_eq!((node.op().name(), node.op().inputs()), ("max_pool", vec![x]));
        /// # assert_eq!(tape.shape(y), [3, 3, 2]);
        /// ```
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "each variant is documented at its struct")]
        pub enum Op { $($Variant($Struct),)* }

        /// The structs of all operations, for the test that looks for one without a line.
        #[cfg(test)]
        const STRUCTS: &[&str] = &[$(stringify!($Struct),)*];

        impl Op {
            fn operation(&self) -> &dyn Operation {
                match self { $(Self::$Variant(op) => op,)* }
            }
        }
    };
}

operations! {
    Input(Input),
    Conv(Conv2d),
    BatchNorm(BatchNorm),
    Activation(Activate),
    MaxPool(MaxPool),
    AvgPool(AvgPool),
    GlobalAvgPool(GlobalAvgPool),
    Add(Add),
    Mul(Mul),
    ScaleChannels(ScaleChannels),
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
        if let Self::Conv(op) = self { op.conv.end_padding() } else { 0 }
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
