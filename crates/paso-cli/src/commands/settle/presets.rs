//! The settings of a study's runs where the user asks for none.

use crate::source::DataSource;
use paso_locate::augment::Augment;
use paso_locate::{BBox, NetName, TrainConfig};

/// The defaults for training images with these boxes.
pub(super) fn preset(data: &DataSource, boxes: &[BBox]) -> TrainConfig {
    match data {
        DataSource::Demo => demo(),
        DataSource::Folder(_) => photographs(boxes),
    }
}

/// Steps of every run that starts with fresh weights.
pub(super) fn steps(data: &DataSource) -> u64 {
    match data {
        DataSource::Demo => 400,
        DataSource::Folder(_) => 600,
    }
}

/// Small enough that the whole demo takes minutes on two slow cores.
fn demo() -> TrainConfig {
    TrainConfig { net: NetName::Tiny, size: 32, ..TrainConfig::default() }
}

/// Half the pixels of a single training: a study is some eighty of them.
fn photographs(boxes: &[BBox]) -> TrainConfig {
    let usual = Augment::default();
    let augment = if boxes.is_empty() { usual } else { usual.fitting(boxes) };
    TrainConfig { size: 64, augment, ..TrainConfig::default() }
}
