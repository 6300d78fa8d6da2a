//! What curves without an end share: a first learning rate and a formula of the time.

use super::{Args, Curve, CurveDef, Signature};
use crate::error::Error;
use crate::spec::Spec;
use crate::validate::lr_in;
use alloc::vec::Vec;

/// The formula of a curve without an end.
pub(crate) trait EndlessForm: Clone + core::fmt::Debug + PartialEq {
    /// The name, the options (numbers and lengths) with their ranges, and the formula.
    const SIGNATURE: Signature;

    /// The form of these option values, in the order of the signature.
    fn from_options(values: &[f64]) -> Self;

    /// The option values, in the order of the signature.
    fn options(&self) -> Vec<f64>;

    /// The learning rate at time `t >= 0`, in steps, where the first one is `from`.
    fn value(&self, from: f64, t: f64) -> f64;

    /// An upper bound of the values. Most curves without an end fall.
    fn peak(&self, from: f64) -> f64 {
        from
    }
}

/// A curve of a form. Its learning rate at step 0 is `from`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endless<F> {
    pub(crate) from: f64,
    pub(crate) form: F,
}

impl<F: EndlessForm> Endless<F> {
    /// The checked schedule.
    pub(crate) fn spec(from: f64, form: F) -> Result<Spec, Error>
    where
        Curve: From<Self>,
    {
        Spec::from_node(Self { from, form })
    }
}

impl<F: EndlessForm> CurveDef for Endless<F> {
    const SIGNATURE: Signature = F::SIGNATURE;

    fn from_args(args: &Args) -> Self {
        Self { from: args.first(), form: F::from_options(&args.values(&F::SIGNATURE)) }
    }

    fn args(&self) -> Args {
        Args::starting(self.from).with_options(&F::SIGNATURE, &self.form.options())
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        F::SIGNATURE.validate_options(&self.form.options())
    }

    fn value(&self, t: f64) -> f64 {
        self.form.value(self.from, t)
    }

    fn len(&self) -> Option<f64> {
        None
    }

    fn peak(&self) -> f64 {
        self.form.peak(self.from)
    }
}
