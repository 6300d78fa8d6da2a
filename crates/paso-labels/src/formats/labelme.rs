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
//! - `imageData` holds the whole image in base64 unless the tool is set not to. It is never copied.
//! - `imagePath` is relative to the label file, so that it may hold `..`, and `\` on Windows. It
//!   must end below the data set's folder. If no image has that name (people rename both), the
//!   image of the label file's own name is taken.
//! - Converters write `null` or 0 for a size that they do not know: it states none.

mod shape;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::{FormatFile, Input};
use crate::folder::{base_name, stem};
use crate::folder::lookup::Place;
use crate::json::{self, Fault, Findings, Json, Node, Object, Outline};
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::{Problem, ProblemKind};
use crate::write::Target;
use crate::{BoxUnits, Error, Format, LabeledImage};

pub(crate) struct LabelMe;

impl FormatFile for LabelMe {
    const TITLE: &'static str = "LabelMe";
    const LOOKED_FOR: &'static str = "*.json with shapes and imagePath";
    const ENDINGS: &'static [&'static str] = &["json"];
    const OBJECT: &'static str = "shape";

    fn examine(input: &Input<'_>, name: &str) -> Result<(), String> {
        json::examine(input, name, decide)
    }

    fn read(input: &Input<'_>, labels: &[&str]) -> RawLabels {
        let read: Vec<(Option<Annotation>, Vec<Problem>)> =
            labels.par_iter().map(|name| read_file(input, name)).collect();
        let mut raw = RawLabels::new(Format::LabelMe);
        for (name, (annotation, mut problems)) in labels.iter().zip(read) {
            raw.problems.append(&mut problems);
            if let Some(annotation) = annotation {
                add(&mut raw, name, annotation);
            }
        }
        raw
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

/// Whether a file with this outline is LabelMe's. Keys inside of other objects do not count, so
/// that a note that mentions shapes is no label.
fn decide(outline: &Outline, is_whole: bool) -> Option<Result<(), String>> {
    const OF_IMAGE: [&str; 4] = ["imagePath", "imageData", "imageWidth", "imageHeight"];
    if outline.is_list || outline.has_any(&["images", "annotations", "categories", "assets"]) {
        return Some(Err("it has no `shapes` and `imagePath`".into()));
    }
    let shapes = outline.has_as("shapes", b"[{n");
    let of_image = OF_IMAGE.into_iter().filter(|key| outline.has(key)).count();
    // Outlines may fill all of what is looked at, before any other key. Without shapes, it is still
    // a label file that somebody has damaged.
    if shapes && (outline.has_inner("points") || of_image > 0) || of_image > 1 {
        return Some(Ok(()));
    }
    let lacks = match (shapes, of_image) {
        (true, _) => "it has no `imagePath`",
        (_, 0) => "it has no `shapes` and `imagePath`",
        _ => "it has no `shapes`",
    };
    is_whole.then(|| Err(lacks.into()))
}

/// What one label file says.
struct Annotation {
    place: Place,
    stated_size: Option<(u32, u32)>,
    /// Class, corners, line, number of the shape from 1.
    objects: Vec<(String, [f64; 4], Option<usize>, usize)>,
    /// True if a shape was refused.
    incomplete: bool,
}

/// Reads one label file.
fn read_file(input: &Input<'_>, name: &str) -> (Option<Annotation>, Vec<Problem>) {
    let mut found = Findings::new(input.files, name);
    let json = match input.files.text(name) {
        Ok(text) => Json::new(text),
        Err(problem) => return (None, vec![problem]),
    };
    let annotation = json.root().and_then(Node::object);
    let annotation = annotation.and_then(|root| parse(input, name, &root, &mut found));
    let annotation = annotation.map_err(|fault| found.malformed(fault)).ok();
    (annotation, found.finish())
}

/// What a label file says; a shape that is wrong is among the findings.
fn parse(
    input: &Input<'_>,
    name: &str,
    root: &Object<'_>,
    found: &mut Findings<'_>,
) -> Result<Annotation, Fault> {
    let path = root.value("imagePath").filter(|path| !path.is_number()).and_then(Node::name);
    let path = path.ok_or_else(|| root.wrong("imagePath", "the image's path, a text"))?;
    let fault = |message: String| match root.value("imagePath") {
        Some(node) => node.fault(format!("imagePath {message}")),
        None => root.node().fault(message),
    };
    let stated = input.index.find(name, &path).map_err(fault)?;
    let place = if stated.exists {
        stated
    } else {
        // People rename image and label together.
        input.index.find_own(name).ok().filter(|own| own.exists).unwrap_or(stated)
    };
    let (width, height) = (root.side("imageWidth")?, root.side("imageHeight")?);
    let shapes = root.value("shapes").filter(|shapes| shapes.is_list());
    let shapes = shapes.ok_or_else(|| root.wrong("shapes", "a list"))?;
    let (mut objects, mut number, mut incomplete) = (Vec::new(), 0, false);
    shapes.each(|node| {
        number += 1;
        match node.object().and_then(|shape| shape::parse(&shape)) {
            Ok((class, Ok(xyxy))) => objects.push((class, xyxy, node.line(), number)),
            Ok((class, Err(kind))) => {
                let message = format!(
                    "shape {number} ({class:?}) is of type {kind:?}, which has no box; it is \
                     passed over (rectangle, polygon and circle are read)"
                );
                found.add(ProblemKind::NoBox, node.fault(message));
            }
            Err(fault) => {
                incomplete = true;
                found.malformed(fault.of(&format!("shape {number}")));
            }
        }
    });
    Ok(Annotation { place, stated_size: width.zip(height), objects, incomplete })
}

fn add(labels: &mut RawLabels, name: &str, annotation: Annotation) {
    let mut image = RawImage::new(annotation.place, name);
    image.stated_size = annotation.stated_size;
    image.incomplete = annotation.incomplete;
    for (class, xyxy, line, number) in annotation.objects {
        let class = labels.class(&class);
        let object = RawObject::around(class, xyxy, BoxUnits::Px);
        image.objects.push(RawObject { line, id: Some(number.to_string()), ..object });
    }
    labels.images.push(image);
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
        "imagePath": base_name(&image.name),
        "imageData": null,
        "imageHeight": image.height,
        "imageWidth": image.width,
    })
}

#[cfg(test)]
mod tests;
