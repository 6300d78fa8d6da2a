//! Whether the boxes of the whole set can be what their numbers are taken for.
//!
//! A table does not say whether its numbers are corners or sizes, pixels or shares. One box tells
//! little, a whole set tells much: read in the wrong form, boxes are inverted or reach out of their
//! images, and read in the right one, they do not. Training on the boxes that happen to be possible
//! would be training on wrong boxes, so such a set is refused, with the likely form and the switch
//! that says so.
//!
//! # Rules
//!
//! | found | what happens |
//! |---|---|
//! | no box has a pixel of width or height, in pixels | refused: probably shares of the sides |
//! | no number is above 100 in images twice as large, and some reach 90 | refused: probably percent |
//! | at least 3 boxes and a tenth are impossible, and (nearly) all are possible in another form | refused, with that form |
//! | at least 3 boxes and more than half are impossible | refused |
//! | fewer are impossible | their images are left out, one by one |
//!
//! What the user says ([`ReadOptions::box_format`], [`ReadOptions::box_units`]) is never doubted:
//! only what was not said is compared. Boxes around outlines do not count; their points are points.

use crate::check::{Frame, Headers};
use crate::folder::Files;
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::{Problem, ProblemKind};
use crate::{BoxFormat, BoxUnits, ReadOptions};

/// Fewer impossible boxes than this are single mistakes.
const FEW: usize = 3;

/// The share of impossible boxes from which another form is looked for.
const MANY: f64 = 0.1;

/// The share of boxes that have to be possible in another form for it to be named.
const NEARLY_ALL: f64 = 0.98;

/// Applies what the user says of the numbers of boxes, and refuses a set whose numbers are in
/// another form.
pub(crate) fn apply(
    labels: &mut RawLabels,
    headers: &Headers,
    options: &ReadOptions,
    files: &Files,
    problems: &mut Vec<Problem>,
) {
    for object in labels.images.iter_mut().flat_map(|i| &mut i.objects).filter(|o| !o.outline) {
        object.format = options.box_format.unwrap_or(object.format);
        object.units = options.box_units.unwrap_or(object.units);
    }
    let set = Set::new(labels, headers);
    if let Some((message, boxed)) = set.doubt(options) {
        let line = boxed.object.line.or(boxed.image.line);
        let label = files.shown(&boxed.image.label);
        problems.push(Problem::new(ProblemKind::Implausible, label, line, message));
    }
}

/// A box that the file states, with the image that it is on.
#[derive(Clone, Copy)]
struct Boxed<'a> {
    image: &'a RawImage,
    object: &'a RawObject,
    frame: &'a Frame,
}

impl Boxed<'_> {
    /// True if the box can be, read in this form.
    fn is_possible_as(&self, format: BoxFormat, units: BoxUnits) -> bool {
        self.frame.is_possible(&RawObject { format, units, ..self.object.clone() })
    }

    fn is_possible(&self) -> bool {
        self.frame.is_possible(self.object)
    }

    /// True if it has less than a pixel of width and of height.
    fn is_below_a_pixel(&self) -> bool {
        let [x0, y0, x1, y1] = self.frame.xyxy(self.object);
        (x1 - x0).abs() <= 1.0 && (y1 - y0).abs() <= 1.0
    }

    /// Its numbers, for a message.
    fn shown(&self) -> String {
        let values = self.object.values.map(|v| v.to_string()).join(" ");
        format!("{values} of {}", self.image.place.path)
    }
}

/// All boxes that files state, on images that are there.
struct Set<'a> {
    images: Vec<(&'a RawImage, Frame)>,
}

impl<'a> Set<'a> {
    fn new(labels: &'a RawLabels, headers: &Headers) -> Self {
        let frame = |(image, header): (&'a RawImage, &Option<Result<_, _>>)| {
            let Some(Ok(info)) = header else { return None };
            Some((image, Frame::new(image, info).ok()?))
        };
        Self { images: labels.images.iter().zip(headers).filter_map(frame).collect() }
    }

    fn boxes(&self) -> impl Iterator<Item = Boxed<'_>> {
        self.images.iter().flat_map(|(image, frame)| {
            let stated = image.objects.iter().filter(|o| !o.outline);
            stated.map(move |object| Boxed { image, object, frame })
        })
    }

    /// Why the numbers are probably of another form, and a box that shows it.
    fn doubt(&self, options: &ReadOptions) -> Option<(String, Boxed<'_>)> {
        let first = self.boxes().next()?;
        let total = self.boxes().count();
        let (format, units) = (first.object.format, first.object.units);
        if options.box_units.is_none() && units == BoxUnits::Px {
            if self.boxes().all(|b| b.is_below_a_pixel()) {
                let known = options.box_format;
                let switch = match self.explained(known, Some(BoxUnits::Share), total) {
                    Some((other, units)) => switch((format, BoxUnits::Px), (other, units)),
                    None => "--box-units share".into(),
                };
                let message = format!(
                    "all {total} boxes are smaller than a pixel, such as {}: their numbers are \
                     probably shares of the image's sides; {switch} reads them so",
                    first.shown()
                );
                return Some((message, first));
            }
            if let Some(large) = self.looks_like_percent() {
                let message = format!(
                    "no number of the {total} boxes is above 100 in images of twice that size and \
                     more, such as {}: they are probably percent of the image's sides; --box-units \
                     percent reads them so, --box-units px as pixels",
                    large.shown()
                );
                return Some((message, large));
            }
        }
        let impossible: Vec<Boxed<'_>> = self.boxes().filter(|b| !b.is_possible()).collect();
        let share = impossible.len() as f64 / total as f64;
        if impossible.len() < FEW || share < MANY {
            return None;
        }
        let bad = impossible[0];
        let found = format!(
            "{} of {total} boxes are impossible as {}, such as {}",
            impossible.len(),
            words(format, units),
            bad.shown()
        );
        match self.explained(options.box_format, options.box_units, total) {
            Some((other, other_units)) => Some((
                format!(
                    "{found}; {} are possible as {}: {} reads them so",
                    self.possible_as(other, other_units),
                    words(other, other_units),
                    switch((format, units), (other, other_units))
                ),
                bad,
            )),
            None if share > 0.5 => Some((
                format!(
                    "{found}, and in no other form: the labels belong to other images, or are \
                     scaled; look at the boxes on the images (paso data DIR --sheet labels.png)"
                ),
                bad,
            )),
            None => None,
        }
    }

    /// The form in which nearly all boxes are possible: of equals, the one that is nearest to what
    /// the format says, and the most common one.
    fn explained(
        &self,
        format: Option<BoxFormat>,
        units: Option<BoxUnits>,
        total: usize,
    ) -> Option<(BoxFormat, BoxUnits)> {
        const FORMATS: [BoxFormat; 4] =
            [BoxFormat::Xywh, BoxFormat::Xyxy, BoxFormat::Cxcywh, BoxFormat::Xxyy];
        let stated = self.boxes().next()?.object;
        let mut forms: Vec<(BoxFormat, BoxUnits)> = Vec::new();
        for other_units in BoxUnits::ALL {
            for other in FORMATS {
                let allowed = format.is_none_or(|f| f == other)
                    && units.is_none_or(|u| u == other_units)
                    && (other, other_units) != (stated.format, stated.units);
                if allowed {
                    forms.push((other, other_units));
                }
            }
        }
        // Other units are the stranger mistake, except where nothing else explains the boxes.
        forms.sort_by_key(|(_, other)| *other != stated.units);
        let count = |&(format, units): &(BoxFormat, BoxUnits)| self.possible_as(format, units);
        let best = forms.iter().map(count).max()?;
        let nearly_all = best as f64 >= NEARLY_ALL * total as f64;
        forms.into_iter().find(|form| nearly_all && count(form) == best)
    }

    fn possible_as(&self, format: BoxFormat, units: BoxUnits) -> usize {
        let tiny = |b: &Boxed<'_>| {
            let object = RawObject { format, units, ..b.object.clone() };
            Boxed { object: &object, ..*b }.is_below_a_pixel()
        };
        self.boxes().filter(|b| b.is_possible_as(format, units) && !tiny(b)).count()
    }

    /// A box that reaches 90 of 100 where none goes beyond 100, in images of 200 pixels and more.
    fn looks_like_percent(&self) -> Option<Boxed<'_>> {
        const AT_LEAST: usize = 8;
        let values = |b: &Boxed<'_>| b.frame.xyxy(b.object);
        let inside = |b: Boxed<'_>| {
            let (width, height) = b.frame.size();
            values(&b).iter().all(|v| (0.0..=100.0).contains(v)) && width.min(height) >= 200
        };
        let large = self.boxes().find(|b| values(b)[2] >= 90.0 || values(b)[3] >= 90.0)?;
        (self.boxes().count() >= AT_LEAST && self.boxes().all(inside)).then_some(large)
    }
}

/// A form in words.
fn words(format: BoxFormat, units: BoxUnits) -> String {
    let numbers = match format {
        BoxFormat::Xyxy => "left top right bottom",
        BoxFormat::Xywh => "left top width height",
        BoxFormat::Cxcywh => "center x, center y, width, height",
        BoxFormat::Xxyy => "left right top bottom",
    };
    let measure = match units {
        BoxUnits::Px => "in pixels",
        BoxUnits::Share => "as shares of the sides",
        BoxUnits::Percent => "in percent of the sides",
    };
    format!("{numbers} {measure}")
}

/// The switches that turn one form into another.
fn switch(from: (BoxFormat, BoxUnits), to: (BoxFormat, BoxUnits)) -> String {
    let format = (from.0 != to.0).then(|| format!("--box-format {}", to.0.name()));
    let units = (from.1 != to.1).then(|| format!("--box-units {}", to.1.name()));
    format.into_iter().chain(units).collect::<Vec<_>>().join(" ")
}
