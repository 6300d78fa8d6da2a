//! COCO JSON: `images`, `annotations` with `bbox` as `[x, y, width, height]` in pixels,
//! `categories`.
//!
//! A folder may hold one file, or one a split; a split is known by the file's name or folder
//! (`instances_val2017.json`, `valid/_annotations.coco.json`). Where files are called
//! `instances_*`, only those are read: captions and keypoints are next to them in COCO's own
//! folder.
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
//! - Ids are any integers, not places in a list, and category ids have gaps: COCO has 80 categories
//!   with ids up to 90.
//! - `iscrowd` marks a region of many objects; it is counted and passed over.
//! - There are no lines to point at: messages name the id of the annotation and its image.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{FormatFile, Outcome};
use crate::Error;
use crate::files::{Files, ImageIndex, check_inside, folder, split_of_name};
use crate::report::{Problem, ProblemKind};
use crate::write::Target;
use crate::{Object, Format, RawImage, RawLabels, RawObject, Split, Unit};

pub(crate) struct Coco;

impl FormatFile for Coco {
    const TITLE: &'static str = "COCO";
    const LOOKED_FOR: &'static str = "*.json with images and annotations";
    const OBJECT: &'static str = "annotation id";
    const NAMES_IMAGES: bool = true;

    fn is_here(files: &Files) -> bool {
        files.with_ending("json").any(|name| looks_like_labels(files, name))
    }

    fn read(files: &Files) -> Outcome {
        read(files)
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        write(target)
    }
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct File {
    images: Vec<Image>,
    #[serde(default)]
    annotations: Vec<Annotation>,
    #[serde(default)]
    categories: Vec<Category>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Image {
    id: i64,
    file_name: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
}

#[derive(Debug, Deserialize, Serialize)]
struct Annotation {
    id: i64,
    image_id: i64,
    category_id: i64,
    /// `[x, y, width, height]`.
    bbox: [f64; 4],
    /// For others that read this; it is not read here.
    #[serde(skip_deserializing)]
    area: f64,
    /// 0 or 1; some tools write false or true.
    #[serde(default)]
    iscrowd: serde_json::Value,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Category {
    id: i64,
    name: String,
}

impl Annotation {
    /// The annotation of an object. Categories are numbered from 1, as COCO's are.
    fn new(id: i64, image_id: i64, object: &Object) -> Self {
        let [x0, y0, x1, y1] = object.xyxy;
        Self {
            id,
            image_id,
            category_id: i64::try_from(object.class).expect("few classes") + 1,
            bbox: [x0, y0, x1 - x0, y1 - y0],
            area: object.area(),
            iscrowd: 0.into(),
        }
    }
}

fn looks_like_labels(files: &Files, name: &str) -> bool {
    // Any of the three lists may come first, and be longer than what is looked at.
    let text = files.first_text(name);
    text.trim_start().starts_with('{')
        && ["\"images\"", "\"annotations\"", "\"categories\""].iter().any(|key| text.contains(key))
}

fn read(files: &Files) -> Outcome {
    let mut names: Vec<&str> =
        files.with_ending("json").filter(|name| looks_like_labels(files, name)).collect();
    let is_instances = |name: &&str| name[folder(name).len()..].starts_with("instances_");
    if names.iter().any(is_instances) {
        names.retain(is_instances);
    }
    let index = ImageIndex::new(files);
    let mut labels = RawLabels::new(Format::Coco);
    let mut problems = Vec::new();
    for name in names {
        let text = files.read_text(name)?;
        match serde_json::from_str::<File>(&text) {
            Ok(file) => {
                Reader { files, index: &index, name, problems: &mut problems }
                    .add(file, &mut labels);
            }
            Err(e) => problems.push(Problem::new(
                ProblemKind::Malformed,
                files.shown(name),
                e.line(),
                format!("is not what COCO labels are: {e}"),
            )),
        }
    }
    Ok((labels, problems))
}

/// What one file is read with.
struct Reader<'a> {
    files: &'a Files,
    index: &'a ImageIndex<'a>,
    name: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn add(&mut self, file: File, labels: &mut RawLabels) {
        let classes = self.classes(file.categories, labels);
        let mut by_id = HashMap::new();
        for image in file.images {
            if let Err(message) = check_inside(&image.file_name) {
                self.malformed(format!("image id {}: file_name {message}", image.id));
            }
            if by_id.insert(image.id, labels.images.len()).is_some() {
                self.malformed(format!("two images have the id {}", image.id));
            }
            labels.images.push(self.labeled(&image));
        }
        let (mut seen, mut crowds) = (HashSet::new(), 0);
        for a in file.annotations {
            if !seen.insert(a.id) {
                self.malformed(format!("two annotations have the id {}", a.id));
            }
            let Some(&image) = by_id.get(&a.image_id) else {
                let (id, image_id) = (a.id, a.image_id);
                self.malformed(format!("annotation id {id}: image_id {image_id} is no image's id"));
                continue;
            };
            let Some(&class) = classes.get(&a.category_id) else {
                let (id, category) = (a.id, a.category_id);
                self.malformed(format!(
                    "annotation id {id}: category_id {category} is no category's id"
                ));
                continue;
            };
            if a.iscrowd.as_i64() == Some(1) || a.iscrowd.as_bool() == Some(true) {
                crowds += 1;
                continue;
            }
            let [x, y, width, height] = a.bbox;
            labels.images[image].objects.push(RawObject {
                class,
                xyxy: [x, y, x + width, y + height],
                unit: Unit::Pixels,
                line: None,
                id: Some(a.id),
            });
        }
        if crowds > 0 {
            self.problem(
                ProblemKind::Note,
                format!(
                    "{crowds} crowd regions (iscrowd 1) are passed over: they hold no one object"
                ),
            );
        }
    }

    /// Classes by category id.
    fn classes(&mut self, categories: Vec<Category>, labels: &mut RawLabels) -> HashMap<i64, usize> {
        let mut classes = HashMap::new();
        let mut names = HashSet::new();
        for category in categories {
            if !names.insert(category.name.clone()) {
                self.malformed(format!("two categories have the name {:?}", category.name));
            }
            if classes.insert(category.id, labels.class(&category.name)).is_some() {
                self.malformed(format!("two categories have the id {}", category.id));
            }
        }
        classes
    }

    fn labeled(&self, image: &Image) -> RawImage {
        let found = self.index.find(folder(self.name), &image.file_name);
        RawImage {
            path: found.unwrap_or(&image.file_name).to_owned(),
            exists: found.is_some(),
            label: self.name.to_owned(),
            line: None,
            stated_size: (image.width > 0 && image.height > 0)
                .then_some((image.width, image.height)),
            split: split_of_name(self.name),
            objects: Vec::new(),
        }
    }

    fn malformed(&mut self, message: String) {
        self.problem(ProblemKind::Malformed, message);
    }

    fn problem(&mut self, kind: ProblemKind, message: String) {
        self.problems.push(Problem::new(kind, self.files.shown(self.name), None, message));
    }
}

/// One file per split, and one for the images of none; ids count through all of them.
fn write(target: &Target<'_>) -> Result<(), Error> {
    let names = target.labels.classes.iter();
    let categories: Vec<Category> =
        (1..).zip(names).map(|(id, name)| Category { id, name: name.clone() }).collect();
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
                file_name: image.name.clone(),
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
