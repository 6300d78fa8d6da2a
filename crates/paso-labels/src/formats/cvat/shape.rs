//! One shape of CVAT, and the box around it.

use roxmltree::Node;

use crate::number::{finite, not_finite, shown};
use crate::raw::RawObject;
use crate::xml::Fault;
use crate::{BoxFormat, BoxUnits};

/// What an element inside of an `<image>` is.
#[derive(Debug)]
pub(super) enum Shape {
    /// A shape with a box. The object's class is not set yet.
    Boxed { class: String, object: RawObject, turned: bool },
    /// A shape that has no box, and what to say of it.
    NoBox { message: String },
    /// No shape at all.
    None,
}

impl Shape {
    pub(super) fn new(node: Node<'_, '_>) -> Result<Self, Fault> {
        let kind = node.tag_name().name();
        let turn = match node.attribute("rotation") {
            Some(_) => number(node, "rotation")?,
            None => 0.0,
        };
        let object = match kind {
            "box" => {
                let [x0, y0, x1, y1] = numbers(node, ["xtl", "ytl", "xbr", "ybr"])?;
                if turn == 0.0 {
                    RawObject::stated(0, [x0, y0, x1, y1], BoxFormat::Xyxy, BoxUnits::Px)
                } else {
                    let (sin, cos) = turn.to_radians().sin_cos();
                    let (w, h) = ((x1 - x0) / 2.0, (y1 - y0) / 2.0);
                    let half = [(w * cos).abs() + (h * sin).abs(), (w * sin).abs() + (h * cos).abs()];
                    centered(node, [x0.midpoint(x1), y0.midpoint(y1)], half)?
                }
            }
            "ellipse" => {
                let [cx, cy, rx, ry] = numbers(node, ["cx", "cy", "rx", "ry"])?;
                let (sin, cos) = turn.to_radians().sin_cos();
                centered(node, [cx, cy], [(rx * cos).hypot(ry * sin), (rx * sin).hypot(ry * cos)])?
            }
            "polygon" => around(&points(node)?),
            "mask" => {
                let [x, y, w, h] = numbers(node, ["left", "top", "width", "height"])?;
                around(&[[x, y], finite_point(node, [x + w, y + h])?])
            }
            "cuboid" => {
                let corners = ["tl", "bl", "tr", "br"].into_iter().flat_map(|at| [(at, 1), (at, 2)]);
                let corner = |(at, side)| {
                    let [x, y] = ["x", "y"].map(|axis| format!("{axis}{at}{side}"));
                    Ok([number(node, &x)?, number(node, &y)?])
                };
                around(&corners.map(corner).collect::<Result<Vec<_>, Fault>>()?)
            }
            "points" | "polyline" | "skeleton" | "tag" => {
                let label = node.attribute("label").unwrap_or_default();
                let message = format!(
                    "<{kind}> ({}) has no box; it is passed over (box, polygon, ellipse, mask and \
                     cuboid are read)",
                    shown(label)
                );
                return Ok(Self::NoBox { message });
            }
            _ => return Ok(Self::None),
        };
        let class = required(node, "label")?.to_owned();
        Ok(Self::Boxed { class, object, turned: kind == "box" && turn != 0.0 })
    }
}

fn required<'a>(node: Node<'a, '_>, name: &str) -> Result<&'a str, Fault> {
    node.attribute(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        let kind = node.tag_name().name();
        let of = node.parent().and_then(|image| image.attribute("name")).unwrap_or_default();
        Fault::new(node, format!("<{kind}> of {} has no {name}; add it", shown(of)))
    })
}

fn number(node: Node<'_, '_>, name: &str) -> Result<f64, Fault> {
    let text = required(node, name)?;
    finite(text).ok_or_else(|| {
        let kind = node.tag_name().name();
        Fault::new(node, format!("{name} of <{kind}> is {}", not_finite(text)))
    })
}

fn numbers<const N: usize>(node: Node<'_, '_>, names: [&str; N]) -> Result<[f64; N], Fault> {
    let mut values = [0.0; N];
    for (value, name) in values.iter_mut().zip(names) {
        *value = number(node, name)?;
    }
    Ok(values)
}

/// The points of `1.5,2;3,4`.
fn points(node: Node<'_, '_>) -> Result<Vec<[f64; 2]>, Fault> {
    let text = required(node, "points")?;
    let point = |text: &str| {
        let point = text.split_once(',').and_then(|(x, y)| Some([finite(x)?, finite(y)?]));
        point.ok_or_else(|| {
            Fault::new(node, format!("a point is {}; it must be two numbers, x,y", shown(text)))
        })
    };
    let points = text.trim_end_matches(';').split(';').map(point).collect::<Result<Vec<_>, _>>()?;
    if points.len() < 3 {
        let message = format!("<polygon> has {} points; it must have at least 3", points.len());
        return Err(Fault::new(node, message));
    }
    Ok(points)
}

fn finite_point(node: Node<'_, '_>, point: [f64; 2]) -> Result<[f64; 2], Fault> {
    let kind = node.tag_name().name();
    let too_large = || Fault::new(node, format!("<{kind}> is larger than any image; correct it"));
    point.iter().all(|value| value.is_finite()).then_some(point).ok_or_else(too_large)
}

fn centered(
    node: Node<'_, '_>,
    [x, y]: [f64; 2],
    [half_x, half_y]: [f64; 2],
) -> Result<RawObject, Fault> {
    let corners = [[x - half_x, y - half_y], [x + half_x, y + half_y]];
    Ok(around(&[finite_point(node, corners[0])?, finite_point(node, corners[1])?]))
}

/// The box around points.
fn around(points: &[[f64; 2]]) -> RawObject {
    let of = |axis: usize, better: fn(f64, f64) -> f64, first: f64| {
        points.iter().map(|point| point[axis]).fold(first, better)
    };
    let (least, largest) = (f64::INFINITY, f64::NEG_INFINITY);
    let xyxy = [
        of(0, f64::min, least),
        of(1, f64::min, least),
        of(0, f64::max, largest),
        of(1, f64::max, largest),
    ];
    RawObject::around(0, xyxy, BoxUnits::Px)
}
