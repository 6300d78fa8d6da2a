//! What a COCO annotation says of its place: a box, a polygon, or neither.

use crate::json::{Fault, Node, Object};

/// Where an annotation's object is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// `[x, y, width, height]`.
    Stated([f64; 4]),
    /// The box around its polygons, as corners.
    Around([f64; 4]),
    /// Neither; what it has instead.
    NoBox(&'static str),
}

/// Whether an annotation is a region of many objects: 1, true, or either in quotes.
pub(super) fn is_crowd(annotation: &Object<'_>) -> Result<bool, Fault> {
    let Some(value) = annotation.value("iscrowd") else { return Ok(false) };
    if let Some(number) = value.number().filter(|number| [0.0, 1.0].contains(number)) {
        return Ok(number == 1.0);
    }
    let word = value.text().unwrap_or_else(|| value.shown().into());
    match word.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err(value.wrong("iscrowd", "0 or 1")),
    }
}

/// Where the object is.
pub(super) fn shape(annotation: &Object<'_>) -> Result<Shape, Fault> {
    if let Some(values) = bbox(annotation)? {
        return Ok(Shape::Stated(values));
    }
    let Some(segmentation) = annotation.value("segmentation") else {
        return Ok(Shape::NoBox(instead(annotation)));
    };
    if segmentation.is_object() {
        return Ok(Shape::NoBox(", only a mask (RLE)"));
    }
    let around = around(segmentation)?;
    Ok(around.map_or_else(|| Shape::NoBox(instead(annotation)), Shape::Around))
}

/// What an annotation without a box and without an outline is.
fn instead(annotation: &Object<'_>) -> &'static str {
    let has = |key| annotation.value(key).is_some();
    if has("caption") {
        ", only a caption"
    } else if has("keypoints") {
        ", only keypoints"
    } else if has("segments_info") {
        ", only panoptic segments"
    } else {
        " and no polygon"
    }
}

/// The box, if one is stated. `null` and `[]` state none: tools write them for what has no box.
fn bbox(annotation: &Object<'_>) -> Result<Option<[f64; 4]>, Fault> {
    let Some(value) = annotation.value("bbox") else { return Ok(None) };
    let (mut values, mut count, mut all_numbers) = ([0.0; 4], 0, true);
    value.each(|node| {
        match node.number() {
            Some(number) if count < values.len() => values[count] = number,
            Some(_) => {}
            None => all_numbers = false,
        }
        count += 1;
    });
    if value.is_list() && count == 0 {
        return Ok(None);
    }
    if count != values.len() || !all_numbers {
        return Err(value.wrong("bbox", "[x, y, width, height], four finite numbers"));
    }
    Ok(Some(values))
}

/// The box around all polygons, if there are any. A polygon is `[x, y, x, y, ...]`; some tools
/// write one alone without the list around it.
fn around(segmentation: Node<'_>) -> Result<Option<[f64; 4]>, Fault> {
    let allowed = "polygons [[x, y, x, y, x, y, ...], ...] of finite numbers, or a mask";
    if !segmentation.is_list() {
        return Err(segmentation.wrong("segmentation", allowed));
    }
    let (mut bounds, mut alone, mut is_good) = (Bounds::new(), Bounds::new(), true);
    segmentation.each(|node| {
        if node.is_list() {
            let mut polygon = Bounds::new();
            node.each(|value| polygon.add(value));
            is_good &= polygon.is_polygon() || polygon.count == 0;
            bounds.merge(&polygon);
        } else {
            alone.add(node);
        }
    });
    let is_mixed = alone.count > 0 && bounds.count > 0;
    is_good &= !is_mixed && (alone.count == 0 || alone.is_polygon());
    bounds.merge(&alone);
    if !is_good {
        return Err(segmentation.wrong("segmentation", allowed));
    }
    Ok((bounds.count > 0).then_some(bounds.xyxy))
}

/// The bounds of coordinates that come one by one, x and y alternately.
struct Bounds {
    xyxy: [f64; 4],
    count: usize,
    is_finite: bool,
}

impl Bounds {
    fn new() -> Self {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { xyxy: [low, low, high, high], count: 0, is_finite: true }
    }

    fn add(&mut self, value: Node<'_>) {
        let axis = self.count % 2;
        self.count += 1;
        match value.number() {
            Some(number) => {
                self.xyxy[axis] = self.xyxy[axis].min(number);
                self.xyxy[axis + 2] = self.xyxy[axis + 2].max(number);
            }
            None => self.is_finite = false,
        }
    }

    fn merge(&mut self, other: &Self) {
        for axis in 0..2 {
            self.xyxy[axis] = self.xyxy[axis].min(other.xyxy[axis]);
            self.xyxy[axis + 2] = self.xyxy[axis + 2].max(other.xyxy[axis + 2]);
        }
        self.count += other.count;
    }

    /// At least three points, all of them finite.
    fn is_polygon(&self) -> bool {
        self.is_finite && self.count >= 6 && self.count.is_multiple_of(2)
    }
}
