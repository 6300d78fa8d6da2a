//! From labels to samples: the picture's header, the box inside it, one object a picture.

use rayon::prelude::*;

use super::files::picture_name;
use super::report::{Problem, ProblemKind};
use super::split::Lists;
use super::{
    LabeledImage, Labels, LoadOptions, Object, Sample, SeveralObjects, Source, Split, Unit,
};
use crate::BBox;
use crate::image::{ImageInfo, Orientation, read_info};

/// Coordinates are rounded to this part of a pixel, so that a box which went through fractions and
/// back (YOLO) has the same bits as one which did not.
const PARTS_OF_A_PIXEL: f64 = 65_536.0;

/// How far a box may reach over the edge and still be cut there: this share of the side, and at
/// least one pixel. Tools round, and some count from 1. Beyond that the label is for another picture.
const OVER_THE_EDGE: f64 = 0.01;

/// The usable pictures, in the order of the labels; everything else becomes a problem.
pub(crate) fn check_all(
    labels: &Labels,
    lists: &Lists,
    options: &LoadOptions,
    problems: &mut Vec<Problem>,
) -> Vec<Sample> {
    let checked: Vec<(Option<Sample>, Vec<Problem>)> = labels
        .images
        .par_iter()
        .enumerate()
        .map(|(i, image)| {
            let mut notes = Vec::new();
            let Some(split) = lists.split_of(i, image) else { return (None, notes) };
            match check(image, split, lists, options, &mut notes) {
                Ok(sample) => (Some(sample), notes),
                Err(problem) => (None, vec![problem]),
            }
        })
        .collect();
    let mut samples = Vec::new();
    for (sample, notes) in checked {
        samples.extend(sample);
        problems.extend(notes);
    }
    samples
}

fn check(
    image: &LabeledImage,
    split: Split,
    lists: &Lists,
    options: &LoadOptions,
    notes: &mut Vec<Problem>,
) -> Result<Sample, Problem> {
    let label = lists.root.join(&image.label);
    let at_label = |kind, line: Option<usize>, message: String| {
        Problem::new(kind, label.clone(), line.or(image.line), message)
    };
    let path = lists.root.join(&image.path);
    if !image.exists {
        let message = format!("its picture {} is not there", image.path);
        return Err(at_label(ProblemKind::PictureMissing, None, message));
    }
    let info = read_info(&path, &options.limits).map_err(|e| unreadable(&path, e))?;
    let frame = Frame::new(image, &info)
        .map_err(|message| at_label(ProblemKind::SizeMismatch, None, message))?;

    let mut boxes = Vec::with_capacity(image.objects.len());
    for object in &image.objects {
        let (bbox, area, cut) = frame
            .place(object)
            .map_err(|message| at_label(ProblemKind::BadBox, object.line, message))?;
        if let Some(message) = cut {
            notes.push(at_label(ProblemKind::BoxClamped, object.line, message));
        }
        boxes.push((bbox, area, object.class));
    }
    let one = match (boxes.len(), options.several_objects) {
        (0, _) => {
            return Err(at_label(ProblemKind::NoObject, None, "has no object".into()));
        }
        (1, _) => &boxes[0],
        (n, SeveralObjects::Skip) => {
            let message = format!("has {n} objects; several_objects = largest would keep one");
            return Err(at_label(ProblemKind::SeveralObjects, None, message));
        }
        (n, SeveralObjects::Error) => {
            let message = format!("has {n} objects, and several_objects is error");
            return Err(at_label(ProblemKind::Malformed, None, message));
        }
        (_, SeveralObjects::Largest) => {
            // The first of equals: `max_by` alone would take the last.
            boxes.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are several")
        }
    };
    let (width, height) = info.upright_size();
    Ok(Sample {
        source: Source::File(path),
        name: picture_name(&image.path).to_owned(),
        width,
        height,
        orientation: info.orientation,
        bbox: one.0,
        class: one.2,
        split,
    })
}

fn unreadable(path: &std::path::Path, error: crate::Error) -> Problem {
    let message = match error {
        crate::Error::Image { message, .. } => message,
        crate::Error::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    };
    Problem::new(ProblemKind::PictureUnreadable, path, None, message)
}

/// What a label's pixels are pixels of: the upright picture, or the one that is stored.
struct Frame {
    width: u32,
    height: u32,
    /// How that frame is turned upright.
    turn: Orientation,
    upright: (u32, u32),
}

impl Frame {
    /// Tools that follow EXIF label the upright picture, others the stored one; the stated size
    /// tells where they differ. Where it does not tell, the label is for the upright picture, which
    /// is what today's tools show.
    fn new(image: &LabeledImage, info: &ImageInfo) -> Result<Self, String> {
        let upright = info.upright_size();
        let stored = (info.stored_width, info.stored_height);
        let frame = image.stated_size.unwrap_or(upright);
        let turn = if frame == upright {
            Orientation::UPRIGHT
        } else if frame == stored {
            info.orientation
        } else {
            return Err(format!(
                "its size is {}x{}, but {} is {}x{}; label that picture again, or correct the size",
                frame.0, frame.1, image.path, upright.0, upright.1
            ));
        };
        Ok(Self { width: frame.0, height: frame.1, turn, upright })
    }

    /// The object's box as fractions of the upright picture, its area in pixels, and what was cut.
    fn place(&self, object: &Object) -> Result<(BBox, f64, Option<String>), String> {
        let (width, height) = match object.unit {
            Unit::Pixels => (self.width, self.height),
            Unit::Fractions => self.upright,
        };
        let sides = [width, height, width, height].map(f64::from);
        let mut corners = object.corners;
        for (corner, side) in corners.iter_mut().zip(sides) {
            if object.unit == Unit::Fractions {
                *corner *= side;
            }
            *corner = (*corner * PARTS_OF_A_PIXEL).round() / PARTS_OF_A_PIXEL;
        }
        let [x0, y0, x1, y1] = corners;
        let shown = format!("the box {x0},{y0} to {x1},{y1}");
        if x0 >= x1 || y0 >= y1 {
            let what = if x0 > x1 || y0 > y1 { "inverted" } else { "empty" };
            return Err(format!("{shown} is {what}; correct or remove it"));
        }
        let cut = [0, 1, 2, 3].map(|i| corners[i].clamp(0.0, sides[i]));
        let over = |i: usize| (corners[i] - cut[i]).abs();
        let message = if cut == corners {
            None
        } else if (0..4).all(|i| over(i) <= (OVER_THE_EDGE * sides[i]).max(1.0)) {
            Some(format!("{shown} was cut at the edge of its {width}x{height} picture"))
        } else {
            return Err(format!(
                "{shown} reaches out of its {width}x{height} picture; correct or remove it"
            ));
        };
        if cut[0] >= cut[2] || cut[1] >= cut[3] {
            return Err(format!("{shown} is outside of its {width}x{height} picture"));
        }
        let area = (cut[2] - cut[0]) * (cut[3] - cut[1]);
        let bbox = BBox::from_pixels(cut, width, height);
        let turn = if object.unit == Unit::Pixels { self.turn } else { Orientation::UPRIGHT };
        Ok((turn.to_upright(bbox), area, message))
    }
}
