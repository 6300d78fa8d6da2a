//! How good boxes and classes are: overlap, thresholds, class accuracy, center error.
//!
//! Every image has one object and gets one box, so these are means over images. They are not the
//! *average precision* of detectors, which ranks several boxes per image by their scores: there is
//! nothing to rank here.
//!
//! | metric | an image counts |
//! |---|---|
//! | `mean_iou` | its IoU |
//! | `iou50`, `iou75` | 1 if its IoU is at least 0.5, 0.75 |
//! | `iou50_95` | the share of ten thresholds, 0.5 to 0.95, that its IoU reaches |
//! | `class_accuracy` | 1 if the class is right |
//! | `top1_localization` | 1 if both hold: the class is right, and the IoU at least 0.5 |
//! | `center_error` | the distance of the centers, in sides of the image |
//!
//! Sources: Everingham et al. 2010 (IoU, 0.5), Lin et al., arXiv 1405.0312 (thresholds of COCO),
//! Russakovsky et al., arXiv 1409.0575 (top-1 localization).
//!
//! A number alone says little. [`best_constant_box`] is what a model must exceed to have looked at
//! the images at all, and [`bootstrap_mean`] says how far a mean would move on other images of the
//! kind.

mod baseline;
mod detailed;
mod interval;

use serde::{Deserialize, Serialize};

use crate::BBox;
pub use crate::metrics::baseline::{best_constant_box, mean_iou};
pub use crate::metrics::detailed::{
    DRAWS, DetailedMetrics, Group, LEVEL, MEDIUM_BELOW, SMALL_BELOW, evaluate_in_detail,
};
pub use crate::metrics::interval::{Interval, bootstrap_mean};

/// What was predicted for one image, or what is true of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Located {
    /// The box.
    pub bbox: BBox,
    /// The class.
    pub class: usize,
}

/// Means over images. All but `center_error` are 0 to 1 and better when higher.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The number of images.
    pub images: usize,
    /// Mean intersection over union.
    pub mean_iou: f64,
    /// Share of images with an IoU of at least 0.5.
    pub iou50: f64,
    /// Share of images with an IoU of at least 0.75.
    pub iou75: f64,
    /// The mean, over the thresholds 0.5, 0.55, …, 0.95, of the share at or above the threshold.
    pub iou50_95: f64,
    /// Share of images with the right class.
    pub class_accuracy: f64,
    /// Share of images with the right class and an IoU of at least 0.5 (the top-1 localization
    /// of the ImageNet challenge, as accuracy).
    pub top1_localization: f64,
    /// Mean distance of the centers, each axis as a fraction of the image's side. Infinite if a
    /// predicted box is not finite.
    pub center_error: f64,
}

/// Compares predictions with the truth, image by image.
///
/// ```
/// use paso_locate::{BBox, metrics::{Located, evaluate}};
/// let truth = [Located { bbox: BBox::new(0.0, 0.0, 0.5, 1.0), class: 2 }];
/// let found = [Located { bbox: BBox::FULL, class: 2 }];
/// let metrics = evaluate(&found, &truth);
/// assert_eq!((metrics.mean_iou, metrics.iou50, metrics.class_accuracy), (0.5, 1.0, 1.0));
/// ```
///
/// # Panics
///
/// If the lengths differ or are 0.
#[must_use]
#[track_caller]
pub fn evaluate(predicted: &[Located], truth: &[Located]) -> Metrics {
    let values = Values::new(predicted, truth);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let [mean_iou, iou50, iou75, iou50_95, class_accuracy, top1_localization, center_error] =
        values.means(mean);
    Metrics {
        images: truth.len(),
        mean_iou,
        iou50,
        iou75,
        iou50_95,
        class_accuracy,
        top1_localization,
        center_error,
    }
}

/// What each image adds to each mean.
#[derive(Debug)]
pub(crate) struct Values {
    pub(crate) iou: Vec<f64>,
    pub(crate) iou50: Vec<f64>,
    pub(crate) iou75: Vec<f64>,
    pub(crate) iou50_95: Vec<f64>,
    pub(crate) class: Vec<f64>,
    pub(crate) top1: Vec<f64>,
    pub(crate) center: Vec<f64>,
}

impl Values {
    /// The mean of each, in the order of the fields.
    pub(crate) fn means<T>(&self, mean: impl Fn(&[f64]) -> T) -> [T; 7] {
        let Self { iou, iou50, iou75, iou50_95, class, top1, center } = self;
        [iou, iou50, iou75, iou50_95, class, top1, center].map(|values| mean(values))
    }

    #[track_caller]
    pub(crate) fn new(predicted: &[Located], truth: &[Located]) -> Self {
        let iou = ious(predicted, truth);
        assert!(!truth.is_empty(), "metrics of no image are not defined");
        let one_if = |yes: bool| f64::from(u8::from(yes));
        let at_least = |limit: f64| iou.iter().map(|&iou| one_if(iou >= limit)).collect();
        let pairs = || predicted.iter().zip(truth);
        let class: Vec<f64> = pairs().map(|(p, t)| one_if(p.class == t.class)).collect();
        let iou50: Vec<f64> = at_least(0.5);
        let thresholds =
            |iou: f64| (0..10).filter(|&k| iou >= f64::from(50 + 5 * k) / 100.0).count();
        Self {
            iou75: at_least(0.75),
            iou50_95: iou.iter().map(|&iou| thresholds(iou) as f64 / 10.0).collect(),
            top1: class.iter().zip(&iou50).map(|(class, iou)| class * iou).collect(),
            center: pairs().map(|(p, t)| center_distance(&p.bbox, &t.bbox)).collect(),
            class,
            iou50,
            iou,
        }
    }
}

/// The overlap of each image's boxes, in their order, for intervals and for the worst images.
///
/// ```
/// use paso_locate::{BBox, metrics::{Located, ious}};
/// let left = Located { bbox: BBox::new(0.0, 0.0, 0.5, 1.0), class: 0 };
/// let right = Located { bbox: BBox::new(0.5, 0.0, 1.0, 1.0), class: 0 };
/// assert_eq!(ious(&[left, left], &[left, right]), [1.0, 0.0]);
/// ```
///
/// # Panics
///
/// If the lengths differ.
#[must_use]
#[track_caller]
pub fn ious(predicted: &[Located], truth: &[Located]) -> Vec<f64> {
    assert_eq!(
        predicted.len(),
        truth.len(),
        "{} predictions for {} images",
        predicted.len(),
        truth.len()
    );
    predicted.iter().zip(truth).map(|(p, t)| p.bbox.iou(&t.bbox)).collect()
}

fn center_distance(a: &BBox, b: &BBox) -> f64 {
    let ((ax, ay), (bx, by)) = (a.center(), b.center());
    let distance = f64::from(ax - bx).hypot(f64::from(ay - by));
    if distance.is_nan() { f64::INFINITY } else { distance }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x0: f32, x1: f32, class: usize) -> Located {
        Located { bbox: BBox::new(x0, 0.0, x1, 1.0), class }
    }

    #[test]
    fn counts_what_it_says() {
        // IoUs 1, 0.5, 0.25, 0.
        let truth = [at(0.0, 1.0, 0), at(0.0, 1.0, 0), at(0.0, 1.0, 1), at(0.0, 0.5, 1)];
        let found = [at(0.0, 1.0, 0), at(0.0, 0.5, 1), at(0.0, 0.25, 1), at(0.5, 1.0, 1)];
        let m = evaluate(&found, &truth);
        assert_eq!(m.images, 4);
        assert_eq!(m.mean_iou, 1.75 / 4.0);
        assert_eq!((m.iou50, m.iou75), (0.5, 0.25));
        assert!((m.iou50_95 - (0.5 + 9.0 * 0.25) / 10.0).abs() < 1e-12);
        assert_eq!((m.class_accuracy, m.top1_localization), (0.75, 0.25));
        assert!((m.center_error - (0.0 + 0.25 + 0.375 + 0.5) / 4.0).abs() < 1e-7);
    }

    #[test]
    fn a_broken_prediction_is_the_worst_one() {
        let truth = [at(0.0, 1.0, 0)];
        let m = evaluate(&[at(f32::NAN, 1.0, 0)], &truth);
        assert_eq!((m.mean_iou, m.center_error), (0.0, f64::INFINITY));
    }

    #[test]
    #[should_panic(expected = "1 predictions for 2 images")]
    fn lengths_must_agree() {
        let _ = evaluate(&[at(0.0, 1.0, 0)], &[at(0.0, 1.0, 0); 2]);
    }
}
