//! A complete schedule: a value that can be asked, combined, printed and stored.

use crate::error::Error;
use crate::math::{saturate, whole};
use crate::node::Node;
use alloc::vec::Vec;

/// A learning rate as a function of the step number, complete: nothing is left to a run.
///
/// Made from a curve ([`Cosine`](crate::Cosine) …) by the combinators of
/// [`Schedule`](crate::Schedule), from one line of text (the [grammar](crate#the-language)), or by
/// binding a [`Shape`](crate::Shape). It prints as the line that it parses from. Having a `Spec`
/// proves that its numbers were checked: every learning rate that it gives is finite and never
/// negative.
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
/// starts anew is not past its end: write `… then repeat`, or use
/// [`Schedule::repeat`](crate::Schedule::repeat).
///
/// ```
/// use paso_schedule::{Error, Spec};
/// let lr: Spec = "cosine(0.1 -> 0, 100) then error".parse()?;
/// assert_eq!(lr.try_at(100)?, 0.0);
/// assert_eq!(lr.try_at(101), Err(Error::PastEnd { step: 101, end: 100.0 }));
/// // `at` holds the last learning rate whatever the policy.
/// assert_eq!(lr.at(101), 0.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PastEnd {
    /// The last learning rate stays.
    #[default]
    Hold,
    /// [`Spec::try_at`] is an error: the run is longer than it was planned.
    Error,
}

impl Spec {
    /// The learning rate of update number `step`, counted from 0: the learning rate after `step`
    /// completed updates.
    ///
    /// Past the end this is the last learning rate, also where the policy is [`PastEnd::Error`]:
    /// only [`Self::try_at`] tells.
    #[must_use]
    pub fn at(&self, step: u64) -> f64 {
        self.at_time(step as f64)
    }

    /// The learning rate at a time between steps: a schedule whose unit is the epoch, asked within
    /// an epoch.
    ///
    /// A time below 0 or NaN counts as 0.
    #[must_use]
    pub fn at_time(&self, time: f64) -> f64 {
        // `max` and `min` also catch a NaN, which no tree gives: a second check of what every curve
        // guarantees.
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

    /// The step that has the last learning rate; `None` where there is none (constant, repeated,
    /// `1 / sqrt`).
    ///
    /// A cosine over 100 steps ends at 100: updates 0 to 99 are on its way, update 100 would be the
    /// first at its last learning rate. A table of 3 ends at step 2, its last entry. Fractions are
    /// possible.
    #[must_use]
    pub fn end(&self) -> Option<f64> {
        self.node.end()
    }

    /// A learning rate that no step exceeds: the highest one, unless schedules are multiplied, cut
    /// or skipped into.
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

    /// The learning rates of the first `steps` updates.
    pub fn lrs(&self, steps: u64) -> impl Iterator<Item = f64> + '_ {
        (0..steps).map(|step| self.at(step))
    }

    /// The first step before `steps` whose learning rate differs by more than `tolerance`, relative
    /// to the larger one.
    ///
    /// Steps are compared one by one, up to the end of both schedules; equal ones are not compared.
    #[must_use]
    pub fn first_difference(&self, other: &Self, steps: u64, tolerance: f64) -> Option<u64> {
        if self.node == other.node {
            return None;
        }
        // From the end of both on nothing changes.
        let ends = self.end().zip(other.end());
        let last = ends.map_or(u64::MAX, |(a, b)| whole(a.max(b)).saturating_add(2));
        (0..steps.min(last)).find(|&step| {
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
                // A sequence within a sequence is one longer sequence, if its last part can be
                // left.
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
