//! Pascal VOC XML: the challenge's own layout, LabelImg folders, and anything between.
//!
//! Images and label files are matched by `<filename>`, next to the label file or in an image
//! folder; if that file is not there, by the label file's own name (people rename both).
//! Coordinates are taken as pixel edges. The challenge counted pixels from 1 and included the last;
//! tools differ, and the difference is at most one pixel.
//!
//! ```xml
//! <annotation>
//!   <filename>cat.jpg</filename>
//!   <size><width>640</width><height>480</height><depth>3</depth></size>
//!   <object>
//!     <name>cat</name>
//!     <bndbox><xmin>10</xmin><ymin>20</ymin><xmax>60</xmax><ymax>50</ymax></bndbox>
//!   </object>
//! </annotation>
//! ```
//!
//! Source: Everingham et al., *The PASCAL Visual RawObject Classes Challenge*, 2010, and the
//! challenge's development kit.
//!
//! Traps:
//!
//! - `<size>` of 0 times 0: `LabelImg` writes it where it could not read the image; it states
//!   nothing.
//! - `<path>` is a path of the computer where the label was made, and is not read.
//! - A document type is refused: entities are how a small XML file becomes gigabytes.
//! - Other XML lies in such folders, too; a root that is not `<annotation>` is passed over with a
//!   note.

use rayon::prelude::*;
use roxmltree::{Document, Node};

use super::{FormatFile, Input};
use crate::folder::{Files, base_name, stem};
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::{Problem, ProblemKind};
use crate::write::Target;
use crate::{BoxFormat, BoxUnits, Error, Format, LabeledImage};

pub(crate) struct Voc;

impl FormatFile for Voc {
    const TITLE: &'static str = "Pascal VOC";
    const LOOKED_FOR: &'static str = "*.xml with <annotation>";
    const ENDINGS: &'static [&'static str] = &["xml"];

    fn examine(input: &Input<'_>, name: &str) -> Result<(), String> {
        let here = input.files.first_text(name).contains("<annotation");
        if here { Ok(()) } else { Err("it has no <annotation>".into()) }
    }

    fn read(input: &Input<'_>, labels: &[&str]) -> RawLabels {
        read(input, labels)
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        target.labels.images.par_iter().try_for_each(|image| {
            let objects: Vec<(&str, [f64; 4])> =
                image.objects.iter().map(|o| (target.class(o), o.xyxy)).collect();
            let own = base_name(&image.name);
            let xml = annotation(own, (image.width, image.height), &objects);
            target.file(&format!("annotations/{}.xml", stem(&image.name)), xml.as_bytes())
        })
    }

    /// The challenge's lists name images without their ending.
    fn list_line(image: &LabeledImage) -> String {
        stem(&image.name).to_owned()
    }
}

/// One label file.
struct Annotation {
    filename: Option<String>,
    stated_size: Option<(u32, u32)>,
    /// Class name, xyxy, line.
    objects: Vec<(String, [f64; 4], usize)>,
}

fn read(input: &Input<'_>, names: &[&str]) -> RawLabels {
    let read: Vec<Result<Option<Annotation>, Problem>> =
        names.par_iter().map(|name| read_file(input.files, name)).collect();
    let mut labels = RawLabels::new(Format::Voc);
    for (&name, annotation) in names.iter().zip(read) {
        match annotation {
            Ok(Some(a)) => {
                let stated = a.filename.as_deref().unwrap_or(stem(base_name(name)));
                match input.index.find(name, stated) {
                    Ok(place) => {
                        let mut image = RawImage::new(place, name);
                        image.stated_size = a.stated_size;
                        for (class, xyxy, line) in a.objects {
                            let class = labels.class(&class);
                            let object =
                                RawObject::stated(class, xyxy, BoxFormat::Xyxy, BoxUnits::Px);
                            image.objects.push(RawObject { line: Some(line), ..object });
                        }
                        labels.images.push(image);
                    }
                    Err(message) => {
                        let file = input.files.shown(name);
                        let problem = Problem::new(ProblemKind::Malformed, file, None, message);
                        labels.problems.push(problem);
                    }
                }
            }
            Ok(None) => {}
            Err(problem) => labels.problems.push(problem),
        }
    }
    labels
}

/// Reads one label file; `None` if it is some other XML.
fn read_file(files: &Files, name: &str) -> Result<Option<Annotation>, Problem> {
    let malformed = |line: Option<usize>, message: String| {
        Problem::new(ProblemKind::Malformed, files.shown(name), line, message)
    };
    let text = files.text(name)?;
    // Entities are where XML explodes, and no label needs one: a document type is refused.
    let document = Document::parse(text.as_str()).map_err(|e| match e {
        roxmltree::Error::DtdDetected => malformed(
            None,
            "has a document type (DTD), which a label has no use for; remove it".into(),
        ),
        e => malformed(Some(e.pos().row as usize), format!("is not well-formed XML: {e}")),
    })?;
    let root = document.root_element();
    if !root.has_tag_name("annotation") {
        return Ok(None);
    }
    parse(root).map(Some).map_err(|(node, message)| malformed(Some(line(node)), message))
}

type At<'a, 'input> = (Node<'a, 'input>, String);

fn parse<'a, 'input>(root: Node<'a, 'input>) -> Result<Annotation, At<'a, 'input>> {
    let filename = match child(root, "filename") {
        Some(node) => {
            let text = text(node);
            (!text.is_empty()).then(|| text.to_owned())
        }
        None => None,
    };
    let mut objects = Vec::new();
    for object in root.children().filter(|n| n.has_tag_name("object")) {
        let name = required(object, "name")?;
        if text(name).is_empty() {
            return Err((name, "<name> is empty; it is the object's class".into()));
        }
        let bounds = required(object, "bndbox")?;
        let mut xyxy = [0.0; 4];
        for (corner, field) in xyxy.iter_mut().zip(["xmin", "ymin", "xmax", "ymax"]) {
            let node = required(bounds, field)?;
            *corner = number(node, field)?;
        }
        objects.push((text(name).to_owned(), xyxy, line(bounds)));
    }
    Ok(Annotation { filename, stated_size: size(root)?, objects })
}

fn size<'a, 'input>(root: Node<'a, 'input>) -> Result<Option<(u32, u32)>, At<'a, 'input>> {
    let Some(size) = child(root, "size") else { return Ok(None) };
    let mut sides = [0; 2];
    for (side, field) in sides.iter_mut().zip(["width", "height"]) {
        let Some(node) = child(size, field) else { return Ok(None) };
        *side = text(node).parse().map_err(|_| {
            (node, format!("<{field}> is {:?}, not a whole number of pixels", text(node)))
        })?;
    }
    // LabelImg writes 0 where it could not read the image.
    Ok((sides[0] > 0 && sides[1] > 0).then_some((sides[0], sides[1])))
}

fn number<'a, 'input>(node: Node<'a, 'input>, field: &str) -> Result<f64, At<'a, 'input>> {
    match text(node).parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err((node, format!("<{field}> is {:?}, not a finite number", text(node)))),
    }
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|n| n.has_tag_name(name))
}

fn required<'a, 'input>(
    node: Node<'a, 'input>,
    name: &str,
) -> Result<Node<'a, 'input>, At<'a, 'input>> {
    child(node, name).ok_or_else(|| (node, format!("<{}> has no <{name}>", node.tag_name().name())))
}

fn text<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or_default().trim()
}

fn line(node: Node<'_, '_>) -> usize {
    node.document().text_pos_at(node.range().start).row as usize
}

/// The label file of one image: class names with their xyxy in pixels.
fn annotation(
    filename: &str,
    (width, height): (u32, u32),
    objects: &[(&str, [f64; 4])],
) -> String {
    use std::fmt::Write;
    let mut xml = format!(
        "<annotation>\n\t<filename>{}</filename>\n\t<size>\n\t\t<width>{width}</width>\n\t\t\
         <height>{height}</height>\n\t\t<depth>3</depth>\n\t</size>\n",
        escaped(filename)
    );
    for (class, [x0, y0, x1, y1]) in objects {
        write!(
            xml,
            "\t<object>\n\t\t<name>{}</name>\n\t\t<bndbox>\n\t\t\t<xmin>{x0}</xmin>\n\t\t\t\
             <ymin>{y0}</ymin>\n\t\t\t<xmax>{x1}</xmax>\n\t\t\t<ymax>{y1}</ymax>\n\t\t</bndbox>\n\
             \t</object>\n",
            escaped(class)
        )
        .expect("a string takes what is written to it");
    }
    xml.push_str("</annotation>\n");
    xml
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
