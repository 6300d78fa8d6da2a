//! From a schedule as it was written to a complete one: shares become rates and steps, and the one
//! part without a length takes what the others leave.

use super::ast::{Base, Call, Item, Length, Modifier, Rate};
use super::number::{share, steps};
use crate::curves::{Args, Form, Kind, Len, OptKind, Value};
use crate::error::Error;
use crate::math::{floor, saturate};
use crate::node::{Node, geometric};
use crate::validate::{positive, steps_in};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What a run gives to a schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) peak: Option<f64>,
    pub(crate) steps: Option<f64>,
}

impl Run {
    /// The whole schedule.
    pub(crate) fn bind(self, items: &[Item]) -> Result<Node, Error> {
        self.sequence(items, self.steps, None)
    }

    /// Parts one after the other within `room` steps; `before` is the rate where they start.
    fn sequence(
        self,
        items: &[Item],
        room: Option<f64>,
        before: Option<f64>,
    ) -> Result<Node, Error> {
        let lens = items.iter().map(|item| self.item_len(item)).collect::<Result<Vec<_>, _>>()?;
        let rest = self.rest(items, &lens, room)?;
        let mut nodes: Vec<Node> = Vec::with_capacity(items.len());
        let mut before = before;
        // A warm-up needs the first rate of what follows it.
        let mut pending: Option<(Kind, Option<f64>, f64)> = None;
        let last = items.len() - 1;
        for (i, item) in items.iter().enumerate() {
            let column = item.column.0;
            if let Some((call, len)) = self.warmup(item)? {
                if i == last || pending.is_some() {
                    let message = "a warm-up rises to the rate of the part after it: `warmup(…) then constant`";
                    return Err(Error::Syntax { column, message: message.into() });
                }
                let from = call.from.map(|rate| self.rate(rate, column)).transpose()?;
                pending = Some((call.kind, from, len));
                before = None;
                continue;
            }
            let room = if lens[i].is_none() { rest } else { None };
            let mut node = self.item(item, room, before)?;
            if i < last && node.len().is_none() {
                let Some(steps) = room else {
                    return Err(Error::Endless { part: format!("{item}"), column: Some(column) });
                };
                node = checked(Node::Take { inner: Box::new(node), steps }, column)?;
            }
            if let Some((kind, from, len)) = pending.take() {
                let args = Args { from, to: node.value(0.0), len: Some(len), ..Args::default() };
                nodes.push(checked(Node::Curve(kind.curve(&args)), items[i - 1].column.0)?);
            }
            before = node.len().map(|len| node.value(len));
            nodes.push(node);
        }
        // Every node but the last has a length by now.
        Node::then(nodes).map_err(|i| Error::Endless {
            part: format!("{}", items[i]),
            column: Some(items[i].column.0),
        })
    }

    /// What is left for the one part without a length; an error that says which part does not fit.
    fn rest(
        self,
        items: &[Item],
        lens: &[Option<f64>],
        room: Option<f64>,
    ) -> Result<Option<f64>, Error> {
        let open: Vec<_> =
            items.iter().zip(lens).filter(|(_, len)| len.is_none()).map(|(item, _)| item).collect();
        let Some(room) = room else { return Ok(None) };
        if let [first, second, ..] = open[..] {
            let message = format!(
                "neither `{first}` nor `{second}` has a length; only one part can take the rest of the run"
            );
            return Err(Error::Syntax { column: second.column.0, message });
        }
        let fixed: f64 = lens.iter().flatten().sum();
        if let [item] = open[..] {
            if room - fixed < 0.5 {
                return Err(self.too_short(
                    item,
                    format!("the other parts take {} of", steps(fixed)),
                    room,
                ));
            }
            return Ok(Some(room - fixed));
        }
        let mut start = 0.0;
        for (item, len) in items.iter().zip(lens) {
            let end = start + len.unwrap_or(0.0);
            if end > room + 0.5 {
                return Err(self.too_short(
                    item,
                    format!("it needs steps {} to {} of", steps(start), steps(end)),
                    room,
                ));
            }
            start = end;
        }
        Ok(None)
    }

    fn too_short(self, item: &Item, why: String, room: f64) -> Error {
        let message = format!("no room for `{item}`: {why} a run of {} steps", steps(room));
        Error::TooShort { message, column: item.column.0 }
    }

    /// A warm-up without modifiers, and its length.
    fn warmup(self, item: &Item) -> Result<Option<(&Call, f64)>, Error> {
        let Base::Curve(call) = &item.base else { return Ok(None) };
        if call.kind.signature().form != Form::Warmup {
            return Ok(None);
        }
        let column = item.column.0;
        if !item.modifiers.is_empty() {
            let message =
                "a warm-up cannot be modified alone; put it and what follows in parentheses";
            return Err(Error::Syntax { column, message: message.into() });
        }
        // The parser refused a warm-up without a length.
        let len = call.len.map_or(Ok(0.0), |len| self.length(len, item))?;
        Ok(Some((call, len)))
    }

    /// The length of a part that has one of its own.
    fn item_len(self, item: &Item) -> Result<Option<f64>, Error> {
        let mut len = match &item.base {
            Base::Curve(call) => match call.kind.signature().form {
                Form::Points => call
                    .points
                    .last()
                    .and_then(|(at, _)| *at)
                    .map(|at| self.length(at, item))
                    .transpose()?,
                Form::Table => Some(call.points.len() as f64),
                _ => call.len.map(|len| self.length(len, item)).transpose()?,
            },
            Base::Group(items) => {
                let lens =
                    items.iter().map(|item| self.item_len(item)).collect::<Result<Vec<_>, _>>()?;
                lens.into_iter().sum::<Option<f64>>()
            }
        };
        for modifier in &item.modifiers {
            len = match modifier {
                Modifier::Take(steps) => Some(self.length(*steps, item)?),
                Modifier::Delay(steps) => {
                    len.map(|len| Ok::<_, Error>(len + self.length(*steps, item)?)).transpose()?
                }
                Modifier::Skip(steps) => len
                    .map(|len| Ok::<_, Error>((len - self.length(*steps, item)?).max(0.0)))
                    .transpose()?,
                Modifier::Stretch(factor) => len.map(|len| len * factor),
                Modifier::Repeat { times: Some(times), stretch, .. } => {
                    len.map(|len| len * geometric(*stretch, *times))
                }
                Modifier::Repeat { times: None, .. } => None,
                Modifier::Scale(_)
                | Modifier::Plus(_)
                | Modifier::Below(_)
                | Modifier::Floor(_)
                | Modifier::Cap(_)
                | Modifier::Every(_)
                | Modifier::Times(_) => len,
            };
        }
        Ok(len)
    }

    /// A curve or a group with its modifiers. `room` is what a part without a length may take.
    fn item(self, item: &Item, room: Option<f64>, before: Option<f64>) -> Result<Node, Error> {
        let column = item.column.0;
        // What ends by `take` has that much room, but only a part that asks for room gets it: the rest is
        // cut where it is.
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

    /// Whether a part, or one that it is multiplied with, has a length that only its room can tell.
    fn asks(self, item: &Item) -> Result<bool, Error> {
        let base = match &item.base {
            // A constant can do without.
            Base::Curve(call) => {
                let signature = call.kind.signature();
                signature.len == Len::Required && signature.has_to() && call.len.is_none()
            }
            Base::Group(items) => self.any_asks(items)?,
        };
        let mut others = item.modifiers.iter().map(|modifier| match modifier {
            Modifier::Times(items) => self.any_asks(items),
            _ => Ok(false),
        });
        Ok(base || others.try_fold(false, |any, asks| Ok::<_, Error>(any | asks?))?)
    }

    /// The same of a sequence, in which something has to follow.
    fn any_asks(self, items: &[Item]) -> Result<bool, Error> {
        for (i, item) in items.iter().enumerate() {
            if self.asks(item)? || (i + 1 < items.len() && self.item_len(item)?.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the modifiers of a part leave of its room to the curve inside.
    fn inner_room(self, item: &Item, room: Option<f64>) -> Result<Option<f64>, Error> {
        let whole = room;
        let mut room = room;
        for modifier in item.modifiers.iter().rev() {
            room = match modifier {
                Modifier::Take(steps) => Some(self.length(*steps, item)?),
                Modifier::Delay(steps) => room
                    .map(|room| Ok::<_, Error>(room - self.length(*steps, item)?))
                    .transpose()?,
                Modifier::Skip(steps) => room
                    .map(|room| Ok::<_, Error>(room + self.length(*steps, item)?))
                    .transpose()?,
                Modifier::Stretch(factor) => {
                    // Told as what it is, and not as a run that is too short.
                    positive("stretch", *factor).map_err(|e| e.at(item.column.0))?;
                    room.map(|room| saturate(room / factor))
                }
                Modifier::Repeat { times: Some(times), stretch, .. } => {
                    room.map(|room| room / geometric(*stretch, *times))
                }
                Modifier::Repeat { times: None, .. } => None,
                Modifier::Scale(_)
                | Modifier::Plus(_)
                | Modifier::Below(_)
                | Modifier::Floor(_)
                | Modifier::Cap(_)
                | Modifier::Every(_)
                | Modifier::Times(_) => room,
            };
        }
        match room {
            Some(left) if left <= 0.0 => {
                Err(self.too_short(item, "nothing is left for it in".into(), whole.unwrap_or(0.0)))
            }
            _ => Ok(room),
        }
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

    /// The first rate of a curve: its own, or where the part before it ended, or the peak.
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

    fn rate(self, rate: Rate, column: usize) -> Result<f64, Error> {
        match (rate, self.peak) {
            (Rate::Absolute(rate), _) => Ok(rate),
            (Rate::OfPeak(percent), Some(peak)) => Ok(share(peak, percent)),
            (Rate::OfPeak(_), None) => Err(Error::Open {
                message: format!("`{rate}` is a share of the run's peak rate; write a rate"),
                column,
            }),
        }
    }

    /// A length in steps; a share is rounded to whole steps, and must be at least one.
    fn length(self, length: Length, item: &Item) -> Result<f64, Error> {
        let column = item.column.0;
        match (length, self.steps) {
            (Length::Steps(n), _) => steps_in("steps", n).map(|()| n).map_err(|e| e.at(column)),
            (Length::OfRun(percent), Some(run)) => {
                let n = if percent < 0.0 { percent } else { floor(share(run, percent) + 0.5) };
                if n == 0.0 && percent > 0.0 {
                    let message = format!(
                        "`{item}`: {length} is less than one step of a run of {} steps",
                        steps(run)
                    );
                    return Err(Error::TooShort { message, column });
                }
                Ok(n)
            }
            (Length::OfRun(_), None) => Err(Error::Open {
                message: format!(
                    "`{length}` is a share of the run's steps; write a number of steps"
                ),
                column,
            }),
        }
    }
}

/// The node, if its numbers are in their ranges.
fn checked(node: Node, column: usize) -> Result<Node, Error> {
    node.validate().map_err(|error| error.at(column)).map(|()| node)
}
