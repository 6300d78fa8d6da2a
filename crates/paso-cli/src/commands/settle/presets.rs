//! The settings of a study's runs where the user asks for none: those of `paso train` on this data,
//! so that the answer is about the training that the user has in mind.
//!
//! `--quick` has settings of its own: a shorter training of smaller images, as a proxy. Only values
//! that differ from `TrainConfig::default()` are named here. The peak learning rate, the schedule and
//! the seed of a preset are not used: the study sets them for each run.

use crate::data_source::DataSource;
use paso_locate::augment::Augment;
use paso_locate::{BBox, NetName, TrainConfig};

/// The short proxy of `--quick` for training images with these boxes.
///
/// `boxes` are those of the training images; where they hardly differ, augmentation moves images
/// less. Without boxes it stays at its default.
pub(super) fn quick(data: &DataSource, boxes: &[BBox]) -> TrainConfig {
    match data {
        DataSource::Demo => {
            TrainConfig { net: NetName::Tiny, size: 32, steps: Some(400), ..TrainConfig::default() }
        }
        DataSource::Folder(_) => {
            let usual = Augment::default();
            let augment = if boxes.is_empty() { usual } else { usual.fitting(boxes) };
            TrainConfig { size: 64, steps: Some(600), augment, ..TrainConfig::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_smaller_and_shorter_on_the_demo_than_on_photographs() {
        let folder = DataSource::Folder("photos".into());
        let diagonal: Vec<BBox> =
            (0..50).map(|i| i as f32 / 100.0).map(|d| BBox::new(d, d, d + 0.3, d + 0.3)).collect();
        let (small, large) = (quick(&DataSource::Demo, &diagonal), quick(&folder, &diagonal));
        assert_eq!((small.net, small.size, small.steps), (NetName::Tiny, 32, Some(400)));
        assert_eq!((large.net, large.size, large.steps), (NetName::Small, 64, Some(600)));
        assert_eq!(small.augment, Augment::default());
        assert_eq!(large.augment, Augment::default().fitting(&diagonal));
    }

    #[test]
    fn without_boxes_the_proxy_is_still_valid() {
        let empty = quick(&DataSource::Folder("empty".into()), &[]);
        assert_eq!(empty.augment, Augment::default());
        empty.check().expect("what is wrong with the folder is reported when it is read");
    }
}
