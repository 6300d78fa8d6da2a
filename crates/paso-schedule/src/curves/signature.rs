//! What the schedule language has to know of a curve: its name, which arguments it takes, and their
//! values once a run has bound them.
//!
//! Signatures are constants, so that a new curve needs no change of the parser. Learning rates in
//! them are absolute; shares of a run are resolved before, in `crate::language`. Options are
//! matched by name in text and by position in a curve.

use crate::error::Error;
use crate::validate::period;
use alloc::vec::Vec;

/// A curve's name and arguments.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) len: Len,
    pub(crate) options: &'static [Opt],
    /// How it is written, without its optional arguments. `CURVES.md` lists it.
    pub(crate) usage: &'static str,
    /// Its value at step `t`; `p` is `t / LENGTH`, capital letters are arguments.
    pub(crate) formula: &'static str,
}

/// The positional arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `FROM -> TO`, `to TO`, `from FROM`; `TO` is 0 if left out.
    FromTo,
    /// The same, but `TO` is required, because 0 is not allowed.
    FromToRequired,
    /// One learning rate.
    From,
    /// `LENGTH` and optionally `from LR`; rises to the first value of the next part.
    Warmup,
    /// `STEP: LR, ...`.
    Points,
    /// `LR LR ...`.
    Table,
}

/// Whether a curve has a length argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Len {
    /// It takes the rest of the run if left out.
    Required,
    /// It takes the rest of the run if left out, and never ends without a run.
    Optional,
    /// It has none.
    Never,
}

/// A named argument.
#[derive(Debug)]
pub(crate) struct Opt {
    pub(crate) name: &'static str,
    pub(crate) kind: OptKind,
    pub(crate) required: bool,
}

/// What follows an option's name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OptKind {
    /// Nothing.
    Flag,
    /// A number; the default is not printed.
    Number(f64, Range),
    /// A number of steps above 0, and its default.
    Length(f64),
    /// Numbers of steps.
    Lengths,
}

/// Whether a number is in its range; the error names the argument.
pub(crate) type Range = fn(&'static str, f64) -> Result<(), Error>;

/// The value of an option.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<L = f64> {
    Flag,
    Number(f64),
    Length(L),
    Lengths(Vec<L>),
}

/// Arguments with every share resolved: learning rates and steps are numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Args {
    /// The first learning rate; optional for a warm-up only.
    pub(crate) from: Option<f64>,
    /// The last learning rate of a ramp or a warm-up.
    pub(crate) to: f64,
    pub(crate) len: Option<f64>,
    pub(crate) options: Vec<(&'static str, Value)>,
    /// Of [`Form::Points`] and [`Form::Table`].
    pub(crate) points: Vec<(f64, f64)>,
}

impl Signature {
    /// What ramps have in common: `NAME(FROM -> TO, LENGTH)`, whose last learning rate is 0 if left
    /// out.
    pub(crate) const RAMP: Self = Self::shaped(Form::FromTo, Len::Required);

    /// What curves without an end have in common: `NAME(LR, ...)`.
    pub(crate) const ENDLESS: Self = Self::shaped(Form::From, Len::Never);

    const fn shaped(form: Form, len: Len) -> Self {
        Self { name: "", form, len, options: &[], usage: "", formula: "" }
    }

    /// Whether these values of its options, in order, are in their ranges. For numbers and lengths
    /// only.
    ///
    /// Values without an option, and options without a value, are not checked.
    pub(crate) fn validate_options(&self, values: &[f64]) -> Result<(), Error> {
        self.options.iter().zip(values).try_for_each(|(option, &value)| match option.kind {
            OptKind::Number(_, range) => range(option.name, value),
            OptKind::Length(_) => period(option.name, value),
            OptKind::Flag | OptKind::Lengths => Ok(()),
        })
    }

    /// Whether a bare quantity is the length.
    pub(crate) fn length_first(&self) -> bool {
        self.form == Form::Warmup
    }

    /// Whether it goes from one learning rate to another.
    pub(crate) fn has_to(&self) -> bool {
        matches!(self.form, Form::FromTo | Form::FromToRequired)
    }

    /// Whether `from LR` may be written.
    pub(crate) fn has_from(&self) -> bool {
        !matches!(self.form, Form::Points | Form::Table)
    }

    /// Whether it has a length argument.
    pub(crate) fn has_len(&self) -> bool {
        self.len != Len::Never
    }
}

impl Opt {
    /// A number that has to be given.
    pub(crate) const fn number(name: &'static str, range: Range) -> Self {
        // NaN equals nothing, so the value is always printed.
        Self { name, kind: OptKind::Number(f64::NAN, range), required: true }
    }

    /// A number with a default.
    pub(crate) const fn number_or(name: &'static str, default: f64, range: Range) -> Self {
        Self { name, kind: OptKind::Number(default, range), required: false }
    }

    /// A number of steps that has to be given.
    pub(crate) const fn length(name: &'static str) -> Self {
        Self { name, kind: OptKind::Length(f64::NAN), required: true }
    }

    /// A number of steps with a default.
    pub(crate) const fn length_or(name: &'static str, default: f64) -> Self {
        Self { name, kind: OptKind::Length(default), required: false }
    }

    /// One or more numbers of steps.
    pub(crate) const fn lengths(name: &'static str) -> Self {
        Self { name, kind: OptKind::Lengths, required: true }
    }

    /// A word that stands alone; only one flag of a curve may be given.
    pub(crate) const fn flag(name: &'static str) -> Self {
        Self { name, kind: OptKind::Flag, required: false }
    }
}

impl Opt {
    /// A value of this option.
    fn value(&self, x: f64) -> Value {
        match self.kind {
            OptKind::Length(_) => Value::Length(x),
            _ => Value::Number(x),
        }
    }
}

impl<L> Value<L> {
    /// The same value with other lengths.
    pub(crate) fn map<M>(self, f: impl Fn(L) -> M) -> Value<M> {
        match self {
            Self::Flag => Value::Flag,
            Self::Number(x) => Value::Number(x),
            Self::Length(n) => Value::Length(f(n)),
            Self::Lengths(list) => Value::Lengths(list.into_iter().map(f).collect()),
        }
    }
}

impl Args {
    /// The arguments of a curve with one learning rate.
    pub(crate) fn starting(from: f64) -> Self {
        Self { from: Some(from), ..Self::default() }
    }

    /// With these values of the options of a signature, in order. For numbers and lengths only.
    pub(crate) fn with_options(mut self, signature: &Signature, values: &[f64]) -> Self {
        self.options =
            signature.options.iter().zip(values).map(|(o, &x)| (o.name, o.value(x))).collect();
        self
    }

    /// The values of the options of a signature, in order; NaN where one is missing.
    pub(crate) fn values<const N: usize>(&self, signature: &Signature) -> [f64; N] {
        core::array::from_fn(|i| self.number(signature.options[i].name))
    }

    /// The first learning rate; NaN, which no range allows, where there is none.
    pub(crate) fn first(&self) -> f64 {
        self.from.unwrap_or(f64::NAN)
    }

    pub(crate) fn option(&self, name: &str) -> Option<&Value> {
        self.options.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// A number or a number of steps; NaN where it is missing. The binder fills in the defaults.
    pub(crate) fn number(&self, name: &str) -> f64 {
        match self.option(name) {
            Some(Value::Number(x) | Value::Length(x)) => *x,
            _ => f64::NAN,
        }
    }
}
