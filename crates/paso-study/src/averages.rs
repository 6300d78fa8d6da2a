//! Arms with averaged weights, where the training loop keeps no averages.
//!
//! The usual arms have one, and the shortest loop returns a metric and nothing else. Such a study is
//! not refused: the arm is left out, and a note says what it would take. What was trained is kept as
//! what it was, a run without averages, so nothing is trained twice.

use crate::arm::Role;
use crate::config::StudyConfig;
use crate::error::Error;
use crate::journal::Journal;

/// The configuration without the averaged alternatives whose runs came without averages, and the
/// names of those; `None` if nothing is left out.
///
/// # Errors
/// [`Error::Count`] if the arm is of the first question, which needs it.
pub(crate) fn without_missing(
    config: &StudyConfig,
    journal: &Journal,
) -> Result<Option<(StudyConfig, Vec<String>)>, Error> {
    let mut left_out = Vec::new();
    for arm in config.arms.iter().filter(|arm| arm.averaged) {
        let Some(run) = journal.without_averages(arm) else { continue };
        if arm.role != Role::Alternative {
            return Err(Error::Count {
                run: run.to_string(),
                what: "averaged metrics",
                got: 0,
                expected: config.averaging.len(),
            });
        }
        left_out.push(arm.name.clone());
    }
    if left_out.is_empty() {
        return Ok(None);
    }
    let mut config = config.clone();
    config.arms.retain(|arm| !left_out.contains(&arm.name));
    Ok(Some((config, left_out)))
}

/// What an answer says about an arm that was left out.
pub(crate) fn note(arm: &str) -> String {
    format!(
        "{arm} is left out: the training loop returned no averaged metrics. To compare it, return one for each of `run.averaging` in `Outcome::averaged`, and begin a new study"
    )
}
