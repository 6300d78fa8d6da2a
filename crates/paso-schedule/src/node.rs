//! A schedule as a tree, and its value at a time. Nothing else in the crate computes a rate.
//!
//! Every rate is finite and never negative, by construction: the numbers in a tree are checked when
//! it is built (`crate::check`), ramps are clamped between their ends, and sums and products saturate
//! at `f64::MAX`.

use crate::check::not_negative;
use crate::ease::Ease;
use crate::error::Error;
use crate::math::{floor, whole};
use crate::power::{log, pow};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A curve, or schedules put together. Times and lengths are in steps and may be fractions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// One rate; with a length where something follows.
    Constant { rate: f64, len: Option<f64> },
    /// From one rate to another, then held.
    Ramp { from: f64, to: f64, len: f64, ease: Ease },
    /// A linear ramp to the start of what follows; without `from`, the line that was 0 one step
    /// before the first update.
    Warmup { from: Option<f64>, to: f64, len: f64 },
    /// `from * factor^(t / every)`.
    Decay { from: f64, factor: f64, every: f64 },
    /// `from / (1 + rate * t / every)`.
    InverseTime { from: f64, rate: f64, every: f64 },
    /// `from * (timescale / (timescale + t))^power`.
    InversePower { from: f64, timescale: f64, power: f64 },
    /// A polynomial decay whose length doubles, triples … each time it is reached.
    PolynomialCycle { from: f64, to: f64, every: f64, power: f64 },
    /// Given rates at given times, in order; before the first point its rate.
    Points { points: Vec<(f64, f64)>, between: Between },
    /// A rate for each step.
    Table { rates: Vec<f64> },
    /// One after the other; each part starts its own time at its `start`.
    Then { parts: Vec<Part> },
    /// Cycle number `i` is `stretch^i` times as long and `scale^i` times as high.
    Repeat { inner: Box<Self>, times: Option<u64>, stretch: f64, scale: f64 },
    /// Multiplied by a number.
    Scale { inner: Box<Self>, factor: f64 },
    /// A rate added.
    Plus { inner: Box<Self>, rate: f64 },
    /// A rate minus it, never below 0.
    Below { inner: Box<Self>, rate: f64 },
    /// Multiplied with another schedule.
    Times { inner: Box<Self>, other: Box<Self> },
    /// Never below a rate.
    Floor { inner: Box<Self>, rate: f64 },
    /// Never above a rate.
    Cap { inner: Box<Self>, rate: f64 },
    /// Starts later; before that its first rate.
    Delay { inner: Box<Self>, steps: f64 },
    /// Its first steps are left out.
    Skip { inner: Box<Self>, steps: f64 },
    /// Ends at this step, whatever its own length.
    Take { inner: Box<Self>, steps: f64 },
    /// Takes `factor` times as long.
    Stretch { inner: Box<Self>, factor: f64 },
    /// Changes only every so many steps.
    Every { inner: Box<Self>, steps: f64 },
}

/// A part of a sequence and when it starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) start: f64,
    pub(crate) node: Node,
}

/// What [`crate::Points`] does between two points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Between {
    /// The rate of the point before: piecewise constant, the new rate from the point's step on.
    Hold,
    /// A straight line.
    #[default]
    Linear,
    /// Half a cosine wave.
    Cosine,
}

impl Node {
    /// The rate at time `t >= 0`.
    pub(crate) fn value(&self, t: f64) -> f64 {
        match self {
            Self::Constant { rate, .. } => *rate,
            Self::Ramp { from, to, len, ease } => {
                if t >= *len {
                    *to
                } else {
                    ease.between(*from, *to, t / len)
                }
            }
            Self::Warmup { from, to, len } => {
                if t >= *len {
                    *to
                } else if let Some(from) = from {
                    Ease::Linear.between(*from, *to, t / len)
                } else {
                    to * ((t + 1.0) / (len + 1.0))
                }
            }
            Self::Decay { from, factor, every } => {
                saturate(from * pow(*factor, saturate(t / every)))
            }
            Self::InverseTime { from, rate, every } => {
                from / (1.0 + saturate(rate * saturate(t / every)))
            }
            Self::InversePower { from, timescale, power } => {
                from * pow(timescale / (timescale + t), *power)
            }
            Self::PolynomialCycle { from, to, every, power } => {
                // The length that ends at or after `t`; a length is reached at its last step.
                let n = floor(saturate(t / every));
                let n = if n * every < t || n == 0.0 { n + 1.0 } else { n };
                Ease::Polynomial { power: *power, k: 1.0 }.between(
                    *from,
                    *to,
                    (t / (n * every)).min(1.0),
                )
            }
            Self::Points { points, between } => between.value(points, t),
            Self::Table { rates } => {
                let last = rates.len() - 1;
                rates[usize::try_from(whole(t)).map_or(last, |i| i.min(last))]
            }
            Self::Then { parts } => {
                // Few parts: a walk from the end is faster than a search.
                let part = parts.iter().rev().find(|part| part.start <= t).unwrap_or(&parts[0]);
                part.node.value(t - part.start)
            }
            Self::Repeat { inner, times, stretch, scale } => {
                let len = inner.len().unwrap_or(f64::MAX);
                let (cycle, time) = cycle(t, len, *times, *stretch);
                saturate(inner.value(time) * pow_whole(*scale, cycle))
            }
            Self::Scale { inner, factor } => saturate(inner.value(t) * factor),
            Self::Plus { inner, rate } => saturate(inner.value(t) + rate),
            Self::Below { inner, rate } => (rate - inner.value(t)).max(0.0),
            Self::Times { inner, other } => saturate(inner.value(t) * other.value(t)),
            Self::Floor { inner, rate } => inner.value(t).max(*rate),
            Self::Cap { inner, rate } => inner.value(t).min(*rate),
            Self::Delay { inner, steps } => inner.value((t - steps).max(0.0)),
            Self::Skip { inner, steps } => inner.value(saturate(t + steps)),
            Self::Take { inner, steps } => inner.value(t.min(*steps)),
            Self::Stretch { inner, factor } => inner.value(saturate(t / factor)),
            Self::Every { inner, steps } => {
                inner.value(saturate(floor(saturate(t / steps)) * steps))
            }
        }
    }

    /// The first time from which on the rate does not change by itself; `None` where it never ends.
    pub(crate) fn len(&self) -> Option<f64> {
        match self {
            Self::Constant { len, .. } => *len,
            Self::Ramp { len, .. } | Self::Warmup { len, .. } => Some(*len),
            Self::Decay { .. }
            | Self::InverseTime { .. }
            | Self::InversePower { .. }
            | Self::PolynomialCycle { .. } => None,
            Self::Points { points, .. } => points.last().map(|&(t, _)| t),
            Self::Table { rates } => Some(rates.len() as f64),
            Self::Then { parts } => {
                parts.last().and_then(|part| Some(part.start + part.node.len()?))
            }
            Self::Repeat { inner, times, stretch, .. } => {
                Some(inner.len()? * geometric(*stretch, (*times)?))
            }
            Self::Scale { inner, .. }
            | Self::Plus { inner, .. }
            | Self::Below { inner, .. }
            | Self::Floor { inner, .. }
            | Self::Cap { inner, .. } => inner.len(),
            Self::Times { inner, other } => Some(inner.len()?.max(other.len()?)),
            Self::Delay { inner, steps } => Some(inner.len()? + steps),
            Self::Skip { inner, steps } => Some((inner.len()? - steps).max(0.0)),
            Self::Take { steps, .. } => Some(*steps),
            Self::Stretch { inner, factor } => Some(inner.len()? * factor),
            Self::Every { inner, steps } => {
                let len = inner.len()?;
                let whole = floor(len / steps) * steps;
                Some(if whole < len { whole + steps } else { whole })
            }
        }
    }

    /// A rate that no step exceeds, the highest one where no schedules are multiplied.
    pub(crate) fn peak(&self) -> f64 {
        match self {
            Self::Constant { rate, .. } => *rate,
            Self::Ramp { from, to, .. } | Self::PolynomialCycle { from, to, .. } => from.max(*to),
            Self::Warmup { from, to, .. } => from.unwrap_or(0.0).max(*to),
            Self::Decay { from, factor, .. } => {
                if *factor > 1.0 && *from > 0.0 {
                    f64::MAX
                } else {
                    *from
                }
            }
            Self::InverseTime { from, .. } | Self::InversePower { from, .. } => *from,
            Self::Points { points, .. } => {
                points.iter().fold(0.0, |peak, &(_, rate)| rate.max(peak))
            }
            Self::Table { rates } => rates.iter().fold(0.0, |peak, rate| rate.max(peak)),
            Self::Then { parts } => parts.iter().fold(0.0, |peak, part| part.node.peak().max(peak)),
            Self::Repeat { inner, times, scale, .. } => {
                let last = times.map_or(f64::MAX, |n| n.saturating_sub(1) as f64);
                saturate(inner.peak() * if *scale > 1.0 { pow(*scale, last) } else { 1.0 })
            }
            Self::Scale { inner, factor } => saturate(inner.peak() * factor),
            Self::Plus { inner, rate } => saturate(inner.peak() + rate),
            Self::Below { rate, .. } => *rate,
            Self::Times { inner, other } => saturate(inner.peak() * other.peak()),
            Self::Floor { inner, rate } => inner.peak().max(*rate),
            Self::Cap { inner, rate } => inner.peak().min(*rate),
            Self::Delay { inner, .. }
            | Self::Skip { inner, .. }
            | Self::Take { inner, .. }
            | Self::Stretch { inner, .. }
            | Self::Every { inner, .. } => inner.peak(),
        }
    }

    /// Held rates that each milestone multiplies by `factor`.
    pub(crate) fn multi_step(from: f64, factor: f64, mut at: Vec<f64>) -> Result<Self, Error> {
        // The other numbers are checked with the points that they make.
        not_negative("factor", factor)?;
        at.sort_by(f64::total_cmp);
        let mut points = Vec::with_capacity(at.len() + 1);
        points.push((0.0, from));
        points.extend(
            at.into_iter()
                .zip(1_u32..)
                .map(|(at, n)| (at, saturate(from * pow(factor, f64::from(n))))),
        );
        Ok(Self::Points { points, between: Between::Hold })
    }

    /// Parts one after the other; the error is the number of a part that never ends and is not last.
    pub(crate) fn then(nodes: Vec<Self>) -> Result<Self, usize> {
        let mut parts = Vec::with_capacity(nodes.len());
        let mut start = 0.0;
        for (i, node) in nodes.into_iter().enumerate() {
            if i > 0 {
                let len =
                    parts.last().map_or(Some(0.0), |part: &Part| part.node.len()).ok_or(i - 1)?;
                start = saturate(start + len);
            }
            parts.push(Part { start, node });
        }
        Ok(if parts.len() == 1 { parts.remove(0).node } else { Self::Then { parts } })
    }
}

impl Between {
    /// The rate at `t` through points in order of time.
    fn value(self, points: &[(f64, f64)], t: f64) -> f64 {
        // The first point after `t`: of two points at one time the later one counts.
        let next = points.partition_point(|&(at, _)| at <= t);
        if next == 0 {
            return points[0].1;
        }
        let (start, from) = points[next - 1];
        let Some(&(end, to)) = points.get(next) else { return from };
        let p = (t - start) / (end - start);
        match self {
            Self::Hold => from,
            Self::Linear => Ease::Linear.between(from, to, p),
            Self::Cosine => Ease::COSINE.between(from, to, p),
        }
    }
}

/// Which cycle `t` lies in, and the time within the cycle as the inner schedule counts it.
///
/// Past the last of `times` cycles the time stays at the end of the last one.
fn cycle(t: f64, len: f64, times: Option<u64>, stretch: f64) -> (f64, f64) {
    let last = times.map_or(f64::MAX, |n| n.saturating_sub(1) as f64);
    let mut i = if stretch == 1.0 {
        floor(t / len)
    } else {
        floor(log(1.0 + t / len * (stretch - 1.0)) / log(stretch))
    };
    let mut longer = pow_whole(stretch, i);
    // In lengths of the first cycle, the start of a cycle that is `longer` times as long.
    let start = |i: f64, longer: f64| {
        len * if stretch == 1.0 { i } else { saturate((longer - 1.0) / (stretch - 1.0)) }
    };
    // The quotient rounds: the cycle's own bounds decide.
    if i > 0.0 && start(i, longer) > t {
        i -= 1.0;
        longer = pow_whole(stretch, i);
    } else if start(i + 1.0, longer * stretch) <= t {
        i += 1.0;
        longer *= stretch;
    }
    if i > last {
        return (last, len);
    }
    (i, ((t - start(i, longer)) / longer).clamp(0.0, len))
}

/// `x^n` for a whole `n >= 0`: few multiplications where it is small.
fn pow_whole(x: f64, n: f64) -> f64 {
    if n >= 64.0 || x == 1.0 {
        return pow(x, n);
    }
    let (mut n, mut base, mut result) = (whole(n), x, 1.0);
    while n > 0 {
        if n & 1 == 1 {
            result *= base;
        }
        base *= base;
        n >>= 1;
    }
    saturate(result)
}

/// `1 + r + r^2 + …`, `n` terms.
pub(crate) fn geometric(r: f64, n: u64) -> f64 {
    geometric_real(r, n as f64)
}

fn geometric_real(r: f64, n: f64) -> f64 {
    if r == 1.0 { n } else { saturate((pow(r, n) - 1.0) / (r - 1.0)) }
}

/// What keeps sums and products finite.
pub(crate) fn saturate(x: f64) -> f64 {
    x.min(f64::MAX)
}
