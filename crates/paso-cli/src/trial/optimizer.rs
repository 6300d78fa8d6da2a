//! The names that a study has for optimizers.
//!
//! The study carries a name through its journal and report, and does not interpret it. The names
//! are made and read in this file only. An unknown one is an error, because an outcome under a
//! wrong name would be believed.
//!
//! The default variant of the study is the optimizer of the settings, which is AdamW unless they
//! name another one. Names are part of the format of the journal, so they must not be changed: they
//! are others than those of the settings.

use paso_locate::OptimizerName;
use paso_study::{TrialError, Variant};

/// The optimizers that have a variant of their own.
const OTHERS: [OptimizerName; 2] = [OptimizerName::ScheduleFree, OptimizerName::AdamWConstantDecay];

/// The variant of an arm whose runs have this optimizer. Its name is in journals and reports.
pub(crate) const fn variant(optimizer: OptimizerName) -> Variant {
    match optimizer {
        OptimizerName::AdamW => Variant::DEFAULT,
        OptimizerName::ScheduleFree => Variant::new("schedule-free"),
        OptimizerName::AdamWConstantDecay => Variant::new("weight decay not scheduled"),
    }
}

/// The optimizer of the runs of a variant, where the settings have the optimizer `usual`.
///
/// # Errors
/// For a variant that is none of [`variant`]: trained as another one, its outcome would have the
/// wrong name.
pub(crate) fn optimizer(
    asked: &Variant,
    usual: OptimizerName,
) -> Result<OptimizerName, TrialError> {
    if asked.is_default() {
        return Ok(usual);
    }
    OTHERS.into_iter().find(|&known| variant(known) == *asked).ok_or_else(|| {
        let known = OTHERS.map(|known| format!("{:?}", variant(known).name())).join(" and ");
        format!("the variant {:?} is unknown; known are {known}", asked.name()).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_optimizer_has_a_variant_of_its_own_and_is_found_by_it() {
        let usual = OptimizerName::AdamW;
        for known in OptimizerName::ALL {
            assert_eq!(optimizer(&variant(known), usual).expect("it is known"), known);
            // The trial as it is.
            assert_eq!(optimizer(&Variant::DEFAULT, known).expect("the settings'"), known);
        }
        assert!(variant(usual).is_default());
    }

    #[test]
    fn the_names_in_journals_stay() {
        let names = OTHERS.map(|known| variant(known).name().to_owned());
        assert_eq!(names, ["schedule-free", "weight decay not scheduled"]);
    }

    #[test]
    fn an_unknown_variant_is_refused_with_the_known_ones() {
        for name in ["schedule free", "Schedule-Free", "adamw", " "] {
            let said =
                optimizer(&Variant::new(name), OptimizerName::AdamW).expect_err(name).to_string();
            assert!(said.contains(&format!("{name:?} is unknown")), "{said}");
            assert!(
                said.contains("\"schedule-free\" and \"weight decay not scheduled\""),
                "{said}"
            );
        }
    }
}
