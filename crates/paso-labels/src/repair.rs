//! A repaired copy of a folder: everything that can be used, and nothing else.

use std::collections::HashSet;
use std::path::Path;

use crate::convert::check_output;
use crate::report::{Problem, ProblemKind};
use crate::{Error, Format, ImageSource, LabeledImage, Labels, Report, write};

/// What was repaired, how many times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// How many.
    pub count: usize,
    /// What was done, such as `boxes were cut at the edge of their images`.
    pub what: &'static str,
}

/// Writes a copy of what was read from `dir` without what is wrong with it: images with a label that
/// is malformed, that are missing, broken or have a box that cannot be, and copies of images are left
/// out (of one in two splits, the one to train on); boxes are cut at the edges of their images.
/// Returns what was done.
///
/// `report` is that of reading, with the problems of [`Labels::duplicates`] and
/// [`inspect`](crate::inspect()) if they are wanted.
///
/// # Errors
///
/// [`Error::Labels`] if the boxes are in another form than they were read as, which nothing here can
/// repair; [`Error::NotADataset`] if no image is left; else as [`write`](fn@crate::write).
pub fn repair(
    dir: &Path,
    mut labels: Labels,
    report: &Report,
    format: Format,
    out: &Path,
) -> Result<Vec<Repair>, Error> {
    check_output(dir, out)?;
    let of = |kind| report.problems.iter().filter(move |p: &&Problem| p.kind == kind);
    if let Some(first) = of(ProblemKind::Implausible).next() {
        return Err(Error::Labels { first: Box::new(first.clone()), more: 0 });
    }
    let copies: HashSet<&Path> = of(ProblemKind::SplitLeak)
        .chain(of(ProblemKind::Duplicate))
        .map(|problem| problem.file.as_path())
        .collect();
    let is_copy = |image: &LabeledImage| match &image.source {
        ImageSource::File(path) => copies.contains(path.as_path()),
        ImageSource::Encoded(_) => false,
    };
    let before = labels.images.len();
    labels.images.retain(|image| !is_copy(image));
    let removed = before - labels.images.len();
    if labels.images.is_empty() {
        let message = format!("no image can be used\n{report}");
        return Err(Error::NotADataset { path: dir.to_path_buf(), message });
    }
    write(&labels, format, out)?;
    let count = |kind| of(kind).count();
    let done = [
        (count(ProblemKind::Malformed), "malformed labels were left out, with their images"),
        (count(ProblemKind::ImageMissing), "labels without an image were left out"),
        (count(ProblemKind::ImageUnreadable), "broken images were left out"),
        (count(ProblemKind::SizeMismatch), "labels for images of another size were left out"),
        (labels.bad_boxes.len(), "images with a box that cannot be were left out"),
        (count(ProblemKind::NoLabel), "images without a label were left out"),
        (count(ProblemKind::NoBox), "annotations without a box were left out"),
        (count(ProblemKind::BoxClamped), "boxes were cut at the edges of their images"),
        (removed, "copies of images were left out"),
    ];
    let repair = |(count, what)| (count > 0).then_some(Repair { count, what });
    Ok(done.into_iter().filter_map(repair).collect())
}
