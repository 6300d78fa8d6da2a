//! Whether the boxes of the whole set can be what their numbers are taken for.

use crate::ReadOptions;
use crate::check::Headers;
use crate::folder::Files;
use crate::raw::RawLabels;
use crate::report::Problem;

/// Applies what the user says of the numbers of boxes, and refuses numbers that are in another
/// form.
pub(crate) fn apply(
    labels: &mut RawLabels,
    _headers: &Headers,
    options: &ReadOptions,
    _files: &Files,
    _problems: &mut Vec<Problem>,
) {
    for object in labels.images.iter_mut().flat_map(|i| &mut i.objects).filter(|o| !o.outline) {
        object.format = options.box_format.unwrap_or(object.format);
        object.units = options.box_units.unwrap_or(object.units);
    }
}
