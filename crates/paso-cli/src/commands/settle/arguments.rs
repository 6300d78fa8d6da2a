//! What `paso settle` takes.
//!
//! Contradictions between flags are refused by the parser, with exit code 2, before any image is
//! read.

use super::submit::Submission;
use crate::settings::SettingsArgs;
use crate::source::SourceArgs;
use crate::trial::EvaluateOn;
use crate::values::{lr, not_negative};
use clap::Args;
use paso_locate::schedule::Shape;
use paso_study::{Arm, Role};
use std::path::PathBuf;
use std::time::Duration;

/// Settle whether a decaying learning rate helps.
#[derive(Debug, Args)]
#[command(next_help_heading = "The study")]
pub(crate) struct SettleArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
    /// Study the settings of this run (a folder that `paso train` made) instead of those that
    /// `paso train` would have for this data
    #[arg(long, value_name = "RUN", conflicts_with_all = ["quick", "branch_from"])]
    pub(super) like: Option<PathBuf>,
    /// Study a short proxy of the training instead: 600 steps at 64 pixels (the demo 400 at 32) with
    /// a weight decay of 0.01. The answer may differ from that of the training
    #[arg(long, conflicts_with = "branch_from")]
    pub(super) quick: bool,
    /// At most so many pairs of runs for a comparison, 8 to 1000. A study that is undecided goes on
    /// with more, and stays valid
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u16).range(8..=1000))]
    pub(super) pairs: u16,
    /// Steps of every run [default: those of `paso train`]
    #[arg(long, value_name = "N")]
    pub(super) steps: Option<u64>,
    /// About how long it may take, such as 90s, 8m or 2h. It stops after the last look that fits, and
    /// the same command goes on; only if no look fits are the runs made shorter
    #[arg(long, value_name = "TIME", value_parser = budget)]
    pub(super) budget: Option<Duration>,
    /// Train the arms that are not compared on so many seeds as well, for the report
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) display: usize,
    /// Seed of the first pair: two studies whose seeds are 1000 apart share no run
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..1 << 31))]
    pub(super) seed: u64,
    /// The middle of the peak learning rates that are tried for every arm [default: what a range
    /// test says, else 0.002]
    #[arg(long, value_name = "RATE", value_parser = lr)]
    pub(super) lr: Option<f64>,
    /// Tune nothing: every arm has the learning rate given by --lr. What is measured then is
    /// schedule and learning rate together
    #[arg(long)]
    pub(super) fixed_lr: bool,
    /// Continue from this run (or checkpoint file) at its learning rate, with and without decay,
    /// instead of from fresh weights: the same question at a fraction of the cost, for the run that
    /// is there
    #[arg(long, value_name = "RUN", conflicts_with = "fixed_lr")]
    pub(super) branch_from: Option<PathBuf>,
    /// Be one of several processes, on any machines, that do the study in the folder given by --out:
    /// each with the same command. They may come and go
    #[arg(long, requires = "out", conflicts_with = "budget", help_heading = "Many machines")]
    pub(super) worker: bool,
    /// Submit N workers to an engine, as slurm:16 or hq:16, and stop. What follows -- is for its
    /// command (sbatch, hq submit)
    #[arg(long, value_name = "ENGINE:N", requires = "out", conflicts_with_all = ["budget", "worker"], help_heading = "Many machines")]
    pub(super) submit: Option<Submission>,
    /// Options of the engine, behind --
    #[arg(
        last = true,
        value_name = "OPTIONS",
        requires = "submit",
        help_heading = "Many machines"
    )]
    pub(super) engine_options: Vec<String>,
    /// One more decaying arm, as NAME=SPEC, such as 'slow=exponential(to 50%)'; may be given
    /// several times
    #[arg(long, value_name = "NAME=SPEC", value_parser = arm)]
    pub(super) arm: Vec<Arm>,
    /// Differences of mean IoU below this are of no interest
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = not_negative)]
    pub(super) margin: f64,
    /// The images to evaluate the runs on [default: folds below 1000 photographs, else val]
    #[arg(long, value_enum, value_name = "IMAGES", conflicts_with_all = ["folds", "branch_from"])]
    pub(super) evaluate_on: Option<EvaluateOn>,
    /// Runs at the same time, a thread each [default: one a core]
    #[arg(long, value_name = "N", value_parser = crate::values::threads)]
    pub(super) threads: Option<usize>,
    /// Keep every finished run and the answer in this folder; the same command continues where it
    /// stopped [default: a new runs/settle-N]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Begin a new runs/settle-N, also where this command was interrupted in an earlier one
    #[arg(long, conflicts_with = "out")]
    pub(super) new: bool,
    /// Open the report in the browser when the first look is taken
    #[arg(long)]
    pub(super) open: bool,
    /// Print the settings of the runs as TOML and stop
    #[arg(long)]
    pub(super) print_config: bool,
    /// Print the answer as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

fn budget(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("it must be a time above 0, such as 90s, 8m or 2h".into()),
    }
}

/// The text after the first equals sign is the schedule, which may contain more of them. Whether it
/// fits is known later, with the number of steps.
fn arm(text: &str) -> Result<Arm, String> {
    let (name, spec) = text.split_once('=').ok_or("it must be NAME=SPEC")?;
    spec.trim().parse::<Shape>().map_err(|error| error.to_string())?;
    Ok(Arm::new(name.trim(), spec.trim(), Role::Decay))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::tests::{all_refused, parsed};
    use clap::error::ErrorKind;

    #[test]
    fn arguments_that_contradict_each_other_are_refused() {
        all_refused::<SettleArgs>(
            ErrorKind::ArgumentConflict,
            &[
                "--data demo --branch-from run --fixed-lr",
                "--data demo --out x --worker --budget 5m",
                "--data demo --out x --worker --submit slurm:2",
                "--data demo --evaluate-on val --branch-from run",
                "--data demo --quick --branch-from run",
                "--data demo --quick --like run",
                "--data demo --like run --branch-from run",
                "--data demo --evaluate-on folds --folds 3 --fold 1",
            ],
        );
    }

    #[test]
    fn arguments_without_what_they_need_are_refused() {
        all_refused::<SettleArgs>(
            ErrorKind::MissingRequiredArgument,
            &["", "--data demo --worker", "--data demo --submit hq:2", "--data demo --folds 3"],
        );
    }

    #[test]
    fn values_out_of_range_are_refused() {
        all_refused::<SettleArgs>(
            ErrorKind::ValueValidation,
            &[
                "--data demo --lr 0",
                "--data demo --lr 10.5",
                "--data demo --lr NaN",
                "--data demo --lr=-1e-3",
                "--data demo --out x --submit slurm",
                "--data demo --out x --submit slurm:0",
                "--data demo --out x --submit pbs:3",
                "--data demo --pairs 7",
                "--data demo --pairs 1001",
                "--data demo --budget 5",
                "--data demo --budget 0s",
                "--data demo --arm cosine",
            ],
        );
        assert_eq!(lr("10"), Ok(10.0));
        assert_eq!(lr("1e-7"), Ok(1e-7));
    }

    #[test]
    fn an_arm_is_a_decaying_one_and_keeps_what_follows_its_first_equals_sign() {
        let arm = arm(" slow = exponential(to 50%) ").expect("an arm");
        assert_eq!((&arm.name[..], &arm.spec[..]), ("slow", "exponential(to 50%)"));
        assert!(arm.role == Role::Decay && arm.variant.is_default(), "{arm:?}");
        let args = parsed::<SettleArgs>("--data demo --arm a=cosine --arm b=linear").expect("two");
        assert_eq!(args.arm.iter().map(|arm| &arm.name[..]).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn defaults_are_40_pairs_a_margin_of_a_hundredth_and_nothing_else() {
        let args = parsed::<SettleArgs>("--data photos").expect("the least that is needed");
        assert_eq!((args.pairs, args.margin, args.seed, args.display), (40, 0.01, 0, 0));
        assert!(args.lr.is_none() && args.steps.is_none() && args.budget.is_none());
        assert!(args.out.is_none() && args.evaluate_on.is_none() && !args.fixed_lr && !args.json);
    }
}
