//! The default settings of a command for the data at hand, before file and flags.
//!
//! They were chosen by trials on photographs of raccoons, cats and circuit boards and on the demo; the figures are in
//! `benches/records`.

use crate::data_source::DataSource;
use paso_locate::augment::Augment;
use paso_locate::{BBox, NetName, TrainConfig};

/// For a single training: `paso train` and `paso find-lr`. `boxes` are those of the training images, `pretrained` says
/// whether the run starts from `--features`.
pub(crate) fn train(source: &DataSource, pretrained: bool, boxes: &[BBox]) -> TrainConfig {
    let default = TrainConfig::default();
    if *source == DataSource::Demo {
        // Its 800 scenes are several times as many as most people's first photographs.
        return TrainConfig { epochs: 40, ..default };
    }
    // Photographs are few: much augmentation and long training, less of it where the features are known already. `shown`
    // training images, with repetitions, are enough; more images need fewer epochs.
    let (max_epochs, shown, lr) =
        if pretrained { (100, 15_000, default.lr) } else { (500, 45_000, 4e-3) };
    TrainConfig {
        lr,
        epochs: (shown / boxes.len().max(1) as u64).clamp(30, max_epochs),
        class_weight: 0.5,
        weight_decay: 0.1,
        augment: fitted(Augment::strong(), boxes),
        close_augment: 0.15,
        ..default
    }
}

/// For the many runs of a study: `paso settle`. They are some eighty, so each sees fewer pixels than a single training.
pub(crate) fn settle(source: &DataSource, boxes: &[BBox]) -> TrainConfig {
    let default = TrainConfig::default();
    match source {
        DataSource::Demo => TrainConfig { net: NetName::Tiny, size: 32, ..default },
        DataSource::Folder(_) => {
            TrainConfig { size: 64, augment: fitted(default.augment, boxes), ..default }
        }
    }
}

/// Less augmentation where the boxes of all images agree.
fn fitted(augment: Augment, boxes: &[BBox]) -> Augment {
    // Without boxes there is nothing to fit to. That is refused later, where the images are read.
    if boxes.is_empty() { augment } else { augment.fitting(boxes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photographs() -> DataSource {
        DataSource::Folder("photographs".into())
    }

    /// Boxes along a diagonal: the larger the spread, the less they agree.
    fn boxes(count: usize, spread: f32) -> Vec<BBox> {
        let offset = |i: usize| spread * i as f32 / count as f32;
        (0..count).map(offset).map(|d| BBox::new(d, d, d + 0.3, d + 0.3)).collect()
    }

    #[test]
    fn fewer_photographs_are_shown_more_often() {
        let epochs = |pretrained: bool| {
            move |count: usize| train(&photographs(), pretrained, &boxes(count, 0.6)).epochs
        };
        assert_eq!([10, 100, 1000, 100_000].map(epochs(false)), [500, 450, 45, 30]);
        assert_eq!([10, 200, 100_000].map(epochs(true)), [100, 75, 30]);
        assert_eq!(train(&DataSource::Demo, false, &boxes(800, 0.6)).epochs, 40);
    }

    #[test]
    fn the_learning_rate_is_higher_without_pretrained_features() {
        let lr = |source: &DataSource, pretrained| train(source, pretrained, &boxes(100, 0.6)).lr;
        let default = TrainConfig::default().lr;
        assert_eq!(lr(&photographs(), false), 2.0 * default);
        assert_eq!(lr(&photographs(), true), default);
        assert_eq!(lr(&DataSource::Demo, false), default);
    }

    #[test]
    fn images_are_augmented_as_much_as_their_boxes_differ() {
        let augment = |spread| train(&photographs(), false, &boxes(100, spread)).augment;
        assert_eq!(augment(0.6), Augment::strong());
        assert_eq!(augment(0.001).without_geometry(), Augment { erase: 0.0, ..augment(0.001) });
        let study = |spread| settle(&photographs(), &boxes(100, spread)).augment;
        assert_eq!(study(0.6), Augment::default());
        assert_ne!(study(0.001), Augment::default());
    }

    #[test]
    fn every_preset_is_valid_even_without_boxes() {
        for source in [DataSource::Demo, photographs()] {
            for boxes in [vec![], boxes(1, 0.0), boxes(50, 0.6)] {
                train(&source, false, &boxes).check().expect("valid");
                train(&source, true, &boxes).check().expect("valid");
                settle(&source, &boxes).check().expect("valid");
            }
        }
    }

    #[test]
    fn a_study_sees_fewer_pixels_than_a_single_training() {
        for source in [DataSource::Demo, photographs()] {
            let [one, many] = [train(&source, false, &[]), settle(&source, &[])];
            assert!(many.size < one.size, "{} {}", many.size, one.size);
        }
    }
}
