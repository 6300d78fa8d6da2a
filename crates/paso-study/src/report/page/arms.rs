//! The table of the arms: what was tried, how each was tuned, how it did.

use super::{StudyReport, comparisons};
use crate::answer::ArmAnswer;
use crate::arm::Role;
use crate::text::{number, rate, signed};
use maud::{Markup, html};

pub(super) fn section(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    let finalists: Vec<&str> = comparisons(answer)
        .flat_map(|c| [c.challenger.arm.as_str(), c.incumbent.arm.as_str()])
        .collect();
    html! {
        h2 { "What was tried" }
        p { "An arm is a way to train: a schedule at its own tuned peak learning rate. Bold: the arms that were compared in pairs." }
        table.arms {
            thead { tr {
                th scope="col" { "arm" }
                th scope="col" { "peak learning rate" }
                th scope="col" { (answer.metric) " in tuning" }
                th scope="col" { "difference in pairs" }
            } }
            tbody { @for arm in &answer.arms {
                tr.best[finalists.contains(&arm.name.as_str())] {
                    th scope="row" { (arm.name) small { (arm.spec) @if let Some(role) = role(arm.role) { "; " (role) } } }
                    td { (rate(arm.tuned.peak_lr)) @if let Some(horizon) = arm.tuned.horizon { small { "averaged over " (horizon) " steps" } } }
                    td { (tuning(arm)) }
                    td { @match (arm.diff, arm.values.len()) {
                        (Some(diff), pairs) => { (signed(diff)) small { (pairs) " pairs" } }
                        (None, 0) => { "–" }
                        (None, _) => { "0" small { "reference" } }
                    } }
                }
            } }
        }
        p.soft { "Differences are to the baseline and describe; only the comparison in pairs above is a test." }
    }
}

fn role(role: Role) -> Option<&'static str> {
    match role {
        Role::Baseline => Some("baseline"),
        Role::Alternative => Some("no decay"),
        Role::Decay => None,
    }
}

/// Mean metric at the chosen learning rate and the number of tuning seeds behind it.
fn tuning(arm: &ArmAnswer) -> Markup {
    let tuned = &arm.tuned;
    let own = tuned.tried.iter().find(|p| p.peak_lr == tuned.peak_lr && p.horizon == tuned.horizon);
    html! { @match own {
        Some(point) => {
            @match point.mean { Some(mean) => (number(mean)), None => "diverged" }
            small { (super::words::counted(point.seeds, "seed")) }
        }
        None => "–",
    } }
}
