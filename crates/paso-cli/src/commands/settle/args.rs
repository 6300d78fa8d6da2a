//! The arguments of `paso settle`.

use super::study_images::Validation;
use crate::data_source::DataSourceArgs;
use crate::settings::SettingsArgs;
use clap::Args;
use paso_study::{Arm, Role, Shard};
use std::path::PathBuf;
use std::time::Duration;

/// Test whether a decaying learning rate helps: every schedule with its own tuned peak learning rate, on paired seeds
#[derive(Debug, Args)]
pub(crate) struct SettleArgs {
    #[command(flatten)]
    pub(super) data: DataSourceArgs,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
    /// Random seeds that the verdict is computed from; with fewer than 6, no difference can be significant at the 5 % level
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub(super) seeds: usize,
    /// Steps per run [default: 600; demo: 400; --branch-from: a quarter of the run's steps, at least 100]
    #[arg(long, value_name = "N")]
    pub(super) steps: Option<u64>,
    /// Approximate time limit, such as 90s, 8m or 2h. To meet it, fewer learning rates are tried and fewer seeds are run; the
    /// plan says what that costs
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(super) budget: Option<Duration>,
    /// Center of the grid of peak learning rates that are tried for every arm [default: from a range test, or else 0.002]
    #[arg(long, value_name = "LR", value_parser = lr)]
    pub(super) lr: Option<f64>,
    /// Do not tune: every arm has the peak learning rate of --lr. Differences then come from schedule and learning rate
    /// together
    #[arg(long)]
    pub(super) fixed_lr: bool,
    /// Continue this run (a folder, or a checkpoint file) at its learning rate, with and without decay, instead of training
    /// from fresh weights: the same question for an existing run, at a fraction of the cost
    #[arg(long, value_name = "RUN", conflicts_with = "fixed_lr")]
    pub(super) branch_from: Option<PathBuf>,
    /// Run part I of N of the study, for example on one of N machines. All parts need the same arguments otherwise, and --out
    #[arg(long, value_name = "I/N", requires = "out", conflicts_with = "budget")]
    pub(super) shard: Option<Shard>,
    /// Copy the finished runs of these study folders into the folder of --out, then continue
    #[arg(long, value_name = "DIR", num_args = 1.., requires = "out")]
    pub(super) merge: Vec<PathBuf>,
    /// Add a decaying arm, as NAME=SPEC, such as 'slow=exponential(to 50%)'; may be repeated
    #[arg(long, value_name = "NAME=SPEC", value_parser = arm)]
    pub(super) arm: Vec<Arm>,
    /// Smallest difference of mean IoU that matters; smaller ones count as no difference
    #[arg(long, value_name = "X", default_value_t = 0.01)]
    pub(super) margin: f64,
    /// Images that runs are evaluated on [default: folds for 5 to 999 images of your own, else val]
    #[arg(long, value_enum, conflicts_with_all = ["folds", "branch_from"])]
    pub(super) evaluate_on: Option<Validation>,
    /// Number of runs trained at the same time, one thread each [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<usize>,
    /// Folder for finished runs and the report; the same command continues an interrupted study [default: a new
    /// runs/settle-N]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Print the answer as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

fn lr(text: &str) -> Result<f64, String> {
    let lr: f64 = text.parse().map_err(|_| "it must be a number")?;
    if lr > 0.0 && lr <= 10.0 { Ok(lr) } else { Err("it must be above 0 and at most 10".into()) }
}

fn arm(text: &str) -> Result<Arm, String> {
    let (name, spec) = text.split_once('=').ok_or("it must be NAME=SPEC")?;
    Ok(Arm::new(name.trim(), spec.trim(), Role::Decay))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learning_rate_is_a_finite_number_above_0_and_at_most_10() {
        for (text, value) in [("1e-3", 1e-3), ("10", 10.0), ("1e-300", 1e-300)] {
            assert_eq!(lr(text), Ok(value));
        }
        for text in ["0", "-0", "-1", "10.001", "inf", "-inf", "NaN"] {
            assert_eq!(lr(text), Err("it must be above 0 and at most 10".into()), "{text}");
        }
        for text in ["", "fast", "1e", "0,1"] {
            assert_eq!(lr(text), Err("it must be a number".into()), "{text}");
        }
    }

    #[test]
    fn an_arm_is_split_at_the_first_equals_sign_and_decays() {
        let parsed = arm(" slow = exponential(to 50%) ").expect("an arm");
        assert_eq!((&*parsed.name, &*parsed.spec), ("slow", "exponential(to 50%)"));
        assert_eq!(parsed.role, Role::Decay);
        assert_eq!(arm("a=b=c").expect("an arm").spec, "b=c");
        assert_eq!(arm("linear").expect_err("no name"), "it must be NAME=SPEC");
    }
}
