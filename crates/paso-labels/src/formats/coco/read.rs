//! A COCO file's images and categories, by their ids, and the annotations that refer to them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::annotation::{self, Shape};
use crate::folder::split_of_name;
use crate::formats::Input;
use crate::json::{Fault, Findings, Json, Node, Object};
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::ProblemKind;
use crate::{BoxFormat, BoxUnits};

/// Reads one file. What is wrong with it is among the problems of `labels`.
pub(super) fn file(input: &Input<'_>, name: &str, labels: &mut RawLabels) {
    let mut found = Findings::new(input.files, name);
    match input.files.text(name) {
        Err(problem) => labels.problems.push(problem),
        Ok(text) => {
            let json = Json::new(text);
            match json.root().and_then(Node::object) {
                Err(fault) => found.malformed(fault),
                Ok(root) => Reader::new(input, name, labels, &mut found).file(&root),
            }
        }
    }
    labels.problems.append(&mut found.finish());
}

/// A category of a file.
struct Category {
    /// The class's index, or why there is none.
    class: Result<usize, Fault>,
    name: String,
    is_used: bool,
}

/// An image as the file lists it.
struct Listed<'a> {
    id: String,
    /// The id as it is written.
    written: String,
    name: String,
    node: Object<'a>,
}

/// What one file is read with.
struct Reader<'a, 'f> {
    input: &'a Input<'a>,
    name: &'a str,
    labels: &'a mut RawLabels,
    found: &'a mut Findings<'f>,
    /// Image ids to indices of `labels.images`; `None` for an image that was refused.
    images: HashMap<String, Option<usize>>,
    /// Category ids to indices of `categories`.
    category_ids: HashMap<String, usize>,
    categories: Vec<Category>,
    /// True if the file has no category, so that ids are names.
    ids_are_names: bool,
    seen: HashSet<String>,
    crowds: usize,
    /// Annotations whose box is around their outline, and the first of them.
    outlines: (usize, String),
}

impl<'a, 'f> Reader<'a, 'f> {
    fn new(
        input: &'a Input<'a>,
        name: &'a str,
        labels: &'a mut RawLabels,
        found: &'a mut Findings<'f>,
    ) -> Self {
        Self {
            input,
            name,
            labels,
            found,
            images: HashMap::new(),
            category_ids: HashMap::new(),
            categories: Vec::new(),
            ids_are_names: false,
            seen: HashSet::new(),
            crowds: 0,
            outlines: (0, String::new()),
        }
    }

    fn file(&mut self, root: &Object<'_>) {
        for key in ["images", "annotations", "categories"] {
            let value = root.value(key);
            if value.is_some_and(|v| !v.is_list()) || key == "images" && value.is_none() {
                self.found.malformed(root.wrong(key, "a list"));
            }
        }
        if let Some(list) = root.value("categories") {
            each(list, |number, node| {
                if let Err(fault) = self.category(node) {
                    self.found.malformed(fault.of(&format!("category {number} of the list")));
                }
            });
        }
        self.ids_are_names = self.category_ids.is_empty();
        if let Some(list) = root.value("images") {
            self.image_list(list);
        }
        if let Some(list) = root.value("annotations") {
            each(list, |number, node| self.annotation(number, node));
        }
        self.say_what_was_noted();
    }

    fn category(&mut self, node: Node<'_>) -> Result<(), Fault> {
        let category = node.object()?;
        let id = category.value("id").and_then(Node::id);
        let id = id.ok_or_else(|| category.wrong("id", "a number or a text"))?;
        let name = category.value("name").and_then(Node::name).map(String::from);
        if let Some(&other) = self.category_ids.get(&id) {
            let other = &self.categories[other];
            if Some(&other.name) == name.as_ref() {
                return Ok(());
            }
            let name = name.unwrap_or_default();
            let message = format!(
                "two categories have the id {id} ({:?} and {name:?}); each needs its own",
                other.name
            );
            return Err(node.fault(message));
        }
        self.category_ids.insert(id.clone(), self.categories.len());
        let class = match &name {
            Some(name) => Ok(self.labels.class(name)),
            // Only an annotation that uses it makes this matter.
            None => Err(category.wrong("name", "the class's name").of(&format!("category id {id}"))),
        };
        self.categories.push(Category { class, name: name.unwrap_or_default(), is_used: false });
        Ok(())
    }

    fn image_list(&mut self, list: Node<'_>) {
        let mut listed: Vec<Listed<'_>> = Vec::new();
        let mut by_id: HashMap<String, usize> = HashMap::new();
        each(list, |number, node| match image(number, node) {
            Err((id, fault)) => {
                self.images.extend(id.map(|id| (id, None)));
                self.found.malformed(fault);
            }
            Ok(image) => match by_id.get(&image.id).map(|&other| &listed[other]) {
                None => {
                    by_id.insert(image.id.clone(), listed.len());
                    listed.push(image);
                }
                Some(other) => self.same_id(other, &image),
            },
        });
        let mut by_name: HashMap<&str, &Listed<'_>> = HashMap::new();
        let mut shared: HashSet<&str> = HashSet::new();
        for image in &listed {
            if let Some(other) = by_name.insert(&image.name, image) {
                shared.insert(&image.name);
                let message = format!(
                    "image ids {} and {} have the same file_name {:?}; give each image its own \
                     path below the folder",
                    other.id, image.id, image.name
                );
                self.found.malformed(image.node.node().fault(message));
            }
        }
        let mut by_place: HashMap<String, &str> = HashMap::new();
        for image in &listed {
            let at = self.place(image, shared.contains(image.name.as_str()), &mut by_place);
            self.images.insert(image.id.clone(), at);
        }
    }

    /// Two entries with one id: harmless if they say the same.
    fn same_id(&mut self, other: &Listed<'_>, image: &Listed<'_>) {
        let id = &image.id;
        if other.name == image.name {
            let message = format!("image id {id} is listed twice; it counts once");
            self.found.add(ProblemKind::Note, image.node.node().fault(message));
            return;
        }
        let spellings = if other.written == image.written {
            String::new()
        } else {
            format!(", written {} and {}", other.written, image.written)
        };
        let message = format!(
            "two images have the id {id}{spellings} ({:?} and {:?}); each needs its own",
            other.name, image.name
        );
        self.found.malformed(image.node.node().fault(message));
    }

    /// Looks up an image and adds it to the labels.
    fn place<'l>(
        &mut self,
        image: &'l Listed<'_>,
        is_shared: bool,
        by_place: &mut HashMap<String, &'l str>,
    ) -> Option<usize> {
        let id = &image.id;
        let place = match self.input.index.find(self.name, &image.name) {
            Ok(place) => place,
            // That several ids have this name was said.
            Err(_) if is_shared => return None,
            Err(message) => {
                let fault = image.node.node().fault(format!("image id {id}: file_name {message}"));
                self.found.malformed(fault);
                return None;
            }
        };
        let other = by_place.insert(place.path.clone(), id).filter(|_| !is_shared);
        if let Some(other) = other {
            let message = format!("image ids {other} and {id} both mean {}", place.path);
            self.found.malformed(image.node.node().fault(message));
        }
        let mut raw = RawImage::new(place, self.name);
        raw.split = split_of_name(self.name);
        match (image.node.side("width"), image.node.side("height")) {
            (Ok(width), Ok(height)) => raw.stated_size = width.zip(height),
            (Err(fault), _) | (_, Err(fault)) => {
                self.found.malformed(fault.of(&format!("image id {id}")));
            }
        }
        self.labels.images.push(raw);
        Some(self.labels.images.len() - 1)
    }

    fn annotation(&mut self, number: usize, node: Node<'_>) {
        let place = format!("annotation {number} of the list");
        let object = match node.object() {
            Ok(object) => object,
            Err(fault) => return self.found.malformed(fault.of(&place)),
        };
        let id = match object.value("id").map(|id| id.id().ok_or(id)) {
            None => None,
            Some(Ok(id)) => Some(id),
            Some(Err(id)) => {
                return self.found.malformed(id.wrong("id", "a number or a text").of(&place));
            }
        };
        let who = id.as_ref().map_or(place, |id| format!("annotation id {id}"));
        if let Err(fault) = self.of_image(&object, id, &who) {
            self.found.malformed(fault.of(&who));
        }
    }

    fn of_image(
        &mut self,
        annotation: &Object<'_>,
        id: Option<String>,
        who: &str,
    ) -> Result<(), Fault> {
        let node = annotation.node();
        if let Some(id) = &id
            && !self.seen.insert(id.clone())
        {
            return Err(node.fault(format!("two annotations have the id {id}; number them anew")));
        }
        let wrong = || annotation.wrong("image_id", "an image's id");
        let image_id = annotation.value("image_id").ok_or_else(wrong)?;
        let &image = self
            .images
            .get(&image_id.id().ok_or_else(wrong)?)
            .ok_or_else(|| image_id.fault(format!("image_id {} is no image's id", image_id.shown())))?;
        if annotation::is_crowd(annotation)? {
            self.crowds += 1;
            return Ok(());
        }
        let shape = annotation::shape(annotation)?;
        if let Shape::NoBox(what) = shape {
            let message = format!("{who} has no bbox{what}; it is passed over");
            self.found.add(ProblemKind::NoBox, node.fault(message));
            return Ok(());
        }
        let class = self.class(annotation)?;
        let mut object = match shape {
            Shape::Stated(values) => {
                RawObject::stated(class, values, BoxFormat::Xywh, BoxUnits::Px)
            }
            Shape::Around(xyxy) => {
                if self.outlines.0 == 0 {
                    self.outlines.1 = who.to_owned();
                }
                self.outlines.0 += 1;
                RawObject::around(class, xyxy, BoxUnits::Px)
            }
            Shape::NoBox(_) => return Ok(()),
        };
        (object.line, object.id) = (node.line(), id);
        if let Some(image) = image {
            self.labels.images[image].objects.push(object);
        }
        Ok(())
    }

    fn class(&mut self, annotation: &Object<'_>) -> Result<usize, Fault> {
        let wrong = || annotation.wrong("category_id", "a category's id");
        let value = annotation.value("category_id").ok_or_else(wrong)?;
        let id = value.id().ok_or_else(wrong)?;
        if self.ids_are_names && !self.category_ids.contains_key(&id) {
            let class = Ok(self.labels.class(&id));
            self.category_ids.insert(id.clone(), self.categories.len());
            self.categories.push(Category { class, name: id.clone(), is_used: false });
        }
        let index = *self.category_ids.get(&id).ok_or_else(|| {
            value.fault(format!("category_id {} is no category's id", value.shown()))
        })?;
        self.categories[index].is_used = true;
        self.categories[index].class.clone()
    }

    fn say_what_was_noted(&mut self) {
        if self.ids_are_names && !self.categories.is_empty() {
            let message = "has no categories; classes are called by their category_id".into();
            self.found.of_file(ProblemKind::Note, message);
        }
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, category) in self.categories.iter().enumerate().filter(|(_, c)| c.is_used) {
            by_name.entry(&category.name).or_default().push(index);
        }
        for (name, indices) in by_name.into_iter().filter(|(_, indices)| indices.len() > 1) {
            let mut ids: Vec<&str> = self
                .category_ids
                .iter()
                .filter(|(_, index)| indices.contains(index))
                .map(|(id, _)| id.as_str())
                .collect();
            ids.sort_unstable();
            let message = format!(
                "categories {} are used and have the same name {name:?}; they count as one class",
                ids.join(" and ")
            );
            self.found.of_file(ProblemKind::Warning, message);
        }
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

/// An image of the list. What is wrong with it comes with its id, if that is known.
fn image<'a>(number: usize, node: Node<'a>) -> Result<Listed<'a>, (Option<String>, Fault)> {
    let place = format!("image {number} of the list");
    let image = node.object().map_err(|fault| (None, fault.of(&place)))?;
    let written = image.value("id");
    let Some((id, written)) = written.and_then(|id| Some((id.id()?, id.shown()))) else {
        return Err((None, image.wrong("id", "a number or a text").of(&place)));
    };
    // Some exports have only the path on their server.
    let name = ["file_name", "path", "coco_url"]
        .into_iter()
        .find_map(|key| image.value(key).and_then(Node::name))
        .map(String::from);
    match name {
        Some(name) => Ok(Listed { id, written, name, node: image }),
        None => {
            let fault = image.wrong("file_name", "the image's path").of(&format!("image id {id}"));
            Err((Some(id), fault))
        }
    }
}

/// Calls `visit` with every value of a list and its number, from 1.
fn each<'a>(list: Node<'a>, mut visit: impl FnMut(usize, Node<'a>)) {
    let mut number = 0;
    list.each(|node| {
        number += 1;
        visit(number, node);
    });
}
