//! What schedules have in common: they can be asked for a learning rate, and combined.

use crate::curves::WarmupCurve;
use crate::error::Error;
use crate::node::Node;
use crate::spec::Spec;
use alloc::boxed::Box;

/// What every curve and every [`Spec`] can do: be asked, and be put together with others.
///
/// The combinators build new schedules and change nothing. They are for schedules written in a
/// program, so a mistake in one (a negative learning rate, a part after one that never ends)
/// panics, with the caller's line. For numbers from outside use [`Self::build`], or parse text:
/// both return an [`Error`].
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

    /// The learning rate of update number `step`, counted from 0. Checks the numbers at every call:
    /// a loop keeps a [`Spec`].
    ///
    /// # Panics
    /// Where a number is outside its range.
    #[track_caller]
    #[must_use]
    fn at(&self, step: u64) -> f64 {
        built(self.build()).at(step)
    }

    /// Rises linearly to this schedule's first learning rate, which is reached at step `steps`.
    ///
    /// The line is 0 one step before the first update: no update is spent at learning rate 0, and
    /// none repeats the peak. [`Self::warmup_from`] starts elsewhere.
    #[track_caller]
    #[must_use]
    fn warmup(&self, steps: u64) -> Spec {
        warmed(self.build(), None, steps)
    }

    /// Rises linearly from `lr` at step 0 to this schedule's first learning rate at step `steps`.
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

    /// Starts anew each time it ends.
    #[track_caller]
    #[must_use]
    fn repeat(&self) -> Spec {
        wrapped(self.build(), |inner| Node::Repeat { inner, times: None, stretch: 1.0, scale: 1.0 })
    }

    /// Runs `times` times in all; cycle number `i` (from 0) is `stretch^i` as long and `scale^i` as
    /// high.
    ///
    /// `stretch` is 1, or 1.001 to 1e6. Cosine annealing with warm restarts
    /// ([Loshchilov and Hutter 2017](https://arxiv.org/abs/1608.03983)) is
    /// `Cosine { … }.restarts(times, 2.0, 1.0)`.
    #[track_caller]
    #[must_use]
    fn restarts(&self, times: u64, stretch: f64, scale: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Repeat { inner, times: Some(times), stretch, scale })
    }

    /// Every learning rate times `factor` (0 or more).
    #[track_caller]
    #[must_use]
    fn scale(&self, factor: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Scale { inner, factor })
    }

    /// `lr` added to every learning rate.
    #[track_caller]
    #[must_use]
    fn plus(&self, lr: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Plus { inner, lr })
    }

    /// `lr` minus every learning rate, never below 0: what a momentum does that goes against its
    /// learning rate.
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

    /// Never below `lr`.
    #[track_caller]
    #[must_use]
    fn floor(&self, lr: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Floor { inner, lr })
    }

    /// Never above `lr`.
    #[track_caller]
    #[must_use]
    fn cap(&self, lr: f64) -> Spec {
        wrapped(self.build(), |inner| Node::Cap { inner, lr })
    }

    /// Starts `steps` later; until then the first learning rate.
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

    /// Ends after `steps` steps, whatever its own length: what a part of a sequence needs that
    /// would never end.
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

    /// Changes only every `steps` steps: a curve as a staircase, or a learning rate per epoch.
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
