//! COCO JSON: `images`, `annotations` with `bbox` as `[x, y, width, height]` in pixels, `categories`.
//!
//! A folder may hold one file, or one a split; a split is known by the file's name or folder
//! (`instances_val2017.json`, `valid/_annotations.coco.json`). Where files are called
//! `instances_*`, only those are read: captions and keypoints are next to them in COCO's own folder.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::files::{Files, ImageIndex, check_inside, folder, split_of_name};
use super::report::{Problem, ProblemKind};
use super::{Boxed, Format, LabeledImage, Labels, Object, Unit};
use crate::Error;

#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct File {
    pub(crate) images: Vec<Image>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
    #[serde(default)]
    pub(crate) categories: Vec<Category>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Image {
    pub(crate) id: i64,
    pub(crate) file_name: String,
    #[serde(default)]
    pub(crate) width: u32,
    #[serde(default)]
    pub(crate) height: u32,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Annotation {
    pub(crate) id: i64,
    pub(crate) image_id: i64,
    pub(crate) category_id: i64,
    /// `[x, y, width, height]`.
    pub(crate) bbox: [f64; 4],
    /// For others that read this; it is not read here.
    #[serde(skip_deserializing)]
    pub(crate) area: f64,
    /// 0 or 1; some tools write false or true.
    #[serde(default)]
    pub(crate) iscrowd: serde_json::Value,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Category {
    pub(crate) id: i64,
    pub(crate) name: String,
}

impl Annotation {
    /// The annotation of an object. Categories are numbered from 1, as COCO's are.
    pub(crate) fn new(id: i64, image_id: i64, object: &Boxed) -> Self {
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

/// True if a folder has label files of this format.
pub(crate) fn is_here(files: &Files) -> bool {
    files.with_ending("json").any(|name| looks_like_labels(files, name))
}

fn looks_like_labels(files: &Files, name: &str) -> bool {
    // Any of the three lists may come first, and be longer than what is looked at.
    let text = files.first_text(name);
    text.trim_start().starts_with('{')
        && ["\"images\"", "\"annotations\"", "\"categories\""].iter().any(|key| text.contains(key))
}

/// Reads all label files of a folder.
pub(crate) fn read(files: &Files) -> Result<(Labels, Vec<Problem>), Error> {
    let mut names: Vec<&str> =
        files.with_ending("json").filter(|name| looks_like_labels(files, name)).collect();
    let is_instances = |name: &&str| name[folder(name).len()..].starts_with("instances_");
    if names.iter().any(is_instances) {
        names.retain(is_instances);
    }
    let index = ImageIndex::new(files);
    let mut labels = Labels::new(Format::Coco);
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
    fn add(&mut self, file: File, labels: &mut Labels) {
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
            labels.images[image].objects.push(Object {
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
    fn classes(&mut self, categories: Vec<Category>, labels: &mut Labels) -> HashMap<i64, usize> {
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

    fn labeled(&self, image: &Image) -> LabeledImage {
        let found = self.index.find(folder(self.name), &image.file_name);
        LabeledImage {
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
