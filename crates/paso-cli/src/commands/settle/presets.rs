//! The settings of a study's runs where the user asks for none.
//!
//! A study is some eighty trainings, so its runs are smaller and shorter than a single one. The
//! answer holds for runs of that length, which the report says under its limits.
//!
//! Only values that differ from `TrainConfig::default()` are named here. The peak learning rate,
//! the schedule and the number of steps of a preset are not used: the study sets them for each run.

use crate::data_source::DataSource;
use paso_locate::augment::Augment;
use paso_locate::{BBox, NetName, TrainConfig};

/// The defaults for training images with these boxes.
///
/// `boxes` are those of the training images; where they hardly differ, augmentation moves images
/// less. Without boxes it stays at its default.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_smaller_and_shorter_than_a_study_of_photographs() {
        let folder = DataSource::Folder("photos".into());
        let diagonal: Vec<BBox> =
            (0..50).map(|i| i as f32 / 100.0).map(|d| BBox::new(d, d, d + 0.3, d + 0.3)).collect();
        let (small, large) = (preset(&DataSource::Demo, &diagonal), preset(&folder, &diagonal));
        assert_eq!((small.net, small.size, steps(&DataSource::Demo)), (NetName::Tiny, 32, 400));
        assert_eq!((large.net, large.size, steps(&folder)), (NetName::Small, 64, 600));
        // Runs of a study share their steps, and with them their augmented images.
        assert_eq!((small.close_augment, large.close_augment), (0.0, 0.0));
        assert_eq!(small.augment, Augment::default());
        assert_eq!(large.augment, Augment::default().fitting(&diagonal));
    }

    #[test]
    fn without_boxes_the_preset_is_still_valid() {
        let empty = preset(&DataSource::Folder("empty".into()), &[]);
        assert_eq!(empty.augment, Augment::default());
        empty.check().expect("what is wrong with the folder is reported when it is read");
    }
}
