//! `--data`: the embedded demo, or a folder of labelled images.

use anyhow::{Context, Result};
use clap::Args;
use paso_locate::data::{Dataset, LoadOptions, PrepareOptions, Prepared, SeveralObjects, Split};
use paso_locate::demo;
use std::path::Path;

/// Where the images come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct SourceArgs {
    /// A folder of labelled images (its format is found out by looking), or `demo`: generated scenes, no file needed
    #[arg(long, value_name = "DIR|demo")]
    pub(crate) data: String,
    /// What to do with an image of several objects: skip, largest or error
    #[arg(long, value_name = "POLICY", default_value = "skip", value_parser = several_objects)]
    pub(crate) several: SeveralObjects,
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
    /// Reads the data set, and says on stderr what was found and what was left out.
    pub(crate) fn open(&self) -> Result<Dataset> {
        if self.data == "demo" {
            let dataset = demo::dataset(&demo::DemoOptions::default())?;
            eprintln!(
                "demo: {} generated scenes of {} classes",
                dataset.samples.len(),
                dataset.classes.len()
            );
            return Ok(dataset);
        }
        let options = LoadOptions { several_objects: self.several, ..LoadOptions::default() };
        let (dataset, report) = Dataset::load(Path::new(&self.data), &options)?;
        eprintln!("{report}");
        Ok(dataset)
    }
}

/// Numbers the classes as a net does that was trained on other images; they are matched by name.
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

/// The samples of a split at the size of the net's input. Broken pictures are named on stderr.
pub(crate) fn prepare(dataset: &Dataset, split: Split, size: u32) -> Result<Prepared> {
    let indices = dataset.indices(split);
    anyhow::ensure!(!indices.is_empty(), "the data set has no image in its {split} split");
    let options = PrepareOptions { size: size as usize, ..PrepareOptions::default() };
    let (prepared, problems) =
        Prepared::new(dataset, &indices, &options).with_context(|| format!("{split} split"))?;
    problems.iter().for_each(|problem| eprintln!("left out: {problem}"));
    Ok(prepared)
}
