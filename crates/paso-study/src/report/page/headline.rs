//! The answer in one or two sentences, the figures behind them, and how sure they are.

use super::words::{ahead, counted, finalist, interval, margin, side};
use super::{StudyReport, comparisons};
use crate::answer::{Answer, Comparison};
use crate::procedure::Question;
use crate::report::Pending;
use crate::sequential::Verdict;
use crate::text::{percent, signed};
use maud::{Markup, html};

/// The answer: a sentence for each question that was asked.
pub(super) fn claims(report: &StudyReport) -> Vec<String> {
    let answer = &report.answer;
    let first = decay(report);
    std::iter::once(first).chain(answer.alternative.as_ref().map(|c| second(report, c))).collect()
}

fn decay(report: &StudyReport) -> String {
    let answer = &report.answer;
    let comparison = &answer.decay;
    let base = side(&comparison.incumbent);
    let pairs = counted(comparison.last().pairs, "pair");
    match (comparison.verdict, comparison.last().verdict) {
        (Verdict::Helps, _) => format!("Decay helps over {base}."),
        (Verdict::Harms, _) => format!("Decay harms: {base} is better."),
        (Verdict::NoDifference, _) => {
            format!("Decay makes no difference of {} or more.", margin(answer))
        }
        (Verdict::Undecided, crossed @ (Verdict::Helps | Verdict::Harms)) => {
            let check = match report.pending {
                Some(Pending::Confirmation { question: Question::Decay }) => {
                    "the check against the runner-up is still to come"
                }
                None if comparison.awaits_confirmation() => {
                    "the check against the runner-up has not been made"
                }
                Some(Pending::Look { question: Question::Decay, .. }) => {
                    "the check against the runner-up does not confirm it yet"
                }
                _ => "the check against the runner-up does not confirm it",
            };
            format!("Undecided: it seems that decay {crossed}, but {check}.")
        }
        (Verdict::Undecided, _) if goes_on(report, Question::Decay) => {
            format!("Undecided so far: {pairs} do not tell whether decay helps.")
        }
        (Verdict::Undecided, _) => format!("Undecided: {pairs} do not tell whether decay helps."),
    }
}

fn second(report: &StudyReport, comparison: &Comparison) -> String {
    let answer = &report.answer;
    let name = &comparison.challenger.arm;
    let so_far = if goes_on(report, Question::Alternative) { " so far" } else { "" };
    let other = side(&comparison.incumbent);
    let after_decay = answer.decay.verdict == Verdict::Helps;
    match comparison.verdict {
        Verdict::Helps if after_decay => format!("Without decay, {name} does better still."),
        Verdict::Helps => format!("Without decay, {name} does better than {other}."),
        Verdict::Harms => format!("Without decay, {name} does worse than {other}."),
        Verdict::NoDifference => {
            format!("Without decay, {name} does as well as {other}, within {}.", margin(answer))
        }
        Verdict::Undecided => {
            format!("Whether {name}, without decay, does better than {other} is undecided{so_far}.")
        }
    }
}

/// Whether more pairs of this question are still to come.
fn goes_on(report: &StudyReport, asked: Question) -> bool {
    match report.pending {
        Some(Pending::Look { question, .. } | Pending::Confirmation { question }) => {
            question == asked
        }
        _ => false,
    }
}

/// The class that colors a verdict.
fn tone(verdict: Verdict) -> String {
    verdict.to_string().replace(' ', "-")
}

/// The color of the whole: that of the second question where it improves on the first.
fn overall(answer: &Answer) -> String {
    let better = answer.alternative.as_ref().is_some_and(|c| c.verdict == Verdict::Helps);
    tone(if better { Verdict::Helps } else { answer.verdict })
}

pub(super) fn section(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    let subject = &report.about.subject;
    html! {
        p.kicker { "Does Adam need learning-rate decay?" @if !subject.is_empty() { " · " (subject) } }
        @if let Some(pending) = report.pending { (banner(pending)) }
        header class={ "answer " (overall(answer)) } {
            h1 { @for (claim, comparison) in claims(report).iter().zip(comparisons(answer)) {
                span class=(tone(comparison.verdict)) { (claim) } " "
            } }
            @if let Some(asked) = answer.shortened_from {
                p { strong { "This is about a shorter training: " } (answer.config.steps) " steps, " (percent(answer.config.steps as f64 / asked as f64))
                    " of the " (asked) " asked for, to fit the budget." }
            }
            @for comparison in comparisons(answer) { p { (figures(comparison, &answer.metric)) } }
            p { strong { "How sure: " } (sure(answer)) }
        }
    }
}

/// That the study is still running, and what comes next.
fn banner(pending: Pending) -> Markup {
    let next = match pending {
        Pending::Display => {
            return html! { p.running { strong { "The answer is final. " } "The other arms are still trained for this page." } };
        }
        Pending::Look { pairs, .. } => format!("Next look at {}.", counted(pairs, "pair")),
        Pending::Confirmation { .. } => "Next: the check against the runner-up.".into(),
        Pending::Alternative => "Next: is there something better that needs no decay?".into(),
    };
    html! { p.running { strong { "So far: " } "the study is still running. " (next) } }
}

fn figures(comparison: &Comparison, metric: &str) -> Markup {
    let look = comparison.last();
    html! {
        (finalist(&comparison.challenger)) " against " (finalist(&comparison.incumbent)) ": "
        strong { (signed(look.mean)) " " (metric) } " (" (interval(look)) "), better in " (ahead(look)) "."
    }
}

/// One sentence on the certainty of the answers.
fn sure(answer: &Answer) -> String {
    let alpha = percent(answer.config.alpha);
    let decided = |c: &&Comparison| matches!(c.verdict, Verdict::Helps | Verdict::Harms);
    let same = |c: &&Comparison| c.verdict == Verdict::NoDifference;
    let mut said = Vec::new();
    if comparisons(answer).any(|c| decided(&c)) {
        said.push(format!(
            "without a true difference, at most {alpha} of studies say “helps” or “harms”"
        ));
    }
    if let Some(c) = comparisons(answer).find(same) {
        let level = percent(c.last().level);
        said.push(format!("the {level} interval lies within the margin of ±{}", margin(answer)));
    }
    for c in comparisons(answer).filter(|c| c.verdict == Verdict::Undecided) {
        let look = c.last();
        let range = format!("{} to {}", signed(look.interval.low), signed(look.interval.high));
        let name = &c.challenger.arm;
        said.push(match look.verdict {
            Verdict::Undecided => format!("for {name}, any difference from {range} is possible"),
            _ => {
                format!("for {name}, the tuned learning rate may be what differs, not the schedule")
            }
        });
    }
    format!("{}.", said.join("; "))
}
