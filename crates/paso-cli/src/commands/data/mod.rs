//! `paso data`: what a folder of labeled images holds, what is wrong with it and what to do, a sheet
//! of the labels as they were understood, conversion, and a repaired copy.
//!
//! It is the command to run first on a folder of one's own. One screen shows the format and the
//! files that it was known by, splits, classes, sizes, and every kind of problem with an example and
//! the way out; `--all` lists every problem, `--json` everything for machines.
//!
//! Every image is decoded, so that a file that is broken in the middle is found before a training
//! finds it; `--quick` reads headers only. All images are counted, also those with several objects,
//! which training skips by default; what training would use is a line of its own.
//!
//! The exit code is 1 where labels are malformed or their boxes are in another form than their
//! format says: training would refuse the folder. The folder that is read is never changed.

mod advice;
mod text;

use crate::command::Command;
use crate::command_line::line;
use crate::read_args::ReadArgs;
use crate::{output_file, progress};
use anyhow::{Context, Result, ensure};
use clap::{ArgGroup, Args};
use paso_locate::data::{
    Dataset, Effect, Format, Labels, LoadOptions, ProblemKind, Report, Source, Split,
};
use paso_locate::labels::{
    Evidence, Inspection, PrintedImage, Repair, Summary, check_output, inspect, near_duplicates,
    repair, split_warnings, write,
};
use paso_locate::sheet;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// Look at a data set, or convert it.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("copy").args(["out", "fix"])))]
pub(crate) struct DataArgs {
    /// A folder of labeled images
    dir: PathBuf,
    #[command(flatten)]
    read: ReadArgs,
    /// Write it in another format, into the folder given by --out; with --fix, the format of the copy
    #[arg(long, value_name = "FORMAT", requires = "copy")]
    convert: Option<Format>,
    /// A folder that is empty or not there yet, outside of the one that is read
    #[arg(long, value_name = "DIR", requires = "convert")]
    out: Option<PathBuf>,
    /// Write a repaired copy into this new folder: without what is malformed or broken, boxes cut at
    /// the edge, each image once; in the format that was read, or that of --convert
    #[arg(long, value_name = "DIR")]
    fix: Option<PathBuf>,
    /// Draw the boxes as they were understood on up to 48 images, in this new PNG file
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
    /// Read the headers of images only, instead of decoding each
    #[arg(long)]
    quick: bool,
    /// List every problem, instead of one of each kind
    #[arg(long)]
    all: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What is printed, and the keys of the JSON object.
#[derive(Debug, Serialize)]
struct Found {
    #[serde(flatten)]
    summary: Summary,
    /// The images that training would use, with its defaults, by split.
    training: BTreeMap<Split, usize>,
    /// Every problem with its file and line.
    report: Report,
}

impl Command for DataArgs {
    const NAME: &'static str = "data";
    const ABOUT: &'static str =
        "Show what is in a folder of labeled images, what is wrong with it, or convert it";
    const EXAMPLES: &'static [&'static str] = &[
        "paso data photos",
        "paso data photos --sheet labels.png",
        "paso data photos --convert coco --out photos-coco",
        "paso data photos --fix photos-fixed",
    ];

    fn run(&self) -> Result<()> {
        self.check_outputs()?;
        let (mut labels, mut report) = Labels::read(&self.dir, &self.read.options())?;
        let mut inspection = Inspection::default();
        if !self.quick {
            let bar = progress::bar(labels.images.len() as u64, "decoding");
            inspection = inspect(&mut labels, &self.read.limits(), || bar.inc(1));
            bar.finish_and_clear();
            report.problems.append(&mut inspection.problems);
        }
        report.problems.extend(labels.duplicates());
        let training = self.training(&labels, &inspection, &mut report);
        let refused = report.problems.iter().filter(|p| p.kind.effect() == Effect::Refused).count();
        let found = Found { summary: labels.summary(), training, report };
        if self.json {
            println!("{}", serde_json::to_string(&found)?);
        } else {
            text::print(&found, self.all);
        }
        if let Some(path) = &self.sheet {
            output_file::write_new_png(path, &sheet::labels(&labels, &self.read.limits()))?;
            eprintln!("sheet: {}", path.display());
        }
        if let Some(out) = &self.fix {
            return self.fix(out, labels, &found.report);
        }
        ensure!(
            refused == 0,
            "{}: training refuses this folder for {refused} of the problems above; correct them first",
            self.dir.display()
        );
        if let (Some(format), Some(out)) = (self.convert, &self.out) {
            ensure!(!labels.images.is_empty(), "{}: no image can be used", self.dir.display());
            write(&labels, format, out)?;
            eprintln!("{}: written as {format}", out.display());
        } else if !self.json && found.training.contains_key(&Split::Train) {
            let mut words = vec!["paso".to_owned(), "train".into(), "--data".into()];
            words.push(self.dir.display().to_string());
            words.extend(self.read.flags());
            eprintln!("next:\n  {}", line(&words));
        }
        Ok(())
    }
}

impl DataArgs {
    /// Checks, before anything is read, that outputs replace nothing and do not lie in the folder.
    fn check_outputs(&self) -> Result<()> {
        if let Some(out) = self.out.as_ref().or(self.fix.as_ref()) {
            check_output(&self.dir, out)?;
        }
        let Some(path) = &self.sheet else { return Ok(()) };
        output_file::check(path)?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let [folder, dir] = [folder, &self.dir].map(|path| path.canonicalize().ok());
        let inside = folder.zip(dir).is_some_and(|(folder, dir)| folder.starts_with(dir));
        ensure!(
            !inside,
            "{}: is inside of the data, whose next read would take it for an image without a \
             label; choose a place outside of {}",
            path.display(),
            self.dir.display()
        );
        Ok(())
    }

    /// What training would use with its defaults; its warnings go into the report.
    fn training(
        &self,
        labels: &Labels,
        inspection: &Inspection,
        report: &mut Report,
    ) -> BTreeMap<Split, usize> {
        let mut own = Report { problems: Vec::new(), ..report.clone() };
        let options = LoadOptions { read: self.read.options(), ..LoadOptions::default() };
        let Ok(dataset) = Dataset::from_labels(labels.clone(), &options, &mut own) else {
            return BTreeMap::new();
        };
        report.problems.extend(split_warnings(&self.dir, dataset.classes_and_splits()));
        // Equal files are reported as such.
        let equal: HashSet<&Path> = report
            .problems
            .iter()
            .filter(|p| p.kind == ProblemKind::SplitLeak)
            .map(|p| &*p.file)
            .collect();
        let prints = dataset.samples.iter().filter_map(|sample| {
            let Source::File(path) = &sample.source else { return None };
            let print = *inspection.prints.get(path).filter(|_| !equal.contains(&**path))?;
            Some(PrintedImage { path, name: &sample.name, split: sample.split, print })
        });
        let near = near_duplicates(&prints.collect::<Vec<_>>());
        report.problems.extend(near);
        own.samples
    }

    fn fix(&self, out: &Path, labels: Labels, report: &Report) -> Result<()> {
        let format = self.convert.unwrap_or(report.format);
        let repairs = repair(&self.dir, labels, report, format, out)
            .with_context(|| format!("--fix {}", out.display()))?;
        eprintln!("{}: a repaired copy as {format}", out.display());
        for Repair { count, what } in repairs {
            eprintln!("  {count} {what}");
        }
        Ok(())
    }
}

/// The formats that were found, in words.
fn evidence(all: &[Evidence]) -> String {
    let one = |e: &Evidence| {
        let files = if e.files == 1 { "1 file".into() } else { format!("{} files", e.files) };
        format!("{} in {files}, such as {}", e.format, e.example)
    };
    all.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_and_the_readmes_list_every_format() {
        let help = DataArgs::augment_args(clap::Command::new("paso")).render_long_help();
        let help = help.to_string();
        for format in Format::ALL {
            assert_eq!(help.matches(format.name()).count(), 1, "{help}: {format}");
            // "Pascal VOC" is known as VOC.
            let known = format.to_string();
            let known = known.rsplit(' ').next().expect("a word");
            for readme in
                [include_str!("../../../../../README.md"), include_str!("../../../README.md")]
            {
                assert!(readme.contains(known), "a README does not name {known}");
            }
        }
    }
}
