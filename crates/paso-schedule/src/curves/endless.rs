//! What curves without an end share: a first learning rate and a formula of the time.
//!
//! Such a curve has no length, so nothing can follow it in a sequence unless `take` ends it or the
//! run gives it room. Its form must give finite values for every time from 0 to `f64::MAX`.

use super::{Args, Curve, CurveDef, Signature};
use crate::error::Error;
use crate::spec::Spec;
use crate::validate::lr_in;

/// The formula of a curve without an end, with `N` options in the order of the signature.
pub(crate) trait EndlessForm<const N: usize>:
    Clone + Default + core::fmt::Debug + PartialEq
{
    /// The name, the options (numbers and lengths) with their ranges, and the formula.
    const SIGNATURE: Signature;

    /// The learning rate at time `t >= 0`, in steps, where the first one is `from`.
    fn value(options: [f64; N], from: f64, t: f64) -> f64;

    /// An upper bound of the values. Most curves without an end fall.
    fn peak(_options: [f64; N], from: f64) -> f64 {
        from
    }
}

/// A curve of a form. Its learning rate at step 0 is `from`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endless<F, const N: usize> {
    pub(crate) from: f64,
    pub(crate) form: F,
    pub(crate) options: [f64; N],
}

impl<F: EndlessForm<N>, const N: usize> Endless<F, N> {
    /// The checked schedule.
    pub(crate) fn spec(from: f64, form: F, options: [f64; N]) -> Result<Spec, Error>
    where
        Curve: From<Self>,
    {
        Spec::from_node(Self { from, form, options })
    }
}

impl<F: EndlessForm<N>, const N: usize> CurveDef for Endless<F, N> {
    const SIGNATURE: Signature = F::SIGNATURE;

    fn from_args(args: &Args) -> Self {
        Self { from: args.first(), form: F::default(), options: args.values(&F::SIGNATURE) }
    }

    fn args(&self) -> Args {
        Args::starting(self.from).with_options(&F::SIGNATURE, &self.options)
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        F::SIGNATURE.validate_options(&self.options)
    }

    fn value(&self, t: f64) -> f64 {
        F::value(self.options, self.from, t)
    }

    fn len(&self) -> Option<f64> {
        None
    }

    fn peak(&self) -> f64 {
        F::peak(self.options, self.from)
    }
}
