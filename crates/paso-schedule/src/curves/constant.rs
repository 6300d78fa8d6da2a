//! One learning rate.
//!
//! A length has no effect on the values. It says when the next part begins. Without one, and
//! without a run that gives it the rest, nothing can follow.

use super::{Args, CurveDef, Form, Len, Signature};
use crate::error::Error;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::{lr_in, steps_in};

/// One learning rate forever. In text: `constant(LR)`, or `constant(LR, STEPS)` before another
/// part.
///
/// ```
/// use paso_schedule::{Schedule, Constant};
/// let lr = Constant { lr: 1e-3 };
/// assert_eq!(lr.at(7), 1e-3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant {
    /// The learning rate, finite, 0 or more.
    pub lr: f64,
}

impl Schedule for Constant {
    fn build(&self) -> Result<Spec, Error> {
        Spec::from_node(ConstantCurve { lr: self.lr, len: None })
    }
}

/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ConstantCurve {
    pub(crate) lr: f64,
    /// In steps; none where nothing follows.
    pub(crate) len: Option<f64>,
}

impl CurveDef for ConstantCurve {
    const SIGNATURE: Signature = Signature {
        name: "constant",
        form: Form::From,
        len: Len::Optional,
        options: &[],
        usage: "constant(LR, LENGTH)",
        formula: "LR",
    };

    fn from_args(args: &Args) -> Self {
        Self { lr: args.first(), len: args.len }
    }

    fn args(&self) -> Args {
        Args { len: self.len, ..Args::starting(self.lr) }
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("lr", self.lr)?;
        steps_in("steps", self.len.unwrap_or(0.0))
    }

    fn value(&self, _: f64) -> f64 {
        self.lr
    }

    fn len(&self) -> Option<f64> {
        self.len
    }

    fn peak(&self) -> f64 {
        self.lr
    }
}
