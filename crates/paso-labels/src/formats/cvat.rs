//! CVAT for images 1.1: one XML file with all images, as CVAT exports it.
//!
//! ```xml
//! <annotations>
//!   <version>1.1</version>
//!   <image id="0" name="cat.jpg" subset="Train" width="640" height="480">
//!     <box label="cat" xtl="10" ytl="20" xbr="60" ybr="50" occluded="0" z_order="0"></box>
//!   </image>
//! </annotations>
//! ```
//!
//! A shape counts as the smallest box around it, in pixels of the image:
//!
//! | shape | box |
//! |---|---|
//! | `<box>` | its corners; with a `rotation` in degrees, the box around the turned one |
//! | `<polygon>` | around its points, at least three |
//! | `<ellipse>` | around it, with its `rotation` |
//! | `<mask>` | its `left`, `top`, `width` and `height` |
//! | `<cuboid>` | around its eight corners |
//! | `<points>`, `<polyline>`, `<skeleton>`, `<tag>` | none: reported and passed over |
//!
//! `subset` says what an image is for (`Train`, `Validation`, `Test`). In an export of a project,
//! every task counts its images from 0, so that an id identifies an image only with its `task_id`;
//! the same name may be in several subsets, and its image is in the folder of the subset.
//!
//! Source: the format's page in the documentation of CVAT, and `cvat/apps/dataset_manager/formats/cvat.py`
//! of <https://github.com/cvat-ai/cvat>.
//!
//! Traps:
//!
//! - "CVAT for video" has `<track>`s in place of images. Its frames are no files, so it is refused.
//! - Names are attributes: line ends in them are escaped, or a parser makes blanks of them.

mod shape;
mod write;

use std::collections::HashMap;

use roxmltree::{Document, Node};

use super::{FormatFile, Input};
use crate::folder::lookup::Place;
use crate::folder::{Text, image_name, split_of_name};
use crate::number::{pixels, shown};
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::{Problem, ProblemKind};
use crate::write::Target;
use crate::xml::{Fault, is, parse, root_name, to_examine};
use crate::{Error, Format, Split};
use shape::Shape;
use write::written;

pub(crate) struct Cvat;

impl FormatFile for Cvat {
    const TITLE: &'static str = "CVAT";
    const LOOKED_FOR: &'static str = "*.xml with <annotations> of <image>s";
    const ENDINGS: &'static [&'static str] = &["xml"];

    fn examine(input: &Input<'_>, name: &str) -> Result<(), String> {
        let holds = |text: &str| ["<image", "<track"].iter().any(|tag| text.contains(tag));
        let is_other =
            |text: &str| root_name(text).is_some_and(|r| !r.eq_ignore_ascii_case("annotations"));
        let text = to_examine(input.files, name, |text| is_other(text) || holds(text));
        match root_name(&text) {
            Some(root) if !root.eq_ignore_ascii_case("annotations") => {
                Err(format!("its root is <{root}>, not <annotations>"))
            }
            Some(_) if holds(&text) => Ok(()),
            Some(_) => Err("its <annotations> hold no <image>".into()),
            None => Err("it has no <annotations>".into()),
        }
    }

    fn read(input: &Input<'_>, names: &[&str]) -> RawLabels {
        let mut labels = RawLabels::new(Format::Cvat);
        for name in names {
            match input.files.text(name) {
                Ok(text) => File { input, name, text: &text, labels: &mut labels, turned: Vec::new() }.read(),
                Err(problem) => labels.problems.push(problem),
            }
        }
        labels
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        let path = "annotations.xml";
        let xml = written(target).map_err(|message| Error::Folder { path: path.into(), message })?;
        target.file(path, xml.as_bytes())
    }
}

/// What one file is read with.
struct File<'a> {
    input: &'a Input<'a>,
    name: &'a str,
    text: &'a Text,
    labels: &'a mut RawLabels,
    /// Where boxes are that are turned.
    turned: Vec<usize>,
}

impl File<'_> {
    fn read(&mut self) {
        match parse(self.text) {
            Ok(document) => self.images(&document),
            Err(fault) => self.problem(ProblemKind::Malformed, fault),
        }
        if let [byte, ref others @ ..] = self.turned[..] {
            let message = format!(
                "has a turned <box>; the box around it is taken, here and for {} other boxes",
                others.len()
            );
            self.problem(ProblemKind::Note, Fault { byte, message });
        }
    }

    fn images(&mut self, document: &Document<'_>) {
        let root = document.root_element();
        if let Some(track) = root.descendants().find(|node| is(*node, "track")) {
            let message = "has a <track>: it is \"CVAT for video\", whose frames are no images; \
                           export it as \"CVAT for images 1.1\"";
            return self.problem(ProblemKind::Malformed, Fault::new(track, message));
        }
        let (mut ids, mut names) = (HashMap::new(), HashMap::new());
        for node in root.children().filter(|node| is(*node, "image")) {
            let line = self.line(node);
            let attribute = |name| node.attribute(name).unwrap_or_default();
            let Some(name) = node.attribute("name").filter(|name| !name.is_empty()) else {
                let message = "<image> has no name; give it the name of its file";
                self.problem(ProblemKind::Malformed, Fault::new(node, message));
                continue;
            };
            let subset = attribute("subset");
            if let Some(id) = node.attribute("id")
                && let Some(other) = ids.insert((attribute("task_id"), id), line)
            {
                let message = format!(
                    "two images have the id {id}, this one and that of line {other}; correct or \
                     remove one"
                );
                self.problem(ProblemKind::Malformed, Fault::new(node, message));
                continue;
            }
            if let Some(other) = names.insert((subset, name), line) {
                let message = format!(
                    "two images have the name {}, this one and that of line {other}; put their \
                     shapes into one, or remove one",
                    shown(name)
                );
                self.problem(ProblemKind::Malformed, Fault::new(node, message));
                continue;
            }
            match self.place(name, subset) {
                Ok(place) => self.image(node, place, split_of_name(subset)),
                Err(message) => {
                    let message = format!("name {message}");
                    self.problem(ProblemKind::Malformed, Fault::new(node, message));
                }
            }
        }
    }

    /// The image of a name: as it is, or in the folder of its subset.
    fn place(&self, name: &str, subset: &str) -> Result<Place, String> {
        let found = self.input.index.find(self.name, name);
        let is_exact = |place: &Place| place.path == name || image_name(&place.path) == name;
        if subset.is_empty() || found.as_ref().is_ok_and(|p| p.exists && is_exact(p)) {
            return found;
        }
        let inside = self.input.index.find(self.name, &format!("{subset}/{name}"));
        match inside {
            Ok(inside) if inside.exists => Ok(inside),
            _ => found,
        }
    }

    fn image(&mut self, node: Node<'_, '_>, place: Place, split: Option<Split>) {
        let mut image = RawImage::new(place, self.name);
        image.line = Some(self.line(node));
        image.split = split;
        match size(node) {
            Ok(size) => image.stated_size = size,
            Err(fault) => {
                image.incomplete = true;
                self.problem(ProblemKind::Malformed, fault);
            }
        }
        for node in node.children().filter(Node::is_element) {
            match Shape::new(node) {
                Ok(Shape::Boxed { class, object, turned }) => {
                    let class = self.labels.class(&class);
                    let line = Some(self.line(node));
                    image.objects.push(RawObject { class, line, ..object });
                    if turned {
                        self.turned.push(node.range().start);
                    }
                }
                Ok(Shape::NoBox { message }) => {
                    self.problem(ProblemKind::NoBox, Fault::new(node, message));
                }
                Ok(Shape::None) => {}
                Err(fault) => {
                    image.incomplete = true;
                    self.problem(ProblemKind::Malformed, fault);
                }
            }
        }
        self.labels.images.push(image);
    }

    fn line(&self, node: Node<'_, '_>) -> usize {
        self.text.line_at(node.range().start)
    }

    fn problem(&mut self, kind: ProblemKind, fault: Fault) {
        let (file, line) = (self.input.files.shown(self.name), self.text.line_at(fault.byte));
        self.labels.problems.push(Problem::new(kind, file, line, fault.message));
    }
}

/// Width and height, if both are stated and not 0.
fn size(node: Node<'_, '_>) -> Result<Option<(u32, u32)>, Fault> {
    let mut sides = [0; 2];
    for (side, name) in sides.iter_mut().zip(["width", "height"]) {
        let Some(text) = node.attribute(name) else { continue };
        *side = pixels(text).ok_or_else(|| {
            Fault::new(node, format!("{name} is {}, not a whole number of pixels", shown(text)))
        })?;
    }
    Ok((sides[0] > 0 && sides[1] > 0).then_some((sides[0], sides[1])))
}

#[cfg(test)]
mod tests;
