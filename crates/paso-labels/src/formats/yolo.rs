//! YOLO: a text file an image, a line an object: `class x y width height`, the box's center and
//! sides as shares of the upright image. A longer line is an outline, or has keypoints
//! ([`line`](self::line)).
//!
//! The label of `images/a/b.jpg` is `labels/a/b.txt`, or `b.txt` next to the image; moved files are
//! found as for all formats. An empty file is an image without an object. Names of classes and
//! folders of splits are in `data.yaml`, `obj.data` or `classes.txt` ([`config`]).
//!
//! Source: the Ultralytics documentation of detection data sets, and Darknet before it.
//!
//! Traps:
//!
//! - A number of a class means nothing without the list of names. Where there is none, the numbers
//!   become names, and a note says so.
//! - Text files next to images may be anything, such as captions: what they hold decides.
//! - Lines with keypoints look like outlines: [`keypoints`].
//! - `a.jpg` and `a.png` share the label `a.txt`: nobody knows which one was meant.
//! - Most tools round shares to six digits. Of 4000 pixels, the last digit is 0.004 pixels.

mod config;
mod darknet;
mod data_yaml;
mod find;
mod keypoints;
mod line;
mod names;
mod places;
mod write;
mod yaml;

use rayon::prelude::*;

use super::{Finding, FormatFile, Input};
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::{Problem, ProblemKind};
use crate::write::Target;
use crate::{BoxFormat, BoxUnits, Error, Format, LabeledImage};
use config::Config;
use line::Row;

pub(crate) struct Yolo;

impl FormatFile for Yolo {
    const TITLE: &'static str = "YOLO";
    const LOOKED_FOR: &'static str = "labels/*.txt, *.txt next to images";
    const ENDINGS: &'static [&'static str] = &["txt"];

    fn examine(input: &Input<'_>, name: &str) -> Result<(), String> {
        find::examine(input, name)
    }

    fn find<'a>(input: &Input<'a>) -> Finding<'a> {
        find::find(input)
    }

    fn read(input: &Input<'_>, labels: &[&str]) -> RawLabels {
        read(input, labels)
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        write::write(target)
    }

    /// The lists that `data.yaml` names hold paths.
    fn list_line(image: &LabeledImage) -> String {
        format!("./images/{}", image.name)
    }
}

fn read(input: &Input<'_>, files: &[&str]) -> RawLabels {
    let mut labels = RawLabels::new(Format::Yolo);
    let Some(config) = config::read(input, &mut labels.problems) else { return labels };
    labels.classes.clone_from(&config.names);
    let read: Vec<Result<Vec<Row>, Problem>> =
        files.par_iter().map(|name| rows(input, name, &config)).collect();
    let keypoints = config.keypoints;
    if keypoints.is_none() {
        let all = read.iter().flatten().flatten();
        if let Some(shape) = keypoints::likely_shape(all) {
            labels.problems.push(announce(input, files, &read, shape));
            return labels;
        }
    }
    let mut outlines = Outlines::default();
    for (&name, rows) in files.iter().zip(read) {
        let malformed = |line, message| {
            Problem::new(ProblemKind::Malformed, input.files.shown(name), line, message)
        };
        let placed = rows.and_then(|rows| {
            let mut wrong = rows.iter().map(|row| (row.line, row.check(keypoints)));
            if let Some((line, Err(message))) = wrong.find(|(_, check)| check.is_err()) {
                return Err(malformed(Some(line), message));
            }
            let place = find::image_of(input, name).map_err(|message| malformed(None, message))?;
            Ok((rows, place))
        });
        match placed {
            Err(problem) => labels.problems.push(problem),
            Ok((rows, place)) => {
                let split = config.split_of(&place.path);
                let object = |row: Row| object(row, keypoints, name, &mut outlines);
                let objects = rows.into_iter().map(object).collect();
                labels.images.push(RawImage { split, objects, ..RawImage::new(place, name) });
            }
        }
    }
    labels.problems.extend(outlines.note(input));
    if config.names.is_empty() {
        let classes = labels.images.iter().flat_map(|i| &i.objects).map(|o| o.class + 1).max();
        labels.classes = (0..classes.unwrap_or(0)).map(|n| n.to_string()).collect();
        let message = "has no names of classes (data.yaml or classes.txt); their numbers are used";
        let root = &*input.files.root;
        labels.problems.push(Problem::new(ProblemKind::Note, root, None, message));
    }
    labels
}

/// The lines of one label file.
fn rows(input: &Input<'_>, name: &str, config: &Config) -> Result<Vec<Row>, Problem> {
    let text = input.files.text(name)?;
    let lines = text.lines().filter(|(_, line)| !line.trim().is_empty());
    let row = |(number, line)| {
        let row = Row::parse(line, number, config.keypoints);
        row.and_then(|row| in_names(row, config)).map_err(|message| {
            Problem::new(ProblemKind::Malformed, input.files.shown(name), number, message)
        })
    };
    lines.map(row).collect()
}

fn in_names(row: Row, config: &Config) -> Result<Row, String> {
    let named = config.names.len();
    if named > 0 && row.class >= named {
        return Err(format!(
            "class {} is not in {}, which names {named} (0 to {})",
            row.class,
            config.from.as_deref().unwrap_or_default(),
            named - 1
        ));
    }
    Ok(row)
}

/// Refuses lines that look like keypoints, by the first of them.
fn announce(
    input: &Input<'_>,
    files: &[&str],
    read: &[Result<Vec<Row>, Problem>],
    (count, each): (usize, usize),
) -> Problem {
    let first = files.iter().zip(read).find_map(|(name, rows)| {
        let row = rows.as_ref().ok()?.iter().find(|row| row.values.len() > 4)?;
        Some((*name, row.line))
    });
    let (name, line) = first.unwrap_or_default();
    let message = format!(
        "has {} fields, as all lines with more than a box: the last {} look like {count} keypoints \
         of {each} numbers in that box, not like an outline; add kpt_shape: [{count}, {each}] to \
         data.yaml (if they are outlines: kpt_shape: [0, 2])",
        5 + count * each,
        count * each,
    );
    Problem::new(ProblemKind::Malformed, input.files.shown(name), line, message)
}

fn object(row: Row, keypoints: line::Keypoints, name: &str, outlines: &mut Outlines) -> RawObject {
    let line = Some(row.line);
    match row.stated(keypoints) {
        Some(values) => {
            let units = BoxUnits::Share;
            let object = RawObject::stated(row.class, values, BoxFormat::Cxcywh, units);
            RawObject { line, ..object }
        }
        None => {
            outlines.add(name, row.line);
            RawObject { line, ..RawObject::around(row.class, row.around(), BoxUnits::Share) }
        }
    }
}

/// How many lines were outlines, and the first of them.
#[derive(Default)]
struct Outlines {
    count: usize,
    first: Option<(String, usize)>,
}

impl Outlines {
    fn add(&mut self, name: &str, line: usize) {
        self.count += 1;
        self.first.get_or_insert_with(|| (name.to_owned(), line));
    }

    fn note(self, input: &Input<'_>) -> Option<Problem> {
        let (name, line) = self.first?;
        let message = format!(
            "is an outline and no box, as {} objects of this set are; the upright box around each \
             is taken",
            self.count
        );
        Some(Problem::new(ProblemKind::Note, input.files.shown(&name), line, message))
    }
}

/// True if the first line that is not blank has the numbers of a box.
fn has_rows(text: &str) -> bool {
    let mut lines = text.split(['\n', '\r']).filter(|line| !line.trim().is_empty());
    lines.next().is_some_and(|line| {
        let fields: Vec<&str> = line.split_whitespace().take(64).collect();
        let numbers = fields.iter().filter(|field| field.parse::<f64>().is_ok()).count();
        fields.len() >= 5 && numbers >= 4
    })
}

/// A value in quotes, cut where it is long.
fn shown(text: &str) -> String {
    /// Characters of a value that messages show.
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests;
