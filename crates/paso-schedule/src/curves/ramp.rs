//! What all ramps share: from one learning rate to another over a number of steps, then constant.

use super::{Args, CurveDef, Signature, Value};
use crate::error::Error;
use crate::spec::Spec;
use crate::validate::{lr_in, steps_in};
use alloc::vec::Vec;

/// The form of a ramp: the weight of its first learning rate along the way.
pub(crate) trait Ease: Clone + core::fmt::Debug + PartialEq {
    /// The name, the options (numbers only) and the formula.
    const SIGNATURE: Signature;

    /// The form of these option values, in the order of the signature.
    fn from_options(values: &[f64]) -> Self;

    /// The option values, in the order of the signature.
    fn options(&self) -> Vec<f64>;

    /// Whether the options are in their ranges, and the form can connect these learning rates.
    fn validate(&self, from: f64, to: f64) -> Result<(), Error>;

    /// The weight of the first learning rate, from 1 at `p = 0` to 0 at `p = 1`.
    fn weight(&self, p: f64) -> f64;

    /// The learning rate at the share `p` of the ramp, in `0..1`. The result lies between `from` and
    /// `to`, whatever the rounding does.
    fn between(&self, from: f64, to: f64, p: f64) -> f64 {
        let w = self.weight(p);
        // Each half starts from the end that it is next to, so that both ends are exact.
        let lr = if w > 0.5 { from + (to - from) * (1.0 - w) } else { to + (from - to) * w };
        lr.clamp(from.min(to), from.max(to))
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
        crate::node::Node: From<Self>,
    {
        Spec::from_node(Self { from, to, len: steps as f64, ease })
    }
}

impl<E: Ease> CurveDef for Ramp<E> {
    const SIGNATURE: Signature = E::SIGNATURE;

    fn from_args(args: &Args) -> Self {
        let values: Vec<f64> =
            E::SIGNATURE.options.iter().map(|option| args.number(option.name)).collect();
        let ease = E::from_options(&values);
        Self { from: args.first(), to: args.to, len: args.len.unwrap_or(f64::NAN), ease }
    }

    fn args(&self) -> Args {
        let names = E::SIGNATURE.options.iter().map(|option| option.name);
        let options = names.zip(self.ease.options().into_iter().map(Value::Number)).collect();
        Args {
            from: Some(self.from),
            to: self.to,
            len: Some(self.len),
            options,
            points: Vec::new(),
        }
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        lr_in("to", self.to)?;
        steps_in("steps", self.len)?;
        self.ease.validate(self.from, self.to)
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
