//! A polynomial decay whose length grows by one multiple each time it is reached (Keras' `cycle`).
//!
//! It is the option `cycle=True` of Keras' `PolynomialDecay`. The length is `n * every`, where `n`
//! is the smallest whole number above 0 with `t <= n * every`: so just after a multiple of `every`
//! the learning rate jumps up, by less each time. It never ends. There is no type for it in Rust;
//! `keras` makes it.

use super::{Args, CurveDef, Ease, Form, Len, Opt, PolynomialEase, Signature};
use crate::error::Error;
use crate::math::{floor, saturate};
use crate::validate::{lr_in, positive};

/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PolynomialCycleCurve {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) every: f64,
    pub(crate) power: f64,
}

impl CurveDef for PolynomialCycleCurve {
    const SIGNATURE: Signature = Signature {
        name: "polynomial_cycle",
        form: Form::FromTo,
        len: Len::Never,
        options: &[Opt::number("power", positive), Opt::length("every")],
        usage: "polynomial_cycle(FROM -> TO, power P, every LENGTH)",
        formula: "(1 - t / (n LENGTH))^P, where n is the smallest whole number above 0 with t <= n LENGTH",
    };

    fn from_args(args: &Args) -> Self {
        Self {
            from: args.first(),
            to: args.to,
            every: args.number("every"),
            power: args.number("power"),
        }
    }

    fn args(&self) -> Args {
        Args { to: self.to, ..Args::starting(self.from) }
            .with_options(&Self::SIGNATURE, &[self.power, self.every])
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        lr_in("to", self.to)?;
        Self::SIGNATURE.validate_options(&[self.power, self.every])
    }

    fn value(&self, t: f64) -> f64 {
        // The length that ends at or after `t`; a length is reached at its last step.
        let n = floor(saturate(t / self.every));
        let n = if n * self.every < t || n == 0.0 { n + 1.0 } else { n };
        let p = (t / (n * self.every)).min(1.0);
        PolynomialEase::between([self.power, 1.0], self.from, self.to, p)
    }

    fn len(&self) -> Option<f64> {
        None
    }

    fn peak(&self) -> f64 {
        self.from.max(self.to)
    }
}
