//! `paso data`: what a folder of labeled images holds, what is wrong with it, and conversion.
//!
//! It is the command to run first on a folder of one's own: which format was detected, how many
//! images of each split and objects of each class there are, how large the boxes are, and every
//! problem with file and line. Boxes are measured as shares of the image, since that is what a
//! network sees after resizing.
//!
//! The summary goes to stdout, as text or as one JSON object with the report of the reader inside.
//! It is printed also where labels are malformed; then the exit code is 1 and nothing is converted.
//! Images that are left out, and remarks, do not change the exit code.
//!
//! All images of the folder are counted, also those with several objects, which training skips by
//! default. Copies of one image in two splits are problems of this command, since a network that
//! has seen the validation images is evaluated too well. The folder that is read is never changed.

use crate::command::Command;
use anyhow::{Result, ensure};
use clap::Args;
use paso_locate::data::{self, Contents, Effect, Format, LoadOptions, Report};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Look at a data set, or convert it.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// A folder of labeled images
    dir: PathBuf,
    /// Read it as voc, coco, yolo, csv or labelme [default: detected]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write it as voc, coco, yolo, csv or labelme into the folder given by --out
    #[arg(long, value_name = "FORMAT", requires = "out")]
    convert: Option<Format>,
    /// A folder that is empty or not there yet
    #[arg(long, value_name = "DIR", requires = "convert")]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The smallest, the middle and the largest of some numbers.
#[derive(Debug, Serialize)]
struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

/// What is printed, and the keys of the JSON object.
#[derive(Debug, Serialize)]
struct Summary {
    usable_images: usize,
    objects: usize,
    /// By train, val, test, or none.
    images_per_split: BTreeMap<String, usize>,
    objects_per_class: BTreeMap<String, usize>,
    /// How many images have 0, 1, 2 ... objects.
    images_by_objects: BTreeMap<usize, usize>,
    /// Pixels.
    width: Option<Spread>,
    height: Option<Spread>,
    /// Shares of the image's width, height and area.
    box_width: Option<Spread>,
    box_height: Option<Spread>,
    box_area: Option<Spread>,
    /// The format that was detected, and every problem with its file and line.
    report: Report,
}

impl Command for DataArgs {
    const NAME: &'static str = "data";
    const ABOUT: &'static str =
        "Show what is in a folder of labeled images, what is wrong with it, or convert it";
    const EXAMPLES: &'static [&'static str] =
        &["paso data photos", "paso data photos --convert coco --out photos-coco"];

    fn run(&self) -> Result<()> {
        let options = LoadOptions { format: self.format, ..LoadOptions::default() };
        let (contents, mut report) = Contents::read(&self.dir, &options)?;
        report.problems.extend(contents.duplicates());
        let refused = report.problems.iter().filter(|p| p.kind.effect() == Effect::Refused).count();
        let summary = summary(&contents, report);
        if self.json {
            println!("{}", serde_json::to_string(&summary)?);
        } else {
            print(&summary);
        }
        ensure!(
            refused == 0,
            "{}: {refused} malformed labels; correct them first",
            self.dir.display()
        );
        if let (Some(format), Some(out)) = (self.convert, &self.out) {
            data::convert(&self.dir, &options, format, out)?;
            eprintln!("{}: written as {format}", out.display());
        }
        Ok(())
    }
}

fn summary(contents: &Contents, report: Report) -> Summary {
    let images = &contents.images;
    let mut images_per_split = BTreeMap::new();
    let mut objects_per_class = BTreeMap::new();
    let mut images_by_objects = BTreeMap::new();
    let (mut widths, mut heights, mut areas) = (Vec::new(), Vec::new(), Vec::new());
    for image in images {
        let split = image.split.map_or("none".into(), |split| split.to_string());
        *images_per_split.entry(split).or_insert(0) += 1;
        *images_by_objects.entry(image.objects.len()).or_insert(0) += 1;
        for object in &image.objects {
            *objects_per_class.entry(contents.classes[object.class].clone()).or_insert(0) += 1;
            let [x0, y0, x1, y1] = object.xyxy;
            let (w, h) = ((x1 - x0) / f64::from(image.width), (y1 - y0) / f64::from(image.height));
            widths.push(w);
            heights.push(h);
            areas.push(w * h);
        }
    }
    Summary {
        usable_images: images.len(),
        objects: areas.len(),
        images_per_split,
        objects_per_class,
        images_by_objects,
        width: spread(images.iter().map(|p| f64::from(p.width)).collect()),
        height: spread(images.iter().map(|p| f64::from(p.height)).collect()),
        box_width: spread(widths),
        box_height: spread(heights),
        box_area: spread(areas),
        report,
    }
}

/// `None` for no values. Of an even number of values, the median is the upper one of the two in the
/// middle, so that it is always a value of the data.
fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.sort_by(f64::total_cmp);
    let (min, max) = (*values.first()?, *values.last()?);
    Some(Spread { min, median: values[values.len() / 2], max })
}

fn print(s: &Summary) {
    let report = &s.report;
    println!(
        "{}: {}, {} labeled images, {} usable, {} objects",
        report.dir.display(),
        report.format,
        report.labeled,
        s.usable_images,
        s.objects
    );
    for (class, n) in &s.objects_per_class {
        println!("  class {class}: {n}");
    }
    for (split, n) in &s.images_per_split {
        match split.as_str() {
            "none" => println!("  {n} images in no split"),
            split => println!("  images of split {split}: {n}"),
        }
    }
    for (objects, n) in &s.images_by_objects {
        println!("  images with {objects} objects: {n}");
    }
    for (name, spread, digits) in [
        ("image width", &s.width, 0),
        ("image height", &s.height, 0),
        ("box width, share", &s.box_width, 3),
        ("box height, share", &s.box_height, 3),
        ("box area, share", &s.box_area, 3),
    ] {
        if let Some(Spread { min, median, max }) = spread {
            println!("  {name}: {min:.digits$} to {max:.digits$}, median {median:.digits$}");
        }
    }
    for (kind, n) in report.counts() {
        println!("{kind}: {n}");
        for problem in report.problems.iter().filter(|p| p.kind == kind) {
            println!("  {problem}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_and_the_readmes_list_every_format() {
        let help = DataArgs::augment_args(clap::Command::new("paso")).render_long_help();
        let help = help.to_string();
        for format in Format::ALL {
            assert_eq!(help.matches(format.name()).count(), 2, "{help}: {format}");
            // "Pascal VOC" is known as VOC.
            let known = format.to_string();
            let known = known.rsplit(' ').next().expect("a word");
            for readme in [include_str!("../../../../README.md"), include_str!("../../README.md")] {
                assert!(readme.contains(known), "a README does not name {known}");
            }
        }
    }

    #[test]
    fn a_spread_has_the_smallest_the_middle_and_the_largest_value() {
        let Spread { min, median, max } = spread(vec![3.0, -1.0, 2.0]).expect("values");
        assert_eq!([min, median, max], [-1.0, 2.0, 3.0]);
        assert!(spread(Vec::new()).is_none(), "of nothing");
    }

    #[test]
    fn a_summary_counts_images_objects_and_shares_of_the_image() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = paso_locate::demo::DemoOptions { train: 5, val: 2, seed: 1 };
        paso_locate::demo::write_voc(&options, 40, folder.path()).expect("scenes");
        let (contents, report) =
            Contents::read(folder.path(), &LoadOptions::default()).expect("it can be read");
        let summary = summary(&contents, report);
        assert_eq!((summary.usable_images, summary.objects), (7, 7));
        assert_eq!(summary.images_per_split["train"], 5);
        assert_eq!(summary.images_by_objects, BTreeMap::from([(1, 7)]));
        assert_eq!(summary.objects_per_class.values().sum::<usize>(), 7);
        let width = summary.width.expect("a width");
        assert_eq!([width.min, width.max], [40.0, 40.0]);
        let area = summary.box_area.expect("an area");
        assert!(area.min > 0.0 && area.max <= 1.0, "{area:?}");
    }
}
