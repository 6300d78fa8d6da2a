//! The conditions that a report names.
//!
//! Whoever reads a report should be able to repeat it and to know what it holds for: the exact
//! command, the data, the network, the settings, the machine and the version.
//!
//! The command is that of this process. The number of threads is left out of the conditions, since the
//! result does not depend on it.

use super::arguments::SettleArgs;
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
        command: command(folder),
        conditions: conditions.map(|(name, value)| (name.into(), value)).into(),
        range_test,
        pairs_option: "--pairs".into(),
        train: folder.and_then(|folder| train_command(args, trial, folder)).unwrap_or_default(),
    }
}

/// The command of this process, and the folder that it chose, so that it continues there.
pub(super) fn command(folder: Option<&Path>) -> String {
    let mut words: Vec<String> =
        std::iter::once("paso".into()).chain(std::env::args().skip(1)).collect();
    let named = words.iter().any(|word| word == "--out" || word.starts_with("--out="));
    if let Some(folder) = folder.filter(|_| !named) {
        words.extend(["--out".into(), folder.display().to_string()]);
    }
    line(&words)
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

/// A command that can be pasted into a shell. Arguments of a process have no zero bytes.
fn line(words: &[String]) -> String {
    let words = words.iter().map(String::as_str);
    shlex::try_join(words.clone()).unwrap_or_else(|_| words.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_a_shell_would_change_is_quoted() {
        for word in ["runs/settle-1", "a b", "it's", "", "$HOME", "a\"b", "x;y"] {
            let text = line(&["paso".into(), word.into()]);
            assert_eq!(shlex::split(&text), Some(vec!["paso".into(), word.into()]), "{text}");
        }
        assert_eq!(line(&["runs/settle-1".into()]), "runs/settle-1");
    }
}
