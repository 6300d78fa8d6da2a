//! A region of a `VoTT` asset: its tags, and its box or what it is instead.

use crate::json::{Fault, Node, Object};
use crate::raw::RawObject;
use crate::{BoxFormat, BoxUnits};

/// What a region is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Region {
    /// An object for each of its tags.
    Tagged(Vec<String>, Values),
    /// A type that has no box.
    NoBox(String),
}

/// Where a region is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Values {
    /// Left, top, width, height.
    Stated([f64; 4]),
    /// The corners around its points.
    Around([f64; 4]),
}

impl Values {
    pub(super) fn object(self, class: usize) -> RawObject {
        match self {
            Self::Stated(values) => {
                RawObject::stated(class, values, BoxFormat::Xywh, BoxUnits::Px)
            }
            Self::Around(xyxy) => RawObject::around(class, xyxy, BoxUnits::Px),
        }
    }
}

/// A region's id, or its number where it has none, and what it is.
pub(super) fn parse(region: &Object<'_>, number: usize) -> Result<(String, Region), Fault> {
    let id = region.value("id").and_then(Node::id).unwrap_or_else(|| number.to_string());
    match parsed(region) {
        Ok(parsed) => Ok((id, parsed)),
        Err(fault) => Err(fault.of(&format!("region {id}"))),
    }
}

fn parsed(region: &Object<'_>) -> Result<Region, Fault> {
    let kind = match region.value("type") {
        None => "RECTANGLE".into(),
        Some(kind) => kind
            .text()
            .ok_or_else(|| region.wrong("type", "a text such as \"RECTANGLE\""))?
            .to_ascii_uppercase(),
    };
    let values = match kind.as_str() {
        "POINT" | "POLYLINE" => return Ok(Region::NoBox(kind)),
        "POLYGON" => around(region)?,
        "RECTANGLE" | "SQUARE" => bounding_box(region)?,
        _ => return Err(region.wrong("type", "RECTANGLE, SQUARE, POLYGON, POLYLINE or POINT")),
    };
    let allowed = "a list of class names";
    let list = region.value("tags").filter(|tags| tags.is_list());
    let list = list.ok_or_else(|| region.wrong("tags", allowed))?;
    let (mut tags, mut fault): (Vec<String>, _) = (Vec::new(), None);
    list.each(|tag| match tag.name() {
        Some(name) => {
            if !tags.iter().any(|other| *other == name) {
                tags.push(name.into_owned());
            }
        }
        None => fault = fault.take().or_else(|| Some(tag.wrong("a tag", "the name of a class"))),
    });
    if let Some(fault) = fault {
        return Err(fault);
    }
    if tags.is_empty() {
        return Err(list.fault("has no tag; tag it, or remove it"));
    }
    Ok(Region::Tagged(tags, values))
}

fn bounding_box(region: &Object<'_>) -> Result<Values, Fault> {
    let bounds = region.value("boundingBox").filter(|bounds| bounds.is_object());
    let allowed = "an object with left, top, width and height";
    let bounds = bounds.ok_or_else(|| region.wrong("boundingBox", allowed))?.object()?;
    let mut values = [0.0; 4];
    for (value, field) in values.iter_mut().zip(["left", "top", "width", "height"]) {
        let number = bounds.value(field).and_then(Node::number);
        *value = number.ok_or_else(|| bounds.wrong(field, "a finite number"))?;
    }
    Ok(Values::Stated(values))
}

/// The box around a polygon's points.
fn around(region: &Object<'_>) -> Result<Values, Fault> {
    let list = region.value("points").filter(|points| points.is_list());
    let list = list.ok_or_else(|| region.wrong("points", "a list of points with x and y"))?;
    let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut xyxy, mut count, mut fault) = ([low, low, high, high], 0_usize, None);
    list.each(|node| {
        count += 1;
        let point = node.object().ok();
        let axis = |key| point.as_ref().and_then(|p| p.value(key)).and_then(Node::number);
        match (axis("x"), axis("y")) {
            (Some(x), Some(y)) => {
                xyxy = [xyxy[0].min(x), xyxy[1].min(y), xyxy[2].max(x), xyxy[3].max(y)];
            }
            _ => {
                let wrong = || node.wrong(&format!("point {count}"), "x and y, finite numbers");
                fault = fault.take().or_else(|| Some(wrong()));
            }
        }
    });
    if let Some(fault) = fault {
        return Err(fault);
    }
    if count < 3 {
        return Err(list.fault(format!("has {count} points; a polygon has 3 or more")));
    }
    Ok(Values::Around(xyxy))
}
