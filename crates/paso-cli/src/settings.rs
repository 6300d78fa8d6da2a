//! The settings of a run: the flags that train and settle share, merged with a file.
//!
//! Three layers, the later over the earlier: a preset that depends on the data, the file of
//! `--config`, and the flags. `--print-config` prints the result, in the form that `--config`
//! reads. Every run writes it to its folder as `config.toml`, so a run can be repeated without its
//! command line.
//!
//! What is in none of the layers has the default of `TrainConfig`. The result is not checked here:
//! the caller does that after its own flags. `paso find-lr` and `paso train` use the preset of this
//! file; `paso settle` has its own, since it trains many short runs.

use crate::data_source::DataSource;
use crate::features_file;
use crate::settings_file::{overlaid, read};
use crate::values::number;
use anyhow::Result;
use clap::Args;
use paso_locate::augment::Augment;
use paso_locate::features::Known;
use paso_locate::{BBox, Model, NetName, TrainConfig};
use std::path::PathBuf;
use toml::Table;

/// What a net is and how it is trained. A flag wins over the file, the file over the default.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The net and its training")]
pub(crate) struct SettingsArgs {
    /// Settings from a TOML file, such as the `config.toml` of an earlier run; those it leaves out
    /// keep their defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The net: inverted, mobile, tiny, small, residual, medium, or squeezenet or lite0 with --features;
    /// `paso nets` compares them [default: small; tiny on the demo]
    #[arg(long)]
    net: Option<NetName>,
    /// Begin with features learned on other images: better boxes from few images. `squeezenet` or
    /// `lite0` once `paso features` has them, or a safetensors file. Takes their net
    #[arg(long, value_name = "NAME|FILE", value_parser = features_file::value)]
    pub(crate) features: Option<PathBuf>,
    /// Side of the square that images are resized to, a multiple of 16 [default: 96, with features
    /// 160; 32 on the demo]
    #[arg(long, value_name = "PX")]
    size: Option<u32>,
    /// Images per step [default: 16]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Decoupled weight decay [default: 0.1 on photographs, 0.01 on the demo]
    #[arg(long, value_name = "X", value_parser = number)]
    weight_decay: Option<f64>,
    /// Scale a gradient whose norm over all weights is larger than this; the norms are in
    /// metrics.csv [default: no bound]
    #[arg(long, value_name = "X", value_parser = number)]
    clip_norm: Option<f64>,
    /// Leave the training images as they are: no flips, zooms, colors
    #[arg(long)]
    no_augment: bool,
}

impl SettingsArgs {
    /// The same flags over another file than that of `--config`.
    pub(crate) fn over(&self, file: PathBuf) -> Self {
        Self { config: Some(file), ..self.clone() }
    }

    /// The defaults of a training run on images of this data with these boxes, but for its
    /// schedule.
    ///
    /// The number of epochs is a number of views divided by the number of training images, within
    /// bounds, so that small data sets get about as many steps as larger ones. `boxes` has one box
    /// for each image.
    pub(crate) fn of_training(&self, data: &DataSource, boxes: &[BBox]) -> TrainConfig {
        let usual = TrainConfig::default();
        if *data == DataSource::Demo {
            // Small and short enough that a study of the demo takes about a minute.
            return TrainConfig { net: NetName::Tiny, size: 32, epochs: 16, ..usual };
        }
        // Photographs: with much augmentation, and long, less so where the body knows much already.
        // So many views of an image are worth their time only where there are few.
        let (most, views, lr) =
            if self.features.is_some() { (100, 15_000, usual.lr) } else { (500, 45_000, 4e-3) };
        let epochs = (views / boxes.len().max(1) as u64).clamp(30, most);
        let augment = Augment::strong();
        let augment = if boxes.is_empty() { augment } else { augment.fitting(boxes) };
        TrainConfig {
            lr,
            epochs,
            class_weight: 0.5,
            weight_decay: 0.1,
            augment,
            close_augment: 0.15,
            ..usual
        }
    }

    /// The flags that were given, for a command that trains with the same settings.
    pub(crate) fn flags(&self) -> Vec<String> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let given = [
            ("--config", path(&self.config)),
            ("--net", self.net.map(|net| net.to_string())),
            ("--features", path(&self.features)),
            ("--size", self.size.map(|size| size.to_string())),
            ("--batch", self.batch.map(|batch| batch.to_string())),
            ("--weight-decay", self.weight_decay.map(|x| x.to_string())),
            ("--clip-norm", self.clip_norm.map(|x| x.to_string())),
        ];
        let flags = given.into_iter().flat_map(|(name, value)| {
            value.into_iter().flat_map(move |value| [name.to_owned(), value])
        });
        flags.chain(self.no_augment.then(|| "--no-augment".into())).collect()
    }

    /// Checks all that does not need the images: ranges, the schedule, the file of features. Asked
    /// before images are read, which can take minutes.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub(crate) fn check(&self, config: &TrainConfig) -> Result<()> {
        config.check()?;
        let net = config.net;
        if Known::of(net).is_none() {
            return Ok(());
        }
        let Some(features) = &self.features else {
            anyhow::bail!(
                "the net {net} begins with features: take --features {net} (`paso features` says how to get them), or another net (`paso nets`)"
            )
        };
        features_file::check(features)?;
        Model::new(config, vec!["any".into()])?.load_features(features)?;
        Ok(())
    }

    /// The merged settings, not checked yet. `preset` are the defaults: what the file leaves out is
    /// taken from there.
    ///
    /// A table in the file, such as `augment`, replaces only the entries that it names.
    /// `--features` sets the net, and the size with it unless the preset, the file or a flag has
    /// one.
    ///
    /// # Errors
    /// If the file cannot be read or has a name that no setting has, or if `--features` and `--net`
    /// do not fit.
    pub(crate) fn merged(&self, mut preset: TrainConfig) -> Result<TrainConfig> {
        let file = self.config.as_deref().map(read).transpose()?;
        let named = file.as_ref().filter(|(table, _)| table.contains_key("net"));
        let net = match (self.features.as_deref().map(features_file::net), self.net) {
            (Some(of), Some(net)) if net != of => {
                anyhow::bail!("--features belong to the net {of}, not to {net}")
            }
            (Some(of), _) => of,
            (None, net) => net.or(named.map(|(_, config)| config.net)).unwrap_or(preset.net),
        };
        if Known::of(net).is_some() && preset.net != net {
            // Its maps are a sixteenth of the image's sides. A resumed run keeps the size that it
            // has.
            preset.size = 160;
        }
        let mut config = match file {
            Some((table, _)) => overlaid(Table::try_from(preset)?, table).try_into()?,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(features: Option<&str>) -> SettingsArgs {
        SettingsArgs {
            config: None,
            net: None,
            features: features.map(PathBuf::from),
            size: None,
            batch: None,
            weight_decay: None,
            clip_norm: None,
            no_augment: false,
        }
    }

    fn photographs() -> DataSource {
        DataSource::Folder("photographs".into())
    }

    /// Boxes along a diagonal: the further apart, the less they agree.
    fn boxes(count: usize, spread: f32) -> Vec<BBox> {
        let place = |i: usize| spread * i as f32 / count as f32;
        (0..count).map(place).map(|d| BBox::new(d, d, d + 0.3, d + 0.3)).collect()
    }

    #[test]
    fn the_help_lists_every_net() {
        let help = SettingsArgs::augment_args(clap::Command::new("paso")).render_long_help();
        let help = help.to_string();
        for net in NetName::ALL {
            assert!(help.contains(net.name()), "{help} does not name {net}");
        }
    }

    #[test]
    fn few_photographs_are_seen_more_often() {
        let epochs =
            |count: usize| arguments(None).of_training(&photographs(), &boxes(count, 0.6)).epochs;
        assert_eq!([10, 100, 1000, 100_000].map(epochs), [500, 450, 45, 30]);
        let known = arguments(Some("squeezenet.safetensors"));
        let epochs = |count: usize| known.of_training(&photographs(), &boxes(count, 0.6)).epochs;
        assert_eq!([10, 200, 100_000].map(epochs), [100, 75, 30]);
        assert_eq!(arguments(None).of_training(&DataSource::Demo, &boxes(800, 0.6)).epochs, 16);
    }

    #[test]
    fn the_rate_is_higher_where_nothing_is_known_yet() {
        let lr = |args: SettingsArgs, data| args.of_training(&data, &boxes(100, 0.6)).lr;
        let usual = TrainConfig::default().lr;
        assert_eq!(lr(arguments(None), photographs()), 2.0 * usual);
        assert_eq!(lr(arguments(Some("squeezenet.safetensors")), photographs()), usual);
        assert_eq!(lr(arguments(None), DataSource::Demo), usual);
    }

    #[test]
    fn views_are_changed_as_much_as_boxes_differ() {
        let augment =
            |spread| arguments(None).of_training(&photographs(), &boxes(100, spread)).augment;
        assert_eq!(augment(0.6), Augment::strong());
        assert_eq!(augment(0.001).without_geometry(), Augment { erase: 0.0, ..augment(0.001) });
        // No box yet: the error comes where the images are read.
        assert!(arguments(None).of_training(&photographs(), &[]).check().is_ok());
    }

    #[test]
    fn features_bring_their_net_and_refuse_another_one() {
        let known = SettingsArgs { net: Some(NetName::Tiny), ..arguments(Some("features")) };
        let said = known.merged(TrainConfig::default()).expect_err("two nets").to_string();
        assert!(said.contains("squeezenet, not to tiny"), "{said}");
        let config = arguments(Some("features")).merged(TrainConfig::default()).expect("one net");
        assert_eq!((config.net, config.size), (NetName::Squeezenet, 160));
        // A run that continues has its own size.
        let kept = TrainConfig { net: NetName::Squeezenet, size: 32, ..TrainConfig::default() };
        assert_eq!(arguments(Some("features")).merged(kept).expect("one net").size, 32);
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_preset() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("some.toml");
        std::fs::write(&file, "net = \"mobile\"\nbatch = 8\nsize = 48\n").expect("a file");
        let args = SettingsArgs { config: Some(file), size: Some(64), ..arguments(None) };
        let preset = TrainConfig { lr: 0.5, ..TrainConfig::default() };
        let config = args.merged(preset.clone()).expect("a merge");
        let expected = TrainConfig { net: NetName::Mobile, batch: 8, size: 64, ..preset };
        assert_eq!(config, expected);
    }
}
