//! A learning rate for each step.
//!
//! In a sequence it takes as many steps as it has entries. Its end, the first step that has the
//! last learning rate, is one step earlier: that of the last entry. Times between steps get the
//! entry of the step before: nothing is interpolated; `points` does that.

use super::{Args, CurveDef, Form, Len, Signature};
use crate::error::Error;
use crate::math::whole;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::{invalid, lr_in};
use alloc::vec::Vec;

/// A learning rate for each step, then the last one. In text: `table(LR LR ...)`.
///
/// ```
/// use paso_schedule::{Schedule, Table};
/// let lr = Table::sample(3, |step| 1.0 / (1 + step) as f64);
/// assert_eq!((lr.at(0), lr.at(1), lr.at(9)), (1.0, 0.5, 1.0 / 3.0));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The learning rates, finite, 0 or more; at least one.
    pub lrs: Vec<f64>,
}

impl Table {
    /// The first `steps` values of any function of the step: PyTorch's `LambdaLR`.
    pub fn sample(steps: u64, lr: impl FnMut(u64) -> f64) -> Self {
        Self { lrs: (0..steps).map(lr).collect() }
    }
}

impl Schedule for Table {
    fn build(&self) -> Result<Spec, Error> {
        Spec::from_node(TableCurve { lrs: self.lrs.clone() })
    }
}

/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableCurve {
    pub(crate) lrs: Vec<f64>,
}

impl CurveDef for TableCurve {
    const SIGNATURE: Signature = Signature {
        name: "table",
        form: Form::Table,
        len: Len::Never,
        options: &[],
        usage: "table(LR LR ...)",
        formula: "a learning rate for each step",
    };

    fn from_args(args: &Args) -> Self {
        Self { lrs: args.points.iter().map(|&(_, lr)| lr).collect() }
    }

    fn args(&self) -> Args {
        let points = self.lrs.iter().zip(0_u32..).map(|(&lr, t)| (f64::from(t), lr)).collect();
        Args { points, ..Args::default() }
    }

    fn validate(&self) -> Result<(), Error> {
        if self.lrs.is_empty() {
            return Err(invalid("lrs", 0.0, "at least one learning rate"));
        }
        self.lrs.iter().try_for_each(|&lr| lr_in("lr", lr))
    }

    fn value(&self, t: f64) -> f64 {
        let last = self.lrs.len() - 1;
        self.lrs[usize::try_from(whole(t)).map_or(last, |i| i.min(last))]
    }

    fn len(&self) -> Option<f64> {
        Some(self.lrs.len() as f64)
    }

    fn end(&self) -> Option<f64> {
        Some(self.lrs.len().saturating_sub(1) as f64)
    }

    fn peak(&self) -> f64 {
        self.lrs.iter().fold(0.0, |peak, lr| lr.max(peak))
    }
}
