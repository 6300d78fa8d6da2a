//! How sure the answer is, and about what.

use super::words::{ahead, counted, interval};
use super::{StudyReport, comparisons, evidence};
use crate::answer::{Answer, Comparison};
use crate::sequential::Verdict;
use crate::text::{number, percent, signed};
use maud::{Markup, html};

pub(super) fn section(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    let config = &answer.config;
    html! {
        h2 { "How sure, and about what" }
        @for comparison in comparisons(answer) {
            h3 { (comparison.challenger.arm) " against " (comparison.incumbent.arm) }
            @let figure = evidence::figure(report, comparison);
            div.side[figure.is_some()] {
                @if let Some(figure) = &figure { (figure) }
                ul {
                    @if figure.is_none() { li { "There was one look, at " (counted(comparison.last().pairs, "pair")) ", and it decided." } }
                    li { (test(answer, comparison)) }
                    @if let Some(text) = confirmation(comparison, &answer.metric) { li { (text) } }
                    @if let Some(text) = loss(comparison) { li { (text) } }
                }
            }
        }
        h3 { "What it holds for" }
        ul {
            @for note in &answer.notes { li { "Note: " (note) "." } }
            @for limit in report.limits() { li { (limit) } }
        }
        dl.conditions {
            @for (name, value) in &report.about.conditions { dt { (name) } dd { (value) } }
            dt { "steps per run" } dd { (config.steps) }
            dt { "seeds of the pairs" } dd { "from " (config.first_seed) " on, at most " (config.pairs) " for each question; tuning has others" }
            dt { "margin" } dd { (number(config.margin)) " " (answer.metric) ": a smaller difference counts as none" }
        }
    }
}

/// The test of a comparison in a sentence, with its terms.
fn test(answer: &Answer, comparison: &Comparison) -> String {
    let look = comparison.last();
    let start = format!("{} is ahead in {}", comparison.challenger.arm, ahead(look));
    match look.verdict {
        Verdict::Helps | Verdict::Harms => format!(
            "{start}. If the sign of each difference were chance, a mean this far from 0 would have a probability of {:.4} (p of the sign-flip test; this look needs {:.4} or less).",
            look.p, look.needed
        ),
        Verdict::NoDifference => format!(
            "{start}; {}. Both tests against the margin of {} reject, at {} each.",
            interval(look),
            number(answer.config.margin),
            percent(answer.config.alpha)
        ),
        Verdict::Undecided => format!(
            "{start}. A sign-flip test has p = {:.4}; this look needs {:.4} or less. The interval is valid whenever the study stops.",
            look.p, look.needed
        ),
    }
}

/// The check against the runner-up in a sentence.
fn confirmation(comparison: &Comparison, metric: &str) -> Option<String> {
    let found = comparison.confirmation.as_ref()?;
    let result = format!("{} {metric}, {}", signed(found.look.mean), interval(&found.look));
    let runner_up = &found.runner_up;
    let helps = comparison.last().verdict == Verdict::Helps;
    let (sides, best) = if helps {
        (format!("{} against {runner_up}", comparison.challenger), &comparison.incumbent)
    } else {
        (format!("{runner_up} against {}", comparison.incumbent), &comparison.challenger)
    };
    Some(if found.confirmed {
        format!(
            "Confirmed: the test crossed for {best} and for its runner-up, {runner_up}, too ({sides}: {result}). So a badly tuned learning rate is not the reason."
        )
    } else {
        format!(
            "Not confirmed: the test crossed for {best}, but not for its runner-up ({sides}: {result}). The learning rate may be the reason."
        )
    })
}

/// The loss as a second measurement, in a sentence that says whether it agrees.
fn loss(comparison: &Comparison) -> Option<String> {
    let look = comparison.loss.as_ref()?;
    let challenger = &comparison.challenger.arm;
    let word = if look.mean >= 0.0 { "lower" } else { "higher" };
    let agreement = match (comparison.verdict, look.verdict) {
        (Verdict::Helps, Verdict::Helps) | (Verdict::Harms, Verdict::Harms) => "It agrees.",
        (Verdict::Helps, Verdict::Harms) | (Verdict::Harms, Verdict::Helps) => {
            "It says the opposite: choose the measure that your application needs."
        }
        (_, Verdict::Helps) => "Alone it would say “helps”; the verdict is about the metric.",
        (_, Verdict::Harms) => "Alone it would say “harms”; the verdict is about the metric.",
        _ => "Alone it is undecided.",
    };
    Some(format!(
        "The loss of the same pairs is {} {word} with {challenger} ({} in its favor). {agreement}",
        number(look.mean.abs()),
        interval(look)
    ))
}
