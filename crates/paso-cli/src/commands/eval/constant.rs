//! The best prediction that looks at no image.
//!
//! A network must be better than this to have learned anything: objects tend to be near the center,
//! so one fixed box has a mean `IoU` far above zero. Its box is fitted on the training images, as a
//! network is.
//!
//! The box and the class are chosen separately: the box by the mean `IoU` on the images that it is
//! fitted on, the class by its frequency there. Of classes that are equally frequent, the first in
//! the order of the data set is taken, so that the result does not depend on chance.

use super::table::Constant;
use paso_locate::BBox;
use paso_locate::data::{Dataset, Split};
use paso_locate::metrics::{Located, best_constant_box, evaluate_in_detail};

/// What knows the training images' labels and looks at no image: the box that is best for them, and
/// their most frequent class. Where there are no training images, those of the evaluated ones.
///
/// `truth` are the boxes and classes of the evaluated images in their order. If they are also what
/// the box is fitted on, its score is too high; `fitted_on` records it, and the text says so.
pub(super) fn constant(split: Split, dataset: &Dataset, truth: &[Located]) -> Constant {
    let samples = dataset.samples.iter().filter(|s| s.split == Split::Train);
    let train: Vec<Located> = samples.map(|s| Located { bbox: s.bbox, class: s.class }).collect();
    let (from, known) = if train.is_empty() { (split, truth) } else { (Split::Train, &train[..]) };
    let boxes: Vec<BBox> = known.iter().map(|l| l.bbox).collect();
    let (bbox, _) = best_constant_box(&boxes);
    let count = |class: &usize| known.iter().filter(|l| l.class == *class).count();
    // The first of equals: `max_by_key` alone would take the last.
    let class = (0..dataset.classes.len()).rev().max_by_key(count).unwrap_or(0);
    Constant {
        bbox,
        class: dataset.classes[class].clone(),
        fitted_on: (from, known.len()),
        evaluated: evaluate_in_detail(
            &vec![Located { bbox, class }; truth.len()],
            truth,
            &dataset.classes,
        ),
    }
}
