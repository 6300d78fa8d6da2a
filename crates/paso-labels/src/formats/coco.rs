//! COCO JSON: `images`, `annotations` with `bbox` as `[x, y, width, height]` in pixels,
//! `categories`.
//!
//! A folder may hold one file, or one a split; a split is known by the file's name or folder
//! (`instances_val2017.json`, `valid/_annotations.coco.json`).
//!
//! ```json
//! {"images": [{"id": 1, "file_name": "cat.jpg", "width": 640, "height": 480}],
//!  "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [10, 20, 50, 30]}],
//!  "categories": [{"id": 3, "name": "cat"}]}
//! ```
//!
//! Source: <https://cocodataset.org/#format-data>; Lin et al., arXiv 1405.0312.
//!
//! Traps:
//!
//! - Ids are not places in a list, and category ids have gaps: COCO has 80 categories with ids up to
//!   90. Tools write ids as numbers, as decimals (pandas) and as texts; `1`, `1.0` and `"1"` are the
//!   same id.
//! - `iscrowd` marks a region of many objects; it is counted and passed over.
//! - An annotation need not have a box: captions, keypoints and masks are named and passed over. A
//!   polygon without a box counts as the box around it.
//! - Captions and keypoints of the same images lie next to `instances_*.json` in COCO's own folder,
//!   and in what CVAT and Datumaro export: next to it they are not read.
//! - Roboflow adds a category that nothing uses, and whose name may be that of another one.
//! - A detector's results are a list and no labels.

mod annotation;
mod categories;
mod images;
mod read;

use serde::Serialize;

use super::{Finding, FormatFile, Input, examined};
use crate::folder::{base_name, folder};
use crate::json::{self, Outline};
use crate::raw::RawLabels;
use crate::write::Target;
use crate::{Error, Format, Object, Split};

pub(crate) struct Coco;

/// What names of files begin with that hold something else of the images of `instances_*.json`.
const OTHER_TASKS: [&str; 7] = [
    "captions_",
    "person_keypoints_",
    "keypoints_",
    "stuff_",
    "panoptic_",
    "labels_",
    "image_info_",
];

impl FormatFile for Coco {
    const TITLE: &'static str = "COCO";
    const LOOKED_FOR: &'static str = "*.json with images and annotations";
    const ENDINGS: &'static [&'static str] = &["json"];
    const OBJECT: &'static str = "annotation id";
    const NAMES_IMAGES: bool = true;

    fn examine(input: &Input<'_>, name: &str) -> Result<(), String> {
        json::examine(input, name, decide)
    }

    fn find<'a>(input: &Input<'a>) -> Finding<'a> {
        let mut finding = examined::<Self>(input);
        let of_instances = |name: &str| base_name(name).starts_with("instances_");
        let folders: Vec<&str> =
            finding.labels.iter().filter(|name| of_instances(name)).map(|n| folder(n)).collect();
        let is_other_task = |name: &&str| {
            let other = OTHER_TASKS.iter().any(|task| base_name(name).starts_with(task));
            other && folders.contains(&folder(name))
        };
        let (others, labels): (Vec<&str>, _) = finding.labels.into_iter().partition(is_other_task);
        let lacks = || "instances_*.json next to it has the boxes".to_owned();
        finding.lacking.extend(others.into_iter().map(|name| (name, lacks())));
        finding.labels = labels;
        finding
    }

    fn read(input: &Input<'_>, labels: &[&str]) -> RawLabels {
        let mut raw = RawLabels::new(Format::Coco);
        for name in labels {
            read::file(input, name, &mut raw);
        }
        raw
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        write(target)
    }
}

/// Whether a file with this outline is COCO.
fn decide(outline: &Outline, is_whole: bool) -> Option<Result<(), String>> {
    let lacks = |what: &str| Some(Err(what.to_owned()));
    // What other tools save and no format here reads, but what they can export.
    if outline.has_any(&["_via_img_metadata", "_via_settings"]) {
        return lacks("it is a project of VIA (VGG Image Annotator); export it there as COCO");
    }
    if outline.is_list && outline.has("data") && outline.has("annotations") {
        return lacks("it is Label Studio's own JSON; export it there as COCO");
    }
    if outline.is_list {
        return if outline.has("image_id") && outline.has_any(&["bbox", "score", "segmentation"]) {
            lacks("it is a list of detections (results); labels have `images` and `annotations`")
        } else {
            lacks("it is a list, not an object with `images` and `annotations`")
        };
    }
    let images = outline.has_as("images", b"[");
    let annotations = outline.has_as("annotations", b"[n");
    if images && annotations {
        return Some(Ok(()));
    }
    if !is_whole && !outline.has_any(&["shapes", "imagePath", "imageData", "assets", "asset"]) {
        return None;
    }
    match (images, annotations) {
        (true, _) => lacks("it has no list `annotations`"),
        (_, true) => lacks("it has no list `images`"),
        _ => lacks("it has no lists `images` and `annotations`"),
    }
}

#[derive(Debug, Default, Serialize)]
struct File<'a> {
    images: Vec<Image<'a>>,
    annotations: Vec<Annotation>,
    categories: Vec<Category<'a>>,
}

#[derive(Debug, Serialize)]
struct Image<'a> {
    id: usize,
    file_name: &'a str,
    width: u32,
    height: u32,
}

#[derive(Debug, Serialize)]
struct Annotation {
    id: usize,
    image_id: usize,
    category_id: usize,
    /// `[x, y, width, height]`.
    bbox: [f64; 4],
    area: f64,
    iscrowd: u8,
}

#[derive(Debug, Clone, Serialize)]
struct Category<'a> {
    id: usize,
    name: &'a str,
}

impl Annotation {
    /// The annotation of an object. Categories are numbered from 1, as COCO's are.
    fn new(id: usize, image_id: usize, object: &Object) -> Self {
        let [x0, y0, x1, y1] = object.xyxy;
        let bbox = [x0, y0, x1 - x0, y1 - y0];
        Self { id, image_id, category_id: object.class + 1, bbox, area: object.area(), iscrowd: 0 }
    }
}

/// One file per split, and one for the images of none; ids count through all of them.
fn write(target: &Target<'_>) -> Result<(), Error> {
    let names = target.labels.classes.iter();
    let categories: Vec<Category<'_>> =
        (1..).zip(names).map(|(id, name)| Category { id, name }).collect();
    let (mut image_id, mut annotation_id) = (0, 0);
    for split in [Some(Split::Train), Some(Split::Val), Some(Split::Test), None] {
        let images = target.of_split(split);
        if images.is_empty() {
            continue;
        }
        let mut file = File { categories: categories.clone(), ..File::default() };
        for image in images {
            image_id += 1;
            file.images.push(Image {
                id: image_id,
                file_name: &image.name,
                width: image.width,
                height: image.height,
            });
            for object in &image.objects {
                annotation_id += 1;
                file.annotations.push(Annotation::new(annotation_id, image_id, object));
            }
        }
        let name = match split {
            Some(split) => format!("annotations/instances_{split}.json"),
            None => "annotations/instances_all.json".into(),
        };
        let json = serde_json::to_vec(&file).expect("numbers and names are JSON");
        target.file(&name, &json)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
