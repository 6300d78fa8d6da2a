//! What all ramps share: from one learning rate to another over a number of steps, then constant.
//!
//! Progress is `p = t / len`, from 0 to 1. From `t = len` on the value is exactly the last learning
//! rate, whatever the formula gives there; a ramp of length 0 has it from the start.

use super::{Args, Curve, CurveDef, Form, Signature};
use crate::error::Error;
use crate::spec::Spec;
use crate::validate::{invalid, lr_in, steps_in};

/// The form of a ramp with `N` options: the weight of its first learning rate as a function of the
/// progress. Options are in the order of the signature.
pub(crate) trait Ease<const N: usize>:
    Clone + Default + core::fmt::Debug + PartialEq
{
    /// The name, the options (numbers only) with their ranges, and the formula.
    const SIGNATURE: Signature;

    /// The weight of the first learning rate, from 1 at `p = 0` to 0 at `p = 1`.
    fn weight(options: [f64; N], p: f64) -> f64;

    /// The learning rate at the share `p` of the ramp, in `0..1`. The result lies between `from`
    /// and `to`, whatever the rounding does.
    fn between(options: [f64; N], from: f64, to: f64, p: f64) -> f64 {
        let w = Self::weight(options, p);
        // Each half starts from the nearer end, so that both ends are exact.
        let lr = if w > 0.5 { from + (to - from) * (1.0 - w) } else { to + (from - to) * w };
        lr.clamp(from.min(to), from.max(to))
    }
}

/// A ramp of a form. `len` is in steps and may be a fraction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ramp<E, const N: usize> {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) len: f64,
    pub(crate) ease: E,
    pub(crate) options: [f64; N],
}

impl<E: Ease<N>, const N: usize> Ramp<E, N> {
    /// The checked schedule of a ramp over these steps.
    pub(crate) fn spec(
        from: f64,
        to: f64,
        len: f64,
        ease: E,
        options: [f64; N],
    ) -> Result<Spec, Error>
    where
        Curve: From<Self>,
    {
        Spec::from_node(Self { from, to, len, ease, options })
    }
}

impl<E: Ease<N>, const N: usize> CurveDef for Ramp<E, N> {
    const SIGNATURE: Signature = E::SIGNATURE;

    fn from_args(args: &Args) -> Self {
        Self {
            from: args.first(),
            to: args.to,
            len: args.len.unwrap_or(f64::NAN),
            ease: E::default(),
            options: args.values(&E::SIGNATURE),
        }
    }

    fn args(&self) -> Args {
        Args { to: self.to, len: Some(self.len), ..Args::starting(self.from) }
            .with_options(&E::SIGNATURE, &self.options)
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        lr_in("to", self.to)?;
        steps_in("steps", self.len)?;
        if E::SIGNATURE.form == Form::FromToRequired {
            above_zero("from", self.from)?;
            above_zero("to", self.to)?;
        }
        E::SIGNATURE.validate_options(&self.options)
    }

    fn value(&self, t: f64) -> f64 {
        if t >= self.len {
            self.to
        } else {
            E::between(self.options, self.from, self.to, t / self.len)
        }
    }

    fn len(&self) -> Option<f64> {
        Some(self.len)
    }

    fn peak(&self) -> f64 {
        self.from.max(self.to)
    }
}

/// The ends of a ramp that divides by them.
fn above_zero(field: &'static str, lr: f64) -> Result<(), Error> {
    if lr >= f64::MIN_POSITIVE {
        return Ok(());
    }
    Err(invalid(field, lr, "above 0: a geometric decay never reaches 0"))
}
