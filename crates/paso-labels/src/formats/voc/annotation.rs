//! One label file of Pascal VOC: what it says of its image and of every object.
//!
//! The box of an object is its `<bndbox>`. Where there is none, what other tools write counts as
//! the box around it:
//!
//! | element | by | meaning |
//! |---|---|---|
//! | `<polygon>` | Roboflow (`<x1>`, `<y1>`, `<x2>`, ...), LabelMe of MIT (`<pt><x/><y/></pt>`) | an outline |
//! | `<robndbox>` | roLabelImg | center, sides, and an angle in radians |
//!
//! Traps: parts (`<part>` of the challenge's person layout) have names and boxes of their own, and
//! are none of the object's; only children of `<object>` count.

use std::collections::HashSet;

use roxmltree::Node;

use crate::folder::Text;
use crate::number::{finite, not_finite, pixels, shown};
use crate::xml::{Fault, child, content, is};

/// What a label file says.
#[derive(Debug, Default)]
pub(super) struct Annotation {
    pub(super) filename: Option<String>,
    /// Where `<filename>` is.
    pub(super) filename_line: Option<usize>,
    /// The folder of the image, where it was labeled.
    pub(super) folder: Option<String>,
    pub(super) stated_size: Option<(u32, u32)>,
    pub(super) objects: Vec<Boxed>,
    /// What is wrong, each for itself.
    pub(super) faults: Vec<Fault>,
}

/// An object with its box.
#[derive(Debug)]
pub(super) struct Boxed {
    pub(super) class: String,
    pub(super) xyxy: [f64; 4],
    /// The element that the box is the box around of, if it is no `<bndbox>`.
    pub(super) around: Option<&'static str>,
    pub(super) line: usize,
}

impl Annotation {
    pub(super) fn new(root: Node<'_, '_>, file: &Text) -> Self {
        let mut annotation = Self::default();
        let faults = &mut annotation.faults;
        let mut text = |name| {
            let found = child(root, name).and_then(|node| node.map(content).transpose());
            let found = found.map_err(|fault| faults.push(fault)).ok().flatten();
            found.filter(|text| !text.is_empty())
        };
        annotation.filename = text("filename");
        annotation.folder = text("folder");
        let node = root.children().find(|node| is(*node, "filename"));
        annotation.filename_line = node.map(|node| file.line_at(node.range().start));
        match size(root) {
            Ok(size) => annotation.stated_size = size,
            Err(fault) => annotation.faults.push(fault),
        }
        let inner = root.descendants().skip(1).find(|node| is(*node, "annotation"));
        if let Some(inner) = inner {
            let message = "has an <annotation> inside of <annotation>; write a file for each";
            annotation.faults.push(Fault::new(inner, message));
        }
        for node in root.descendants().filter(|node| is(*node, "object")) {
            match object(node, file) {
                Ok(object) => annotation.objects.extend(object),
                Err(fault) => annotation.faults.push(fault),
            }
        }
        annotation
    }
}

/// An object, or none if its tool has deleted it.
fn object(node: Node<'_, '_>, file: &Text) -> Result<Option<Boxed>, Fault> {
    // The web tool LabelMe keeps what was deleted.
    if let Some(deleted) = child(node, "deleted")? && content(deleted)? == "1" {
        return Ok(None);
    }
    let name = required(node, "name")?;
    let class = content(name)?;
    if class.is_empty() {
        return Err(Fault::new(name, "<name> is empty; it must be the object's class"));
    }
    let (element, xyxy, around) = if let Some(bounds) = child(node, "bndbox")? {
        let fields = ["xmin", "ymin", "xmax", "ymax"];
        (bounds, numbers(bounds, fields)?, None)
    } else if let Some(polygon) = child(node, "polygon")? {
        (polygon, around(polygon)?, Some("<polygon>"))
    } else if let Some(rotated) = child(node, "robndbox")? {
        (rotated, around_rotated(rotated)?, Some("<robndbox>"))
    } else {
        return Err(Fault::new(
            node,
            "<object> has no <bndbox>; give it one with <xmin>, <ymin>, <xmax> and <ymax>, or \
             remove the object",
        ));
    };
    let line = file.line_at(element.range().start);
    Ok(Some(Boxed { class, xyxy, around, line }))
}

fn numbers<const N: usize>(node: Node<'_, '_>, fields: [&str; N]) -> Result<[f64; N], Fault> {
    let mut values = [0.0; N];
    for (value, field) in values.iter_mut().zip(fields) {
        *value = number(required(node, field)?)?;
    }
    Ok(values)
}

fn number(node: Node<'_, '_>) -> Result<f64, Fault> {
    let text = content(node)?;
    finite(&text).ok_or_else(|| {
        Fault::new(node, format!("<{}> is {}", node.tag_name().name(), not_finite(&text)))
    })
}

/// The box around an outline: `<x1>`, `<y1>`, `<x2>` and so on, or points with `<x>` and `<y>`.
fn around(polygon: Node<'_, '_>) -> Result<[f64; 4], Fault> {
    let (mut xs, mut ys, mut names) = (Vec::new(), Vec::new(), HashSet::new());
    for node in polygon.children().filter(Node::is_element) {
        let name = node.tag_name().name();
        if let (Some(x), Some(y)) = (child(node, "x")?, child(node, "y")?) {
            xs.push(number(x)?);
            ys.push(number(y)?);
        } else if let Some(axis) = axis(name) {
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(Fault::new(node, format!("<polygon> has a second <{name}>; remove one")));
            }
            if axis == 'x' { &mut xs } else { &mut ys }.push(number(node)?);
        }
    }
    if xs.len() != ys.len() || xs.len() < 3 {
        let message = format!(
            "<polygon> has {} x and {} y; it must have at least 3 of each, as many x as y",
            xs.len(),
            ys.len()
        );
        return Err(Fault::new(polygon, message));
    }
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Ok([least(&xs), least(&ys), largest(&xs), largest(&ys)])
}

/// `x` or `y` of a name such as `x12`.
fn axis(name: &str) -> Option<char> {
    let mut characters = name.chars();
    let axis = characters.next().map(|c| c.to_ascii_lowercase()).filter(|c| "xy".contains(*c))?;
    let number = characters.as_str();
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(axis)
}

/// The box around a rotated one.
fn around_rotated(node: Node<'_, '_>) -> Result<[f64; 4], Fault> {
    let [cx, cy, w, h, angle] = numbers(node, ["cx", "cy", "w", "h", "angle"])?;
    // A little more than a whole turn: what is larger was written in degrees.
    if angle.abs() > 6.3 {
        let message = format!("<angle> is {angle}; it must be in radians, at most 6.3");
        return Err(Fault::new(node, message));
    }
    let (sin, cos) = angle.sin_cos();
    let (x, y) = ((w * cos).abs() + (h * sin).abs(), (w * sin).abs() + (h * cos).abs());
    let xyxy = [cx - x / 2.0, cy - y / 2.0, cx + x / 2.0, cy + y / 2.0];
    if xyxy.iter().all(|value| value.is_finite()) {
        Ok(xyxy)
    } else {
        Err(Fault::new(node, "<robndbox> is larger than any image; correct or remove it"))
    }
}

/// Width and height, unless one of them is missing or 0: `LabelImg` writes 0 where it could not
/// read the image.
fn size(root: Node<'_, '_>) -> Result<Option<(u32, u32)>, Fault> {
    let Some(size) = child(root, "size")? else { return Ok(None) };
    let mut sides = [0; 2];
    for (side, field) in sides.iter_mut().zip(["width", "height"]) {
        let Some(node) = child(size, field)? else { continue };
        let text = content(node)?;
        if text.is_empty() {
            continue;
        }
        *side = pixels(&text).ok_or_else(|| {
            Fault::new(node, format!("<{field}> is {}, not a whole number of pixels", shown(&text)))
        })?;
    }
    Ok((sides[0] > 0 && sides[1] > 0).then_some((sides[0], sides[1])))
}

fn required<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Result<Node<'a, 'i>, Fault> {
    child(node, name)?.ok_or_else(|| {
        Fault::new(node, format!("<{}> has no <{name}>; add it", node.tag_name().name()))
    })
}
