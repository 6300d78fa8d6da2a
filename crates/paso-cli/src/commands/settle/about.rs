//! The conditions that a report names.
//!
//! Whoever reads a report should be able to repeat it and to know what it holds for: the exact
//! command, the data, the network, the settings, the machine and the version.
//!
//! The command is that of this process. The number of threads is left out of the conditions, since the
//! result does not depend on it.

use super::arguments::SettleArgs;
use crate::command_line::{self, line};
use crate::trial::Localization;
use paso_study::{About, RangeTestReport};
use std::path::Path;

/// What the report says of the study besides its answer.
///
/// The subject is the title of the report. `range_test` is `None` where `--lr`, `--fixed-lr` or a
/// continued run made it unnecessary.
pub(super) fn about(
    args: &SettleArgs,
    trial: &Localization,
    range_test: Option<RangeTestReport>,
    folder: Option<&Path>,
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
        ("optimizer", format!("{}, weight decay {}", c.optimizer, c.weight_decay)),
        ("version", format!("paso {}", env!("CARGO_PKG_VERSION"))),
        ("machine", format!("{} {}", std::env::consts::ARCH, std::env::consts::OS)),
    ];
    About {
        subject: format!("{}, {} images", args.source.data, trial.images.len()),
        command: command_line::in_folder(folder, ""),
        conditions: conditions.map(|(name, value)| (name.into(), value)).into(),
        range_test,
        pairs_option: "--pairs".into(),
        train: folder.and_then(|folder| train_command(args, trial, folder)).unwrap_or_default(),
    }
}

/// The command that trains with what was settled; `None` where a run is continued, which has its
/// settings already.
pub(super) fn train_command(
    args: &SettleArgs,
    trial: &Localization,
    folder: &Path,
) -> Option<String> {
    if trial.base.is_some() {
        return None;
    }
    let mut words = vec!["paso".to_owned(), "train".into()];
    words.extend(args.source.flags());
    if let Some(path) = &args.settings.features {
        words.extend(["--features".into(), path.display().to_string()]);
    }
    words.extend(["--settled".into(), folder.display().to_string()]);
    Some(line(&words))
}
