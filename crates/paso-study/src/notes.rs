//! The notes of an answer: what limits it.
//!
//! A note is something that a careful reader would ask about: a learning rate at an end of the
//! grid, runs that diverged, what a budget cut, nothing tuned, an arm that looks better than the
//! chosen one.

use crate::answer::ArmAnswer;
use crate::arm::Role;
use crate::budget::BudgetCut;
use crate::compare::Verdict;

/// What limits the answer.
pub(crate) fn notes(
    arms: &[ArmAnswer],
    best: usize,
    cut: Option<&BudgetCut>,
    alpha: f64,
) -> Vec<String> {
    let mut notes = cut.map(BudgetCut::costs).unwrap_or_default();
    let untuned = arms.iter().all(|arm| arm.tuned.tried.iter().all(|t| t.peak_lr == arm.peak_lr));
    if untuned {
        notes.push(format!(
            "no learning rate was tuned, every arm had {:e}: a difference may come from the learning rate and not from the schedule",
            arms[best].peak_lr
        ));
    }
    for arm in arms {
        if arm.tuned.at_edge && !untuned {
            let which = if arm.tuned.tried.first().is_some_and(|first| first.peak_lr == arm.peak_lr)
            {
                "lowest"
            } else {
                "highest"
            };
            notes.push(format!("{}: the best peak learning rate is the {which} of the grid, {:e}; a better one may lie outside", arm.name, arm.peak_lr));
        }
        if arm.diverged > 0 {
            notes.push(format!(
                "{}: {} of {} runs diverged and count as the worst metric of the study",
                arm.name,
                arm.diverged,
                arm.values.len()
            ));
        }
    }
    for arm in arms
        .iter()
        .enumerate()
        .filter(|(i, arm)| *i != best && arm.role == Role::Decay)
        .map(|(_, arm)| arm)
    {
        if arm.verdict == Verdict::Helps
            && arms[best].verdict != Verdict::Helps
            && arm.p_holm <= alpha
        {
            notes.push(format!("{} helps on its own, but was not the best on the tuning seeds, so the verdict is not about it", arm.name));
        }
    }
    notes
}
