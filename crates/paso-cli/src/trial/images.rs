//! The images of a study: one split for every seed, or, where they are few, another one for each.
//!
//! With few images, the validation split is so small that the answer would be about those images:
//! all seeds would agree on what they favor, and the interval, which knows only the spread between
//! seeds, would be too short. So below 1,000 photographs each seed is evaluated on another fifth
//! and trains on the rest (five-fold cross-validation; after five seeds the fifths are cut anew).
//! Arms stay paired: within a seed, all of them see the same images.
//!
//! The demo, and images that the user cut with `--folds`, keep their split whatever their number.
//! The test images are never touched. Folds overlap in what they train on, so seeds are not quite
//! independent; the report says so.

use crate::data_source::DataSource;
use crate::source::SourceArgs;
use anyhow::Result;
use clap::ValueEnum;
use paso_locate::data::{Dataset, Prepared, Split};
use paso_locate::{Error, TrainConfig};
use std::sync::Arc;

/// The images that the runs of a study are evaluated on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvaluateOn {
    /// The folder's val images, the same for every seed
    Val,
    /// A fifth of the train and val images, another one for each seed, which trains on the other
    /// four
    Folds,
}

/// Of fewer images than this, the val images are so few that an answer would hang on which they
/// happen to be.
const FEW: usize = 1000;

/// Parts that few images are cut into.
const FOLDS: usize = 5;

/// The images to train on and to evaluate on.
#[derive(Clone, Debug)]
pub(crate) enum Images {
    /// The same for every seed.
    Split { train: Arc<Prepared>, validation: Arc<Prepared> },
    /// All of them: each seed has another fifth to be evaluated on, and after five seeds the fifths
    /// are cut anew.
    Folds(Prepared),
}

impl Images {
    /// The images of a data set as they are asked for: few photographs in folds, unless the user
    /// chose a split.
    ///
    /// Fewer than five images keep the folder's own split, unless `--evaluate-on folds` asks for
    /// the cut, which is then an error.
    ///
    /// # Errors
    /// If an image set is empty, or the images cannot be cut into five parts.
    pub(crate) fn open(
        source: &SourceArgs,
        dataset: &Dataset,
        config: &TrainConfig,
        evaluate_on: Option<EvaluateOn>,
    ) -> Result<Self> {
        let pool = [dataset.indices(Split::Train), dataset.indices(Split::Val)].concat();
        let chosen = source.data == DataSource::Demo || source.chooses_fold();
        let few = !chosen && (FOLDS..FEW).contains(&pool.len());
        let usual = if few { EvaluateOn::Folds } else { EvaluateOn::Val };
        if evaluate_on.unwrap_or(usual) == EvaluateOn::Val {
            return Self::split(source, dataset, config);
        }
        let all = source.prepare_samples(dataset, &pool, "train and val images", config.size)?;
        // Too few to be cut are refused here, before anything runs.
        all.fold(0, FOLDS, 0)?;
        eprintln!(
            "each seed is evaluated on another fifth of these {} images and trains on the others (--evaluate-on val: always on the val images of the folder)",
            all.len()
        );
        Ok(Self::Folds(all))
    }

    /// The folder's own train and val images, for every seed.
    pub(crate) fn split(
        source: &SourceArgs,
        dataset: &Dataset,
        config: &TrainConfig,
    ) -> Result<Self> {
        let train = Arc::new(source.prepare(dataset, Split::Train, config.size)?);
        let validation = Arc::new(source.prepare(dataset, Split::Val, config.size)?);
        Ok(Self::Split { train, validation })
    }

    /// What a seed trains on, and what it is evaluated on.
    ///
    /// Depends on the seed only, so that two machines with parts of a study cut alike.
    pub(crate) fn of_seed(&self, seed: u64) -> Result<(Arc<Prepared>, Arc<Prepared>), Error> {
        match self {
            Self::Split { train, validation } => Ok((Arc::clone(train), Arc::clone(validation))),
            Self::Folds(all) => {
                let parts = FOLDS as u64;
                let fold = usize::try_from(seed % parts).expect("below the number of parts");
                let (train, validation) = all.fold(fold, FOLDS, seed / parts)?;
                Ok((Arc::new(train), Arc::new(validation)))
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Split { train, validation } => train.len() + validation.len(),
            Self::Folds(all) => all.len(),
        }
    }

    /// Tells other images, and another way to cut them, from these.
    pub(crate) fn fingerprint(&self) -> String {
        match self {
            Self::Split { train, validation } => format!(
                "{} to train on, {} to evaluate on",
                train.fingerprint(),
                validation.fingerprint()
            ),
            Self::Folds(all) => format!("{} in {FOLDS} folds", all.fingerprint()),
        }
    }

    /// What a reader of the answer has to know: how many images are trained on and evaluated on.
    pub(crate) fn describe(&self) -> [(&'static str, String); 2] {
        match self {
            Self::Split { train, validation } => [
                ("images", format!("{} to train on", train.len())),
                (
                    "evaluated on",
                    format!(
                        "{} others, the same for every seed: the interval does not know which these happen to be",
                        validation.len()
                    ),
                ),
            ],
            Self::Folds(all) => [
                ("images", all.len().to_string()),
                (
                    "evaluated on",
                    "another fifth of them for each seed, which trains on the rest; rests overlap, so that seeds are not quite independent".into(),
                ),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_locate::data::PrepareOptions;
    use paso_locate::demo::{self, DemoOptions};

    #[test]
    fn five_seeds_are_evaluated_by_every_image_once_and_the_next_five_by_other_fifths() {
        let dataset = demo::dataset(&DemoOptions { train: 20, val: 5, seed: 1 }).expect("scenes");
        let indices: Vec<usize> = (0..25).collect();
        let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
        let images = Images::Folds(Prepared::new(&dataset, &indices, &options).expect("images").0);
        let val = |seed| images.of_seed(seed).expect("a fold").1.samples().to_vec();
        for first in [0, 5, 1000] {
            let mut evaluated: Vec<usize> = (first..first + 5).flat_map(val).collect();
            evaluated.sort_unstable();
            assert_eq!(evaluated, indices, "from seed {first}");
        }
        assert_eq!(val(3), val(3), "arms of a seed are evaluated on the same images");
        assert_ne!(val(3), val(8), "cut anew");
        let (train, validation) = images.of_seed(7).expect("a fold");
        assert!(validation.samples().iter().all(|s| !train.samples().contains(s)));
        assert_eq!(train.len() + validation.len(), images.len());
    }
}
