//! A complete schedule as the line that it parses from.

use super::ast::joined;
use super::number::{number, steps};
use crate::ease::Ease;
use crate::node::{Between, Node, Part};
use crate::spec::{PastEnd, Spec};
use core::fmt;

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.node)?;
        f.write_str(match self.past_end {
            PastEnd::Hold => "",
            PastEnd::Error => " then error",
        })
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant { rate, len: None } => write!(f, "constant({})", number(*rate)),
            Self::Constant { rate, len: Some(len) } => {
                write!(f, "constant({}, {})", number(*rate), steps(*len))
            }
            Self::Ramp { from, to, len, ease } => ramp(f, *from, *to, *len, *ease),
            Self::Warmup { from: None, len, .. } => write!(f, "warmup({})", steps(*len)),
            Self::Warmup { from: Some(from), len, .. } => {
                write!(f, "warmup({}, from {})", steps(*len), number(*from))
            }
            Self::Decay { from, factor, every } => write!(
                f,
                "decay({}, factor {}, every {})",
                number(*from),
                number(*factor),
                steps(*every)
            ),
            Self::InverseTime { from, rate, every } => {
                write!(
                    f,
                    "inverse_time({}, rate {}, every {})",
                    number(*from),
                    number(*rate),
                    steps(*every)
                )
            }
            Self::InversePower { from, timescale, power: 0.5 } => {
                write!(f, "inverse_sqrt({}, timescale {})", number(*from), steps(*timescale))
            }
            Self::InversePower { from, timescale, power } => {
                write!(
                    f,
                    "inverse_power({}, timescale {}, power {})",
                    number(*from),
                    steps(*timescale),
                    number(*power)
                )
            }
            Self::PolynomialCycle { from, to, every, power } => {
                let (from, to) = (number(*from), number(*to));
                write!(
                    f,
                    "polynomial_cycle({from} -> {to}, power {}, every {})",
                    number(*power),
                    steps(*every)
                )
            }
            Self::Points { points, between } => {
                f.write_str("points(")?;
                points
                    .iter()
                    .try_for_each(|&(at, rate)| write!(f, "{}: {}, ", steps(at), number(rate)))?;
                f.write_str(match between {
                    Between::Hold => "hold)",
                    Between::Linear => "linear)",
                    Between::Cosine => "cosine)",
                })
            }
            Self::Table { rates } => {
                f.write_str("table(")?;
                rates.iter().enumerate().try_for_each(|(i, &rate)| {
                    f.write_str(if i == 0 { "" } else { " " })?;
                    f.write_str(&number(rate))
                })?;
                f.write_str(")")
            }
            Self::Then { parts } => joined(f, parts, " then "),
            Self::Repeat { inner, times, stretch, scale } => {
                write!(f, "{}.", Grouped(inner))?;
                repeat(f, *times, *stretch, *scale)
            }
            Self::Scale { inner, factor } => {
                write!(f, "{}.scale({})", Grouped(inner), number(*factor))
            }
            Self::Plus { inner, rate } => write!(f, "{}.plus({})", Grouped(inner), number(*rate)),
            Self::Below { inner, rate } => write!(f, "{}.below({})", Grouped(inner), number(*rate)),
            Self::Times { inner, other } => write!(f, "{}.times({other})", Grouped(inner)),
            Self::Floor { inner, rate } => write!(f, "{}.floor({})", Grouped(inner), number(*rate)),
            Self::Cap { inner, rate } => write!(f, "{}.cap({})", Grouped(inner), number(*rate)),
            Self::Delay { inner, steps: n } => write!(f, "{}.delay({})", Grouped(inner), steps(*n)),
            Self::Skip { inner, steps: n } => write!(f, "{}.skip({})", Grouped(inner), steps(*n)),
            Self::Take { inner, steps: n } => write!(f, "{}.take({})", Grouped(inner), steps(*n)),
            Self::Stretch { inner, factor } => {
                write!(f, "{}.stretch({})", Grouped(inner), number(*factor))
            }
            Self::Every { inner, steps: n } => match &**inner {
                Self::Decay { from, factor, every } if every == n => {
                    write!(
                        f,
                        "step({}, factor {}, every {})",
                        number(*from),
                        number(*factor),
                        steps(*n)
                    )
                }
                _ => write!(f, "{}.every({})", Grouped(inner), steps(*n)),
            },
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            node @ Node::Then { .. } => write!(f, "({node})"),
            node => write!(f, "{node}"),
        }
    }
}

/// A node that something is done to: a sequence needs parentheses.
struct Grouped<'a>(&'a Node);

impl fmt::Display for Grouped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.0, Node::Then { .. }) {
            write!(f, "({})", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}

fn ramp(f: &mut fmt::Formatter<'_>, from: f64, to: f64, len: f64, ease: Ease) -> fmt::Result {
    let name = match ease {
        Ease::Linear => "linear",
        Ease::Cosine { .. } => "cosine",
        Ease::Polynomial { .. } => "polynomial",
        Ease::Geometric => "exponential",
        Ease::OneMinusSqrt => "one_minus_sqrt",
        Ease::Normalized { .. } => "normalized_exponential",
        Ease::Tanh { .. } => "tanh",
        Ease::Rex => "rex",
    };
    write!(f, "{name}({} -> {}, {}", number(from), number(to), steps(len))?;
    // NaN is no default: the language asks for these even where they are 1.
    let options: &[_] = match ease {
        Ease::Cosine { exponent, k } => &[("exponent", exponent, 1.0), ("k", k, 1.0)],
        Ease::Polynomial { power, k } => &[("power", power, f64::NAN), ("k", k, 1.0)],
        Ease::Tanh { low, high } => &[("low", low, -7.0), ("high", high, 3.0)],
        Ease::Normalized { ratio } => &[("ratio", ratio, f64::NAN)],
        Ease::Linear | Ease::Geometric | Ease::OneMinusSqrt | Ease::Rex => &[],
    };
    for (name, value, default) in options {
        if value != default {
            write!(f, ", {name} {}", number(*value))?;
        }
    }
    f.write_str(")")
}

/// `repeat`, `repeat(3)`, `repeat(3, stretch 2, scale 0.5)`.
pub(crate) fn repeat(
    f: &mut fmt::Formatter<'_>,
    times: Option<u64>,
    stretch: f64,
    scale: f64,
) -> fmt::Result {
    f.write_str("repeat")?;
    let mut separator = "(";
    if let Some(times) = times {
        write!(f, "({times}")?;
        separator = ", ";
    }
    for (name, value) in [("stretch", stretch), ("scale", scale)] {
        if value != 1.0 {
            write!(f, "{separator}{name} {}", number(value))?;
            separator = ", ";
        }
    }
    f.write_str(if separator == "(" { "" } else { ")" })
}
