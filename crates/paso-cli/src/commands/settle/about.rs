//! The conditions that a report names.
//!
//! Whoever reads a report should be able to repeat it and to know what it holds for: the exact
//! command, the data, the network, the settings, the machine and the version.
//!
//! The command is copied from the arguments of this process, without quoting: an argument with a
//! space must be quoted again before the line is used. The number of threads is left out, since the
//! result does not depend on it.

use super::arguments::SettleArgs;
use crate::trial::Localization;
use paso_study::{About, RangeTestReport};

/// What the report says of the study besides its answer.
///
/// The subject is the title of the report. `range_test` is `None` where `--lr`, `--fixed-lr` or a
/// continued run made it unnecessary.
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
