//! The arguments of `paso train`.

use crate::data_source::DataSourceArgs;
use crate::settings::SettingsArgs;
use clap::Args;
use std::path::PathBuf;

/// Train a network, with checkpoints and metrics per epoch
#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(super) data: DataSourceArgs,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
    /// Peak learning rate [default: 0.004; demo and --features: 0.002]
    #[arg(long, value_name = "LR")]
    pub(super) lr: Option<f64>,
    /// Learning-rate schedule, such as 'cosine(to 1%)'; see `paso schedule` [default: 'warmup(5%) then cosine(to 1%)']
    #[arg(long, value_name = "SPEC")]
    pub(super) schedule: Option<String>,
    /// Epochs [default: enough to show 45,000 training images, 30 to 500; --features: 15,000 images, 30 to 100; demo: 40]
    #[arg(long, value_name = "N")]
    pub(super) epochs: Option<u64>,
    /// Stop after N epochs without a better mean IoU on the validation images. Use it with --schedule constant: a decaying
    /// learning rate relies on its last steps [default: never]
    #[arg(long, value_name = "N")]
    pub(super) patience: Option<u64>,
    /// Random seed of initial weights, order of images and augmentation [default: 0]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Threads; the result does not depend on their number [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<usize>,
    /// Run folder for checkpoints and metrics [default: a new runs/train-N]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Continue the run in the folder of --out where it stopped
    #[arg(long, requires = "out")]
    pub(super) resume: bool,
    /// Print the merged settings as TOML and exit
    #[arg(long)]
    pub(super) print_config: bool,
    /// Print one JSON object per epoch, and one at the end
    #[arg(long)]
    pub(super) json: bool,
}
