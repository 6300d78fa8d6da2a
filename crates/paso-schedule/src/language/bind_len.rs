//! How long the parts of a schedule are, and how many steps are left to a part without a length.
//!
//! A share of the run is rounded to whole steps, half a step up; one that rounds to 0 is an error
//! rather than a part that silently vanishes. Parts may exceed the run by half a step, which is
//! what rounding of lengths with fractions can cause. Without a run nothing is divided, and a part
//! that needs the rest is an error.

use super::ast::{Base, Item, Length, Modifier};
use super::number::{share, steps};
use super::run::Run;
use crate::curves::{Form, Len};
use crate::error::Error;
use crate::math::{floor, saturate};
use crate::node::geometric;
use crate::validate::{positive, steps_in};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

impl Run {
    /// What is left for the one part without a length; an error that says which part does not fit.
    pub(super) fn rest(
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

    pub(super) fn too_short(self, item: &Item, why: String, room: f64) -> Error {
        let message = format!("no room for `{item}`: {why} a run of {} steps", steps(room));
        Error::TooShort { message, column: item.column.0 }
    }

    /// The length of a part that has one of its own.
    pub(super) fn item_len(self, item: &Item) -> Result<Option<f64>, Error> {
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
            len = match LenChange::from(modifier) {
                LenChange::None => len,
                LenChange::Endless => None,
                LenChange::Ends(steps) => Some(self.length(steps, item)?),
                LenChange::Later(steps) => {
                    let steps = len.map(|_| self.length(steps, item)).transpose()?;
                    len.zip(steps).map(|(len, steps)| len + steps)
                }
                LenChange::Earlier(steps) => {
                    let steps = len.map(|_| self.length(steps, item)).transpose()?;
                    len.zip(steps).map(|(len, steps)| (len - steps).max(0.0))
                }
                LenChange::Longer(factor) => len.map(|len| len * factor),
            };
        }
        Ok(len)
    }

    /// Whether a part, or one that it is multiplied with, has a length that only its room can tell.
    pub(super) fn asks(self, item: &Item) -> Result<bool, Error> {
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
    pub(super) fn any_asks(self, items: &[Item]) -> Result<bool, Error> {
        for (i, item) in items.iter().enumerate() {
            if self.asks(item)? || (i + 1 < items.len() && self.item_len(item)?.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the modifiers of a part leave of its room to the curve inside.
    pub(super) fn inner_room(self, item: &Item, room: Option<f64>) -> Result<Option<f64>, Error> {
        let whole = room;
        let mut room = room;
        for modifier in item.modifiers.iter().rev() {
            room = match (LenChange::from(modifier), room) {
                (LenChange::Ends(steps), _) => Some(self.length(steps, item)?),
                (LenChange::Endless, _) => None,
                (LenChange::Longer(factor), room) => {
                    // Reported as what it is, and not as a run that is too short.
                    positive("stretch", factor).map_err(|e| e.at(item.column.0))?;
                    room.map(|room| saturate(room / factor))
                }
                (LenChange::Later(steps), Some(room)) => Some(room - self.length(steps, item)?),
                (LenChange::Earlier(steps), Some(room)) => Some(room + self.length(steps, item)?),
                (_, room) => room,
            };
        }
        match room {
            Some(left) if left <= 0.0 => {
                Err(self.too_short(item, "nothing is left for it in".into(), whole.unwrap_or(0.0)))
            }
            _ => Ok(room),
        }
    }

    /// A length in steps; a share is rounded to whole steps, and must be at least one.
    pub(super) fn length(self, length: Length, item: &Item) -> Result<f64, Error> {
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

/// What a modifier does to the length of a part.
enum LenChange {
    None,
    /// It never ends.
    Endless,
    /// It ends after these steps, whatever its own length.
    Ends(Length),
    /// It ends so much later.
    Later(Length),
    /// It ends so much earlier.
    Earlier(Length),
    /// It takes so many times as long.
    Longer(f64),
}

impl From<&Modifier> for LenChange {
    fn from(modifier: &Modifier) -> Self {
        match modifier {
            Modifier::Take(steps) => Self::Ends(*steps),
            Modifier::Delay(steps) => Self::Later(*steps),
            Modifier::Skip(steps) => Self::Earlier(*steps),
            Modifier::Stretch(factor) => Self::Longer(*factor),
            Modifier::Repeat { times: Some(times), stretch, .. } => {
                Self::Longer(geometric(*stretch, *times))
            }
            Modifier::Repeat { times: None, .. } => Self::Endless,
            Modifier::Scale(_)
            | Modifier::Plus(_)
            | Modifier::Below(_)
            | Modifier::Floor(_)
            | Modifier::Cap(_)
            | Modifier::Every(_)
            | Modifier::Times(_) => Self::None,
        }
    }
}
