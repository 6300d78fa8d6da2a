//! The ranges of every number in a schedule, in one place. A tree that passed has a finite rate that
//! is never negative at every time.

use crate::ease::Ease;
use crate::error::Error;
use crate::node::Node;

const RATE: &str = "a finite rate of 0 or more";
const STEPS: &str = "a finite number of steps of 0 or more";
const PERIOD: &str = "a finite number of steps above 0";
const POSITIVE: &str = "a finite number above 0";
const NOT_NEGATIVE: &str = "a finite number of 0 or more";

/// Checks the numbers of one node; its inner nodes were checked when they were built.
pub(crate) fn check(node: &Node) -> Result<(), Error> {
    match node {
        Node::Constant { rate, len } => rate_in("rate", *rate).and(steps_in(len.unwrap_or(0.0))),
        Node::Ramp { from, to, len, ease } => {
            rate_in("from", *from)?;
            rate_in("to", *to)?;
            steps_in(*len)?;
            check_ease(*ease, *from, *to)
        }
        Node::Warmup { from, to, len } => {
            rate_in("from", from.unwrap_or(0.0)).and(rate_in("to", *to)).and(steps_in(*len))
        }
        Node::Decay { from, factor, every } => {
            rate_in("from", *from).and(not_negative("factor", *factor)).and(period("every", *every))
        }
        Node::InverseTime { from, rate, every } => {
            rate_in("from", *from).and(not_negative("rate", *rate)).and(period("every", *every))
        }
        Node::InversePower { from, timescale, power } => rate_in("from", *from)
            .and(period("timescale", *timescale))
            .and(not_negative("power", *power)),
        Node::PolynomialCycle { from, to, every, power } => rate_in("from", *from)
            .and(rate_in("to", *to))
            .and(period("every", *every))
            .and(positive("power", *power)),
        Node::Points { points, .. } => {
            let mut before = 0.0;
            if points.is_empty() {
                return Err(value("points", 0.0, "at least one point"));
            }
            for &(at, rate) in points {
                steps_in(at)?;
                rate_in("rate", rate)?;
                if at < before {
                    return Err(value("at", at, "a step that is not before the previous point"));
                }
                before = at;
            }
            Ok(())
        }
        Node::Table { rates } if rates.is_empty() => Err(value("rates", 0.0, "at least one rate")),
        Node::Table { rates } => rates.iter().try_for_each(|&rate| rate_in("rate", rate)),
        Node::Then { .. } | Node::Times { .. } => Ok(()),
        Node::Repeat { inner, times, stretch, scale } => {
            if times.is_some_and(|times| times == 0 || times > 1 << 53) {
                return Err(value("times", times.unwrap_or(0) as f64, "between 1 and 2^53"));
            }
            if *stretch != 1.0 && !(1.001..=1e6).contains(stretch) {
                return Err(value("stretch", *stretch, "1, or between 1.001 and 1e6"));
            }
            not_negative("scale", *scale)?;
            match inner.len() {
                Some(len) => period("steps of a cycle", len),
                None => Err(Error::Endless { part: alloc::format!("{inner}"), column: None }),
            }
        }
        Node::Scale { factor, .. } => not_negative("scale", *factor),
        Node::Plus { rate, .. } => rate_in("plus", *rate),
        Node::Below { rate, .. } => rate_in("below", *rate),
        Node::Floor { rate, .. } => rate_in("floor", *rate),
        Node::Cap { rate, .. } => rate_in("cap", *rate),
        Node::Delay { steps, .. } | Node::Skip { steps, .. } | Node::Take { steps, .. } => {
            steps_in(*steps)
        }
        Node::Stretch { factor, .. } => positive("stretch", *factor),
        Node::Every { steps, .. } => period("every", *steps),
    }
}

fn check_ease(ease: Ease, from: f64, to: f64) -> Result<(), Error> {
    match ease {
        Ease::Linear | Ease::OneMinusSqrt | Ease::Rex => Ok(()),
        Ease::Cosine { exponent, k } => positive("exponent", exponent).and(positive("k", k)),
        Ease::Polynomial { power, k } => positive("power", power).and(positive("k", k)),
        Ease::Geometric => {
            let above = "a rate above 0: a geometric decay never reaches 0";
            for (what, rate) in [("from", from), ("to", to)] {
                if rate < f64::MIN_POSITIVE {
                    return Err(value(what, rate, above));
                }
            }
            Ok(())
        }
        Ease::Normalized { ratio } if ratio > 0.0 && ratio < 1.0 => Ok(()),
        Ease::Normalized { ratio } => Err(value("ratio", ratio, "above 0 and below 1")),
        Ease::Tanh { low, high } => {
            for (what, x) in [("low", low), ("high", high)] {
                if x.abs() > 1e3 || x.is_nan() {
                    return Err(value(what, x, "between -1000 and 1000"));
                }
            }
            Ok(())
        }
    }
}

fn rate_in(what: &'static str, rate: f64) -> Result<(), Error> {
    if rate >= 0.0 && rate.is_finite() { Ok(()) } else { Err(value(what, rate, RATE)) }
}

pub(crate) fn steps_in(steps: f64) -> Result<(), Error> {
    if steps >= 0.0 && steps.is_finite() { Ok(()) } else { Err(value("steps", steps, STEPS)) }
}

fn period(what: &'static str, steps: f64) -> Result<(), Error> {
    if steps >= 1e-9 && steps.is_finite() { Ok(()) } else { Err(value(what, steps, PERIOD)) }
}

pub(crate) fn positive(what: &'static str, x: f64) -> Result<(), Error> {
    if x > 0.0 && x.is_finite() { Ok(()) } else { Err(value(what, x, POSITIVE)) }
}

pub(crate) fn not_negative(what: &'static str, x: f64) -> Result<(), Error> {
    if x >= 0.0 && x.is_finite() { Ok(()) } else { Err(value(what, x, NOT_NEGATIVE)) }
}

pub(crate) fn value(what: &'static str, value: f64, allowed: &'static str) -> Error {
    Error::Value { what, value, allowed, column: None }
}
