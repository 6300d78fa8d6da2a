//! The notes of an answer: what limits it.
//!
//! A note is something that a careful reader would ask about: a learning rate at an end of the
//! grid, runs that diverged, what a budget cut, nothing tuned, a verdict that is not confirmed.

use crate::answer::{ArmAnswer, Comparison};
use crate::budget::BudgetCut;
use crate::sequential::Verdict;
use crate::text::rate;
use std::collections::BTreeSet;

/// What limits the answer.
pub(crate) fn notes(
    decay: &Comparison,
    alternative: Option<&Comparison>,
    arms: &[ArmAnswer],
    cut: Option<&BudgetCut>,
    untuned: bool,
    machines: &BTreeSet<String>,
) -> Vec<String> {
    let mut notes = cut.map(BudgetCut::costs).unwrap_or_default();
    if machines.len() > 1 {
        let names: Vec<&str> = machines.iter().map(String::as_str).collect();
        notes.push(format!(
            "the runs were trained on {}: sums have other last digits there, so the answer need not be that of one machine, bit by bit",
            names.join(" and ")
        ));
    }
    if untuned {
        notes.push(format!(
            "no learning rate was tuned, every arm had {}: a difference may come from the learning rate and not from the schedule",
            rate(decay.incumbent.peak_lr)
        ));
    }
    for comparison in [Some(decay), alternative].into_iter().flatten() {
        notes.extend(unconfirmed(comparison));
    }
    let compared = [Some(decay), alternative].into_iter().flatten();
    let compared: Vec<&str> =
        compared.flat_map(|c| [c.challenger.arm.as_str(), c.incumbent.arm.as_str()]).collect();
    for arm in arms {
        if arm.tuned.at_edge && compared.contains(&arm.name.as_str()) {
            let first = arm.tuned.tried.first();
            let lowest = first.is_some_and(|first| first.peak_lr == arm.tuned.peak_lr);
            let which = if lowest { "lowest" } else { "highest" };
            notes.push(format!(
                "{}: the best peak learning rate is the {which} of the grid, {}; a better one may lie outside",
                arm.name,
                rate(arm.tuned.peak_lr)
            ));
        }
        if arm.diverged > 0 {
            notes.push(format!(
                "{}: {} of {} runs diverged and count as the worst metric of the tuning runs",
                arm.name,
                arm.diverged,
                arm.values.len()
            ));
        }
    }
    notes
}

/// A test that crossed against the first finalist and not against the second.
fn unconfirmed(comparison: &Comparison) -> Option<String> {
    let crossed = comparison.last().verdict;
    if comparison.awaits_confirmation() {
        return Some(format!(
            "{} against {} crossed, and the runner-up of the race was not tried any more: continue the study to confirm it",
            comparison.challenger, comparison.incumbent
        ));
    }
    let confirmation = comparison.confirmation.as_ref().filter(|found| !found.confirmed)?;
    let (what, which) = match crossed {
        Verdict::Helps => ("better than", &comparison.incumbent),
        Verdict::Harms => ("worse than", &comparison.incumbent),
        Verdict::NoDifference | Verdict::Undecided => return None,
    };
    let runner_up = &confirmation.runner_up;
    let check = match crossed {
        Verdict::Helps => format!("not surely better than {runner_up}"),
        _ => format!("{runner_up} is not surely worse"),
    };
    Some(format!(
        "{} is {what} {which}, but {check}: the choice of the learning rate may be what differs, so the verdict is left open",
        comparison.challenger
    ))
}
