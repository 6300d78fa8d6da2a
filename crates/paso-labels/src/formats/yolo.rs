//! YOLO: a text file an image, a line an object: `class x y width height`, the box's center and
//! sides as fractions of the upright image. A longer line is a polygon, whose box is taken.
//!
//! The label of `images/a/b.jpg` is `labels/a/b.txt` (the last `images` of the path counts), or
//! `b.txt` next to the image. An empty file is an image without an object. Names of classes and
//! folders of splits are in `data.yaml` ([`config`]).
//!
//! Source: the Ultralytics documentation of detection data sets, and Darknet before it.
//!
//! Traps:
//!
//! - A number of a class means nothing without the list of names. Where there is none, the numbers
//!   become names, and a note says so.
//! - Text files next to images may be anything: without a list of names, only a folder called
//!   `labels` makes them labels.
//! - Most tools round fractions to six digits. Of 4000 pixels, the last digit is 0.004 pixels.
//! - `path:` in `data.yaml` is often a folder of another computer; paths are tried below it and
//!   below the data set's own folder.

mod config;

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;

use super::{FormatFile, Outcome};
use crate::Error;
use crate::files::{Files, folder, stem};
use crate::report::{Problem, ProblemKind};
use crate::write::Target;
use crate::{
    LabeledImage, Object, Format, RawImage, RawLabels, RawObject, Split, Unit,
};
use config::Config;

pub(crate) struct Yolo;

impl FormatFile for Yolo {
    const TITLE: &'static str = "YOLO";
    const LOOKED_FOR: &'static str = "labels/*.txt, data.yaml";

    fn is_here(files: &Files) -> bool {
        if Config::file(files).is_some() {
            return true;
        }
        let pairs = pairs(files);
        // Any text may be next to an image: without names of classes, a labels folder must say it.
        pairs.values().flatten().any(|label| label.split('/').any(|part| part == "labels"))
            || files.get("classes.txt").is_some() && pairs.values().any(Option::is_some)
    }

    fn read(files: &Files) -> Outcome {
        read(files)
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        write(target)
    }

    /// The lists that `data.yaml` names hold paths.
    fn list_line(image: &LabeledImage) -> String {
        format!("./images/{}", image.name)
    }
}

/// Text files that are no labels, wherever they lie.
const OTHERS: [&str; 7] =
    ["classes.txt", "train.txt", "val.txt", "valid.txt", "test.txt", "readme.txt", "license.txt"];

/// Every image, with its label file.
fn pairs(files: &Files) -> BTreeMap<&str, Option<String>> {
    files.images().map(|image| (image, label_of(files, image))).collect()
}

fn label_of(files: &Files, image: &str) -> Option<String> {
    let stem = stem(image);
    [mirrored(image), format!("labels/{stem}.txt"), format!("{stem}.txt")]
        .into_iter()
        .find(|path| is_label(path) && files.get(path).is_some())
}

/// Where the label of an image is: the last `images` of its path is `labels` there.
fn mirrored(image: &str) -> String {
    let mut parts: Vec<&str> = folder(image).split_inclusive('/').collect();
    if let Some(at) = parts.iter().rposition(|part| *part == "images/") {
        parts[at] = "labels/";
    }
    format!("{}{}.txt", parts.concat(), &stem(image)[folder(image).len()..])
}

fn is_label(path: &str) -> bool {
    let name = &path[folder(path).len()..];
    !OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other))
}

fn read(files: &Files) -> Outcome {
    let mut problems = Vec::new();
    let Some(config) = Config::read(files, &mut problems)? else {
        return Ok((RawLabels::new(Format::Yolo), problems));
    };
    let mut labels = RawLabels::new(Format::Yolo);
    labels.classes.clone_from(&config.names);
    let found: Vec<(&str, String)> =
        pairs(files).into_iter().filter_map(|(image, label)| Some((image, label?))).collect();
    let known = config.from.is_some().then_some(&config);
    let read: Vec<Result<Vec<RawObject>, Problem>> =
        found.par_iter().map(|(_, label)| read_file(files, label, known)).collect();
    for ((image, label), objects) in found.iter().zip(read) {
        match objects {
            Ok(objects) => labels.images.push(RawImage {
                path: (*image).to_owned(),
                exists: true,
                split: config.split_of(image),
                objects,
                ..missing(label)
            }),
            Err(problem) => problems.push(problem),
        }
    }
    let used: HashSet<&str> = found.iter().map(|(_, label)| label.as_str()).collect();
    for label in files.with_ending("txt").filter(|l| is_label(l) && !used.contains(l)) {
        if label.split('/').any(|part| part == "labels") {
            labels.images.push(missing(label));
        }
    }
    if config.from.is_none() {
        name_by_number(&mut labels);
        let message = "has no names of classes (data.yaml or classes.txt); their numbers are used";
        problems.push(Problem::new(ProblemKind::Note, &*files.root, None, message));
    }
    Ok((labels, problems))
}

/// A label file whose image is not there.
fn missing(label: &str) -> RawImage {
    RawImage {
        path: format!("{}.jpg", stem(label).replace("labels/", "images/")),
        exists: false,
        label: label.to_owned(),
        line: None,
        stated_size: None,
        split: None,
        objects: Vec::new(),
    }
}

/// Gives classes that have numbers only their numbers as names.
fn name_by_number(labels: &mut RawLabels) {
    let most = labels.images.iter().flat_map(|i| &i.objects).map(|o| o.class + 1).max();
    labels.classes = (0..most.unwrap_or(0)).map(|n| n.to_string()).collect();
}

fn read_file(files: &Files, name: &str, known: Option<&Config>) -> Result<Vec<RawObject>, Problem> {
    let malformed = |line: Option<usize>, message: String| {
        Problem::new(ProblemKind::Malformed, files.shown(name), line, message)
    };
    let text = files.read_one(name)?;
    let mut objects = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (class, xyxy) =
            parse(line, known).map_err(|message| malformed(Some(number + 1), message))?;
        let line = Some(number + 1);
        objects.push(RawObject { class, xyxy, unit: Unit::Fractions, line, id: None });
    }
    Ok(objects)
}

/// The largest class number where nothing says how many there are.
const MOST_CLASSES: usize = 100_000;

fn parse(line: &str, known: Option<&Config>) -> Result<(usize, [f64; 4]), String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let class = fields[0];
    let number = class.parse::<usize>().map_err(|_| format!("class {class:?} is no number"))?;
    match known {
        Some(config) if number >= config.names.len() => {
            return Err(format!(
                "class {number} is not in {}, which names {} (0 to {})",
                config.from.as_deref().unwrap_or_default(),
                config.names.len(),
                config.names.len() - 1
            ));
        }
        None if number >= MOST_CLASSES => {
            return Err(format!("class {number} is beyond {MOST_CLASSES}, the limit"));
        }
        _ => {}
    }
    let mut values = Vec::with_capacity(fields.len());
    for (field, at) in fields[1..].iter().zip(1..) {
        let name = ["x", "y", "width", "height"].get(at - 1).filter(|_| fields.len() == 5);
        let value = field.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| {
            let name = name.map_or_else(|| format!("field {}", at + 1), ToString::to_string);
            format!("{name} is {field:?}, not a finite number")
        })?;
        values.push(value);
    }
    match values[..] {
        [x, y, w, h] => Ok((number, [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0])),
        _ if values.len() >= 6 && values.len().is_multiple_of(2) => Ok((number, around(&values))),
        _ => Err(format!(
            "has {} fields; a box has 5 (class x y width height), a polygon 7 or more and an odd number",
            fields.len()
        )),
    }
}

/// The box around a polygon's points.
fn around(points: &[f64]) -> [f64; 4] {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for point in points.chunks_exact(2) {
        for axis in 0..2 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    [low[0], low[1], high[0], high[1]]
}

fn write(target: &Target<'_>) -> Result<(), Error> {
    target.labels.images.par_iter().try_for_each(|image| {
        let (w, h) = (f64::from(image.width), f64::from(image.height));
        let line = |o: &Object| {
            let [x0, y0, x1, y1] = o.xyxy;
            let (x, y) = ((x0 + x1) / 2.0 / w, (y0 + y1) / 2.0 / h);
            format!("{} {x} {y} {} {}\n", o.class, (x1 - x0) / w, (y1 - y0) / h)
        };
        let lines: String = image.objects.iter().map(line).collect();
        target.file(&mirrored(&format!("images/{}", image.name)), lines.as_bytes())
    })?;
    let mut yaml = String::new();
    for split in [Split::Train, Split::Val, Split::Test] {
        if !target.of_split(Some(split)).is_empty() {
            yaml.push_str(&format!("{split}: {split}.txt\n"));
        }
    }
    if yaml.is_empty() {
        yaml.push_str("train: images\nval: images\n");
    }
    yaml.push_str("names:\n");
    for (number, name) in target.labels.classes.iter().enumerate() {
        // A JSON string is a YAML string, whatever is in it.
        yaml.push_str(&format!("  {number}: {}\n", serde_json::Value::from(name.as_str())));
    }
    target.file("data.yaml", yaml.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_boxes_or_polygons() {
        assert_eq!(parse("3 0.5 0.25 0.5 0.5", None), Ok((3, [0.25, 0.0, 0.75, 0.5])));
        assert_eq!(parse("0 0.1 0.2 0.5 0.1 0.3 0.9", None), Ok((0, [0.1, 0.1, 0.5, 0.9])));
        for (line, says) in [
            ("0 0.1 0.2 0.3", "has 4 fields"),
            ("0 0.1 0.2 0.3 0.4 0.9", "has 6 fields"),
            ("0 0.1 nan 0.3 0.4", "y is \"nan\""),
            ("0 0.1 0.2 0.3 1,5", "height is \"1,5\""),
            ("dog 0.1 0.2 0.3 0.4", "class \"dog\""),
            ("-1 0.1 0.2 0.3 0.4", "class \"-1\""),
            ("100000 0.1 0.2 0.3 0.4", "class 100000"),
        ] {
            let error = parse(line, None).expect_err(line);
            assert!(error.contains(says), "{line}: {error}");
        }
    }
}
