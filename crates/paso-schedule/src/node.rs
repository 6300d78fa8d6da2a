//! A schedule as a tree, and its value at a time. Nothing else in the crate computes a learning
//! rate.
//!
//! Every learning rate is finite and never negative, by construction: the numbers in a tree are
//! checked when it is built (`crate::validate`), ramps are clamped between their ends, and sums and
//! products saturate at `f64::MAX`.
//!
//! A tree is made once and evaluated at every step. Its value at a time depends on the time only,
//! so steps can be asked for in any order, and a resumed run needs no state. Past the end of a node
//! the last value holds; what happens past the end of a whole schedule is in `crate::spec`.
//!
//! Steps up to 2^53 are exact as doubles; beyond, neighboring steps share a time.

use crate::curves::Curve;
use crate::math::{floor, saturate, whole};
use crate::power::{log, pow};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A curve, or schedules put together. Times and lengths are in steps and may be fractions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// One of the curves.
    Curve(Curve),
    /// One after the other; each part starts its own time at its `start`.
    ///
    /// There are at least two parts, in order of their starts. Of several parts with one start the
    /// last is used.
    Then { parts: Vec<Part> },
    /// Cycle number `i` is `stretch^i` times as long and `scale^i` times as high.
    ///
    /// `times` is the number of cycles, without limit if it is `None`. `stretch` is 1 or from 1.001
    /// to 1e6; `scale` is 0 or more.
    Repeat { inner: Box<Self>, times: Option<u64>, stretch: f64, scale: f64 },
    /// Multiplied by a number.
    Scale { inner: Box<Self>, factor: f64 },
    /// A learning rate added.
    Plus { inner: Box<Self>, lr: f64 },
    /// A learning rate minus it, never below 0.
    Below { inner: Box<Self>, lr: f64 },
    /// Multiplied with another schedule.
    Times { inner: Box<Self>, other: Box<Self> },
    /// Never below a learning rate.
    Floor { inner: Box<Self>, lr: f64 },
    /// Never above a learning rate.
    Cap { inner: Box<Self>, lr: f64 },
    /// Starts later; before that its first learning rate.
    Delay { inner: Box<Self>, steps: f64 },
    /// Its first steps are left out.
    Skip { inner: Box<Self>, steps: f64 },
    /// Ends at this step, whatever its own length.
    Take { inner: Box<Self>, steps: f64 },
    /// Takes `factor` times as long.
    Stretch { inner: Box<Self>, factor: f64 },
    /// Changes only every so many steps.
    ///
    /// The value of the last multiple of `steps` holds until the next one.
    Every { inner: Box<Self>, steps: f64 },
}

impl<C: Into<Curve>> From<C> for Node {
    fn from(curve: C) -> Self {
        Self::Curve(curve.into())
    }
}

/// A part of a sequence and when it starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    /// In steps from the start of the sequence.
    pub(crate) start: f64,
    pub(crate) node: Node,
}

impl Node {
    /// The learning rate at time `t >= 0`.
    ///
    /// `t` is finite. It costs a visit of each node on the path to the curves, without allocation.
    pub(crate) fn value(&self, t: f64) -> f64 {
        match self {
            Self::Curve(curve) => curve.value(t),
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
            Self::Plus { inner, lr } => saturate(inner.value(t) + lr),
            Self::Below { inner, lr } => (lr - inner.value(t)).max(0.0),
            Self::Times { inner, other } => saturate(inner.value(t) * other.value(t)),
            Self::Floor { inner, lr } => inner.value(t).max(*lr),
            Self::Cap { inner, lr } => inner.value(t).min(*lr),
            Self::Delay { inner, steps } => inner.value((t - steps).max(0.0)),
            Self::Skip { inner, steps } => inner.value(saturate(t + steps)),
            Self::Take { inner, steps } => inner.value(t.min(*steps)),
            Self::Stretch { inner, factor } => inner.value(saturate(t / factor)),
            Self::Every { inner, steps } => {
                inner.value(saturate(floor(saturate(t / steps)) * steps))
            }
        }
    }

    /// How long it takes in a sequence; `None` where it never ends. From then on the learning rate
    /// does not change by itself.
    ///
    /// It may be an upper bound: a product ends with the longer of its factors, also where the
    /// other one is 0.
    pub(crate) fn len(&self) -> Option<f64> {
        self.until(Curve::len)
    }

    /// The first time from which on the learning rate does not change by itself: earlier than the
    /// length where a table holds its last entry for a step. An upper bound as the length is.
    pub(crate) fn end(&self) -> Option<f64> {
        self.until(Curve::end)
    }

    /// The length or the end, by what it is of a curve.
    fn until(&self, of: fn(&Curve) -> Option<f64>) -> Option<f64> {
        match self {
            Self::Curve(curve) => of(curve),
            Self::Then { parts } => {
                parts.last().and_then(|part| Some(part.start + part.node.until(of)?))
            }
            Self::Repeat { inner, times, stretch, .. } => {
                let (len, end, times) = (inner.len()?, inner.until(of)?, (*times)?);
                let whole = len * geometric(*stretch, times);
                // The last cycle ends as early as one does, by as much as it is stretched.
                let last = pow_whole(*stretch, times.saturating_sub(1) as f64);
                Some(if end < len { saturate(whole - (len - end) * last) } else { whole })
            }
            Self::Scale { inner, .. }
            | Self::Plus { inner, .. }
            | Self::Below { inner, .. }
            | Self::Floor { inner, .. }
            | Self::Cap { inner, .. } => inner.until(of),
            Self::Times { inner, other } => Some(inner.until(of)?.max(other.until(of)?)),
            Self::Delay { inner, steps } => Some(inner.until(of)? + steps),
            Self::Skip { inner, steps } => Some((inner.until(of)? - steps).max(0.0)),
            Self::Take { steps, .. } => Some(*steps),
            Self::Stretch { inner, factor } => Some(inner.until(of)? * factor),
            Self::Every { inner, steps } => {
                let end = inner.until(of)?;
                let whole = floor(end / steps) * steps;
                Some(if whole < end { whole + steps } else { whole })
            }
        }
    }

    /// A learning rate that no step exceeds, the highest one where no schedules are multiplied.
    ///
    /// For `Below` it is the learning rate that is subtracted from, whether or not it is reached.
    pub(crate) fn peak(&self) -> f64 {
        match self {
            Self::Curve(curve) => curve.peak(),
            Self::Then { parts } => parts.iter().fold(0.0, |peak, part| part.node.peak().max(peak)),
            Self::Repeat { inner, times, scale, .. } => {
                let last = times.map_or(f64::MAX, |n| n.saturating_sub(1) as f64);
                saturate(inner.peak() * if *scale > 1.0 { pow(*scale, last) } else { 1.0 })
            }
            Self::Scale { inner, factor } => saturate(inner.peak() * factor),
            Self::Plus { inner, lr } => saturate(inner.peak() + lr),
            Self::Below { lr, .. } => *lr,
            Self::Times { inner, other } => saturate(inner.peak() * other.peak()),
            Self::Floor { inner, lr } => inner.peak().max(*lr),
            Self::Cap { inner, lr } => inner.peak().min(*lr),
            Self::Delay { inner, .. }
            | Self::Skip { inner, .. }
            | Self::Take { inner, .. }
            | Self::Stretch { inner, .. }
            | Self::Every { inner, .. } => inner.peak(),
        }
    }

    /// Parts one after the other; the error is the number of a part that never ends and is not
    /// last.
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
///
/// This is the length of `n` cycles in lengths of the first one. It saturates at `f64::MAX`.
pub(crate) fn geometric(r: f64, n: u64) -> f64 {
    geometric_real(r, n as f64)
}

fn geometric_real(r: f64, n: f64) -> f64 {
    if r == 1.0 { n } else { saturate((pow(r, n) - 1.0) / (r - 1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: lengths `len`, `len * stretch`, ... one after the other.
    fn slow_cycle(t: f64, len: f64, stretch: f64) -> (f64, f64) {
        let (mut i, mut start, mut long) = (0.0, 0.0, len);
        while start + long <= t {
            start += long;
            long *= stretch;
            i += 1.0;
        }
        (i, (t - start) / long * len)
    }

    #[test]
    fn a_time_lies_in_the_cycle_that_counting_them_finds() {
        for stretch in [1.0, 1.5, 2.0, 3.0] {
            for len in [1.0, 7.0, 10.0] {
                for step in 0..500_u32 {
                    let t = f64::from(step);
                    let (got, want) = (cycle(t, len, None, stretch), slow_cycle(t, len, stretch));
                    assert_eq!(got.0, want.0, "cycle of {t}, length {len}, stretch {stretch}");
                    assert!((got.1 - want.1).abs() < 1e-9, "{t}: {got:?}, not {want:?}");
                }
            }
        }
    }

    #[test]
    fn after_the_last_cycle_the_time_stays_at_its_end() {
        assert_eq!(cycle(1e9, 10.0, Some(3), 2.0), (2.0, 10.0));
        assert_eq!(cycle(30.0, 10.0, Some(3), 1.0), (2.0, 10.0));
    }

    #[test]
    fn whole_powers_and_geometric_sums_are_those_of_repeated_operations() {
        let mut sum = 0.0;
        for n in 0..90_u32 {
            let power = (0..n).fold(1.0, |product, _| product * 1.25);
            assert!((pow_whole(1.25, f64::from(n)) / power - 1.0).abs() < 1e-13, "1.25^{n}");
            assert!((geometric(1.25, n.into()) - sum).abs() <= 1e-12 * sum, "{n} terms");
            sum += power;
        }
        assert_eq!((geometric(1.0, 7), pow_whole(0.5, 3.0)), (7.0, 0.125));
        assert_eq!(pow_whole(1e300, 5.0), f64::MAX, "it saturates");
    }
}
