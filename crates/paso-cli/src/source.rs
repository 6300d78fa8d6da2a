//! The arguments that say which images a command reads, and reading them.
//!
//! The flags here are shared by every command that reads images: which folder, what to do with an
//! image of several objects, which part of a cross-validation, how much memory. What does not fit
//! the memory is decoded again for every batch; the result is the same, bit for bit, and only
//! slower.
//!
//! Remarks about the data go to stderr: what was found, what was left out, and which images are
//! decoded again and again. An image that cannot be decoded is left out and named; a data set with
//! malformed labels is refused. An empty split is an error of the command that needs it.
//!
//! The demo ignores `--several`, since its scenes have one object each. Parts of a cross-validation
//! do not depend on a seed: the same folder and the same K give the same parts on every machine.

use crate::data_source::DataSource;
use crate::read_args::ReadArgs;
use crate::values::share;
use anyhow::{Context, Result};
use clap::Args;
use paso_locate::data::{
    Dataset, LoadOptions, PrepareOptions, Prepared, ProblemKind, SeveralObjects, Split,
};
use paso_locate::demo;
use paso_locate::image::ImageLimits;
use paso_locate::labels::split_warnings;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The file of a run or a study with what there is to say about its images: the same words are not
/// printed again for it.
const NOTES: &str = "data.txt";

/// A line for each kind of problem.
const LONGEST_NOTES: u64 = 1 << 20;

/// Where the images come from, and how they are cut and stored.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The images")]
pub(crate) struct SourceArgs {
    /// A folder of labeled images (its format is detected), or `demo`: generated scenes, no file
    /// needed
    #[arg(long, value_name = "DIR|demo", value_parser = DataSource::parse)]
    pub(crate) data: DataSource,
    /// What to do with an image of several objects: skip, largest or error
    #[arg(long, value_name = "POLICY", default_value = "skip", value_parser = several_objects)]
    pub(crate) several: SeveralObjects,
    /// Cut the train and val images into K parts, each with the same share of every class (always
    /// the same parts); test images stay
    #[arg(long, value_name = "K", requires = "fold", value_parser = clap::value_parser!(u16).range(2..))]
    folds: Option<u16>,
    /// Which of the K parts are the val images: 1 to K; the others are the train images
    #[arg(long, value_name = "I", requires = "folds", value_parser = clap::value_parser!(u16).range(1..))]
    fold: Option<u16>,
    /// Where the folder names no val images: the share of each class that becomes them, above 0 and
    /// below 1 (always the same images) [default: 0.2]
    #[arg(long, value_name = "SHARE", conflicts_with = "folds", value_parser = share)]
    val_share: Option<f64>,
    /// The most memory for decoded images, such as 512MiB, 2GiB, or a number of MiB. What is beyond
    /// it is decoded again for every batch: slower, with the same result
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = memory)]
    cache: u64,
    #[command(flatten)]
    read: ReadArgs,
    /// What was said about the folder when it was read, for [`keep_notes`](Self::keep_notes).
    #[arg(skip)]
    said: OnceLock<String>,
}

/// Bytes.
///
/// Binary units only, in any case, and whole numbers: `GB` is refused because it has two meanings.
fn memory(text: &str) -> Result<u64, String> {
    let lower = text.trim().to_ascii_lowercase();
    let (number, shift) = match (lower.strip_suffix("mib"), lower.strip_suffix("gib")) {
        (Some(number), _) => (number, 20),
        (_, Some(number)) => (number, 30),
        _ => (&lower[..], 20),
    };
    let wrong = "it must be a size such as 512MiB, 2GiB, or a whole number of MiB";
    let number: u64 = number.trim().parse().map_err(|_| wrong)?;
    number.checked_mul(1 << shift).ok_or_else(|| wrong.into())
}

fn several_objects(text: &str) -> Result<SeveralObjects, String> {
    match text {
        "skip" => Ok(SeveralObjects::Skip),
        "largest" => Ok(SeveralObjects::Largest),
        "error" => Ok(SeveralObjects::Error),
        _ => Err("it must be skip, largest or error".into()),
    }
}

impl SourceArgs {
    /// Reads the data set, and says on stderr what was found and what was left out; in one line where
    /// that is what the folder `known` of a run or a study has in its [`NOTES`].
    ///
    /// With `--fold` it also names copies of an image that came to lie in two splits: they make the
    /// score too good.
    ///
    /// # Errors
    /// If the folder cannot be read, labels are malformed, or `--fold` is above `--folds`.
    pub(crate) fn open(&self, known: Option<&Path>) -> Result<Dataset> {
        self.check()?;
        let (mut dataset, mut notes) = self.read()?;
        if let (Some(fold), Some(folds)) = (self.fold, self.folds) {
            dataset.fold(usize::from(fold) - 1, folds.into(), 0)?;
            let count = |split| dataset.indices(split).len();
            let (train, val) = (count(Split::Train), count(Split::Val));
            notes += &format!("\nfold {fold} of {folds}: {train} train, {val} val");
            let parted = dataset.duplicates().into_iter();
            parted
                .filter(|problem| problem.kind == ProblemKind::SplitLeak)
                .for_each(|problem| notes += &format!("\n  {}: {problem}", problem.kind));
        }
        if let DataSource::Folder(folder) = &self.data {
            for warning in split_warnings(folder, dataset.classes_and_splits()) {
                notes += &format!("\nwarning: {}", warning.message);
            }
        }
        let kept = known.map(|folder| folder.join(NOTES));
        let is_kept = |path: &PathBuf| {
            paso_files::read_text(path, LONGEST_NOTES).is_ok_and(|kept| kept.trim_end() == notes)
        };
        match (kept.filter(is_kept), notes.split_once('\n')) {
            (Some(path), Some((first, _))) => {
                eprintln!("{first}; notes as in {}", path.display());
            }
            _ => eprintln!("{notes}"),
        }
        self.said.set(notes).ok();
        Ok(dataset)
    }

    /// Keeps what was said about the images in the folder of a run or a study. One that cannot be
    /// written has said so already.
    pub(crate) fn keep_notes(&self, folder: &Path) {
        let path = folder.join(NOTES);
        if let Some(notes) = self.said.get().filter(|_| !path.exists()) {
            paso_files::write(&path, format!("{notes}\n").as_bytes()).ok();
        }
    }

    /// Checks all that does not need the images, before they are read.
    ///
    /// # Errors
    /// If the folder does not exist, `--fold` is above `--folds`, or the demo is to be cut in a way
    /// that it cannot.
    pub(crate) fn check(&self) -> Result<()> {
        if let (Some(fold), Some(folds)) = (self.fold, self.folds) {
            anyhow::ensure!(fold <= folds, "--fold is {fold}; it must be from 1 to {folds}");
        }
        match &self.data {
            DataSource::Demo => anyhow::ensure!(
                self.val_share.is_none(),
                "--val-share: the demo has val images of its own; --folds and --fold cut it"
            ),
            DataSource::Folder(folder) => {
                anyhow::ensure!(folder.exists(), "{}: does not exist", folder.display());
            }
        }
        Ok(())
    }

    /// Whether the user cut the images and chose a part to evaluate on.
    pub(crate) fn chooses_fold(&self) -> bool {
        self.fold.is_some()
    }

    /// The samples of a split at the size of the net's input. Broken images are named on stderr.
    pub(crate) fn prepare(&self, dataset: &Dataset, split: Split, size: u32) -> Result<Prepared> {
        let indices = dataset.indices(split);
        anyhow::ensure!(
            !indices.is_empty(),
            "the data set has no image in its {split} split; a split file, --val-share or --folds chooses some"
        );
        self.prepare_samples(dataset, &indices, &format!("{split} images"), size)
    }

    /// These samples, likewise.
    ///
    /// `which` names the images in messages. Fewer samples than indices come back where images are
    /// broken.
    pub(crate) fn prepare_samples(
        &self,
        dataset: &Dataset,
        indices: &[usize],
        which: &str,
        size: u32,
    ) -> Result<Prepared> {
        // Each split has its part of the memory, so that all together stay below the limit.
        let part = u128::from(self.cache) * indices.len() as u128 / dataset.samples.len() as u128;
        let cache_bytes = u64::try_from(part).expect("a part is smaller than the whole");
        let options = PrepareOptions { size: size as usize, cache_bytes, limits: self.limits() };
        let (prepared, problems) =
            Prepared::new(dataset, indices, &options).with_context(|| which.to_owned())?;
        problems.iter().for_each(|problem| eprintln!("left out: {problem}"));
        let streamed = prepared.len() - prepared.cached();
        if streamed > 0 {
            eprintln!(
                "{streamed} of {} {which} do not fit the memory of --cache and are decoded again for every batch",
                prepared.len()
            );
        }
        Ok(prepared)
    }

    /// How large an image may be.
    pub(crate) fn limits(&self) -> ImageLimits {
        self.read.limits()
    }

    /// `--data` and the flags that were given, for a command that reads the same images.
    pub(crate) fn flags(&self) -> Vec<String> {
        let several = match self.several {
            SeveralObjects::Skip => None,
            SeveralObjects::Largest => Some("largest"),
            SeveralObjects::Error => Some("error"),
        };
        let numbers = [("--folds", self.folds), ("--fold", self.fold)]
            .map(|(name, n)| (name, n.map(|n| n.to_string())));
        let mut flags = vec!["--data".into(), self.data.to_string()];
        let share = ("--val-share", self.val_share.map(|share| share.to_string()));
        for (name, value) in
            [("--several", several.map(Into::into)), share].into_iter().chain(numbers)
        {
            flags.extend(value.into_iter().flat_map(|value: String| [name.to_owned(), value]));
        }
        flags.extend(self.read.flags());
        flags
    }

    /// The data set, and what there is to say about it.
    fn read(&self) -> Result<(Dataset, String)> {
        match &self.data {
            DataSource::Demo => {
                let dataset = demo::dataset(&demo::DemoOptions::default())?;
                let (scenes, classes) = (dataset.samples.len(), dataset.classes.len());
                Ok((dataset, format!("demo: {scenes} generated scenes of {classes} classes")))
            }
            DataSource::Folder(folder) => {
                let usual = LoadOptions::default();
                let options = LoadOptions {
                    read: self.read.options(),
                    several_objects: self.several,
                    val_fraction: self.val_share.unwrap_or(usual.val_fraction),
                    ..usual
                };
                let (dataset, report) = Dataset::load(folder, &options)?;
                Ok((dataset, report.to_string()))
            }
        }
    }
}

/// Numbers the classes as a net does that was trained on other images; they are matched by name.
///
/// Classes that only the net knows stay in the list, so that numbers agree. Extra classes in the
/// data are an error, also if no image has them.
pub(crate) fn number_classes_as(dataset: &mut Dataset, known: &[String]) -> Result<()> {
    let number = |name: &String| {
        let found = known.iter().position(|k| k == name);
        found.with_context(|| {
            format!("the net does not know the class {name:?}; it knows {}", known.join(", "))
        })
    };
    let numbers = dataset.classes.iter().map(number).collect::<Result<Vec<_>>>()?;
    dataset.samples.iter_mut().for_each(|s| s.class = numbers[s.class]);
    dataset.classes = known.to_vec();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_mebibytes_unless_they_say_otherwise() {
        for (text, bytes) in
            [("0", 0), ("3", 3 << 20), ("512MiB", 512 << 20), ("2gib", 2 << 30), ("1 GiB", 1 << 30)]
        {
            assert_eq!(memory(text), Ok(bytes), "{text}");
        }
        for text in ["", "-1", "1.5GiB", "2GB", "99999999999999999999", "99999999999GiB"] {
            assert!(memory(text).is_err_and(|e| e.contains("512MiB")), "{text}");
        }
    }

    #[test]
    fn several_objects_are_treated_in_one_of_three_ways() {
        assert_eq!(several_objects("largest"), Ok(SeveralObjects::Largest));
        assert_eq!(several_objects("skip"), Ok(SeveralObjects::Skip));
        assert!(several_objects("first").is_err_and(|e| e.contains("skip, largest or error")));
    }

    #[test]
    fn classes_are_matched_by_name() {
        let mut dataset =
            demo::dataset(&demo::DemoOptions { train: 6, val: 2, seed: 1 }).expect("scenes");
        let (names, known) = (dataset.classes.clone(), dataset.classes.iter().rev().cloned());
        let before: Vec<String> = dataset.samples.iter().map(|s| names[s.class].clone()).collect();
        let known: Vec<String> = known.collect();
        number_classes_as(&mut dataset, &known).expect("all are known");
        let after = dataset.samples.iter().map(|s| known[s.class].clone());
        assert_eq!(after.collect::<Vec<_>>(), before);
        let said = number_classes_as(&mut dataset, &known[1..]).expect_err("one is unknown");
        assert!(said.to_string().contains(&format!("{:?}", known[0])), "{said}");
    }
}
