//! The settings of a training: the flags that `train`, `settle` and `find-lr` share, merged with a settings file.

pub(crate) mod presets;

use anyhow::{Context, Result, bail};
use clap::Args;
use paso_locate::augment::Augment;
use paso_locate::{NetName, TrainConfig};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The net and how it is trained. A flag takes precedence over the file, the file over the defaults.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SettingsArgs {
    /// Read settings from a TOML file, such as the `config.toml` of an earlier run; settings that it leaves out keep their
    /// defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The net: mobile, tiny, small, residual, medium, or squeezenet (with --features) [default: small; settle on the demo:
    /// tiny]
    #[arg(long)]
    net: Option<NetName>,
    /// Start from pretrained SqueezeNet 1.1 features in this safetensors file: better boxes from few images. Implies --net
    /// squeezenet
    #[arg(long, value_name = "FILE")]
    pub(crate) features: Option<PathBuf>,
    /// Side of the square that images are resized to, in pixels, a multiple of 16 [default: 96; squeezenet: 160; settle:
    /// 64, on the demo 32]
    #[arg(long, value_name = "PX")]
    size: Option<u32>,
    /// Images per step (batch size) [default: 16]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Decoupled weight decay, as in AdamW [default: 0.01; train on your own images: 0.1]
    #[arg(long, value_name = "X")]
    weight_decay: Option<f64>,
    /// Scale the gradient down where its norm over all weights exceeds X; metrics.csv records the norms [default: off]
    #[arg(long, value_name = "X")]
    clip_norm: Option<f64>,
    /// Do not augment the training images: no flips, no zoom, no color changes
    #[arg(long)]
    no_augment: bool,
}

impl SettingsArgs {
    /// The merged settings; their ranges are not checked yet. `preset` has the defaults.
    ///
    /// # Errors
    /// When the file cannot be read, or names a setting that does not exist, or the net does not fit `--features`.
    pub(crate) fn merge(&self, mut preset: TrainConfig) -> Result<TrainConfig> {
        let file = self.config.as_deref().map(read).transpose()?;
        let net = self.net(file.as_ref(), preset.net)?;
        if net == NetName::Squeezenet && preset.net != NetName::Squeezenet {
            // The side of its last map is a sixteenth of the image's. A resumed run keeps its own size.
            preset.size = 160;
        }
        let mut config = match file {
            Some(table) => overlay(Table::try_from(preset)?, table).try_into()?,
            None => preset,
        };
        config.net = net;
        config.size = self.size.unwrap_or(config.size);
        config.batch = self.batch.unwrap_or(config.batch);
        config.weight_decay = self.weight_decay.unwrap_or(config.weight_decay);
        config.clip_norm = self.clip_norm.or(config.clip_norm);
        if self.no_augment {
            config.augment = Augment::none();
        }
        Ok(config)
    }

    /// The net: of `--features`, of `--net`, of the file, or else the default.
    fn net(&self, file: Option<&Table>, default: NetName) -> Result<NetName> {
        if self.features.is_some() {
            return match self.net {
                Some(net) if net != NetName::Squeezenet => {
                    bail!("--features are those of the net squeezenet, not of {net}")
                }
                _ => Ok(NetName::Squeezenet),
            };
        }
        let in_file = file.and_then(|table| table.get("net"));
        let in_file = in_file.map(|net| net.clone().try_into()).transpose()?;
        Ok(self.net.or(in_file).unwrap_or(default))
    }
}

/// The settings that a file names. Unknown settings and values of the wrong type are refused.
fn read(path: &Path) -> Result<Table> {
    let context = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(context)?;
    toml::from_str::<TrainConfig>(&text).with_context(context)?;
    toml::from_str(&text).with_context(context)
}

/// `below`, with its entries replaced by those of `above`, recursively.
fn overlay(mut below: Table, above: Table) -> Table {
    for (key, value) in above {
        let value = match (below.remove(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => Value::Table(overlay(below, above)),
            (_, value) => value,
        };
        below.insert(key, value);
    }
    below
}

#[cfg(test)]
mod tests;
