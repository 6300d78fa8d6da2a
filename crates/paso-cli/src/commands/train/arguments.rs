//! What `paso train` takes.

use crate::settings::SettingsArgs;
use crate::source::SourceArgs;
use crate::values::{lr, number};
use clap::Args;
use paso_locate::OptimizerName;
use std::path::PathBuf;

/// One training run.
#[derive(Debug, Args)]
#[command(next_help_heading = "The run")]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
    /// Peak learning rate [default: 0.004 on photographs; with --features and on the demo 0.002]
    #[arg(long, value_name = "RATE", value_parser = lr, help_heading = "The net and its training")]
    pub(super) lr: Option<f64>,
    /// The schedule, such as 'cosine(to 1%)'; `paso schedule --list` has all curves [default: 'warmup(5%) then cosine(to 1%)'; constant with
    /// --optimizer schedule-free]
    #[arg(long, value_name = "SPEC", help_heading = "The net and its training")]
    pub(super) schedule: Option<String>,
    /// The optimizer: adamw, adamw-constant-decay (weight decay as at the peak learning rate in every
    /// step), or schedule-free (averages weights in place of a decaying learning rate)
    /// [default: adamw]
    #[arg(long, value_name = "NAME", help_heading = "The net and its training")]
    pub(super) optimizer: Option<OptimizerName>,
    /// Evaluate, choose and keep averaged weights, an exponential moving average with this decay per
    /// step: 0.99 averages over about the last 100 steps; best with --schedule constant
    /// [default: 0, none]
    #[arg(long, value_name = "X", value_parser = number, help_heading = "The net and its training")]
    pub(super) average: Option<f64>,
    /// Epochs [default: enough to show 45,000 training images, at most 500; with --features 15,000,
    /// at most 100; at least 30; 16 on the demo]
    #[arg(long, value_name = "N")]
    pub(super) epochs: Option<u64>,
    /// Stop after N epochs without a better mean IoU on the validation images; best with --schedule
    /// constant, since a decaying learning rate counts on its end [default: never]
    #[arg(long, value_name = "N")]
    pub(super) patience: Option<u64>,
    /// Random seed [default: 0]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Threads; the result does not depend on them [default: one a core]
    #[arg(long, value_name = "N", value_parser = crate::values::threads)]
    pub(super) threads: Option<usize>,
    /// Train with what `paso settle` found: the settings in the folder of that study. Another seed or
    /// other images may be given
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "lr", "schedule", "epochs", "optimizer", "average", "resume"])]
    pub(super) settled: Option<PathBuf>,
    /// Keep checkpoints and the record in this folder [default: a new runs/train-N]
    #[arg(long, value_name = "RUN")]
    pub(super) out: Option<PathBuf>,
    /// Continue the run in the folder given by --out, where it stopped
    #[arg(long, requires = "out")]
    pub(super) resume: bool,
    /// Begin a new runs/train-N, also where this command was interrupted in an earlier one
    #[arg(long, conflicts_with = "out")]
    pub(super) new: bool,
    /// Print the merged settings as TOML and stop
    #[arg(long)]
    pub(super) print_config: bool,
    /// Print JSON: a line an epoch, and a last one
    #[arg(long)]
    pub(super) json: bool,
}
