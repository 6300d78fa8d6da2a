//! Pascal VOC XML: the challenge's own layout, LabelImg folders, and anything between.
//!
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
//! # Which image
//!
//! The one that `<filename>` names; if that is not there, the one of the label file's own name
//! (people rename both). If both are there and are two images, the label is refused: one of the two
//! names is a mistake, and nothing tells which. `<folder>` chooses between images of one name.
//!
//! Source: Everingham et al., *The PASCAL Visual Object Classes Challenge*, 2010, and the
//! challenge's development kit.
//!
//! Traps:
//!
//! - `<size>` of 0 times 0: `LabelImg` writes it where it could not read the image; it states
//!   nothing.
//! - `<path>` is a path of the computer where the label was made, and is not read.
//! - Other XML lies in such folders, too; a root that is not `<annotation>` is passed over. CVAT's
//!   is `<annotations>`.

mod annotation;

use rayon::prelude::*;

use super::{FormatFile, Input};
use crate::folder::lookup::Place;
use crate::folder::{Files, base_name, folder, stem};
use crate::number::shown;
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::{Problem, ProblemKind};
use crate::write::Target;
use crate::xml::{Fault, escaped, is, not_in_xml, parse, root_name, to_examine};
use crate::{BoxFormat, BoxUnits, Error, Format, LabeledImage};
use annotation::Annotation;

pub(crate) struct Voc;

impl FormatFile for Voc {
    const TITLE: &'static str = "Pascal VOC";
    const LOOKED_FOR: &'static str = "*.xml with <annotation>";
    const NOTES_OTHERS: bool = true;
    const ENDINGS: &'static [&'static str] = &["xml"];

    fn examine(input: &Input<'_>, name: &str) -> Result<(), String> {
        let text = to_examine(input.files, name, |text| root_name(text).is_some());
        match root_name(&text) {
            Some(root) if root.eq_ignore_ascii_case("annotation") => Ok(()),
            Some(root) if is_name(root) => Err(format!("its root is <{root}>, not <annotation>")),
            // A damaged beginning: it is refused where it is read, and not passed over.
            _ if ["</annotation>", "<bndbox>"].iter().any(|tag| text.contains(tag)) => Ok(()),
            _ => Err("it has no <annotation>".into()),
        }
    }

    fn read(input: &Input<'_>, labels: &[&str]) -> RawLabels {
        read(input, labels)
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        target.labels.images.par_iter().try_for_each(|image| {
            let path = format!("annotations/{}.xml", stem(&image.name));
            let xml = written(target, image)
                .map_err(|message| Error::Folder { path: path.clone().into(), message })?;
            target.file(&path, xml.as_bytes())
        })
    }

    /// The challenge's lists name images without their ending.
    fn list_line(image: &LabeledImage) -> String {
        stem(&image.name).to_owned()
    }
}

/// True if a name is one as people give them, and not a piece of a damaged file.
fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

fn read(input: &Input<'_>, names: &[&str]) -> RawLabels {
    let read: Vec<(Annotation, Vec<Problem>)> =
        names.par_iter().map(|name| read_file(input.files, name)).collect();
    let mut labels = RawLabels::new(Format::Voc);
    let mut around = Vec::new();
    for (&name, (annotation, problems)) in names.iter().zip(read) {
        // A file of which nothing could be read has no image.
        let unread = annotation.filename.is_none() && !problems.is_empty();
        let incomplete = !problems.is_empty();
        labels.problems.extend(problems);
        match place(input, name, &annotation) {
            Ok(place) => {
                let mut image = RawImage::new(place, name);
                image.stated_size = annotation.stated_size;
                image.incomplete = incomplete;
                for object in annotation.objects {
                    let class = labels.class(&object.class);
                    let xyxy = object.xyxy;
                    let raw = match object.around {
                        None => RawObject::stated(class, xyxy, BoxFormat::Xyxy, BoxUnits::Px),
                        Some(_) => RawObject::around(class, xyxy, BoxUnits::Px),
                    };
                    around.extend(object.around.map(|element| (element, name, object.line)));
                    image.objects.push(RawObject { line: Some(object.line), ..raw });
                }
                labels.images.push(image);
            }
            Err(_) if unread => {}
            Err(message) => {
                let (file, line) = (input.files.shown(name), annotation.filename_line);
                labels.problems.push(Problem::new(ProblemKind::Malformed, file, line, message));
            }
        }
    }
    for element in ["<polygon>", "<robndbox>"] {
        let mut of_it = around.iter().filter(|(which, ..)| *which == element);
        if let Some((_, name, line)) = of_it.next() {
            let others = of_it.count();
            let message = format!(
                "has an object with {element} and no <bndbox>; the box around it is taken, here and \
                 for {others} other objects"
            );
            let file = input.files.shown(name);
            labels.problems.push(Problem::new(ProblemKind::Note, file, *line, message));
        }
    }
    labels
}

/// Reads one label file, and what is wrong with it.
fn read_file(files: &Files, name: &str) -> (Annotation, Vec<Problem>) {
    let text = match files.text(name) {
        Ok(text) => text,
        Err(problem) => return (Annotation::default(), vec![problem]),
    };
    let problem = |fault: &Fault| {
        let line = text.line_at(fault.byte);
        Problem::new(ProblemKind::Malformed, files.shown(name), line, fault.message.clone())
    };
    let document = match parse(&text) {
        Ok(document) => document,
        Err(fault) => return (Annotation::default(), vec![problem(&fault)]),
    };
    let root = document.root_element();
    if !is(root, "annotation") {
        let found = root.tag_name().name();
        let message = format!("has the root <{found}>; it must be <annotation>");
        return (Annotation::default(), vec![problem(&Fault::new(root, message))]);
    }
    let annotation = Annotation::new(root, &text);
    let problems = annotation.faults.iter().map(problem).collect();
    (annotation, problems)
}

/// The image of a label file. The error is a sentence about the label.
fn place(input: &Input<'_>, label: &str, annotation: &Annotation) -> Result<Place, String> {
    let own = input.index.find_own(label);
    let Some(filename) = &annotation.filename else { return own };
    let named = input.index.find(label, filename).or_else(|message| {
        // Images of one name in several folders.
        let folder = annotation.folder.as_deref().unwrap_or_default();
        let inside = input.index.find(label, &format!("{folder}/{filename}"));
        inside.map_err(|_| format!("<filename> {message}"))
    })?;
    let own = match own {
        Ok(own) if own.exists => own,
        // Which of several images it would be is no question if <filename> says it.
        Ok(_) => return Ok(named),
        Err(_) if named.exists => return Ok(named),
        Err(message) => return Err(message),
    };
    if !named.exists {
        return Ok(own);
    }
    if named.path != own.path && is_for_either(label, &named.path, &own.path) {
        return Err(format!(
            "<filename> is {}, which is the image {}, but the label file is called as the image \
             {}; correct <filename> or rename the label file",
            shown(filename),
            named.path,
            own.path
        ));
    }
    Ok(named)
}

/// True if nothing tells which of two images a label is for. An image in a folder that is called as
/// the label's is nearer than one in another folder.
fn is_for_either(label: &str, named: &str, own: &str) -> bool {
    let last = |path: &str| base_name(folder(path).trim_end_matches('/')).to_lowercase();
    last(named) != last(label) || last(own) == last(label)
}

/// The label file of one image.
fn written(target: &Target<'_>, image: &LabeledImage) -> Result<String, String> {
    use std::fmt::Write;
    let text = |text: &str| escaped(text).map_err(|c| not_in_xml(text, c));
    let mut xml = format!(
        "<annotation>\n\t<filename>{}</filename>\n\t<size>\n\t\t<width>{}</width>\n\t\t\
         <height>{}</height>\n\t\t<depth>3</depth>\n\t</size>\n",
        text(base_name(&image.name))?,
        image.width,
        image.height
    );
    for object in &image.objects {
        let [x0, y0, x1, y1] = object.xyxy;
        write!(
            xml,
            "\t<object>\n\t\t<name>{}</name>\n\t\t<bndbox>\n\t\t\t<xmin>{x0}</xmin>\n\t\t\t\
             <ymin>{y0}</ymin>\n\t\t\t<xmax>{x1}</xmax>\n\t\t\t<ymax>{y1}</ymax>\n\t\t</bndbox>\n\
             \t</object>\n",
            text(target.class(object))?
        )
        .expect("a string takes what is written to it");
    }
    xml.push_str("</annotation>\n");
    Ok(xml)
}

#[cfg(test)]
mod tests;
