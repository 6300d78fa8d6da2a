//! The list of curves. A curve is one file in this folder and one line of the list below: its name,
//! parameters, defaults, ranges, evaluation and documentation are all in its file. The parser, the
//! binder and the printer know curves only through [`Signature`] and [`Args`].
//!
//! A test fails if a file of this folder is not in the list; a method that a file lacks does not
//! compile, because [`CurveDef`] has no defaults.
//!
//! A curve has a learning rate at every time `t >= 0`, in steps. Times need not be whole, because
//! combinators stretch time and some libraries have lengths that are not whole. The types that
//! users construct have whole steps; each becomes a curve when it is built.

mod endless;
mod ramp;
mod signature;

use crate::error::Error;
pub(crate) use endless::{Endless, EndlessForm};
pub(crate) use ramp::{Ease, Ramp};
pub(crate) use signature::{Args, Form, Len, Opt, OptKind, Signature, Value};

/// The curves of the language: how each is written, and its value at step `t`, where `p` is the share
/// of its length that is done and capital letters are arguments.
///
/// ```
/// let cosine = paso_schedule::curves().find(|(usage, _)| usage.starts_with("cosine"));
/// assert!(cosine.is_some_and(|(_, value)| value.contains("cos(pi p^K)")));
/// ```
pub fn curves() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS.iter().map(|kind| (kind.signature().usage, kind.signature().formula))
}

/// What a curve file implements.
pub(crate) trait CurveDef: Sized {
    /// The name and the arguments in the schedule language.
    const SIGNATURE: Signature;

    /// The curve of these arguments; out-of-range values are left to [`Self::validate`].
    fn from_args(args: &Args) -> Self;

    /// The arguments that [`Self::from_args`] reads: what the curve is printed from.
    fn args(&self) -> Args;

    /// Whether every parameter is in its range: then each value is finite and not negative.
    fn validate(&self) -> Result<(), Error>;

    /// The learning rate at time `t >= 0`, in steps.
    fn value(&self, t: f64) -> f64;

    /// How long it takes in a sequence, after which the value is constant; `None` where it never
    /// ends.
    fn len(&self) -> Option<f64>;

    /// The first time from which on the value is constant: the length, but for a curve that holds
    /// its last value for a while first.
    fn end(&self) -> Option<f64> {
        self.len()
    }

    /// An upper bound of the values; the largest one where there is a largest.
    fn peak(&self) -> f64;
}

/// Declares the modules of the curves and dispatches to them.
macro_rules! curves {
    ($($file:ident: $Variant:ident($Type:ty),)*) => {
        $(pub(crate) mod $file; #[allow(unused_imports, unreachable_pub, reason = "some curves have only a name in text")] pub use $file::*;)*

        /// A curve of any kind.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum Curve { $($Variant($Type),)* }

        /// A kind of curve: a name of the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind { $($Variant,)* }

        /// Every kind, in the order of the documentation.
        pub(crate) const KINDS: &[Kind] = &[$(Kind::$Variant,)*];

        /// The files of the kinds.
        #[cfg(test)]
        const FILES: &[&str] = &[$(stringify!($file),)*];

        impl Kind {
            pub(crate) const fn signature(self) -> &'static Signature {
                match self { $(Self::$Variant => &<$Type as CurveDef>::SIGNATURE,)* }
            }

            pub(crate) fn curve(self, args: &Args) -> Curve {
                match self { $(Self::$Variant => Curve::$Variant(<$Type>::from_args(args)),)* }
            }
        }

        impl Curve {
            pub(crate) const fn kind(&self) -> Kind {
                match self { $(Self::$Variant(_) => Kind::$Variant,)* }
            }

            pub(crate) fn args(&self) -> Args {
                match self { $(Self::$Variant(curve) => curve.args(),)* }
            }

            pub(crate) fn validate(&self) -> Result<(), Error> {
                match self { $(Self::$Variant(curve) => curve.validate(),)* }
            }

            pub(crate) fn value(&self, t: f64) -> f64 {
                match self { $(Self::$Variant(curve) => curve.value(t),)* }
            }

            pub(crate) fn len(&self) -> Option<f64> {
                match self { $(Self::$Variant(curve) => curve.len(),)* }
            }

            pub(crate) fn end(&self) -> Option<f64> {
                match self { $(Self::$Variant(curve) => curve.end(),)* }
            }

            pub(crate) fn peak(&self) -> f64 {
                match self { $(Self::$Variant(curve) => curve.peak(),)* }
            }
        }

        $(impl From<$Type> for Curve {
            fn from(curve: $Type) -> Self { Self::$Variant(curve) }
        })*
    };
}

curves! {
    constant: Constant(ConstantCurve),
    warmup: Warmup(WarmupCurve),
    linear: Linear(Ramp<LinearEase, 0>),
    cosine: Cosine(Ramp<CosineEase, 2>),
    exponential: Exponential(Ramp<ExponentialEase, 0>),
    polynomial: Polynomial(Ramp<PolynomialEase, 2>),
    one_minus_sqrt: OneMinusSqrt(Ramp<OneMinusSqrtEase, 0>),
    normalized_exponential: NormalizedExponential(Ramp<NormalizedExponentialEase, 1>),
    tanh: Tanh(Ramp<TanhEase, 2>),
    rex: Rex(Ramp<RexEase, 0>),
    polynomial_cycle: PolynomialCycle(PolynomialCycleCurve),
    decay: Decay(Endless<DecayForm, 2>),
    step: Step(Endless<StepForm, 2>),
    multi_step: MultiStep(MultiStepCurve),
    inverse_time: InverseTime(Endless<InverseTimeForm, 2>),
    inverse_sqrt: InverseSqrt(Endless<InverseSqrtForm, 1>),
    inverse_power: InversePower(Endless<InversePowerForm, 2>),
    sigmoid: Sigmoid(Endless<SigmoidForm, 2>),
    points: Points(PointsCurve),
    table: Table(TableCurve),
}

#[cfg(test)]
mod tests;
