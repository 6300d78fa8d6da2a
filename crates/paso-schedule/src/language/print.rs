//! A complete schedule as the line that it parses from.
//!
//! A `Spec` has no shares, so all its numbers are absolute. Numeric options at their default are
//! left out. A text that was printed parses to a schedule with the same learning rates, bit for
//! bit. Parentheses are printed only where the meaning needs them.

use super::ast::{Call, Length, Rate};
use super::number::{number, steps};
use super::text::{joined, repeat};
use crate::curves::{Curve, Form, OptKind, Value};
use crate::node::{Node, Part};
use crate::spec::{PastEnd, Spec};
use core::fmt;

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.node)?;
        f.write_str(match self.past_end {
            PastEnd::Hold => "",
            PastEnd::Error => " then error",
        })
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Curve(curve) => write!(f, "{}", call(curve)),
            Self::Then { parts } => joined(f, parts, " then "),
            Self::Repeat { inner, times, stretch, scale } => {
                write!(f, "{}.", Grouped(inner))?;
                repeat(f, *times, *stretch, *scale)
            }
            Self::Scale { inner, factor } => {
                write!(f, "{}.scale({})", Grouped(inner), number(*factor))
            }
            Self::Plus { inner, lr } => write!(f, "{}.plus({})", Grouped(inner), number(*lr)),
            Self::Below { inner, lr } => write!(f, "{}.below({})", Grouped(inner), number(*lr)),
            Self::Times { inner, other } => write!(f, "{}.times({other})", Grouped(inner)),
            Self::Floor { inner, lr } => write!(f, "{}.floor({})", Grouped(inner), number(*lr)),
            Self::Cap { inner, lr } => write!(f, "{}.cap({})", Grouped(inner), number(*lr)),
            Self::Delay { inner, steps: n } => write!(f, "{}.delay({})", Grouped(inner), steps(*n)),
            Self::Skip { inner, steps: n } => write!(f, "{}.skip({})", Grouped(inner), steps(*n)),
            Self::Take { inner, steps: n } => write!(f, "{}.take({})", Grouped(inner), steps(*n)),
            Self::Stretch { inner, factor } => {
                write!(f, "{}.stretch({})", Grouped(inner), number(*factor))
            }
            Self::Every { inner, steps: n } => write!(f, "{}.every({})", Grouped(inner), steps(*n)),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            node @ Node::Then { .. } => write!(f, "({node})"),
            node => write!(f, "{node}"),
        }
    }
}

/// A node that something is done to: a sequence needs parentheses.
struct Grouped<'a>(&'a Node);

impl fmt::Display for Grouped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.0, Node::Then { .. }) {
            write!(f, "({})", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}

/// A curve as it would have been written; numbers that have their default value are left out.
fn call(curve: &Curve) -> Call {
    let kind = curve.kind();
    let signature = kind.signature();
    let args = curve.args();
    let is_default = |name: &str, value: &Value| {
        signature.options.iter().any(|option| {
            option.name == name
                && matches!((option.kind, value), (OptKind::Number(d, _), Value::Number(x)) if d == *x)
        })
    };
    let options = args
        .options
        .into_iter()
        .filter(|(name, value)| !is_default(name, value))
        .map(|(name, value)| (name, value.map(Length::Steps)))
        .collect();
    let at = |t: f64| (signature.form == Form::Points).then_some(Length::Steps(t));
    Call {
        kind,
        from: args.from.map(Rate::Absolute),
        to: signature.has_to().then_some(Rate::Absolute(args.to)),
        len: args.len.map(Length::Steps),
        options,
        points: args.points.into_iter().map(|(t, lr)| (at(t), Rate::Absolute(lr))).collect(),
    }
}
