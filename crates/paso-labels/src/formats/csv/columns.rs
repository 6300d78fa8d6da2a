//! Which column of a table holds what, by the names in its header.
//!
//! Names are compared in lower case, with `_` for blanks, `-` and `.`. More specific names come
//! first: of `class` and `class_name`, the second is the class. Two names of one kind, such as
//! `class` and `label`, are refused, and so are two columns of one name.
//!
//! | columns | box |
//! |---|---|
//! | `xmin,ymin,xmax,ymax`, `x1,y1,x2,y2`, `left,top,right,bottom` and the like | corners |
//! | `x,y,w,h`, `x,y,width,height`, `left,top,width,height` | left, top, width, height |
//! | `cx,cy,w,h`, `x_center,y_center,width,height` | center, width, height |
//! | `bbox` with `[x, y, w, h]` in one field, as tables of Kaggle have it | left, top, width, height |
//!
//! All may begin with `bbox_` or the like. `width` and `height` that are none of the box's are the
//! image's size. The four names of a box are of one row of [`CORNERS`]: a table that has `xmin` and
//! `x_max` was put together of two, and its numbers may be too.

use std::sync::LazyLock;

use super::rows::Row;
use crate::{BoxFormat, BoxUnits};

/// Where the values of a row are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) header: bool,
    /// The number of fields of every row.
    pub(super) fields: usize,
    pub(super) file: usize,
    pub(super) class: usize,
    pub(super) bounds: Bounds,
    pub(super) format: BoxFormat,
    pub(super) units: BoxUnits,
    /// Width and height of the image.
    pub(super) size: Option<[usize; 2]>,
    pub(super) split: Option<usize>,
}

/// Where the box is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bounds {
    /// A column for each number, and what messages call them.
    Four([usize; 4], [String; 4]),
    /// One column with a list.
    List(usize),
}

/// What the first row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum First {
    Columns(Columns),
    /// These are labels, but something is wrong.
    Wrong(String),
    /// This is some other table: what it lacks.
    Other(String),
}

const FILE: [&[&str]; 3] = [
    &[
        "filename", "file_name", "image_name", "imagename", "image_filename", "image_file_name",
        "image_file", "img_name", "img_file", "img_filename",
    ],
    &[
        "file", "image", "img", "path", "image_path", "img_path", "filepath", "file_path",
        "imagepath", "picture", "photo", "frame", "url", "image_url",
    ],
    &["image_id", "imageid", "img_id"],
];

const CLASS: [&[&str]; 4] = [
    &["class_name", "classname", "label_name", "labelname", "category_name", "object_class", "annotation_tag"],
    &["class", "label", "category", "cls", "classes", "labels"],
    &["name", "object", "object_name"],
    &["class_id", "classid", "label_id", "category_id", "cls_id", "class_index"],
];

/// Left, top, right, bottom.
const CORNERS: [[&str; 4]; 14] = [
    ["xmin", "ymin", "xmax", "ymax"],
    ["x_min", "y_min", "x_max", "y_max"],
    ["minx", "miny", "maxx", "maxy"],
    ["min_x", "min_y", "max_x", "max_y"],
    ["x1", "y1", "x2", "y2"],
    ["x_1", "y_1", "x_2", "y_2"],
    ["x0", "y0", "x1", "y1"],
    ["left", "top", "right", "bottom"],
    ["xtl", "ytl", "xbr", "ybr"],
    ["x_left", "y_top", "x_right", "y_bottom"],
    ["x_start", "y_start", "x_end", "y_end"],
    ["start_x", "start_y", "end_x", "end_y"],
    ["startx", "starty", "endx", "endy"],
    ["upper_left_corner_x", "upper_left_corner_y", "lower_right_corner_x", "lower_right_corner_y"],
];

/// Left and top, beside sides.
const ORIGINS: [[&str; 2]; 5] =
    [["x", "y"], ["left", "top"], ["xmin", "ymin"], ["x_min", "y_min"], ["x1", "y1"]];

const CENTERS: [[&str; 2]; 7] = [
    ["cx", "cy"],
    ["x_center", "y_center"],
    ["xcenter", "ycenter"],
    ["center_x", "center_y"],
    ["centerx", "centery"],
    ["xc", "yc"],
    ["x_c", "y_c"],
];

const SIDES: [[&str; 2]; 2] = [["w", "h"], ["width", "height"]];

const PREFIXES: [&str; 8] =
    ["", "bbox_", "box_", "bb_", "bndbox_", "bounding_box_", "rect_", "roi_"];

const LISTS: [&str; 5] = ["bbox", "bndbox", "box", "bounding_box", "boundingbox"];

const SIZES: [[&str; 2]; 8] = [
    ["image_width", "image_height"],
    ["img_width", "img_height"],
    ["image_w", "image_h"],
    ["img_w", "img_h"],
    ["imagewidth", "imageheight"],
    ["imgwidth", "imgheight"],
    ["im_width", "im_height"],
    ["width", "height"],
];

const SPLIT: [&str; 5] = ["split", "subset", "set", "partition", "dataset_split"];

/// The columns of a header. None if the row is no header of labels at all.
pub(super) fn of_header(row: &Row<'_>) -> Option<First> {
    let raw: Vec<&str> = row.fields.iter().map(|field| &*field.text).collect();
    let names = Names(raw.iter().map(|name| normalized(name)).collect());
    if names.at("region_shape_attributes").is_some() {
        let what = "it is a table of the VGG Image Annotator, which has shapes in JSON; export COCO";
        return Some(First::Other(what.into()));
    }
    let mut class = names.pick(&CLASS, "class");
    let mut file = names.pick(&FILE, "file");
    if file == Ok(None) && class.as_ref().is_ok_and(|at| *at != names.at("name")) {
        file = Ok(names.at("name"));
    }
    if file == Ok(None) {
        return None;
    }
    let bounds = names.bounds();
    if bounds == Ok(None) {
        let is_header = class != Ok(None);
        return is_header.then(|| First::Other("its first line names no columns of a box".into()));
    }
    if class == Ok(None) {
        class = Err(format!(
            "has no column for the class, such as class or label; its columns are {}",
            shown(&raw)
        ));
    }
    let wrong = |message: String| Some(First::Wrong(message));
    let (file, class, (format, bounds)) = match (file, class, bounds) {
        (Ok(Some(file)), Ok(Some(class)), Ok(Some(bounds))) => (file, class, bounds),
        (_, _, Err(message)) => {
            return wrong(format!("{message}; its columns are {}", shown(&raw)));
        }
        (Err(message), ..) | (_, Err(message), _) => return wrong(message),
        _ => return None,
    };
    let used = match &bounds {
        Bounds::Four(four, _) => four.to_vec(),
        Bounds::List(one) => vec![*one],
    };
    let size = SIZES.iter().find_map(|[width, height]| {
        let size = [names.at(width)?, names.at(height)?];
        size.iter().all(|at| !used.contains(at)).then_some(size)
    });
    let split = SPLIT.iter().find_map(|name| names.at(name));
    let all = used.iter().chain([&file, &class]).chain(size.iter().flatten()).chain(&split);
    for &first in all {
        if let Some(second) = names.second(first) {
            return wrong(format!(
                "has two columns of the name {:?}, the columns {} and {}; rename or remove one",
                raw[first],
                first + 1,
                second + 1
            ));
        }
    }
    // The table of Open Images is in shares of the image's sides.
    let is_open_images = ["ImageID", "XMin", "XMax", "YMin", "YMax"].iter().all(|n| raw.contains(n));
    let units = if is_open_images { BoxUnits::Share } else { BoxUnits::Px };
    let fields = row.filled();
    Some(First::Columns(Columns { header: true, fields, file, class, bounds, format, units, size, split }))
}

fn normalized(name: &str) -> String {
    let name = name.trim_start_matches('#').trim().to_lowercase();
    name.replace([' ', '-', '.'], "_")
}

fn shown(names: &[&str]) -> String {
    crate::number::shown(&names.join(", "))
}

/// The names of a header, normalized.
struct Names(Vec<String>);

impl Names {
    fn at(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|other| other == name)
    }

    /// The next column of the same name.
    fn second(&self, first: usize) -> Option<usize> {
        (0..self.0.len()).find(|&at| at != first && self.0[at] == self.0[first])
    }

    /// The column that holds this, by the first list that names one.
    fn pick(&self, lists: &[&[&str]], what: &str) -> Result<Option<usize>, String> {
        for list in lists {
            let mut found = list.iter().filter_map(|name| self.at(name));
            if let Some(first) = found.next() {
                return match found.next() {
                    None => Ok(Some(first)),
                    Some(second) => Err(format!(
                        "has two columns for the {what}, {:?} and {:?}; rename or remove one",
                        self.0[first], self.0[second]
                    )),
                };
            }
        }
        Ok(None)
    }

    /// The columns of the box.
    fn bounds(&self) -> Result<Option<(BoxFormat, Bounds)>, String> {
        /// All names that the four columns of a box may have, corners first.
        static FAMILIES: LazyLock<Vec<(BoxFormat, [String; 4])>> = LazyLock::new(families);
        let at = |names: &[String; 4]| names.each_ref().map(|name| self.at(name));
        let mut found: Vec<(BoxFormat, [usize; 4], &[String; 4])> = Vec::new();
        for (format, names) in FAMILIES.iter() {
            let [Some(a), Some(b), Some(c), Some(d)] = at(names) else { continue };
            let four = [a, b, c, d];
            // With corners or with w and h, width and height are the image's.
            let is_size = names[2] == "width" && !found.is_empty();
            // The same box in another form, such as x1,y1,x2,y2,w,h.
            let is_same = found.iter().any(|(other, at, _)| other != format && at[..2] == four[..2]);
            if !is_size && !is_same {
                found.push((*format, four, names));
            }
        }
        match found[..] {
            [(format, four, names)] => Ok(Some((format, Bounds::Four(four, names.clone())))),
            [(.., one), (.., two), ..] => Err(format!(
                "has two boxes in a row, {} and {}; rename or remove one",
                one.join(","),
                two.join(",")
            )),
            [] => {
                if let Some(list) = LISTS.iter().find_map(|name| self.at(name)) {
                    return Ok(Some((BoxFormat::Xywh, Bounds::List(list))));
                }
                let lacks_one = FAMILIES.iter().find_map(|(_, names)| {
                    let mut missing = (0..4).filter(|&i| self.at(&names[i]).is_none());
                    missing.next().filter(|_| missing.next().is_none()).map(|i| (i, names))
                });
                match lacks_one {
                    Some((i, names)) => Err(format!(
                        "has no column {}; a box is {}",
                        names[i],
                        names.join(", ")
                    )),
                    None => Ok(None),
                }
            }
        }
    }
}

fn families() -> Vec<(BoxFormat, [String; 4])> {
    let named = |prefix: &str, names: [&str; 4]| names.map(|name| format!("{prefix}{name}"));
    let mut all = Vec::new();
    for prefix in PREFIXES {
        all.extend(CORNERS.map(|names| (BoxFormat::Xyxy, named(prefix, names))));
    }
    for prefix in PREFIXES {
        for [w, h] in SIDES {
            for [x, y] in CENTERS {
                all.push((BoxFormat::Cxcywh, named(prefix, [x, y, w, h])));
            }
            for [x, y] in ORIGINS {
                // Of xmin,ymin,width,height nobody knows whether a column is missing.
                if w == "w" || !prefix.is_empty() || x == "x" || x == "left" {
                    all.push((BoxFormat::Xywh, named(prefix, [x, y, w, h])));
                }
            }
        }
    }
    all
}
