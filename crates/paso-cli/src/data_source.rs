//! `--data` and the flags next to it: the embedded demo or a folder of labeled images, and which images are for what.

use anyhow::{Context, Result, ensure};
use clap::Args;
use paso_locate::data::{
    Dataset, LoadOptions, PrepareOptions, Prepared, ProblemKind, SeveralObjects, Split,
};
use paso_locate::demo;
use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DataSource {
    /// Generated scenes: needs no files.
    Demo,
    /// A folder of labeled images.
    Folder(PathBuf),
}

impl FromStr for DataSource {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        // The only comparison with the name: a folder called `demo` is passed as `./demo`.
        Ok(if text == "demo" { Self::Demo } else { Self::Folder(text.into()) })
    }
}

impl fmt::Display for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demo => f.write_str("demo"),
            Self::Folder(folder) => folder.display().fmt(f),
        }
    }
}

/// The images of a command, and how they are loaded.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataSourceArgs {
    /// A folder of labeled images (VOC, COCO, YOLO or CSV; the format is detected), or `demo`: generated scenes, no files
    /// needed
    #[arg(long = "data", value_name = "DIR|demo")]
    pub(crate) source: DataSource,
    /// Images with several objects: skip them, take the largest object, or stop with an error
    #[arg(long, value_name = "skip|largest|error", default_value = "skip", value_parser = several_objects)]
    several: SeveralObjects,
    /// Replace the folder's train and val images by K folds, stratified by class and always the same; test images stay
    #[arg(long, value_name = "K", requires = "fold", value_parser = clap::value_parser!(u16).range(2..))]
    folds: Option<u16>,
    /// The fold to validate on, 1 to K; the other folds are for training
    #[arg(long, value_name = "I", requires = "folds", value_parser = clap::value_parser!(u16).range(1..))]
    fold: Option<u16>,
    /// Memory limit for decoded images: 512MiB, 2GiB, or a number of MiB. Images beyond it are decoded again for every
    /// batch: slower, same result
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = bytes)]
    cache: u64,
}

/// A size in bytes: a whole number with the unit `MiB` (the default) or `GiB`.
fn bytes(text: &str) -> Result<u64, String> {
    let lower = text.trim().to_ascii_lowercase();
    let (count, shift) = match (lower.strip_suffix("mib"), lower.strip_suffix("gib")) {
        (Some(count), _) => (count, 20),
        (_, Some(count)) => (count, 30),
        _ => (&lower[..], 20),
    };
    let wrong = "it must be a size such as 512MiB, 2GiB, or a whole number of MiB";
    let count: u64 = count.trim().parse().map_err(|_| wrong)?;
    count.checked_mul(1 << shift).ok_or_else(|| wrong.into())
}

fn several_objects(text: &str) -> Result<SeveralObjects, String> {
    match text {
        "skip" => Ok(SeveralObjects::Skip),
        "largest" => Ok(SeveralObjects::Largest),
        "error" => Ok(SeveralObjects::Error),
        _ => Err("it must be skip, largest or error".into()),
    }
}

impl DataSourceArgs {
    /// Loads the data set. Reports on stderr what was found and what was left out.
    ///
    /// # Errors
    /// When it cannot be read, a label is malformed, or the folds do not fit.
    pub(crate) fn load(&self) -> Result<Dataset> {
        let mut dataset = self.read()?;
        let (Some(fold), Some(folds)) = (self.fold, self.folds) else { return Ok(dataset) };
        ensure!(fold <= folds, "--fold is {fold}; it must be from 1 to {folds}");
        dataset.fold(usize::from(fold) - 1, folds.into(), 0)?;
        let count = |split| dataset.indices(split).len();
        let (train, val) = (count(Split::Train), count(Split::Val));
        eprintln!("fold {fold} of {folds}: {train} train, {val} val");
        let duplicates = dataset.duplicates().into_iter();
        for problem in duplicates.filter(|problem| problem.kind == ProblemKind::SplitLeak) {
            eprintln!("  {}: {problem}", problem.kind);
        }
        Ok(dataset)
    }

    fn read(&self) -> Result<Dataset> {
        match &self.source {
            DataSource::Demo => {
                let dataset = demo::dataset(&demo::DemoOptions::default())?;
                let (scenes, classes) = (dataset.samples.len(), dataset.classes.len());
                eprintln!("demo: {scenes} generated scenes of {classes} classes");
                Ok(dataset)
            }
            DataSource::Folder(folder) => {
                let options =
                    LoadOptions { several_objects: self.several, ..LoadOptions::default() };
                let (dataset, report) = Dataset::load(folder, &options)?;
                eprintln!("{report}");
                Ok(dataset)
            }
        }
    }

    /// Whether `--fold` says which images to validate on.
    pub(crate) fn has_fold(&self) -> bool {
        self.fold.is_some()
    }

    /// The images of a split, resized to `size` x `size` pixels, the input of the net. Images that cannot be decoded are
    /// left out and named on stderr.
    ///
    /// # Errors
    /// When the split has no image, or none that can be decoded.
    pub(crate) fn prepare(&self, dataset: &Dataset, split: Split, size: u32) -> Result<Prepared> {
        let indices = dataset.indices(split);
        ensure!(!indices.is_empty(), "the data set has no image in its {split} split");
        self.prepare_samples(dataset, &indices, &format!("{split} images"), size)
    }

    /// As [`prepare`](Self::prepare), for the samples with these indices; `name` is what messages call them.
    pub(crate) fn prepare_samples(
        &self,
        dataset: &Dataset,
        indices: &[usize],
        name: &str,
        size: u32,
    ) -> Result<Prepared> {
        // Each split gets its share of the memory, so that all splits together stay below the limit.
        let share = u128::from(self.cache) * indices.len() as u128 / dataset.samples.len() as u128;
        let cache_bytes = u64::try_from(share).expect("a share is not larger than the limit");
        let options =
            PrepareOptions { size: size as usize, cache_bytes, ..PrepareOptions::default() };
        let (prepared, problems) =
            Prepared::new(dataset, indices, &options).with_context(|| name.to_owned())?;
        for problem in problems {
            eprintln!("left out: {problem}");
        }
        let not_cached = prepared.len() - prepared.cached();
        if not_cached > 0 {
            eprintln!(
                "{not_cached} of {} {name} do not fit in the memory of --cache; they are decoded again for every batch",
                prepared.len()
            );
        }
        Ok(prepared)
    }
}

/// Renumbers the classes of a data set as a net numbers them that was trained on other images. Classes are matched by
/// name.
///
/// # Errors
/// When the net does not know a class of the data set.
pub(crate) fn renumber_classes(dataset: &mut Dataset, known: &[String]) -> Result<()> {
    let index = |name: &String| {
        known.iter().position(|k| k == name).with_context(|| {
            format!("the net does not know the class {name:?}; it knows {}", known.join(", "))
        })
    };
    let indices = dataset.classes.iter().map(index).collect::<Result<Vec<_>>>()?;
    for sample in &mut dataset.samples {
        sample.class = indices[sample.class];
    }
    dataset.classes = known.to_vec();
    Ok(())
}

#[cfg(test)]
mod tests;
