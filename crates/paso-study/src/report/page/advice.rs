//! What to do with the answer: the command that trains, how to continue, how to repeat.

use super::words::{counted, duration};
use super::{StudyReport, comparisons};
use crate::answer::{Answer, Comparison, FinalistAnswer};
use crate::report::Pending;
use crate::sequential::Verdict;
use crate::text::{number, rate};
use maud::{Markup, html};

pub(super) fn section(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    let settled = &answer.settled;
    let over = matches!(report.pending, None | Some(Pending::Display));
    html! {
        section.advice {
            h2 { "What to train with" @if !over { ", so far" } }
            @if !report.about.train.is_empty() { pre { (report.about.train) } }
            p {
                (setting(&settled.finalist)) " " (reason(answer))
                @if settled.mean.is_finite() {
                    @match answer.shortened_from {
                        Some(asked) => { " The command trains the whole " (asked) " steps, with a learning rate that was tuned on " (answer.config.steps) ". In the shorter one, about " }
                        None => { " Expect about " }
                    }
                    (number(settled.mean)) " " (answer.metric)
                    @if settled.spread.is_finite() { ", give or take " (number(settled.spread)) " from seed to seed" }
                    "."
                }
            }
            @if report.pending.is_none() { @for comparison in comparisons(answer) { (more(report, comparison)) } }
            @if !report.about.command.is_empty() {
                h3 { @if report.pending.is_some() { "If it is stopped, this continues it" } @else { "The command of this study" } }
                pre { (report.about.command) }
            }
        }
    }
}

/// Arm, schedule and peak learning rate, for whoever trains with another program.
fn setting(finalist: &FinalistAnswer) -> Markup {
    html! {
        strong { (finalist.arm) } ": schedule " code { (finalist.spec) } ", peak learning rate " strong { (rate(finalist.peak_lr)) }
        @if let Some(horizon) = finalist.horizon { ", weights averaged over " (counted_steps(horizon)) }
        @if !finalist.variant.is_default() { ", training variant " code { (finalist.variant.name()) } }
        "."
    }
}

fn counted_steps(steps: u64) -> String {
    format!("{steps} step{}", if steps == 1 { "" } else { "s" })
}

/// Why this arm, in a sentence.
fn reason(answer: &Answer) -> &'static str {
    let better = answer.alternative.as_ref().is_some_and(|c| c.verdict == Verdict::Helps);
    match answer.verdict {
        Verdict::NoDifference if !better => "Of two without a difference it is the simpler one.",
        Verdict::Undecided if !better => "It is ahead so far; that is not a verdict.",
        _ => "",
    }
}

/// How an undecided question could be decided: about how many more pairs, and how long they take.
fn more(report: &StudyReport, comparison: &Comparison) -> Markup {
    if comparison.verdict != Verdict::Undecided {
        return html! {};
    }
    let name = &comparison.challenger.arm;
    if let Some((runs, seconds)) =
        report.more_training(comparison).filter(|_| comparison.awaits_confirmation())
    {
        return html! { p {
            strong { "To decide on " (name) ": " } "the test has crossed, and " (counted(runs, "run")) " of the runner-up would confirm it"
            @if seconds >= 1.0 { ", " (duration(seconds)) " of training" }
            ". The same command goes on where it stopped."
        } };
    }
    let (Some(pairs), Some((runs, seconds))) =
        (comparison.more_pairs, report.more_training(comparison))
    else {
        return html! { p { strong { "To decide on " (name) ": " } "if these pairs are typical, 1,000 would not be enough. The difference is too small or too close to the margin." } };
    };
    let seen = comparison.differences.len();
    let (limit, option) = (report.answer.config.pairs, &report.about.pairs_option);
    html! {
        p {
            strong { "To decide on " (name) ": " } "about " (counted(pairs, "more pair")) " if these are typical, so " (runs) " runs"
            @if seconds >= 1.0 { ", " (duration(seconds)) " of training" }
            " (a rough forecast: half or twice as many are common). The same command "
            @if seen + pairs > limit {
                @if option.is_empty() { "with a limit of " (seen + pairs) " pairs instead of " (limit) }
                @else { "with " code { (option) " " (seen + pairs) } " instead of " (limit) }
                " "
            }
            "goes on where it stopped."
        }
    }
}
