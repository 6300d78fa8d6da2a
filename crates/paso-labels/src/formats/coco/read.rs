//! A COCO file's annotations, by the images and categories that they refer to.

use std::collections::HashSet;
use std::fmt;

use super::annotation::{self, Shape};
use super::categories::Categories;
use super::images::{self, ById};
use crate::formats::Input;
use crate::json::{self, Fault, Findings, Node, Object};
use crate::raw::{RawLabels, RawObject};
use crate::report::ProblemKind;
use crate::{BoxFormat, BoxUnits};

/// Reads one file. What is wrong with it is among the problems of `labels`.
pub(super) fn file(input: &Input<'_>, name: &str, labels: &mut RawLabels) {
    json::read_file(input, name, labels, |root, labels, found| {
        read(input, name, &root.object()?, labels, found);
        Ok(())
    });
}

fn read(
    input: &Input<'_>,
    name: &str,
    root: &Object<'_>,
    labels: &mut RawLabels,
    found: &mut Findings<'_>,
) {
    for key in ["images", "annotations", "categories"] {
        let value = root.value(key);
        if value.is_some_and(|v| !v.is_list()) || key == "images" && value.is_none() {
            found.malformed(root.wrong(key, "a list"));
        }
    }
    let categories = Categories::read(root.value("categories"), labels, found);
    let images = match root.value("images") {
        Some(list) => images::read(input, name, list, labels, found),
        None => ById::new(),
    };
    let seen = HashSet::new();
    let outlines = (0, String::new());
    let mut reader = Reader { labels, found, images, categories, seen, crowds: 0, outlines };
    if let Some(list) = root.value("annotations") {
        let mut number = 0;
        list.each(|node| {
            number += 1;
            reader.annotation(number, node);
        });
    }
    reader.report();
}

/// What an annotation is called: by its id, or by its place where it has none.
struct Who<'a> {
    number: usize,
    id: Option<&'a str>,
}

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "annotation id {id}"),
            None => write!(f, "annotation {} of the list", self.number),
        }
    }
}

/// What the annotations of a file are read with.
struct Reader<'a, 'f> {
    labels: &'a mut RawLabels,
    found: &'a mut Findings<'f>,
    images: ById,
    categories: Categories,
    /// The ids of annotations.
    seen: HashSet<String>,
    crowds: usize,
    /// Annotations whose box is around their polygon, and the first of them.
    outlines: (usize, String),
}

impl Reader<'_, '_> {
    fn annotation(&mut self, number: usize, node: Node<'_>) {
        let nameless = Who { number, id: None };
        let object = match node.object() {
            Ok(object) => object,
            Err(fault) => return self.found.malformed(fault.of(&nameless.to_string())),
        };
        let id = match object.value("id").map(|id| id.id().ok_or(id)) {
            None => None,
            Some(Ok(id)) => Some(id),
            Some(Err(id)) => {
                let fault = id.wrong("id", "a number or a text").of(&nameless.to_string());
                self.found.malformed(fault);
                return self.leave_out_image_of(&object);
            }
        };
        let who = Who { number, id: id.as_deref() };
        if let Err(fault) = self.add(&object, &who) {
            self.found.malformed(fault.of(&who.to_string()));
            self.leave_out_image_of(&object);
        }
    }

    /// Nothing is known of an image whose annotation was refused.
    fn leave_out_image_of(&mut self, annotation: &Object<'_>) {
        let image = annotation.value("image_id").and_then(Node::id);
        if let Some(&Some(image)) = image.and_then(|id| self.images.get(&id)) {
            self.labels.images[image].incomplete = true;
        }
    }

    /// Adds the annotation's object to its image.
    fn add(
        &mut self,
        annotation: &Object<'_>,
        who: &Who<'_>,
    ) -> Result<(), Fault> {
        let node = annotation.node();
        if let Some(id) = who.id
            && !self.seen.insert(id.to_owned())
        {
            return Err(node.fault(format!("two annotations have the id {id}; number them anew")));
        }
        let wrong = || annotation.wrong("image_id", "an image's id");
        let image_id = annotation.value("image_id").ok_or_else(wrong)?;
        let image = self.images.get(&image_id.id().ok_or_else(wrong)?).copied();
        let image = image.ok_or_else(|| {
            image_id.fault(format!("image_id {} is no image's id", image_id.shown()))
        })?;
        if annotation::is_crowd(annotation)? {
            self.crowds += 1;
            return Ok(());
        }
        let object = match annotation::shape(annotation)? {
            Shape::NoBox(what) => {
                let message = format!("{who} has no bbox{what}; it is passed over");
                self.found.add(ProblemKind::NoBox, node.fault(message));
                return Ok(());
            }
            Shape::Stated(values) => {
                let class = self.categories.class(annotation, self.labels)?;
                RawObject::stated(class, values, BoxFormat::Xywh, BoxUnits::Px)
            }
            Shape::Around(xyxy) => {
                let class = self.categories.class(annotation, self.labels)?;
                if self.outlines.0 == 0 {
                    self.outlines.1 = who.to_string();
                }
                self.outlines.0 += 1;
                RawObject::around(class, xyxy, BoxUnits::Px)
            }
        };
        if let Some(image) = image {
            let object = RawObject { line: node.line(), id: who.id.map(String::from), ..object };
            self.labels.images[image].objects.push(object);
        }
        Ok(())
    }

    /// Says what was counted and not named.
    fn report(self) {
        self.categories.report(self.found);
        if let (count @ 1.., first) = &self.outlines {
            let message = format!(
                "{count} annotations have a polygon and no bbox, {first} first; the box around the \
                 polygon is taken"
            );
            self.found.of_file(ProblemKind::Note, message);
        }
        if self.crowds > 0 {
            let message = format!(
                "{} crowd regions (iscrowd 1) are passed over: they hold no one object",
                self.crowds
            );
            self.found.of_file(ProblemKind::Note, message);
        }
    }
}
