//! Splits: as the data set says, or a seeded choice of the same share of every class.
//!
//! What decides the split of an image, the first that applies:
//!
//! 1. split files, `train.txt` and the like, at the top of the folder, in `ImageSets/Main/` or in `splits/`;
//!    an image that none of them names is then not used;
//! 2. what the format says: `data.yaml` of YOLO, the name of a COCO or CSV file;
//! 3. a folder of the image's path, such as `train/`;
//! 4. else it is for training.
//!
//! Where no image is for validation, a share of the training images of *each class* becomes it,
//! chosen by the seed from the sorted names. A plain random fifth of 30 images could lack a class.
//! The same dealing cuts folds: sorted by class, shuffled within it, and dealt like cards, so that
//! the sizes of folds differ by at most one, and so do the numbers of each class.
//!
//! Traps: images of one scene (frames of a film, crops of a photograph) that fall into different
//! splits make validation too good; only equal files are found, by `duplicates.rs`. Use split files
//! for such sets.

use std::collections::HashMap;
use std::path::PathBuf;

use rand::seq::SliceRandom;

use super::files::{Files, image_name, stem};
use super::report::{Problem, ProblemKind, Report};
use super::{LabeledImage, Labels, LoadOptions, Sample, Split};
use crate::Error;
use crate::rng::{Purpose, rng};

/// Where split files are looked for, and what they may be called.
const FOLDERS: [&str; 3] = ["", "ImageSets/Main/", "splits/"];
const NAMES: [(Split, &str); 5] = [
    (Split::Train, "train.txt"),
    (Split::Val, "val.txt"),
    (Split::Val, "valid.txt"),
    (Split::Val, "validation.txt"),
    (Split::Test, "test.txt"),
];

/// What the split files say.
#[derive(Debug)]
pub(crate) struct Lists {
    pub(crate) root: PathBuf,
    /// The split of each labeled image; `None` where no split file was found at all.
    listed: Option<Vec<Option<Split>>>,
}

impl Lists {
    /// The split of an image, or `None` if nothing names one for it.
    pub(crate) fn split_of(&self, index: usize, image: &LabeledImage) -> Option<Split> {
        self.listed.as_ref().map_or(image.split, |listed| listed[index])
    }

    /// True if split files were found. An image in none of them is then not used.
    pub(crate) fn are_there(&self) -> bool {
        self.listed.is_some()
    }
}

/// Reads the split files, if there are any. Lines name images, with or without folder and ending.
pub(crate) fn read_lists(
    files: &Files,
    labels: &Labels,
    problems: &mut Vec<Problem>,
) -> Result<Lists, Error> {
    let mut lists = Lists { root: files.root.clone(), listed: None };
    let Some(found) = FOLDERS.iter().find_map(|folder| {
        let here: Vec<(Split, String)> = NAMES
            .iter()
            .map(|(split, name)| (*split, format!("{folder}{name}")))
            .filter(|(_, path)| files.get(path).is_some())
            .collect();
        (!here.is_empty()).then_some(here)
    }) else {
        return Ok(lists);
    };

    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, image) in labels.images.iter().enumerate() {
        let mut names = vec![&image.path[..], stem(&image.path)];
        names.extend([image_name(names[0]), image_name(names[1])]);
        names.push(stem(&image.label));
        names.sort_unstable();
        names.dedup();
        for name in names {
            by_name.entry(name).or_default().push(i);
        }
    }

    let mut listed = vec![None; labels.images.len()];
    for (split, path) in found {
        let text = files.read_text(&path)?;
        for (number, line) in text.lines().enumerate() {
            let name = line.trim().trim_start_matches("./");
            if name.is_empty() {
                continue;
            }
            let mut problem = |kind, message: String| {
                problems.push(Problem::new(kind, files.shown(&path), number + 1, message));
            };
            match by_name.get(name).map(Vec::as_slice) {
                None => problem(
                    ProblemKind::ListedNotLabeled,
                    format!("no labeled image is called {name:?}"),
                ),
                Some([i]) => match listed[*i] {
                    Some(other) if other != split => problem(
                        ProblemKind::Malformed,
                        format!("{name:?} is in the {other} split as well; it can only be in one"),
                    ),
                    _ => listed[*i] = Some(split),
                },
                Some(_) => problem(
                    ProblemKind::Malformed,
                    format!("{name:?} is the name of several images; give its path"),
                ),
            }
        }
    }
    for (image, split) in labels.images.iter().zip(&listed) {
        if split.is_none() {
            problems.push(Problem::new(
                ProblemKind::InNoSplit,
                files.shown(&image.label),
                image.line,
                "is labeled, but its image is in no split file",
            ));
        }
    }
    lists.listed = Some(listed);
    Ok(lists)
}

/// Takes a validation split from the training split where there is none: of each class the share
/// that the options say, at least one where there are two, chosen by the seed.
pub(crate) fn complete(samples: &mut [Sample], options: &LoadOptions, report: &mut Report) {
    if samples.iter().any(|s| s.split == Split::Val) {
        return;
    }
    let chosen = stratified(samples, options.val_fraction, options.split_seed);
    report.problems.push(Problem::new(
        ProblemKind::Note,
        report.dir.clone(),
        None,
        format!(
            "names no validation split; {} of {} images were chosen for it by seed {}",
            chosen.len(),
            samples.iter().filter(|s| s.split == Split::Train).count(),
            options.split_seed
        ),
    ));
    for i in chosen {
        samples[i].split = Split::Val;
    }
}

/// Deals things of these classes into `folds` parts, class by class in an order that the seed
/// shuffles, so that each part has the same share of every class. Says of each whether it is in
/// part `fold`.
pub(crate) fn deal(
    classes: &[usize],
    fold: usize,
    folds: usize,
    seed: u64,
) -> Result<Vec<bool>, Error> {
    if folds < 2 || folds > classes.len() {
        return Err(Error::invalid_value("folds", folds, "at least 2, at most one a sample"));
    }
    if fold >= folds {
        return Err(Error::invalid_value("fold", fold, "below the number of folds"));
    }
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.shuffle(&mut rng(Purpose::Split, seed, u64::MAX, 1));
    order.sort_by_key(|&i| classes[i]); // stable: shuffled within a class
    let mut dealt = vec![false; classes.len()];
    order.into_iter().skip(fold).step_by(folds).for_each(|i| dealt[i] = true);
    Ok(dealt)
}

/// The samples of the training split that become validation. Independent of their order.
fn stratified(samples: &[Sample], fraction: f64, seed: u64) -> Vec<usize> {
    let mut classes: HashMap<usize, Vec<usize>> = HashMap::new();
    for (i, sample) in samples.iter().enumerate().filter(|(_, s)| s.split == Split::Train) {
        classes.entry(sample.class).or_default().push(i);
    }
    let mut chosen = Vec::new();
    for (class, mut members) in classes {
        members.sort_by(|a, b| samples[*a].name.cmp(&samples[*b].name));
        members.shuffle(&mut rng(Purpose::Split, seed, class as u64, 0));
        chosen.extend(&members[..share(members.len(), fraction)]);
    }
    chosen
}

/// How many of `n` are the share: rounded, at least 1 and never all where there are two.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of n lies between 0 and n"
)]
fn share(n: usize, fraction: f64) -> usize {
    if n < 2 { 0 } else { ((n as f64 * fraction).round() as usize).clamp(1, n - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_all_and_never_none_of_two() {
        assert_eq!(share(0, 0.2), 0);
        assert_eq!(share(1, 0.9), 0);
        assert_eq!(share(2, 0.01), 1);
        assert_eq!(share(2, 0.99), 1);
        assert_eq!(share(100, 0.2), 20);
    }
}
