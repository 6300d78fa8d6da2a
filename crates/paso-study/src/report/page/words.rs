//! Small pieces of sentences that several sections share.

use crate::answer::{Answer, Comparison, FinalistAnswer};
use crate::sequential::Look;
use crate::text::{number, percent, rate, signed};
use crate::variant::Variant;
use maud::{Markup, html};

/// `1 pair`, `2 pairs`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A side in a sentence for somebody who does not know its arm: "a constant learning rate", or else
/// the arm's name.
pub(super) fn side(finalist: &FinalistAnswer) -> String {
    let plain = finalist.variant == Variant::DEFAULT && finalist.horizon.is_none();
    if plain && finalist.spec == "constant" {
        "a constant learning rate".into()
    } else {
        finalist.arm.clone()
    }
}

/// A side with its learning rate, which no line breaks.
pub(super) fn finalist(finalist: &FinalistAnswer) -> Markup {
    html! { (finalist.arm) " " span.no-break { "at " (rate(finalist.peak_lr)) } }
}

/// The interval of a look with its level: `95 % interval +0.0101 to +0.0302`.
pub(super) fn interval(look: &Look) -> String {
    let level = percent(look.level);
    format!("{level} interval {} to {}", signed(look.interval.low), signed(look.interval.high))
}

/// The margin in the unit of the metric: `0.0100 IoU`.
pub(super) fn margin(answer: &Answer) -> String {
    format!("{} {}", number(answer.config.margin), answer.metric)
}

/// `11 of 12 pairs`; a tie counts half.
pub(super) fn ahead(look: &Look) -> String {
    format!("{} of {}", look.ahead(), counted(look.pairs, "pair"))
}

/// The mean difference, its interval and the number of pairs, for alternative text.
pub(super) fn summary(comparison: &Comparison, metric: &str) -> String {
    let look = comparison.last();
    format!(
        "{} against {}: {} {metric}, {}, better in {}",
        comparison.challenger,
        comparison.incumbent,
        signed(look.mean),
        interval(look),
        ahead(look)
    )
}

/// A name of at most `most` characters, for figures, where text does not wrap.
pub(super) fn short(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.into();
    }
    let kept: String = name.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A duration: `40 s`, `12 min`, `3.5 h`.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        ..90.0 => format!("{seconds:.0} s"),
        ..5_400.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3_600.0),
    }
}
