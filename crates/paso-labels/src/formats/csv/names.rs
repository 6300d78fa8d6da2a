//! The names that columns of tables go by, in lower case, with `_` for blanks, `-` and `.`.
//!
//! Lists of lists go from the more specific names to the others.

use crate::BoxFormat;

pub(super) const FILE: [&[&str]; 3] = [
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

pub(super) const CLASS: [&[&str]; 4] = [
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

/// Left and top, of boxes that have sides.
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

pub(super) const LISTS: [&str; 5] = ["bbox", "bndbox", "box", "bounding_box", "boundingbox"];

pub(super) const SIZES: [[&str; 2]; 8] = [
    ["image_width", "image_height"],
    ["img_width", "img_height"],
    ["image_w", "image_h"],
    ["img_w", "img_h"],
    ["imagewidth", "imageheight"],
    ["imgwidth", "imgheight"],
    ["im_width", "im_height"],
    ["width", "height"],
];

pub(super) const SPLIT: [&str; 5] = ["split", "subset", "set", "partition", "dataset_split"];

/// All names that the four columns of a box may have, corners first.
pub(super) fn families() -> Vec<(BoxFormat, [String; 4])> {
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
