//! What all ramps share: from one learning rate to another over a number of steps, then constant.

use super::{Args, Curve, CurveDef, Form, Signature};
use crate::error::Error;
use crate::spec::Spec;
use crate::validate::{invalid, lr_in, steps_in};
use alloc::vec::Vec;

/// The form of a ramp: the weight of its first learning rate as a function of the progress.
///
/// A form without options implements [`PlainEase`].
pub(crate) trait Ease: Clone + core::fmt::Debug + PartialEq {
    /// The name, the options (numbers only) with their ranges, and the formula.
    const SIGNATURE: Signature;

    /// The form of these option values, in the order of the signature.
    fn from_options(values: &[f64]) -> Self;

    /// The option values, in the order of the signature.
    fn options(&self) -> Vec<f64>;

    /// The weight of the first learning rate, from 1 at `p = 0` to 0 at `p = 1`.
    fn weight(&self, p: f64) -> f64;

    /// The learning rate at the share `p` of the ramp, in `0..1`. The result lies between `from` and
    /// `to`, whatever the rounding does.
    fn between(&self, from: f64, to: f64, p: f64) -> f64 {
        let w = self.weight(p);
        // Each half starts from the nearer end, so that both ends are exact.
        let lr = if w > 0.5 { from + (to - from) * (1.0 - w) } else { to + (from - to) * w };
        lr.clamp(from.min(to), from.max(to))
    }
}

/// A form without options: a name and a formula.
pub(crate) trait PlainEase: Clone + Default + core::fmt::Debug + PartialEq {
    /// The name and the formula.
    const SIGNATURE: Signature;

    /// The weight of the first learning rate, from 1 at `p = 0` to 0 at `p = 1`.
    fn weight(p: f64) -> f64;
}

impl<E: PlainEase> Ease for E {
    const SIGNATURE: Signature = <E as PlainEase>::SIGNATURE;

    fn from_options(_: &[f64]) -> Self {
        Self::default()
    }

    fn options(&self) -> Vec<f64> {
        Vec::new()
    }

    fn weight(&self, p: f64) -> f64 {
        <E as PlainEase>::weight(p)
    }
}

/// A ramp of a form. `len` is in steps and may be a fraction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ramp<E> {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) len: f64,
    pub(crate) ease: E,
}

impl<E: Ease> Ramp<E> {
    /// The checked schedule of a ramp over whole steps.
    pub(crate) fn spec(from: f64, to: f64, steps: u64, ease: E) -> Result<Spec, Error>
    where
        Curve: From<Self>,
    {
        Spec::from_node(Self { from, to, len: steps as f64, ease })
    }
}

impl<E: Ease> CurveDef for Ramp<E> {
    const SIGNATURE: Signature = E::SIGNATURE;

    fn from_args(args: &Args) -> Self {
        let ease = E::from_options(&args.values(&E::SIGNATURE));
        Self { from: args.first(), to: args.to, len: args.len.unwrap_or(f64::NAN), ease }
    }

    fn args(&self) -> Args {
        Args { to: self.to, len: Some(self.len), ..Args::starting(self.from) }
            .with_options(&E::SIGNATURE, &self.ease.options())
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        lr_in("to", self.to)?;
        steps_in("steps", self.len)?;
        if E::SIGNATURE.form == Form::FromToRequired {
            above_zero("from", self.from)?;
            above_zero("to", self.to)?;
        }
        E::SIGNATURE.validate_options(&self.ease.options())
    }

    fn value(&self, t: f64) -> f64 {
        if t >= self.len { self.to } else { self.ease.between(self.from, self.to, t / self.len) }
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
