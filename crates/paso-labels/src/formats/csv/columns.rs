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
//! image's size. The four names of a box are of one row of `CORNERS` in `csv/names.rs`: a table that has `xmin` and
//! `x_max` was put together of two, and its numbers may be too.

use std::sync::LazyLock;

use super::names::{CLASS, FILE, LISTS, SIZES, SPLIT, families};
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
