//! One part of a schedule: a curve or a group with its modifiers, its shares resolved.
//!
//! Modifiers are applied from left to right. Each node is checked when it is made, so that an error
//! has the column of its part. The room of a part is divided among its modifiers from right to
//! left, in `bind_len`.

use super::ast::{Base, Call, Item, Modifier, Rate};
use super::number::share;
use super::run::{Run, checked};
use crate::curves::{Args, Form, Len, OptKind, Value};
use crate::error::Error;
use crate::node::Node;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

impl Run {
    /// A curve or a group with its modifiers. `room` is what a part without a length may take.
    pub(super) fn item(
        self,
        item: &Item,
        room: Option<f64>,
        before: Option<f64>,
    ) -> Result<Node, Error> {
        let column = item.column.0;
        // What ends by `take` has that much room, but only a part that asks for room gets it: the
        // rest is cut where it is.
        let taken = item.modifiers.iter().any(|modifier| matches!(modifier, Modifier::Take(_)));
        let inner_room =
            if taken && !self.asks(item)? { None } else { self.inner_room(item, room)? };
        let mut node = match &item.base {
            Base::Curve(call) => checked(self.call(call, item, inner_room, before)?, column)?,
            Base::Group(items) => {
                let open = items
                    .iter()
                    .map(|item| self.item_len(item))
                    .collect::<Result<Vec<_>, _>>()?
                    .contains(&None);
                self.sequence(items, if open { inner_room } else { None }, before)?
            }
        };
        for modifier in &item.modifiers {
            let inner = Box::new(node);
            let modified = match modifier {
                Modifier::Scale(factor) => Node::Scale { inner, factor: *factor },
                Modifier::Plus(lr) => Node::Plus { inner, lr: self.rate(*lr, column)? },
                Modifier::Below(lr) => Node::Below { inner, lr: self.rate(*lr, column)? },
                Modifier::Floor(lr) => Node::Floor { inner, lr: self.rate(*lr, column)? },
                Modifier::Cap(lr) => Node::Cap { inner, lr: self.rate(*lr, column)? },
                Modifier::Delay(steps) => Node::Delay { inner, steps: self.length(*steps, item)? },
                Modifier::Skip(steps) => Node::Skip { inner, steps: self.length(*steps, item)? },
                Modifier::Take(steps) => Node::Take { inner, steps: self.length(*steps, item)? },
                Modifier::Stretch(factor) => Node::Stretch { inner, factor: *factor },
                Modifier::Every(steps) => Node::Every { inner, steps: self.length(*steps, item)? },
                Modifier::Repeat { times, stretch, scale } => {
                    Node::Repeat { inner, times: *times, stretch: *stretch, scale: *scale }
                }
                Modifier::Times(items) => {
                    let room = if taken && !self.any_asks(items)? {
                        None
                    } else {
                        inner_room.or(self.steps)
                    };
                    let other = Box::new(self.sequence(items, room, None)?);
                    Node::Times { inner, other }
                }
            };
            node = checked(modified, column)?;
        }
        Ok(node)
    }

    /// The curve itself.
    fn call(
        self,
        call: &Call,
        item: &Item,
        room: Option<f64>,
        before: Option<f64>,
    ) -> Result<Node, Error> {
        let column = item.column.0;
        let signature = call.kind.signature();
        let from = match signature.form {
            Form::Points | Form::Table => None,
            _ => Some(self.from(call, item, before)?),
        };
        let own = call.len.map(|len| self.length(len, item)).transpose()?;
        let len = match signature.len {
            Len::Never => None,
            Len::Optional => own.or(room),
            Len::Required => Some(own.or(room).ok_or_else(|| Error::Open {
                message: format!(
                    "`{item}` takes the rest of a run; alone it needs a number of steps: `for 1000`"
                ),
                column,
            })?),
        };
        let points = call.points.iter().map(|(at, lr)| {
            Ok((at.map_or(Ok(0.0), |at| self.length(at, item))?, self.rate(*lr, column)?))
        });
        let args = Args {
            from,
            to: call.to.map_or(Ok(0.0), |to| self.rate(to, column))?,
            len,
            options: self.options(call, item)?,
            points: points.collect::<Result<_, Error>>()?,
        };
        Ok(Node::Curve(call.kind.curve(&args)))
    }

    /// The options that were given, and the defaults of the others.
    fn options(self, call: &Call, item: &Item) -> Result<Vec<(&'static str, Value)>, Error> {
        let mut options = Vec::new();
        for option in call.kind.signature().options {
            let value = match (call.option(option.name), option.kind) {
                (Some(Value::Flag), _) => Value::Flag,
                (Some(Value::Number(x)), _) => Value::Number(*x),
                (Some(Value::Length(n)), _) => Value::Length(self.length(*n, item)?),
                (Some(Value::Lengths(list)), _) => Value::Lengths(
                    list.iter().map(|n| self.length(*n, item)).collect::<Result<_, _>>()?,
                ),
                (None, OptKind::Number(default, _)) => Value::Number(default),
                (None, OptKind::Length(default)) => Value::Length(default),
                (None, OptKind::Flag | OptKind::Lengths) => continue,
            };
            options.push((option.name, value));
        }
        Ok(options)
    }

    /// The first learning rate of a curve: its own, or where the part before it ended, or the peak.
    fn from(self, call: &Call, item: &Item, before: Option<f64>) -> Result<f64, Error> {
        match (call.from, before, self.peak) {
            (Some(from), _, _) => self.rate(from, item.column.0),
            (None, Some(before), _) => Ok(before),
            (None, None, Some(peak)) => Ok(peak),
            (None, None, None) => Err(Error::Open {
                message: format!(
                    "`{item}` starts at the run's peak rate; alone it needs a rate to start from"
                ),
                column: item.column.0,
            }),
        }
    }

    pub(super) fn rate(self, rate: Rate, column: usize) -> Result<f64, Error> {
        match (rate, self.peak) {
            (Rate::Absolute(rate), _) => Ok(rate),
            (Rate::OfPeak(percent), Some(peak)) => Ok(share(peak, percent)),
            (Rate::OfPeak(_), None) => Err(Error::Open {
                message: format!("`{rate}` is a share of the run's peak rate; write a rate"),
                column,
            }),
        }
    }
}
