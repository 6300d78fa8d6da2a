//! The conditions that a report names.
//!
//! Whoever reads a report should be able to repeat it and to know what it holds for: the exact
//! command, the data, the network, the settings, the machine and the version.

use super::arguments::SettleArgs;
use crate::trial::Localization;
use paso_study::{About, RangeTestReport};

/// What the report says of the study besides its answer.
pub(super) fn about(
    args: &SettleArgs,
    trial: &Localization,
    range_test: Option<RangeTestReport>,
) -> About {
    let c = &trial.config;
    let [images, evaluate_on] = trial.images.describe();
    let conditions = [
        images,
        evaluate_on,
        ("classes", trial.classes.len().to_string()),
        ("net", format!("{}, {} pixels", c.net, c.size)),
        ("start", trial.origin.clone()),
        ("batch", format!("{} images", c.batch)),
        ("optimizer", format!("AdamW, weight decay {}", c.weight_decay)),
        ("version", format!("paso {}", env!("CARGO_PKG_VERSION"))),
        ("machine", format!("{} {}", std::env::consts::ARCH, std::env::consts::OS)),
    ];
    About {
        subject: format!("{}, {} images", args.source.data, trial.images.len()),
        command: std::env::args().collect::<Vec<_>>().join(" "),
        conditions: conditions.map(|(name, value)| (name.into(), value)).into(),
        range_test,
    }
}
