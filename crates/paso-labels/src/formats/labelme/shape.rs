//! A shape of a `LabelMe` file: its class, and the box around it.

use crate::json::{Fault, Node, Object};

/// A shape's class, and its box or the type that has none.
pub(super) type Parsed = (String, Result<[f64; 4], String>);

pub(super) fn parse(shape: &Object<'_>) -> Result<Parsed, Fault> {
    let text = |key: &str| shape.value(key).and_then(Node::text).filter(|t| !t.trim().is_empty());
    let class = text("label").ok_or_else(|| shape.wrong("label", "the class, a text"))?;
    let kind = match shape.value("shape_type") {
        // Files of labelme before 3.0 have polygons only, and do not say it.
        None => "polygon".into(),
        Some(_) => text("shape_type")
            .ok_or_else(|| shape.wrong("shape_type", "a text such as \"rectangle\""))?,
    };
    let allowed = match kind.as_ref() {
        "rectangle" => "a rectangle has 2 opposite corners, or all 4",
        "polygon" => "a polygon has 3 or more",
        "circle" => "a circle has 2, its center and one on it",
        _ => return Ok((class.into_owned(), Err(kind.into_owned()))),
    };
    let list = shape.value("points").filter(|points| points.is_list());
    let list = list.ok_or_else(|| shape.wrong("points", "a list of [x, y]"))?;
    let points = points(list)?;
    let is_allowed = match kind.as_ref() {
        "rectangle" => [2, 4].contains(&points.count),
        "polygon" => points.count >= 3,
        _ => points.count == 2,
    };
    if !is_allowed {
        return Err(list.fault(format!("has {} points; {allowed}", points.count)));
    }
    if kind != "circle" {
        return Ok((class.into_owned(), Ok(points.xyxy)));
    }
    let [[x, y], [on_x, on_y]] = points.first;
    let r = (on_x - x).hypot(on_y - y);
    let xyxy = [x - r, y - r, x + r, y + r];
    // Coordinates are finite, but a distance of two of them may overflow.
    if !xyxy.iter().all(|v| v.is_finite()) {
        return Err(list.fault("its circle is larger than any image"));
    }
    Ok((class.into_owned(), Ok(xyxy)))
}

/// What is needed of a shape's points: an outline may have any number of them.
struct Points {
    count: usize,
    first: [[f64; 2]; 2],
    xyxy: [f64; 4],
}

fn points(list: Node<'_>) -> Result<Points, Fault> {
    let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut points = Points { count: 0, first: [[0.0; 2]; 2], xyxy: [low, low, high, high] };
    let mut fault = None;
    list.each(|node| {
        points.count += 1;
        let Some(point) = point(node) else {
            let field = format!("point {}", points.count);
            fault.get_or_insert_with(|| node.wrong(&field, "[x, y], two finite numbers"));
            return;
        };
        if let Some(first) = points.first.get_mut(points.count - 1) {
            *first = point;
        }
        let ([x, y], [x0, y0, x1, y1]) = (point, points.xyxy);
        points.xyxy = [x0.min(x), y0.min(y), x1.max(x), y1.max(y)];
    });
    fault.map_or(Ok(points), Err)
}

fn point(node: Node<'_>) -> Option<[f64; 2]> {
    let (mut point, mut count, mut is_good) = ([0.0; 2], 0, true);
    node.each(|value| {
        match (point.get_mut(count), value.number()) {
            (Some(axis), Some(number)) => *axis = number,
            _ => is_good = false,
        }
        count += 1;
    });
    (is_good && count == 2).then_some(point)
}
