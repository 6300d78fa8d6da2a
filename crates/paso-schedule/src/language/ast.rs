//! A schedule as it was written: what may still be open, and where each part stands in the text.
//!
//! Printing it gives a text that parses to the same value, but not always the text that was read:
//! blanks are dropped, numbers get their shortest form, and arguments their usual order.

use super::number::{number, steps};
use super::text::{joined, repeat};
use crate::curves::{Kind, Value};
use alloc::vec::Vec;
use core::fmt;

/// A learning rate: a number, or a share of the run's peak learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rate {
    Absolute(f64),
    /// In percent, so that what was written is kept exactly.
    OfPeak(f64),
}

/// A length or a time: steps, or a share of the run's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Length {
    Steps(f64),
    /// In percent.
    OfRun(f64),
}

/// A column, which two equal schedules may have at different places.
///
/// In characters from 1. It is for messages only, so two columns are always equal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column(pub(crate) usize);

impl PartialEq for Column {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A curve or a group, and what is done to it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) column: Column,
    pub(crate) base: Base,
    /// In the order in which they are applied, which is the order of the text.
    pub(crate) modifiers: Vec<Modifier>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Base {
    Curve(Call),
    Group(Vec<Item>),
}

/// `name(from -> to, length, option value, …)`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) from: Option<Rate>,
    pub(crate) to: Option<Rate>,
    pub(crate) len: Option<Length>,
    pub(crate) options: Vec<(&'static str, Value<Length>)>,
    /// Of `points` and `table`.
    pub(crate) points: Vec<(Option<Length>, Rate)>,
}

/// `.name(…)` after a curve or a group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Modifier {
    Scale(f64),
    Plus(Rate),
    Below(Rate),
    Floor(Rate),
    Cap(Rate),
    Delay(Length),
    Skip(Length),
    Take(Length),
    Stretch(f64),
    Every(Length),
    Repeat { times: Option<u64>, stretch: f64, scale: f64 },
    Times(Vec<Item>),
}

impl Call {
    pub(crate) fn option(&self, name: &str) -> Option<&Value<Length>> {
        self.options.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(rate) => f.write_str(&number(*rate)),
            Self::OfPeak(percent) if *percent == 100.0 => f.write_str("peak"),
            Self::OfPeak(percent) => write!(f, "{}%", number(*percent)),
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(n) => f.write_str(&steps(*n)),
            Self::OfRun(percent) => write!(f, "{}%", number(*percent)),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            Base::Curve(call) => write!(f, "{call}")?,
            Base::Group(items) => write!(f, "({})", Sequence(items))?,
        }
        self.modifiers.iter().try_for_each(|modifier| write!(f, ".{modifier}"))
    }
}

/// Items with `then` between them.
pub(crate) struct Sequence<'a>(pub(crate) &'a [Item]);

impl fmt::Display for Sequence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, self.0, " then ")
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.signature().name)?;
        let mut separator = "(";
        let mut next =
            |f: &mut fmt::Formatter<'_>| f.write_str(core::mem::replace(&mut separator, ", "));
        match (self.from, self.to) {
            (Some(from), Some(to)) => next(f).and_then(|()| write!(f, "{from} -> {to}"))?,
            (None, Some(to)) => next(f).and_then(|()| write!(f, "to {to}"))?,
            _ => {}
        }
        let from_alone = self.from.filter(|_| self.to.is_none());
        // A bare quantity is a learning rate where the curve has one; only a warm-up has its length
        // first.
        let length_first = self.kind.signature().length_first();
        if let Some(from) = from_alone.filter(|_| !length_first) {
            next(f)?;
            write!(f, "{}{from}", if self.kind.signature().has_to() { "from " } else { "" })?;
        }
        if let Some(len) = self.len {
            next(f)?;
            let bare = length_first || self.from.is_some() || self.to.is_some();
            write!(f, "{}{len}", if bare { "" } else { "for " })?;
        }
        if let Some(from) = from_alone.filter(|_| length_first) {
            next(f).and_then(|()| write!(f, "from {from}"))?;
        }
        for (i, (at, rate)) in self.points.iter().enumerate() {
            match at {
                Some(at) => next(f).and_then(|()| write!(f, "{at}: {rate}"))?,
                None if i == 0 => next(f).and_then(|()| write!(f, "{rate}"))?,
                None => write!(f, " {rate}")?,
            }
        }
        for (key, value) in &self.options {
            next(f)?;
            f.write_str(key)?;
            match value {
                Value::Flag => {}
                Value::Number(x) => write!(f, " {}", number(*x))?,
                Value::Length(n) => write!(f, " {n}")?,
                Value::Lengths(list) => list.iter().try_for_each(|n| write!(f, " {n}"))?,
            }
        }
        f.write_str(if separator == "(" { "" } else { ")" })
    }
}

impl fmt::Display for Modifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scale(factor) => write!(f, "scale({})", number(*factor)),
            Self::Plus(rate) => write!(f, "plus({rate})"),
            Self::Below(rate) => write!(f, "below({rate})"),
            Self::Floor(rate) => write!(f, "floor({rate})"),
            Self::Cap(rate) => write!(f, "cap({rate})"),
            Self::Delay(steps) => write!(f, "delay({steps})"),
            Self::Skip(steps) => write!(f, "skip({steps})"),
            Self::Take(steps) => write!(f, "take({steps})"),
            Self::Stretch(factor) => write!(f, "stretch({})", number(*factor)),
            Self::Every(steps) => write!(f, "every({steps})"),
            Self::Repeat { times, stretch, scale } => repeat(f, *times, *stretch, *scale),
            Self::Times(items) => write!(f, "times({})", Sequence(items)),
        }
    }
}
