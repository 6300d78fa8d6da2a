//! The names that a study has for the ways to update weights.
//!
//! The study carries a name through its journal and report, and does not interpret it. The names
//! are made and read in this file only. An unknown one is an error, because an outcome under a
//! wrong name would be believed.
//!
//! The default variant of the study is AdamW here. Names are part of the format of the journal, so
//! they must not be changed.

use paso_locate::Update;
use paso_study::{TrialError, Variant};

/// The ways to update weights that are not the default one.
const OTHERS: [Update; 2] = [Update::ScheduleFree, Update::UnscheduledDecay];

/// The variant of an arm whose runs update their weights in this way. Its name is in journals and
/// reports.
pub(crate) const fn variant(update: Update) -> Variant {
    match update {
        Update::AdamW => Variant::DEFAULT,
        Update::ScheduleFree => Variant::new("schedule-free"),
        Update::UnscheduledDecay => Variant::new("weight decay not scheduled"),
    }
}

/// How the runs of a variant update their weights.
///
/// # Errors
/// For a variant that is none of [`variant`]: trained as another one, its outcome would have the
/// wrong name.
pub(super) fn update(asked: &Variant) -> Result<Update, TrialError> {
    if asked.is_default() {
        return Ok(Update::AdamW);
    }
    OTHERS.into_iter().find(|&update| variant(update) == *asked).ok_or_else(|| {
        let known = OTHERS.map(|update| format!("{:?}", variant(update).name())).join(" and ");
        format!("the variant {:?} is unknown; known are {known}", asked.name()).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_update_has_a_variant_of_its_own_and_is_found_by_it() {
        for known in [Update::AdamW, Update::ScheduleFree, Update::UnscheduledDecay] {
            assert_eq!(update(&variant(known)).expect("it is known"), known);
        }
        assert!(variant(Update::AdamW).is_default(), "the trial as it is");
    }

    #[test]
    fn an_unknown_variant_is_refused_with_the_known_ones() {
        for name in ["schedule free", "Schedule-Free", "adamw", " "] {
            let said = update(&Variant::new(name)).expect_err(name).to_string();
            assert!(said.contains(&format!("{name:?} is unknown")), "{said}");
            assert!(
                said.contains("\"schedule-free\" and \"weight decay not scheduled\""),
                "{said}"
            );
        }
    }
}
