//! What a tape can record: one enum of operations on one image, and what each needs to be run backwards.

use std::ops::Range;
use std::sync::Arc;

use paso_ops::{Activation, BoxLoss, Conv, Plane, Pool};

use crate::custom::CustomOp;
use crate::params::{BufferId, ParamId};

/// A node of a tape: the result of an operation, for every image of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var(pub(crate) usize);

/// Weights of a convolution or linear layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    pub(crate) conv: Conv,
    pub(crate) weight: ParamId,
    pub(crate) bias: Option<ParamId>,
}

/// Parameters and settings of a batch normalization.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchNorm {
    pub(crate) gamma: ParamId,
    pub(crate) beta: ParamId,
    pub(crate) mean: BufferId,
    pub(crate) var: BufferId,
    pub(crate) momentum: f64,
    pub(crate) eps: f64,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Input,
    /// A linear layer is a 1 x 1 convolution of one pixel.
    Conv(Var, Filter),
    BatchNorm(Var, BatchNorm),
    Activation(Var, Activation),
    MaxPool(Var, Pool),
    AvgPool(Var, Pool),
    GlobalAvgPool(Var),
    Add(Var, Var),
    Mul(Var, Var),
    Concat(Vec<Var>),
    Columns(Var, Range<usize>),
    /// The same numbers in another shape, dense.
    Reshape(Var),
    WeightedSum(Vec<(f32, Var)>),
    Corners(Var),
    /// The share that becomes zero in training.
    Dropout(Var, f32),
    SmoothL1(Var, Var, f32),
    Mse(Var, Var),
    BceWithLogits(Var, Var),
    CrossEntropy(Var, Var, ClassLoss),
    BoxLoss(Var, Var, BoxLoss),
    Custom(Vec<Var>, Arc<dyn CustomOp>),
}

/// Settings of a cross-entropy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassLoss {
    /// Share of the target spread evenly over all classes, in `0..1`. Default 0.
    pub smoothing: f32,
    /// One weight a class; none means 1 each (the default).
    pub weights: Option<Vec<f32>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) plane: Plane,
    pub(crate) name: String,
    pub(crate) keep: bool,
    /// No gradient goes to this node or past it.
    pub(crate) frozen: bool,
}

impl Op {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Input => "input",
            Self::Conv(..) => "conv",
            Self::BatchNorm(..) => "batch_norm",
            Self::Activation(..) => "activation",
            Self::MaxPool(..) => "max_pool",
            Self::AvgPool(..) => "avg_pool",
            Self::GlobalAvgPool(_) => "global_avg_pool",
            Self::Add(..) => "add",
            Self::Mul(..) => "mul",
            Self::Concat(_) => "concat",
            Self::Columns(..) => "columns",
            Self::Reshape(_) => "reshape",
            Self::WeightedSum(_) => "weighted_sum",
            Self::Corners(_) => "corners",
            Self::Dropout(..) => "dropout",
            Self::SmoothL1(..) => "smooth_l1",
            Self::Mse(..) => "mse",
            Self::BceWithLogits(..) => "bce_with_logits",
            Self::CrossEntropy(..) => "cross_entropy",
            Self::BoxLoss(..) => "box_loss",
            Self::Custom(_, op) => op.name(),
        }
    }

    /// The nodes it reads, in the order in which its backward half emits their gradients.
    pub(crate) fn inputs(&self) -> Vec<Var> {
        match self {
            Self::Input => vec![],
            Self::Conv(x, _)
            | Self::BatchNorm(x, _)
            | Self::Activation(x, _)
            | Self::MaxPool(x, _)
            | Self::AvgPool(x, _)
            | Self::GlobalAvgPool(x)
            | Self::Columns(x, _)
            | Self::Reshape(x)
            | Self::Corners(x)
            | Self::Dropout(x, _) => vec![*x],
            Self::Add(a, b)
            | Self::Mul(a, b)
            | Self::SmoothL1(a, b, _)
            | Self::Mse(a, b)
            | Self::BceWithLogits(a, b)
            | Self::CrossEntropy(a, b, _)
            | Self::BoxLoss(a, b, _) => vec![*a, *b],
            Self::Concat(inputs) | Self::Custom(inputs, _) => inputs.clone(),
            Self::WeightedSum(terms) => terms.iter().map(|t| t.1).collect(),
        }
    }

    /// Whether it has trained parameters.
    pub(crate) fn is_trained(&self) -> bool {
        matches!(self, Self::Conv(..) | Self::BatchNorm(..))
    }

    /// Whether the gradient can flow to input number `which`. Targets of losses get none.
    pub(crate) fn differentiable(&self, which: usize) -> bool {
        match self {
            Self::SmoothL1(..)
            | Self::Mse(..)
            | Self::BceWithLogits(..)
            | Self::CrossEntropy(..)
            | Self::BoxLoss(..) => which == 0,
            _ => true,
        }
    }

    /// Whether the backward half reads the inputs, and whether it reads the output.
    pub(crate) fn backward_reads(&self) -> (bool, bool) {
        match self {
            Self::Input
            | Self::AvgPool(..)
            | Self::GlobalAvgPool(_)
            | Self::Add(..)
            | Self::Concat(_)
            | Self::Columns(..)
            | Self::Reshape(_)
            | Self::WeightedSum(_)
            | Self::Corners(_)
            | Self::Dropout(..) => (false, false),
            Self::Activation(_, f) => (f.derivative_needs_input(), true),
            Self::Custom(..) => (true, true),
            _ => (true, false),
        }
    }

    /// The halo that it wants around input `x`.
    pub(crate) fn input_halo(&self) -> usize {
        match self {
            Self::Conv(_, filter) => filter.conv.padding,
            _ => 0,
        }
    }
}
