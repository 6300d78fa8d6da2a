//! Which field of a row holds what, in a table without a header: by the orders that tools write.
//!
//! | order | by |
//! |---|---|
//! | `file,x1,y1,x2,y2,class` | keras-retinanet |
//! | `file,class,x1,y1,x2,y2` | |
//! | `file,width,height,class,x1,y1,x2,y2` | tables for the `TensorFlow` API, without their header |
//! | `class,x,y,w,h,file,width,height` | makesense.ai |
//! | `set,file,class,x1,y1,,,x2,y2,,` in shares, `set` is optional | Google's `AutoML` |
//!
//! Where classes are numbers, the first two look alike. The one with which every box is possible is
//! taken; if both are, the table is refused, since a header removes all doubt.

use super::columns::{Bounds, Columns, First};
use super::rows::Row;
use crate::folder::{base_name, split_of_name};
use crate::number::finite;
use crate::{BoxFormat, BoxUnits};

/// The orders that are known, for messages.
const KNOWN: &str = "file,x1,y1,x2,y2,class or file,class,x1,y1,x2,y2 or \
                     file,width,height,class,x1,y1,x2,y2";

/// The columns of a table without a header, from its rows.
pub(super) fn of_rows<'a>(rows: impl Iterator<Item = Row<'a>> + Clone, delimiter: u8) -> First {
    let Some(first) = rows.clone().next() else {
        return First::Other("it has no row".into());
    };
    // The first rows may be of images without an object.
    let without_box = |row: &Row<'_>| row.fields.iter().filter(|f| f.text.is_empty()).count() >= 4;
    let mut sample = rows.clone().map(|row| (orders(&row, delimiter), without_box(&row)));
    let sample = sample.find(|(orders, without_box)| !orders.is_empty() || !without_box);
    let orders = sample.map(|(orders, _)| orders).unwrap_or_default();
    if orders.is_empty() {
        return unknown(&first);
    }
    let possible = |columns: &&Columns| {
        let Bounds::Four([x0, y0, x1, y1], _) = columns.bounds else { return false };
        let boxes = rows.clone().filter_map(|row| {
            let value = |at: usize| number(row.get(at), delimiter);
            Some([value(x0)?, value(y0)?, value(x1)?, value(y1)?])
        });
        boxes.into_iter().all(|[x0, y0, x1, y1]| x0 < x1 && y0 < y1)
    };
    let mut likely = match &orders[..] {
        [_] => orders.iter().collect(),
        several => several.iter().filter(possible).collect::<Vec<_>>(),
    };
    match (likely.pop(), likely.is_empty()) {
        (Some(columns), true) => First::Columns(columns.clone()),
        _ => First::Wrong(
            "may be file,x1,y1,x2,y2,class or file,class,x1,y1,x2,y2, since its classes are \
             numbers; add a header, such as file,x1,y1,x2,y2,class"
                .into(),
        ),
    }
}

fn unknown(row: &Row<'_>) -> First {
    let names_image = row.fields.iter().any(|field| {
        let base = base_name(&field.text);
        base.rsplit_once('.').is_some_and(|(name, _)| !name.is_empty()) && is_image(base)
    });
    if names_image {
        First::Wrong(format!(
            "names an image, but its {} fields are in no order that is known: {KNOWN}; add a header",
            row.filled()
        ))
    } else {
        First::Other("its first line names no column for the file".into())
    }
}

fn is_image(name: &str) -> bool {
    ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"]
        .iter()
        .any(|ending| name.to_lowercase().ends_with(&format!(".{ending}")))
}

/// The orders that a row can be in.
fn orders(row: &Row<'_>, delimiter: u8) -> Vec<Columns> {
    let is_number = |at: usize| number(row.get(at), delimiter).is_some();
    let numbers = |at: &[usize]| at.iter().all(|at| is_number(*at));
    let order = |file, class, four: [usize; 4], size| {
        let names = ["x1", "y1", "x2", "y2"].map(String::from);
        Columns {
            header: false,
            fields: row.count,
            file,
            class,
            bounds: Bounds::Four(four, names),
            format: BoxFormat::Xyxy,
            units: BoxUnits::Px,
            size,
            split: None,
        }
    };
    let mut all = Vec::new();
    // Spreadsheets leave empty fields at the ends of rows.
    let fields = row.filled();
    if fields == 6 && numbers(&[1, 2, 3, 4]) {
        all.push(Columns { fields, ..order(0, 5, [1, 2, 3, 4], None) });
    }
    if fields == 6 && numbers(&[2, 3, 4, 5]) {
        all.push(Columns { fields, ..order(0, 1, [2, 3, 4, 5], None) });
    }
    if fields == 8 && numbers(&[1, 2, 4, 5, 6, 7]) {
        all.push(Columns { fields, ..order(0, 3, [4, 5, 6, 7], Some([1, 2])) });
    }
    if fields == 8 && numbers(&[1, 2, 3, 4, 6, 7]) && !is_number(5) {
        let names = ["x", "y", "width", "height"].map(String::from);
        let bounds = Bounds::Four([1, 2, 3, 4], names);
        let format = BoxFormat::Xywh;
        all.push(Columns { fields, bounds, format, ..order(5, 0, [1; 4], Some([6, 7])) });
    }
    let has_set = is_set(row.get(0));
    let at = usize::from(has_set);
    if row.count == 10 + at && numbers(&[at + 2, at + 3, at + 6, at + 7]) && is_upright(row, at) {
        let four = [at + 2, at + 3, at + 6, at + 7];
        let split = has_set.then_some(0);
        let units = BoxUnits::Share;
        all.push(Columns { units, split, ..order(at, at + 1, four, None) });
    }
    all
}

/// What `AutoML` calls the sets.
fn is_set(text: &str) -> bool {
    text.eq_ignore_ascii_case("unassigned") || split_of_name(text).is_some() && !text.contains('.')
}

/// True if `AutoML`'s other two corners are left out, or those of an upright box.
fn is_upright(row: &Row<'_>, at: usize) -> bool {
    let same = |a: usize, b: usize| row.get(at + a).is_empty() || row.get(at + a) == row.get(at + b);
    same(4, 6) && same(5, 3) && same(8, 2) && same(9, 7)
}

/// A number of a table; where commas divide no fields, also one with a decimal comma.
pub(super) fn number(text: &str, delimiter: u8) -> Option<f64> {
    if delimiter == b',' { finite(text) } else { finite(&text.replace(',', ".")) }
}
