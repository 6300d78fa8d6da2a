//! `LabelMe` JSON: a file per image with the outlines that somebody drew, as the tool `labelme`
//! writes it.
//!
//! ```json
//! {
//!   "version": "5.5.0", "flags": {},
//!   "shapes": [
//!     {"label": "cat", "shape_type": "rectangle", "points": [[10.0, 20.0], [60.0, 50.0]]}
//!   ],
//!   "imagePath": "cat.jpg", "imageData": null, "imageWidth": 640, "imageHeight": 480
//! }
//! ```
//!
//! A shape counts as the smallest box around it, in pixels of the image:
//!
//! | `shape_type` | points | box |
//! |---|---|---|
//! | `rectangle` | two opposite corners in any order, or all four | around the points |
//! | `polygon`, and a shape without a type | at least three | around the points |
//! | `circle` | the center `c`, and any point `p` on it | `c - r` to `c + r`, with `r = abs(p - c)` |
//! | `point`, `line`, `linestrip` and others | | none: reported and passed over |
//!
//! Source: `labelme/label_file.py` and `labelme/shape.py` of <https://github.com/wkentaro/labelme>.
//!
//! Traps:
//!
//! - `imageData` holds the whole image in base64 unless the tool is set not to. It is skipped
//!   while parsing and never kept.
//! - `imagePath` is relative to the label file, so that it may hold `..`, and `\` on Windows. It
//!   must end below the data set's folder. If no image has that name (people rename both), the
//!   image of the label file's own name is taken.
//! - Python writes `NaN` into JSON, which JSON does not have: it is refused by its line.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{FormatFile, Outcome};
use crate::Error;
use crate::files::{Files, ImageIndex, check_inside, folder, stem};
use crate::report::{Problem, ProblemKind};
use crate::write::Target;
use crate::{LabeledImage, Format, RawImage, RawLabels, RawObject, Unit};

pub(crate) struct LabelMe;

impl FormatFile for LabelMe {
    const TITLE: &'static str = "LabelMe";
    const LOOKED_FOR: &'static str = "*.json with shapes and imagePath";
    const OBJECT: &'static str = "shape";

    fn is_here(files: &Files) -> bool {
        files.with_ending("json").any(|name| looks_like_labels(&files.first_text(name)))
    }

    fn read(files: &Files) -> Outcome {
        let index = ImageIndex::new(files);
        let names: Vec<&str> = files.with_ending("json").collect();
        let read: Vec<Result<Option<Annotation>, Problem>> =
            names.par_iter().map(|name| read_file(files, name)).collect();
        let mut labels = RawLabels::new(Format::LabelMe);
        let mut problems = Vec::new();
        for (&name, annotation) in names.iter().zip(read) {
            match annotation {
                Ok(Some(a)) => {
                    let note = |m| Problem::new(ProblemKind::Note, files.shown(name), None, m);
                    problems.extend(a.passed_over.iter().cloned().map(note));
                    let image = labeled(&index, &mut labels, name, a);
                    labels.images.push(image);
                }
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        Ok((labels, problems))
    }

    /// A label file lies next to its image, where the tool looks for it.
    fn write(target: &Target<'_>) -> Result<(), Error> {
        target.labels.images.par_iter().try_for_each(|image| {
            let json = serde_json::to_vec_pretty(&written(target, image));
            let name = format!("images/{}.json", stem(&image.name));
            target.file(&name, &json.expect("numbers and names are JSON"))
        })
    }
}

/// What is read of a label file. `imageData` is none of it.
#[derive(Deserialize)]
struct Json {
    #[serde(rename = "imagePath", default)]
    path: Value,
    #[serde(rename = "imageWidth", default)]
    width: Value,
    #[serde(rename = "imageHeight", default)]
    height: Value,
    shapes: Vec<Shape>,
}

#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    label: Value,
    #[serde(default)]
    points: Value,
    #[serde(default)]
    shape_type: Value,
}

/// What one label file says.
#[derive(Debug, PartialEq)]
struct Annotation {
    /// Of the image: relative to the label file, or to the data set where that has to climb.
    path: String,
    size: (u32, u32),
    /// Class, xyxy, number of the shape from 1.
    objects: Vec<(String, [f64; 4], i64)>,
    /// What is said of shapes that are no box.
    passed_over: Vec<String>,
}

/// True if the beginning of a file is one of this format's. Keys inside of other objects do not
/// count, so that a note that mentions shapes is no label.
fn looks_like_labels(text: &str) -> bool {
    let keys = top_keys(text);
    let has = |names: &[&str]| names.iter().any(|name| keys.contains(*name));
    // Outlines may fill all of what is looked at, before any other key.
    let outlined = has(&["shapes"]) && text.contains("\"points\"");
    (outlined || has(&["imagePath", "imageData", "imageWidth", "imageHeight"]))
        && !has(&["images", "annotations", "categories"])
}

/// The keys of a JSON object, as far as its text goes: it may be cut off or malformed after them.
fn top_keys(text: &str) -> BTreeSet<&str> {
    let mut keys = BTreeSet::new();
    let (mut depth, mut start, mut last, mut escaped) = (0_usize, None, "", false);
    for (at, c) in text.char_indices() {
        match (start, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(from), '"') => (last, start) = (&text[from..at], None),
            (Some(_), _) => {}
            (None, '"') => start = Some(at + 1),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, ':') if depth == 1 => drop(keys.insert(last)),
            _ => {}
        }
    }
    keys
}

/// Reads one label file; `None` if it is some other JSON.
fn read_file(files: &Files, name: &str) -> Result<Option<Annotation>, Problem> {
    let malformed = |line: Option<usize>, message: String| {
        Problem::new(ProblemKind::Malformed, files.shown(name), line, message)
    };
    if !looks_like_labels(&files.first_text(name)) {
        return Ok(None);
    }
    let text = files.read_one(name)?;
    let json: Json = serde_json::from_str(&text).map_err(|e| {
        let line = text.lines().nth(e.line().saturating_sub(1)).unwrap_or_default();
        let message = match ["NaN", "Infinity"].iter().find(|word| line.contains(*word)) {
            Some(word) if e.is_syntax() => format!("{word} is no number; it must be finite"),
            _ => format!("is not what LabelMe labels are: {e}"),
        };
        malformed(Some(e.line()), message)
    })?;
    parse(&json, folder(name)).map(Some).map_err(|message| malformed(None, message))
}

/// What a label file in the folder `here` says.
fn parse(json: &Json, here: &str) -> Result<Annotation, String> {
    let path = text(&json.path, "imagePath", "the image's path, a string")?.replace('\\', "/");
    let path = resolved(here, &path).map_err(|e| format!("imagePath {e}"))?;
    let side = |value: &Value, name| {
        let side = value.as_u64().and_then(|side| u32::try_from(side).ok()).filter(|s| *s > 0);
        side.ok_or_else(|| wrong(name, value, "a whole number of pixels, at least 1"))
    };
    let size = (side(&json.width, "imageWidth")?, side(&json.height, "imageHeight")?);
    let (mut objects, mut passed_over) = (Vec::new(), Vec::new());
    for (number, shape) in (1..).zip(&json.shapes) {
        let of_shape = |message: String| format!("shape {number}: {message}");
        let label = text(&shape.label, "label", "the class, a string").map_err(of_shape)?;
        match xyxy(shape).map_err(of_shape)? {
            Ok(xyxy) => objects.push((label.to_owned(), xyxy, number)),
            Err(kind) => passed_over.push(format!(
                "shape {number} ({label:?}) is of type {kind:?}, which has no box; it is passed \
                 over (rectangle, polygon and circle are read)"
            )),
        }
    }
    Ok(Annotation { path, size, objects, passed_over })
}

/// The box of a shape, or its type if that has none.
fn xyxy(shape: &Shape) -> Result<Result<[f64; 4], &str>, String> {
    let kind = match &shape.shape_type {
        // Files of labelme before 3.0 have polygons only, and do not say it.
        Value::Null => "polygon",
        kind => text(kind, "shape_type", "a string such as \"rectangle\"")?,
    };
    if !["rectangle", "polygon", "circle"].contains(&kind) {
        return Ok(Err(kind));
    }
    let points = points(&shape.points)?;
    let count = |allowed: bool, what: &str| {
        if allowed { Ok(()) } else { Err(format!("has {} points; {what}", points.len())) }
    };
    if kind == "circle" {
        count(points.len() == 2, "a circle has 2, its center and one on it")?;
        let [[x, y], [on_x, on_y]] = [points[0], points[1]];
        let r = (on_x - x).hypot(on_y - y);
        return finite([x - r, y - r, x + r, y + r]).map(Ok);
    }
    if kind == "rectangle" {
        count([2, 4].contains(&points.len()), "a rectangle has 2 opposite corners, or all 4")?;
    } else {
        count(points.len() >= 3, "a polygon has 3 or more")?;
    }
    let around = |axis: usize, better: fn(f64, f64) -> f64| {
        points.iter().map(|point| point[axis]).reduce(better).expect("there are points")
    };
    Ok(Ok([around(0, f64::min), around(1, f64::min), around(0, f64::max), around(1, f64::max)]))
}

/// Coordinates are finite, but a distance of two of them may overflow.
fn finite(xyxy: [f64; 4]) -> Result<[f64; 4], String> {
    let all = xyxy.iter().all(|v| v.is_finite());
    all.then_some(xyxy).ok_or_else(|| "its circle is larger than any image".into())
}

fn points(value: &Value) -> Result<Vec<[f64; 2]>, String> {
    let allowed = "a list of [x, y]";
    let points = value.as_array().ok_or_else(|| wrong("points", value, allowed))?;
    let point = |(number, value): (usize, &Value)| {
        let pair = value.as_array().filter(|pair| pair.len() == 2);
        let pair = pair.and_then(|pair| Some([pair[0].as_f64()?, pair[1].as_f64()?]));
        pair.ok_or_else(|| {
            wrong(&format!("point {}", number + 1), value, "[x, y], two finite numbers")
        })
    };
    points.iter().enumerate().map(point).collect()
}

/// A string that is not empty.
fn text<'a>(value: &'a Value, name: &str, allowed: &str) -> Result<&'a str, String> {
    let found = value.as_str().filter(|text| !text.trim().is_empty());
    found.ok_or_else(|| wrong(name, value, allowed))
}

/// A path that is relative to a folder. If it climbs, the path below the data set's folder.
fn resolved(here: &str, path: &str) -> Result<String, String> {
    let outside = check_inside(path);
    if !path.split('/').any(|part| part == "..") || path.starts_with('/') {
        return outside.map(|()| path.to_owned());
    }
    let mut parts: Vec<&str> = here.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/').filter(|part| !["", "."].contains(part)) {
        if part != ".." {
            parts.push(part);
        } else if parts.pop().is_none() {
            outside.clone()?;
        }
    }
    let path = parts.join("/");
    check_inside(&path).map(|()| path)
}

fn wrong(name: &str, value: &Value, allowed: &str) -> String {
    match value {
        Value::Null => format!("{name} is missing; it must be {allowed}"),
        // Whatever is long is long because it is something else.
        value => format!("{name} is {:.60}; it must be {allowed}", value.to_string()),
    }
}

fn labeled(
    index: &ImageIndex<'_>,
    labels: &mut RawLabels,
    name: &str,
    annotation: Annotation,
) -> RawImage {
    let own = &stem(name)[folder(name).len()..];
    let found = index.find(folder(name), &annotation.path);
    let found = found.or_else(|| index.find(folder(name), own));
    let object = |(class, xyxy, number): (String, [f64; 4], i64)| RawObject {
        class: labels.class(&class),
        xyxy,
        unit: Unit::Pixels,
        line: None,
        id: Some(number),
    };
    RawImage {
        path: found.unwrap_or(&annotation.path).to_owned(),
        exists: found.is_some(),
        label: name.to_owned(),
        line: None,
        stated_size: Some(annotation.size),
        split: None,
        objects: annotation.objects.into_iter().map(object).collect(),
    }
}

/// A label file as the tool writes it.
fn written(target: &Target<'_>, image: &LabeledImage) -> Value {
    let shapes = image.objects.iter().map(|object| {
        let [x0, y0, x1, y1] = object.xyxy;
        json!({
            "label": target.class(object),
            "points": [[x0, y0], [x1, y1]],
            "group_id": null,
            "shape_type": "rectangle",
            "flags": {},
        })
    });
    json!({
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes.collect::<Vec<_>>(),
        "imagePath": image.name.rsplit('/').next().expect("a name has a last part"),
        "imageData": null,
        "imageHeight": image.height,
        "imageWidth": image.width,
    })
}

#[cfg(test)]
mod tests;
