//! A complete schedule: a value that can be asked, combined, printed and stored.

use crate::curves::WarmupCurve;
use crate::error::Error;
use crate::math::saturate;
use crate::node::Node;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A learning rate as a function of the step number, complete: nothing is left to a run.
///
/// Made from a curve ([`Cosine`](crate::Cosine) …) by the combinators of [`Schedule`], from one line of
/// text (the [grammar](crate#the-language)), or by binding a [`Shape`](crate::Shape). It prints as the
/// line that it parses from. Having a `Spec` proves that its numbers were checked: every rate that it
/// gives is finite and never negative.
///
/// ```
/// use paso_schedule::Spec;
/// let lr: Spec = "warmup(500) then cosine(3e-4 -> 3e-6, 9500)".parse()?;
/// assert_eq!(lr.at(500), 3e-4);
/// assert_eq!(lr.at(10_000), 3e-6);
/// assert_eq!(lr.at(u64::MAX), 3e-6);
/// assert_eq!(lr.to_string(), "warmup(500) then cosine(3e-4 -> 3e-6, 9500)");
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    pub(crate) node: Node,
    pub(crate) past_end: PastEnd,
}

/// What a schedule does after its end.
///
/// In text: `… then error`; `… then hold` is the default and need not be written. A schedule that
/// starts anew is not past its end: write `… then repeat`, or use [`Schedule::repeat`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PastEnd {
    /// The last rate stays.
    #[default]
    Hold,
    /// [`Spec::try_at`] is an error: the run is longer than it was planned.
    Error,
}

impl Spec {
    /// The rate of update number `step`, counted from 0: the rate after `step` completed updates.
    ///
    /// Past the end this is the last rate, also where the policy is [`PastEnd::Error`]: only
    /// [`Self::try_at`] tells.
    #[must_use]
    pub fn at(&self, step: u64) -> f64 {
        self.at_time(step as f64)
    }

    /// The rate at a time between steps: a schedule whose unit is the epoch, asked within an epoch.
    ///
    /// A time below 0 or NaN counts as 0.
    #[must_use]
    pub fn at_time(&self, time: f64) -> f64 {
        // `max` and `min` also catch a NaN, which no tree gives: the promise does not hang on one proof.
        saturate(self.node.value(saturate(time.max(0.0))).max(0.0))
    }

    /// As [`Self::at`], with the schedule's own policy past its end.
    ///
    /// # Errors
    /// [`Error::PastEnd`] after the last step of a schedule with [`PastEnd::Error`].
    pub fn try_at(&self, step: u64) -> Result<f64, Error> {
        match (self.past_end, self.end()) {
            (PastEnd::Error, Some(end)) if step as f64 > end => Err(Error::PastEnd { step, end }),
            _ => Ok(self.at(step)),
        }
    }

    /// The step that has the last rate; `None` where there is none (constant, repeated, `1 / sqrt`).
    ///
    /// A cosine over 100 steps ends at 100: updates 0 to 99 are on its way, update 100 would be the
    /// first at its last rate. Fractions are possible.
    #[must_use]
    pub fn end(&self) -> Option<f64> {
        self.node.len()
    }

    /// A rate that no step exceeds: the highest one, unless schedules are multiplied, cut or skipped into.
    #[must_use]
    pub fn peak(&self) -> f64 {
        self.node.peak()
    }

    /// What happens past the end.
    #[must_use]
    pub fn past_end(&self) -> PastEnd {
        self.past_end
    }

    /// The same schedule with another policy past its end.
    #[must_use]
    pub fn with_past_end(mut self, past_end: PastEnd) -> Self {
        self.past_end = past_end;
        self
    }

    /// The rates of the first `steps` updates.
    pub fn lrs(&self, steps: u64) -> impl Iterator<Item = f64> + '_ {
        (0..steps).map(|step| self.at(step))
    }

    /// The first step before `steps` whose rate differs by more than `tolerance`, relative to the larger one.
    #[must_use]
    pub fn first_difference(&self, other: &Self, steps: u64, tolerance: f64) -> Option<u64> {
        (0..steps).find(|&step| {
            let (a, b) = (self.at(step), other.at(step));
            (a - b).abs() > tolerance * a.max(b)
        })
    }

    /// A checked schedule of one node.
    pub(crate) fn from_node(node: impl Into<Node>) -> Result<Self, Error> {
        let node = node.into();
        node.validate()?;
        Ok(Self { node, past_end: PastEnd::Hold })
    }

    /// Schedules one after the other.
    pub(crate) fn sequence(specs: impl IntoIterator<Item = Self>) -> Result<Self, Error> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut past_end = PastEnd::Hold;
        for spec in specs {
            past_end = spec.past_end;
            match spec.node {
                // A sequence within a sequence is one longer sequence, if its last part can be left.
                Node::Then { parts } => nodes.extend(parts.into_iter().map(|part| part.node)),
                node => nodes.push(node),
            }
        }
        let names: Vec<_> = nodes.iter().map(|node| alloc::format!("{node}")).collect();
        let node = Node::then(nodes)
            .map_err(|i| Error::Endless { part: names[i].clone(), column: None })?;
        Ok(Self::from_node(node)?.with_past_end(past_end))
    }
}

/// What every curve and every [`Spec`] can do: be asked, and be put together with others.
///
/// The combinators build new schedules and change nothing. They are for schedules written in a
/// program, so a mistake in one (a negative rate, a part after one that never ends) panics, with the
/// caller's line. For numbers from outside use [`Self::build`], or parse text: both return an [`Error`].
///
/// ```
/// use paso_schedule::{Cosine, Schedule};
/// let lr = Cosine { from: 3e-4, to: 3e-6, steps: 9_500 }.warmup(500);
/// assert_eq!(lr.at(500), 3e-4);
/// assert_eq!(lr.at(10_000), 3e-6);
/// ```
pub trait Schedule {
    /// The checked schedule.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] with the field, its value and its range.
    fn build(&self) -> Result<Spec, Error>;

    /// The rate of update number `step`, counted from 0. Checks the numbers at every call: a loop
    /// keeps a [`Spec`].
    ///
    /// # Panics
    /// Where a number is outside its range.
    #[track_caller]
    #[must_use]
    fn at(&self, step: u64) -> f64 {
        built(self.build()).at(step)
    }

    /// Rises linearly to this schedule's first rate, which is reached at step `steps`.
    ///
    /// The line is 0 one step before the first update: no update is spent at rate 0, and none repeats
    /// the peak. [`Self::warmup_from`] starts elsewhere.
    #[track_caller]
    #[must_use]
    fn warmup(&self, steps: u64) -> Spec {
        warmed(self.build(), None, steps)
    }

    /// Rises linearly from `rate` at step 0 to this schedule's first rate at step `steps`.
    #[track_caller]
    #[must_use]
    fn warmup_from(&self, lr: f64, steps: u64) -> Spec {
        warmed(self.build(), Some(lr), steps)
    }

    /// Goes on with another schedule, which starts at its own step 0, where this one ends.
    #[track_caller]
    #[must_use]
    fn then(&self, next: impl Schedule) -> Spec {
        built(self.build().and_then(|first| Spec::sequence([first, next.build()?])))
    }

    /// Starts anew at its end, for ever.
    #[track_caller]
    #[must_use]
    fn repeat(&self) -> Spec {
        wrapped(self.build(), |inner| Node::Repeat { inner, times: None, stretch: 1.0, scale: 1.0 })
    }

    /// Runs `times` times in all; cycle number `i` (from 0) is `stretch^i` as long and `scale^i` as high.
    ///
    /// `stretch` is 1, or 1.001 to 1e6. Cosine annealing with warm restarts
    /// ([Loshchilov and Hutter 2017](https://arxiv.org/abs/1608.03983)) is
    /// `Cosine { … }.restarts(times, 2.0, 1.0)`.
    #[track_caller]
    #[must_use]
    fn restarts(&self, times: u64, stretch: f64, scale: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Repeat { inner, times: Some(times), stretch, scale })
    }

    /// Every rate times `factor` (0 or more).
    #[track_caller]
    #[must_use]
    fn scale(&self, factor: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Scale { inner, factor })
    }

    /// `rate` added to every rate.
    #[track_caller]
    #[must_use]
    fn plus(&self, lr: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Plus { inner, lr })
    }

    /// `rate` minus every rate, never below 0: what a momentum does that goes against its rate.
    #[track_caller]
    #[must_use]
    fn below(&self, lr: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Below { inner, lr })
    }

    /// The product with another schedule, step by step.
    #[track_caller]
    #[must_use]
    fn times(&self, other: impl Schedule) -> Spec {
        let other = Box::new(built(other.build()).node);
        wrapped(self.build(), |inner| Node::Times { inner, other })
    }

    /// Never below `rate`.
    #[track_caller]
    #[must_use]
    fn floor(&self, lr: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Floor { inner, lr })
    }

    /// Never above `rate`.
    #[track_caller]
    #[must_use]
    fn cap(&self, lr: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Cap { inner, lr })
    }

    /// Starts `steps` later; until then the first rate.
    #[track_caller]
    #[must_use]
    fn delay(&self, steps: u64) -> Spec {
        wrapped(self.build(), |inner| Node::Delay { inner, steps: steps as f64 })
    }

    /// Leaves out the first `steps` steps.
    #[track_caller]
    #[must_use]
    fn skip(&self, steps: u64) -> Spec {
        wrapped(self.build(), |inner| Node::Skip { inner, steps: steps as f64 })
    }

    /// Ends after `steps` steps, whatever its own length: what a part of a sequence needs that would
    /// never end.
    #[track_caller]
    #[must_use]
    fn take(&self, steps: u64) -> Spec {
        wrapped(self.build(), |inner| Node::Take { inner, steps: steps as f64 })
    }

    /// Takes `factor` (above 0) times as long.
    #[track_caller]
    #[must_use]
    fn stretch(&self, factor: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Stretch { inner, factor })
    }

    /// Changes only every `steps` steps: a curve as a staircase, or a rate per epoch.
    #[track_caller]
    #[must_use]
    fn every(&self, steps: u64) -> Spec {
        wrapped(self.build(), |inner| Node::Every { inner, steps: steps as f64 })
    }
}

impl Schedule for Spec {
    fn build(&self) -> Result<Spec, Error> {
        Ok(self.clone())
    }

    fn at(&self, step: u64) -> f64 {
        Self::at(self, step)
    }
}

impl<S: Schedule + ?Sized> Schedule for &S {
    fn build(&self) -> Result<Spec, Error> {
        (**self).build()
    }
}

#[track_caller]
fn built(spec: Result<Spec, Error>) -> Spec {
    match spec {
        Ok(spec) => spec,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn wrapped(inner: Result<Spec, Error>, node: impl FnOnce(Box<Node>) -> Node) -> Spec {
    let Spec { node: inner, past_end } = built(inner);
    built(Spec::from_node(node(Box::new(inner)))).with_past_end(past_end)
}

#[track_caller]
fn warmed(next: Result<Spec, Error>, from: Option<f64>, steps: u64) -> Spec {
    let next = built(next);
    let ramp =
        built(Spec::from_node(WarmupCurve { from, to: next.node.value(0.0), len: steps as f64 }));
    built(Spec::sequence([ramp, next]))
}
