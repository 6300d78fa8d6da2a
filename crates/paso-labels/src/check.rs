//! From labels to images: the image's header, the boxes inside it.
//!
//! # What is decided here
//!
//! 1. **Is the image there and readable?** Only its header is read; a JPEG is also walked to its end
//!    marker, since the decoder would fill a missing half with gray.
//! 2. **Which image is the label for?** Tools that follow EXIF label the upright image, others the
//!    stored one. Where a label states the size of its image and the axes are exchanged, the size
//!    tells. Where both have the same size (turned by 180 degrees, mirrored), upright is assumed.
//! 3. **Is the box possible?** One that is empty or inverted makes the image unusable. One that reaches
//!    over the edge by at most 1 % of the side, or a pixel, is cut there: tools round, and some count
//!    from 1. One that reaches further belongs to another image.
//!
//! A bad box takes its image out as a whole, since the boxes next to it were drawn by the same
//! hand.
//!
//! Coordinates are rounded to 1/65536 of a pixel. That is finer than any label and lets a box
//! survive the way through fractions and back (YOLO) bit for bit.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::folder::{Files, image_name};
use crate::image::{ImageInfo, ImageLimits, Orientation, read_info};
use crate::labels::{ImageSource, LabeledImage, Object};
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::{Problem, ProblemKind};
use crate::splits::Lists;
use crate::{BoxUnits, Error, Format};

/// Coordinates are rounded to this part of a pixel, so that a box which went through fractions and
/// back (YOLO) has the same bits as one which did not.
const PARTS_OF_A_PIXEL: f64 = 65_536.0;

/// How far a box may reach over the edge and still be cut there: this share of the side, and at
/// least one pixel. Tools round, and some count from 1. Beyond that the label is for another image.
const OVER_THE_EDGE: f64 = 0.01;

/// What each image's header says; `None` for an image that is not there.
pub(crate) type Headers = Vec<Option<Result<ImageInfo, Error>>>;

/// Reads the headers of all images.
pub(crate) fn headers(files: &Files, labels: &RawLabels, limits: &ImageLimits) -> Headers {
    let header = |image: &RawImage| {
        image.place.exists.then(|| read_info(&files.shown(&image.place.path), limits))
    };
    labels.images.par_iter().map(header).collect()
}

/// The images of a folder, sorted out.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Those that can be used, in the order of the labels.
    pub(crate) images: Vec<LabeledImage>,
    /// Those with a box that cannot be, with all of their boxes as the label says them.
    pub(crate) bad_boxes: Vec<LabeledImage>,
}

/// Sorts out the images; everything that is wrong becomes a problem.
pub(crate) fn check_all(
    labels: &RawLabels,
    headers: Headers,
    lists: &Lists,
    files: &Files,
    problems: &mut Vec<Problem>,
) -> Checked {
    let mut checked = Checked::default();
    for (i, (image, header)) in labels.images.iter().zip(headers).enumerate() {
        // What is refused is reported already.
        if image.incomplete {
            continue;
        }
        let check = Check { image, lists, files, format: labels.format };
        check.image(i, header, &mut checked, problems);
    }
    checked
}

/// One image's check.
struct Check<'a> {
    image: &'a RawImage,
    lists: &'a Lists,
    files: &'a Files,
    format: Format,
}

impl Check<'_> {
    /// Adds the image with all of its objects, or says why it cannot be used.
    fn image(
        &self,
        index: usize,
        header: Option<Result<ImageInfo, Error>>,
        checked: &mut Checked,
        found: &mut Vec<Problem>,
    ) {
        let image = self.image;
        let path = self.files.shown(&image.place.path);
        let info = match header {
            Some(Ok(info)) => info,
            Some(Err(error)) => {
                found.push(unreadable(&path, error));
                return;
            }
            None => {
                let hint = image.place.hint.as_ref().map_or(String::new(), |h| format!("; {h}"));
                let message = format!("its image {} is not there{hint}", image.place.path);
                found.push(self.problem(ProblemKind::ImageMissing, None, message));
                return;
            }
        };
        let frame = match Frame::new(image, &info) {
            Ok(frame) => frame,
            Err(message) => {
                found.push(self.problem(ProblemKind::SizeMismatch, None, message));
                return;
            }
        };
        let before = found.len();
        let objects = self.objects(&frame, found);
        let all_good = found[before..].iter().all(|p| p.kind != ProblemKind::BadBox);
        let (width, height) = info.upright_size();
        let image = LabeledImage {
            source: ImageSource::File(path),
            name: image_name(&image.place.path).to_owned(),
            label: self.files.shown(&image.label),
            line: image.line,
            width,
            height,
            orientation: info.orientation,
            objects,
            split: self.lists.split_of(index, image),
        };
        if all_good { checked.images.push(image) } else { checked.bad_boxes.push(image) }
    }

    /// All boxes, those that cannot be as the label says them, after saying what is wrong.
    fn objects(&self, frame: &Frame, found: &mut Vec<Problem>) -> Vec<Object> {
        let mut objects: Vec<Object> = Vec::with_capacity(self.image.objects.len());
        let mut seen: HashSet<(usize, [u64; 4])> = HashSet::new();
        for object in &self.image.objects {
            let (xyxy, said) = match frame.place(object) {
                Ok((xyxy, cut)) => (xyxy, cut.map(|message| (ProblemKind::BoxClamped, message))),
                Err(message) => (frame.upright(object), Some((ProblemKind::BadBox, message))),
            };
            if let Some((kind, message)) = said {
                found.push(self.problem(kind, Some(object), message));
            }
            let boxed = Object { class: object.class, xyxy };
            if seen.insert((boxed.class, xyxy.map(f64::to_bits))) {
                objects.push(boxed);
            } else {
                let message = "the same box was there before; it counts once".into();
                found.push(self.problem(ProblemKind::Note, Some(object), message));
            }
        }
        objects
    }

    fn problem(&self, kind: ProblemKind, object: Option<&RawObject>, message: String) -> Problem {
        let line = object.and_then(|o| o.line).or(self.image.line);
        // A file of many images without lines: the image has to be named.
        let path = &self.image.place.path;
        let message = match object.and_then(|o| o.id.as_ref()) {
            Some(id) => format!("{} {id} of {path}: {message}", self.format.object()),
            None if self.format.names_images() && kind != ProblemKind::ImageMissing => {
                format!("{path}: {message}")
            }
            None => message,
        };
        Problem::new(kind, self.files.shown(&self.image.label), line, message)
    }
}

pub(crate) fn unreadable(path: &std::path::Path, error: Error) -> Problem {
    let message = match error {
        Error::Image { message, .. } => message,
        Error::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    };
    Problem::new(ProblemKind::ImageUnreadable, path, None, message)
}

/// What a label's pixels are pixels of: the upright image, or the one that is stored.
pub(crate) struct Frame {
    width: u32,
    height: u32,
    /// How that frame is turned upright.
    turn: Orientation,
    upright: (u32, u32),
}

impl Frame {
    /// Tools that follow EXIF label the upright image, others the stored one; the stated size
    /// tells where they differ. Where it does not tell, the label is for the upright image, which
    /// is what today's tools show.
    pub(crate) fn new(image: &RawImage, info: &ImageInfo) -> Result<Self, String> {
        let upright = info.upright_size();
        let stored = (info.stored_width, info.stored_height);
        let frame = image.stated_size.unwrap_or(upright);
        let turn = if frame == upright {
            Orientation::UPRIGHT
        } else if frame == stored {
            info.orientation
        } else {
            return Err(format!(
                "its size is {}x{}, but {} is {}x{}; label that image again, or correct the size",
                frame.0, frame.1, image.place.path, upright.0, upright.1
            ));
        };
        Ok(Self { width: frame.0, height: frame.1, turn, upright })
    }

    /// Width and height of the upright image.
    pub(crate) fn size(&self) -> (u32, u32) {
        self.upright
    }

    /// The sides that a box in these units refers to, as `[width, height, width, height]`.
    fn sides(&self, units: BoxUnits) -> [f64; 4] {
        let (width, height) = match units {
            BoxUnits::Px => (self.width, self.height),
            BoxUnits::Share | BoxUnits::Percent => self.upright,
        };
        [width, height, width, height].map(f64::from)
    }

    /// The corners of an object in pixels of its frame, as the file has them.
    pub(crate) fn xyxy(&self, object: &RawObject) -> [f64; 4] {
        let scale = match object.units {
            BoxUnits::Px => [1.0; 4],
            BoxUnits::Share => self.sides(object.units),
            BoxUnits::Percent => self.sides(object.units).map(|side| side / 100.0),
        };
        let mut xyxy = object.format.to_xyxy(object.values);
        for (corner, scale) in xyxy.iter_mut().zip(scale) {
            // Adding 0 makes a negative zero, which rounding can leave, a positive one.
            *corner = (*corner * scale * PARTS_OF_A_PIXEL).round() / PARTS_OF_A_PIXEL + 0.0;
        }
        xyxy
    }

    /// True if the box can be: with an area, and in the image but for what is cut.
    pub(crate) fn is_possible(&self, object: &RawObject) -> bool {
        self.place(object).is_ok()
    }

    /// The object's xyxy in pixels of the upright image, and what was cut.
    fn place(&self, object: &RawObject) -> Result<([f64; 4], Option<String>), String> {
        let sides = self.sides(object.units);
        let [width, height, ..] = sides;
        let xyxy = self.xyxy(object);
        let [x0, y0, x1, y1] = xyxy;
        let shown = format!("the box {x0},{y0} to {x1},{y1}");
        if !xyxy.iter().all(|v| v.is_finite()) {
            return Err(format!("{shown} is beyond all numbers; correct or remove it"));
        }
        if x0 >= x1 || y0 >= y1 {
            let what = if x0 > x1 || y0 > y1 { "inverted" } else { "empty" };
            return Err(format!("{shown} is {what}; correct or remove it"));
        }
        let cut = [0, 1, 2, 3].map(|i| xyxy[i].clamp(0.0, sides[i]));
        let over = |i: usize| (xyxy[i] - cut[i]).abs();
        let message = if cut == xyxy {
            None
        } else if (0..4).all(|i| over(i) <= (OVER_THE_EDGE * sides[i]).max(1.0)) {
            Some(format!("{shown} was cut at the edge of its {width}x{height} image"))
        } else {
            return Err(format!(
                "{shown} reaches out of its {width}x{height} image; correct or remove it"
            ));
        };
        if cut[0] >= cut[2] || cut[1] >= cut[3] {
            return Err(format!("{shown} is outside of its {width}x{height} image"));
        }
        Ok((self.turn_of(object).pixels_to_upright(cut, [sides[0], sides[1]]), message))
    }

    /// The object's xyxy in pixels of the upright image, whether it can be or not.
    fn upright(&self, object: &RawObject) -> [f64; 4] {
        let [width, height, ..] = self.sides(object.units);
        self.turn_of(object).pixels_to_upright(self.xyxy(object), [width, height])
    }

    /// How the box is turned upright: shares are of the upright image already.
    fn turn_of(&self, object: &RawObject) -> Orientation {
        if object.units == BoxUnits::Px { self.turn } else { Orientation::UPRIGHT }
    }
}
