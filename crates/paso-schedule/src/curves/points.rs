//! Interpolation through given points.
//!
//! Between two points, `p` is the share of the way from the one to the other. Two points at one
//! step make a jump. Lengths of the text may be shares of a run, such as
//! `points(0: 1e-3, 50%: 1e-4)`.

use super::{Args, CosineEase, CurveDef, Ease, Form, Len, LinearEase, Opt, Signature, Value};
use crate::error::Error;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::{invalid, lr_in, steps_in};
use alloc::vec::Vec;

/// Learning rates at given steps and an interpolation between them, then constant. In text:
/// `points(0: LR, STEP: LR, ..., linear)` with `hold`, `linear` or `cosine`.
///
/// ```
/// use paso_schedule::{Between, Points, Schedule};
/// let lr = Points { points: vec![(0, 0.0), (10, 1.0), (20, 0.5)], between: Between::Linear };
/// assert_eq!((lr.at(5), lr.at(10), lr.at(15), lr.at(99)), (0.5, 1.0, 0.75, 0.5));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// Steps and learning rates in order of the steps; at least one. Before the first point its
    /// learning rate holds, and of two points at one step the later one counts.
    pub points: Vec<(u64, f64)>,
    /// The interpolation; linear by default.
    pub between: Between,
}

impl Schedule for Points {
    fn build(&self) -> Result<Spec, Error> {
        let points = self.points.iter().map(|&(at, lr)| (at as f64, lr)).collect();
        Spec::from_node(PointsCurve { points, between: self.between })
    }
}

/// The interpolation between two of the [`Points`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Between {
    /// Piecewise constant: the learning rate of the point before, the new one from its step on.
    Hold,
    /// A straight line.
    #[default]
    Linear,
    /// Half a cosine wave.
    Cosine,
}

/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PointsCurve {
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) between: Between,
}

impl CurveDef for PointsCurve {
    const SIGNATURE: Signature = Signature {
        name: "points",
        form: Form::Points,
        len: Len::Never,
        options: &[Opt::flag("hold"), Opt::flag("linear"), Opt::flag("cosine")],
        usage: "points(STEP: LR, ..., linear)",
        formula: "through the points: `hold`, `linear` (default) or `cosine`",
    };

    fn from_args(args: &Args) -> Self {
        let between = match args.options.first() {
            Some(("hold", _)) => Between::Hold,
            Some(("cosine", _)) => Between::Cosine,
            _ => Between::Linear,
        };
        Self { points: args.points.clone(), between }
    }

    fn args(&self) -> Args {
        let flag = match self.between {
            Between::Hold => "hold",
            Between::Linear => "linear",
            Between::Cosine => "cosine",
        };
        let options = Vec::from([(flag, Value::Flag)]);
        Args { points: self.points.clone(), options, ..Args::default() }
    }

    fn validate(&self) -> Result<(), Error> {
        let mut before = 0.0;
        if self.points.is_empty() {
            return Err(invalid("points", 0.0, "at least one point"));
        }
        for &(at, lr) in &self.points {
            steps_in("steps", at)?;
            lr_in("lr", lr)?;
            if at < before {
                return Err(invalid("at", at, "a step that is not before the previous point"));
            }
            before = at;
        }
        Ok(())
    }

    fn value(&self, t: f64) -> f64 {
        // The first point after `t`: of two points at one time the later one counts.
        let next = self.points.partition_point(|&(at, _)| at <= t);
        if next == 0 {
            return self.points[0].1;
        }
        let (start, from) = self.points[next - 1];
        let Some(&(end, to)) = self.points.get(next) else { return from };
        let p = (t - start) / (end - start);
        match self.between {
            Between::Hold => from,
            Between::Linear => LinearEase::between([], from, to, p),
            Between::Cosine => CosineEase::between(CosineEase::HALF_WAVE, from, to, p),
        }
    }

    fn len(&self) -> Option<f64> {
        self.points.last().map(|&(t, _)| t)
    }

    fn peak(&self) -> f64 {
        self.points.iter().fold(0.0, |peak, &(_, lr)| lr.max(peak))
    }
}
