//! A linear warm-up to the first learning rate of the part after it.
//!
//! Without `from`, step `t` of a warm-up over `len` steps has `to * (t + 1) / (len + 1)`: no update
//! is wasted on a learning rate of 0, and step `len` would have `to`. With `from`, it is a line
//! from there at step 0. From step `len` on it is `to`, which the binder takes from the part after
//! it; a warm-up as the last part is an error of syntax.

use super::{Args, CurveDef, Ease, Form, Len, LinearEase, Signature};
use crate::error::Error;
use crate::validate::{lr_in, steps_in};

/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WarmupCurve {
    /// Learning rate at step 0; without it the line is 0 one step before the first update.
    pub(crate) from: Option<f64>,
    pub(crate) to: f64,
    pub(crate) len: f64,
}

impl CurveDef for WarmupCurve {
    const SIGNATURE: Signature = Signature {
        name: "warmup",
        form: Form::Warmup,
        len: Len::Required,
        options: &[],
        usage: "warmup(LENGTH, from LR)",
        formula: "a line to the first learning rate of the next part",
    };

    fn from_args(args: &Args) -> Self {
        Self { from: args.from, to: args.to, len: args.len.unwrap_or(f64::NAN) }
    }

    fn args(&self) -> Args {
        Args { from: self.from, to: self.to, len: Some(self.len), ..Args::default() }
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from.unwrap_or(0.0))?;
        lr_in("to", self.to)?;
        steps_in("steps", self.len)
    }

    fn value(&self, t: f64) -> f64 {
        if t >= self.len {
            self.to
        } else if let Some(from) = self.from {
            LinearEase::between([], from, self.to, t / self.len)
        } else {
            self.to * ((t + 1.0) / (self.len + 1.0))
        }
    }

    fn len(&self) -> Option<f64> {
        Some(self.len)
    }

    fn peak(&self) -> f64 {
        self.from.unwrap_or(0.0).max(self.to)
    }
}
