//! How good boxes and classes are: overlap, thresholds, class accuracy, centre error.

use serde::{Deserialize, Serialize};

use crate::BBox;
pub use crate::metrics_baseline::{best_constant_box, mean_iou};
pub use crate::metrics_interval::{Interval, bootstrap_mean};

/// What was predicted for one picture, or what is true of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Located {
    /// The box.
    pub bbox: BBox,
    /// The class.
    pub class: usize,
}

/// Means over pictures. All but `centre_error` are 0 to 1 and better when higher.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The number of pictures.
    pub images: usize,
    /// Mean intersection over union.
    pub mean_iou: f64,
    /// Share of pictures with an IoU of at least 0.5.
    pub iou50: f64,
    /// Share of pictures with an IoU of at least 0.75.
    pub iou75: f64,
    /// The mean, over the thresholds 0.5, 0.55, …, 0.95, of the share at or above the threshold.
    pub iou50_95: f64,
    /// Share of pictures with the right class.
    pub class_accuracy: f64,
    /// Share of pictures with the right class and an IoU of at least 0.5 (the top-1 localization
    /// of the ImageNet challenge, as accuracy).
    pub top1_localization: f64,
    /// Mean distance of the centres, each axis as a fraction of the picture's side. Infinite if a
    /// predicted box is not finite.
    pub centre_error: f64,
}

/// Compares predictions with the truth, picture by picture.
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
    assert_eq!(
        predicted.len(),
        truth.len(),
        "{} predictions for {} pictures",
        predicted.len(),
        truth.len()
    );
    assert!(!truth.is_empty(), "metrics of no picture are not defined");
    let ious = ious(predicted, truth);
    let n = truth.len() as f64;
    let share = |hits: usize| hits as f64 / n;
    let above = |threshold: f64| share(ious.iter().filter(|&&iou| iou >= threshold).count());
    let pairs = || predicted.iter().zip(truth);
    let right = |(p, t): &(&Located, &Located)| p.class == t.class;
    Metrics {
        images: truth.len(),
        mean_iou: ious.iter().sum::<f64>() / n,
        iou50: above(0.5),
        iou75: above(0.75),
        iou50_95: (0..10).map(|k| above(f64::from(50 + 5 * k) / 100.0)).sum::<f64>() / 10.0,
        class_accuracy: share(pairs().filter(right).count()),
        top1_localization: share(
            pairs().zip(&ious).filter(|(pair, iou)| right(pair) && **iou >= 0.5).count(),
        ),
        centre_error: pairs().map(|(p, t)| centre_distance(&p.bbox, &t.bbox)).sum::<f64>() / n,
    }
}

/// The overlap of each picture's boxes, for intervals and for the worst pictures.
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
        "{} predictions for {} pictures",
        predicted.len(),
        truth.len()
    );
    predicted.iter().zip(truth).map(|(p, t)| p.bbox.iou(&t.bbox)).collect()
}

fn centre_distance(a: &BBox, b: &BBox) -> f64 {
    let ((ax, ay), (bx, by)) = (a.centre(), b.centre());
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
        assert!((m.centre_error - (0.0 + 0.25 + 0.375 + 0.5) / 4.0).abs() < 1e-7);
    }

    #[test]
    fn a_broken_prediction_is_the_worst_one() {
        let truth = [at(0.0, 1.0, 0)];
        let m = evaluate(&[at(f32::NAN, 1.0, 0)], &truth);
        assert_eq!((m.mean_iou, m.centre_error), (0.0, f64::INFINITY));
    }

    #[test]
    #[should_panic(expected = "1 predictions for 2 pictures")]
    fn lengths_must_agree() {
        let _ = evaluate(&[at(0.0, 1.0, 0)], &[at(0.0, 1.0, 0); 2]);
    }
}
