//! Create ML JSON: one list of images with their boxes, as Apple's Create ML takes it and Roboflow,
//! `LabelImg` and `RectLabel` write it.
//!
//! ```json
//! [
//!   {"image": "cat.jpg", "annotations": [
//!     {"label": "cat", "coordinates": {"x": 35.0, "y": 35.0, "width": 50.0, "height": 30.0}}
//!   ]}
//! ]
//! ```
//!
//! `x` and `y` are the box's *center*, in pixels from the top left.
//!
//! Source: `MLObjectDetector.DataSource` and `MLObjectDetector.AnnotationType` of Apple's
//! documentation of Create ML.
//!
//! Traps:
//!
//! - Apple's documents write `imagefilename` and `annotation`, its examples and most tools `image`
//!   and `annotations`. Both are read; an image with both spellings of one is refused.
//! - Create ML can be configured in code to take boxes measured from another corner, or in shares of
//!   the side. The file does not say so; `--box-format` and `--box-units` do.
//! - A list of images with a label each and no boxes (classification) is no label file.
//! - Images without an object are in the list with no annotations, or not at all.

use serde_json::json;

use super::{FormatFile, Input};
use crate::folder::split_of_name;
use crate::json::{self, Fault, Findings, Node, Object, Outline};
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::ProblemKind;
use crate::write::Target;
use crate::{BoxFormat, BoxUnits, Error, Format};

pub(crate) struct CreateMl;

impl FormatFile for CreateMl {
    const TITLE: &'static str = "CreateML";
    const LOOKED_FOR: &'static str = "*.json, a list with image, annotations and coordinates";
    const ENDINGS: &'static [&'static str] = &["json"];
    const OBJECT: &'static str = "annotation";
    const NAMES_IMAGES: bool = true;

    fn examine(input: &Input<'_>, name: &str) -> Result<(), String> {
        json::examine(input, name, decide)
    }

    fn read(input: &Input<'_>, labels: &[&str]) -> RawLabels {
        let mut raw = RawLabels::new(Format::CreateMl);
        for name in labels {
            read_file(input, name, &mut raw);
        }
        raw
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        write(target)
    }
}

const IMAGE: [&str; 2] = ["image", "imagefilename"];
const ANNOTATIONS: [&str; 2] = ["annotations", "annotation"];

/// Whether a file with this outline is Create ML's.
fn decide(outline: &Outline, is_whole: bool) -> Option<Result<(), String>> {
    let lacks = |what: &str| Some(Err(what.to_owned()));
    if !outline.is_list {
        return lacks("it is an object, not a list of images with `annotations`");
    }
    if outline.has("image_id") {
        return lacks("it is a list of detections (results of COCO)");
    }
    let is_listed = outline.has_any(&IMAGE) && outline.has_any(&ANNOTATIONS);
    if is_listed && outline.has_inner("coordinates") {
        return Some(Ok(()));
    }
    if !is_whole {
        return None;
    }
    match (outline.has_any(&IMAGE), outline.has_any(&ANNOTATIONS)) {
        (false, _) => lacks("its list has no `image`"),
        (_, false) => lacks("its list has no `annotations`"),
        // Images without an object.
        _ if !outline.has_inners() => Some(Ok(())),
        _ => lacks("its annotations have no `coordinates`"),
    }
}

fn read_file(input: &Input<'_>, name: &str, labels: &mut RawLabels) {
    json::read_file(input, name, labels, |root, labels, found| {
        if !root.is_list() {
            return Err(root.wrong("the file", "a list of images"));
        }
        let mut number = 0;
        root.each(|node| {
            number += 1;
            if let Err(fault) = image(input, name, node, labels, found) {
                found.malformed(fault.of(&format!("image {number} of the list")));
            }
        });
        Ok(())
    });
}

/// Adds an image of the list.
fn image(
    input: &Input<'_>,
    name: &str,
    node: Node<'_>,
    labels: &mut RawLabels,
    found: &mut Findings<'_>,
) -> Result<(), Fault> {
    let image = node.object()?;
    let (field, stated) = one_of(&image, IMAGE)?;
    let path = stated.and_then(Node::name);
    let path = path.ok_or_else(|| image.wrong(field, "the image's path"))?;
    let place = input.index.find(name, &path).map_err(|m| node.fault(format!("{field} {m}")))?;
    let shown = place.path.clone();
    let mut raw = RawImage::new(place, name);
    (raw.line, raw.split) = (node.line(), split_of_name(name));
    let (field, list) = one_of(&image, ANNOTATIONS)?;
    if list.is_some_and(|list| !list.is_list()) {
        return Err(image.wrong(field, "a list").of(&shown));
    }
    let mut number = 0;
    let mut each = |node: Node<'_>| {
        number += 1;
        let who = format!("annotation {number} of {shown}");
        match annotation(node) {
            Err(fault) => {
                raw.incomplete = true;
                found.malformed(fault.of(&who));
            }
            Ok(None) => {
                let message = format!("{who} has no coordinates; it is passed over");
                found.add(ProblemKind::NoBox, node.fault(message));
            }
            Ok(Some((class, values))) => {
                let class = labels.class(&class);
                let object = RawObject::stated(class, values, BoxFormat::Cxcywh, BoxUnits::Px);
                let (line, id) = (node.line(), Some(number.to_string()));
                raw.objects.push(RawObject { line, id, ..object });
            }
        }
    };
    if let Some(list) = list {
        list.each(&mut each);
    }
    labels.images.push(raw);
    Ok(())
}

/// The value of a field with two spellings, and the spelling that is used.
fn one_of<'a>(
    object: &Object<'a>,
    [usual, other]: [&'static str; 2],
) -> Result<(&'static str, Option<Node<'a>>), Fault> {
    match (object.value(usual), object.value(other)) {
        (Some(_), Some(second)) => {
            Err(second.fault(format!("has both `{usual}` and `{other}`; remove one of them")))
        }
        (None, Some(value)) => Ok((other, Some(value))),
        (value, None) => Ok((usual, value)),
    }
}

/// An annotation's class and box; `None` for a label of the whole image.
fn annotation(node: Node<'_>) -> Result<Option<(String, [f64; 4])>, Fault> {
    let annotation = node.object()?;
    let class = annotation.value("label").and_then(Node::name);
    let class = class.ok_or_else(|| annotation.wrong("label", "the class"))?;
    let Some(coordinates) = annotation.value("coordinates") else { return Ok(None) };
    let allowed = "an object with x, y, width and height";
    if !coordinates.is_object() {
        return Err(coordinates.wrong("coordinates", allowed));
    }
    let coordinates = coordinates.object()?;
    let mut values = [0.0; 4];
    for (value, field) in values.iter_mut().zip(["x", "y", "width", "height"]) {
        let number = coordinates.value(field).and_then(Node::number);
        *value = number.ok_or_else(|| coordinates.wrong(field, "a finite number"))?;
    }
    Ok(Some((class.into_owned(), values)))
}

/// One file next to the images, as Create ML wants it. Splits are in the split files.
fn write(target: &Target<'_>) -> Result<(), Error> {
    let images = target.labels.images.iter().map(|image| {
        let annotations = image.objects.iter().map(|object| {
            let [x0, y0, x1, y1] = object.xyxy;
            json!({
                "label": target.class(object),
                "coordinates": {
                    "x": f64::midpoint(x0, x1),
                    "y": f64::midpoint(y0, y1),
                    "width": x1 - x0,
                    "height": y1 - y0,
                },
            })
        });
        json!({"image": image.name, "annotations": annotations.collect::<Vec<_>>()})
    });
    let json = serde_json::to_vec_pretty(&images.collect::<Vec<_>>());
    let json = json.expect("numbers and names are JSON");
    target.file("images/_annotations.createml.json", &json)
}

#[cfg(test)]
mod tests;
