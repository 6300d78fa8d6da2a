//! A COCO file's images by their ids.

use std::collections::{HashMap, HashSet};

use crate::folder::split_of_name;
use crate::formats::Input;
use crate::json::{Fault, Findings, Node, Object};
use crate::raw::{RawImage, RawLabels};
use crate::report::ProblemKind;

/// Image ids to indices of [`RawLabels::images`]; `None` for an image that was refused, so that its
/// annotations are not refused as well.
pub(super) type ById = HashMap<String, Option<usize>>;

/// An image as the file lists it.
struct Listed<'a> {
    id: String,
    /// The id as it is written.
    written: String,
    name: String,
    node: Object<'a>,
}

/// Adds the images of the list.
pub(super) fn read(
    input: &Input<'_>,
    name: &str,
    list: Node<'_>,
    labels: &mut RawLabels,
    found: &mut Findings<'_>,
) -> ById {
    let mut images = ById::new();
    let listed = listed(list, &mut images, found);
    let shared = same_names(&listed, found);
    let mut by_place: HashMap<String, &str> = HashMap::new();
    for image in &listed {
        let (id, node) = (image.id.as_str(), image.node.node());
        let is_shared = shared.contains(image.name.as_str());
        let place = match input.index.find(name, &image.name) {
            Ok(place) => place,
            Err(message) => {
                images.insert(id.to_owned(), None);
                // That several ids have this name was said.
                if !is_shared {
                    let message = format!("image id {id}: file_name {message}");
                    found.malformed(node.fault(message));
                }
                continue;
            }
        };
        let other = by_place.insert(place.path.clone(), id).filter(|_| !is_shared);
        if let Some(other) = other {
            let message = format!("image ids {other} and {id} both mean {}", place.path);
            found.malformed(node.fault(message));
        }
        let mut raw = RawImage::new(place, name);
        raw.split = split_of_name(name);
        match (image.node.side("width"), image.node.side("height")) {
            (Ok(width), Ok(height)) => raw.stated_size = width.zip(height),
            (Err(fault), _) | (_, Err(fault)) => {
                raw.incomplete = true;
                found.malformed(fault.of(&format!("image id {id}")));
            }
        }
        images.insert(id.to_owned(), Some(labels.images.len()));
        labels.images.push(raw);
    }
    images
}

/// The images of the list, each id once. Those that cannot be used are in `images`.
fn listed<'a>(list: Node<'a>, images: &mut ById, found: &mut Findings<'_>) -> Vec<Listed<'a>> {
    let mut listed: Vec<Listed<'a>> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    let mut number = 0;
    list.each(|node| {
        number += 1;
        let image = match image(number, node) {
            Ok(image) => image,
            Err((id, fault)) => {
                images.extend(id.map(|id| (id, None)));
                return found.malformed(fault);
            }
        };
        match by_id.get(&image.id) {
            Some(&other) => same_id(&listed[other], &image, found),
            None => {
                by_id.insert(image.id.clone(), listed.len());
                listed.push(image);
            }
        }
    });
    listed
}

/// An image of the list. What is wrong with it comes with its id, if that is known.
fn image(number: usize, node: Node<'_>) -> Result<Listed<'_>, (Option<String>, Fault)> {
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

/// Two entries with one id: harmless if they are of one file.
fn same_id(other: &Listed<'_>, image: &Listed<'_>, found: &mut Findings<'_>) {
    let (id, node) = (&image.id, image.node.node());
    if other.name == image.name {
        let message = format!("image id {id} is listed twice; it counts once");
        return found.add(ProblemKind::Note, node.fault(message));
    }
    let spellings = if other.written == image.written {
        String::new()
    } else {
        format!(", written {} and {}", other.written, image.written)
    };
    found.malformed(node.fault(format!(
        "two images have the id {id}{spellings} ({:?} and {:?}); each needs its own",
        other.name, image.name
    )));
}

/// The names that several images have. Which of the images an annotation means is then unknown.
fn same_names<'l>(listed: &'l [Listed<'_>], found: &mut Findings<'_>) -> HashSet<&'l str> {
    let mut by_name: HashMap<&str, &Listed<'_>> = HashMap::new();
    let mut shared = HashSet::new();
    for image in listed {
        if let Some(other) = by_name.insert(&image.name, image) {
            shared.insert(image.name.as_str());
            found.malformed(image.node.node().fault(format!(
                "image ids {} and {} have the same file_name {:?}; give each image its own path \
                 below the folder",
                other.id, image.id, image.name
            )));
        }
    }
    shared
}
