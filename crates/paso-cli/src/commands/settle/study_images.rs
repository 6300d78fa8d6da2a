//! The images of a study: one split for all seeds or, for few images, another fold for each seed.

use crate::data_source::{DataSource, DataSourceArgs};
use anyhow::Result;
use clap::ValueEnum;
use paso_locate::data::{Dataset, Prepared, Split};
use paso_locate::{Error, TrainConfig};
use std::sync::Arc;

/// The images that the runs of a study are evaluated on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Validation {
    /// The val images of the folder, the same for every seed
    Val,
    /// One of five folds of the train and val images, another one for each seed; the run trains on the other four
    Folds,
}

/// With fewer images than this, there are so few val images that the answer would depend on which ones they are.
const FEW: usize = 1000;

/// Number of folds.
const FOLDS: usize = 5;

/// The images to train on and to evaluate on.
#[derive(Clone, Debug)]
pub(crate) enum StudyImages {
    /// The same for every seed.
    Split { train: Arc<Prepared>, validation: Arc<Prepared> },
    /// All images. Five seeds in a row are evaluated on the five folds; the next five on folds of another partition.
    Folds(Prepared),
}

impl StudyImages {
    /// The images of a data set: folds where there are few images and the user has not chosen a split.
    ///
    /// # Errors
    /// When a split is empty, or there are too few images for folds.
    pub(super) fn open(
        data: &DataSourceArgs,
        dataset: &Dataset,
        config: &TrainConfig,
        requested: Option<Validation>,
    ) -> Result<Self> {
        let indices = [dataset.indices(Split::Train), dataset.indices(Split::Val)].concat();
        let is_split_chosen = data.source == DataSource::Demo || data.has_fold();
        if requested.unwrap_or(default(indices.len(), is_split_chosen)) == Validation::Val {
            return Self::split(data, dataset, config);
        }
        let all = data.prepare_samples(dataset, &indices, "train and val images", config.size)?;
        // Refuses too few images here, before any run starts.
        all.fold(0, FOLDS, 0)?;
        eprintln!(
            "each seed is evaluated on another fifth of these {} images and trains on the rest (--evaluate-on val: always evaluate on the val images)",
            all.len()
        );
        Ok(Self::Folds(all))
    }

    /// The folder's own train and val images, for all seeds.
    ///
    /// # Errors
    /// When one of the two is empty.
    pub(super) fn split(
        data: &DataSourceArgs,
        dataset: &Dataset,
        config: &TrainConfig,
    ) -> Result<Self> {
        let train = Arc::new(data.prepare(dataset, Split::Train, config.size)?);
        let validation = Arc::new(data.prepare(dataset, Split::Val, config.size)?);
        Ok(Self::Split { train, validation })
    }

    /// The images that a seed trains on, and those that it is evaluated on.
    pub(super) fn of_seed(&self, seed: u64) -> Result<(Arc<Prepared>, Arc<Prepared>), Error> {
        match self {
            Self::Split { train, validation } => Ok((Arc::clone(train), Arc::clone(validation))),
            Self::Folds(all) => {
                let folds = FOLDS as u64;
                let fold = usize::try_from(seed % folds).expect("below the number of folds");
                let (train, validation) = all.fold(fold, FOLDS, seed / folds)?;
                Ok((Arc::new(train), Arc::new(validation)))
            }
        }
    }

    /// Number of images, of all splits.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Split { train, validation } => train.len() + validation.len(),
            Self::Folds(all) => all.len(),
        }
    }

    /// Differs for other images and for another way to split them. Study folders store it: they cannot be continued after
    /// a change of this text.
    pub(super) fn fingerprint(&self) -> String {
        match self {
            Self::Split { train, validation } => {
                let (train, validation) = (train.fingerprint(), validation.fingerprint());
                format!("{train} to train on, {validation} to evaluate on")
            }
            Self::Folds(all) => format!("{} in {FOLDS} folds", all.fingerprint()),
        }
    }

    /// For the report: the images that runs train on, and those that they are evaluated on.
    pub(super) fn describe(&self) -> [(&'static str, String); 2] {
        let [images, validation] = match self {
            Self::Split { train, validation } => [
                format!("{} for training", train.len()),
                format!(
                    "{} other images, the same for every seed: the interval does not account for the choice of these images",
                    validation.len()
                ),
            ],
            Self::Folds(all) => [
                all.len().to_string(),
                "another fifth of the images for each seed, which trains on the rest; training sets overlap, so seeds are not quite independent".into(),
            ],
        };
        [("images", images), ("evaluated on", validation)]
    }
}

/// What runs are evaluated on unless the user says otherwise. Fewer than five images are reported by their missing split.
fn default(images: usize, is_split_chosen: bool) -> Validation {
    if !is_split_chosen && (FOLDS..FEW).contains(&images) {
        Validation::Folds
    } else {
        Validation::Val
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_locate::data::PrepareOptions;
    use paso_locate::demo::{self, DemoOptions};

    /// Demo scenes as if they were photographs.
    fn folds(train: usize, val: usize) -> (StudyImages, Vec<usize>) {
        let dataset = demo::dataset(&DemoOptions { train, val, seed: 1 }).expect("scenes");
        let indices: Vec<usize> = (0..train + val).collect();
        let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
        let prepared = Prepared::new(&dataset, &indices, &options).expect("images").0;
        (StudyImages::Folds(prepared), indices)
    }

    #[test]
    fn five_seeds_are_evaluated_on_every_image_once_and_the_next_five_on_other_folds() {
        let (images, indices) = folds(20, 5);
        let validation = |seed| images.of_seed(seed).expect("a fold").1.samples().to_vec();
        for first in [0, 5, 1000] {
            let mut all: Vec<usize> = (first..first + 5).flat_map(validation).collect();
            all.sort_unstable();
            assert_eq!(all, indices, "from seed {first}");
        }
        assert_eq!(validation(3), validation(3), "all arms of a seed have the same images");
        assert_ne!(validation(3), validation(8), "another partition");
        let (train, validation) = images.of_seed(7).expect("a fold");
        assert!(validation.samples().iter().all(|s| !train.samples().contains(s)));
        assert_eq!(train.len() + validation.len(), images.len());
    }

    #[test]
    fn folds_are_the_default_for_5_to_999_images_without_a_chosen_split() {
        for (images, validation) in [
            (0, Validation::Val),
            (4, Validation::Val),
            (5, Validation::Folds),
            (999, Validation::Folds),
            (1000, Validation::Val),
        ] {
            assert_eq!(default(images, false), validation, "{images} images");
            assert_eq!(default(images, true), Validation::Val, "a chosen split stays");
        }
    }

    #[test]
    fn the_report_says_what_the_interval_does_not_cover() {
        let (images, _) = folds(20, 5);
        let [all, validation] = images.describe();
        assert_eq!(all, ("images", "25".into()));
        assert!(validation.1.contains("not quite independent"), "{validation:?}");
        let (train, validation) = images.of_seed(0).expect("a fold");
        let split = StudyImages::Split { train, validation };
        let [train, validation] = split.describe();
        assert_eq!(train.1, "20 for training");
        assert!(validation.1.starts_with("5 other images"), "{validation:?}");
        assert_ne!(split.fingerprint(), images.fingerprint());
    }
}
