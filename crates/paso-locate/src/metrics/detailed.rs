//! Every metric with its interval, and the overlap by class and by size of the object.
//!
//! Groups show where a mean comes from: a net may find large objects and miss small ones, or know
//! one class only. Of a group with few images the interval is wide, and below about 20 too narrow.

use serde::{Deserialize, Serialize};

use crate::metrics::{Interval, Located, Values, bootstrap_mean};

/// The level of the intervals.
pub const LEVEL: f64 = 0.95;
/// How often the images are drawn again for an interval.
pub const DRAWS: usize = 2000;

/// An object is small below this share of the image's area.
///
/// COCO counts pixels (32 x 32 and 96 x 96), which mean nothing once an image was scaled to a net's
/// input. 5 % is a square of 22 % of the side: about 21 pixels of an input of 96, two or three
/// cells of the last map of a net that looks at every eighth pixel.
pub const SMALL_BELOW: f64 = 0.05;
/// An object that is not small is medium below this share of the image's area: half of the side.
pub const MEDIUM_BELOW: f64 = 0.25;

/// The metrics of [`Metrics`](crate::metrics::Metrics), each with its interval, and groups of
/// images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetailedMetrics {
    /// The number of images.
    pub images: usize,
    /// Mean intersection over union.
    pub mean_iou: Interval,
    /// Share of images with an IoU of at least 0.5.
    pub iou50: Interval,
    /// Share of images with an IoU of at least 0.75.
    pub iou75: Interval,
    /// The mean, over the thresholds 0.5, 0.55, …, 0.95, of the share at or above the threshold.
    pub iou50_95: Interval,
    /// Share of images with the right class.
    pub class_accuracy: Interval,
    /// Share of images with the right class and an IoU of at least 0.5.
    pub top1_localization: Interval,
    /// Mean distance of the centers as a fraction of the side. Lower is better.
    pub center_error: Interval,
    /// The images of each class that there are any of, in the order of the classes.
    pub by_class: Vec<Group>,
    /// The images by the area of the true box: `small`, `medium` and `large`, where there are any.
    pub by_size: Vec<Group>,
}

/// Some of the images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The name of the class or the size.
    pub name: String,
    /// The number of images.
    pub images: usize,
    /// Mean intersection over union. Of few images the interval is too narrow: see
    /// [`bootstrap_mean`].
    pub mean_iou: Interval,
    /// Share of images with the right class.
    pub class_accuracy: f64,
}

impl DetailedMetrics {
    /// The metrics with their names, in the order of the fields.
    #[must_use]
    pub fn metrics(&self) -> [(&'static str, Interval); 7] {
        [
            ("mean_iou", self.mean_iou),
            ("iou50", self.iou50),
            ("iou75", self.iou75),
            ("iou50_95", self.iou50_95),
            ("class_accuracy", self.class_accuracy),
            ("top1_localization", self.top1_localization),
            ("center_error", self.center_error),
        ]
    }
}

/// Evaluates predictions, image by image: every mean with its percentile bootstrap interval of
/// [`LEVEL`] from [`DRAWS`] draws. The same input gives the same intervals.
///
/// ```
/// use paso_locate::{BBox, metrics::{Located, evaluate_in_detail}};
/// let truth = [Located { bbox: BBox::new(0.0, 0.0, 0.5, 1.0), class: 1 }; 4];
/// let found = [Located { bbox: BBox::FULL, class: 1 }; 4];
/// let detailed = evaluate_in_detail(&found, &truth, &["cat".into(), "dog".into()]);
/// assert_eq!((detailed.mean_iou.low, detailed.mean_iou.high), (0.5, 0.5));
/// // Half of the image is a large object; no image has a cat.
/// assert_eq!((detailed.by_size[0].name.as_str(), detailed.by_class.len()), ("large", 1));
/// # Ok::<(), paso_locate::Error>(())
/// ```
///
/// # Panics
///
/// If the lengths differ or are 0, or a true class has no name.
#[must_use]
#[track_caller]
pub fn evaluate_in_detail(
    predicted: &[Located],
    truth: &[Located],
    classes: &[String],
) -> DetailedMetrics {
    let values = Values::new(predicted, truth);
    let mean = |values: &[f64]| bootstrap_mean(values, LEVEL, DRAWS, 0);
    let group = |name: &str, holds: &dyn Fn(&Located) -> bool| {
        let members: Vec<usize> = (0..truth.len()).filter(|&i| holds(&truth[i])).collect();
        let of = |all: &[f64]| members.iter().map(|&i| all[i]).collect::<Vec<_>>();
        let right = of(&values.class);
        (!members.is_empty()).then(|| Group {
            name: name.into(),
            images: members.len(),
            mean_iou: mean(&of(&values.iou)),
            class_accuracy: right.iter().sum::<f64>() / members.len() as f64,
        })
    };
    assert!(
        truth.iter().all(|t| t.class < classes.len()),
        "a class is beyond the {} names",
        classes.len()
    );
    let sizes = [
        ("small", 0.0, SMALL_BELOW),
        ("medium", SMALL_BELOW, MEDIUM_BELOW),
        ("large", MEDIUM_BELOW, f64::INFINITY),
    ];
    let [mean_iou, iou50, iou75, iou50_95, class_accuracy, top1_localization, center_error] =
        values.means(mean);
    DetailedMetrics {
        images: truth.len(),
        mean_iou,
        iou50,
        iou75,
        iou50_95,
        class_accuracy,
        top1_localization,
        center_error,
        by_class: (0..classes.len())
            .filter_map(|class| group(&classes[class], &|t| t.class == class))
            .collect(),
        by_size: sizes
            .iter()
            .filter_map(|&(name, from, below)| {
                group(name, &|t| (from..below).contains(&t.bbox.area()))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BBox;
    use crate::metrics::evaluate;

    fn square(side: f32, class: usize) -> Located {
        Located { bbox: BBox::new(0.0, 0.0, side, side), class }
    }

    fn names() -> Vec<String> {
        ["ant", "bee", "cat"].map(String::from).to_vec()
    }

    #[test]
    fn the_means_are_those_of_evaluate_and_lie_in_their_intervals() {
        let truth: Vec<Located> = (0..40).map(|i| square(0.1 + 0.02 * i as f32, i % 3)).collect();
        let found: Vec<Located> = (0..40).map(|i| square(0.12 + 0.018 * i as f32, i % 2)).collect();
        let (plain, evaluated) =
            (evaluate(&found, &truth), evaluate_in_detail(&found, &truth, &names()));
        let wanted = [
            plain.mean_iou,
            plain.iou50,
            plain.iou75,
            plain.iou50_95,
            plain.class_accuracy,
            plain.top1_localization,
            plain.center_error,
        ];
        for ((name, interval), mean) in evaluated.metrics().into_iter().zip(wanted) {
            assert_eq!(interval.mean, mean, "{name}");
            assert!(interval.low <= mean && mean <= interval.high, "{name}: {interval:?}");
        }
        assert!(evaluated.mean_iou.low < evaluated.mean_iou.high, "{evaluated:?}");
    }

    #[test]
    fn groups_hold_their_own_images_and_all_of_them() {
        // Areas 1, 9, 25 and 49 %: the limits themselves belong to the larger size.
        let truth = [square(0.1, 0), square(0.3, 2), square(0.5, 2), square(0.7, 2)];
        let found = [square(0.1, 0), square(0.3, 1), square(0.5, 2), square(0.35, 2)];
        let evaluated = evaluate_in_detail(&found, &truth, &names());
        let shown = |groups: &[Group]| -> Vec<(String, usize)> {
            groups.iter().map(|g| (g.name.clone(), g.images)).collect()
        };
        let named = |list: &[(&str, usize)]| -> Vec<(String, usize)> {
            list.iter().map(|&(name, n)| (name.into(), n)).collect()
        };
        assert_eq!(shown(&evaluated.by_class), named(&[("ant", 1), ("cat", 3)]));
        assert_eq!(shown(&evaluated.by_size), named(&[("small", 1), ("medium", 1), ("large", 2)]));
        assert!((evaluated.by_class[1].class_accuracy - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(evaluated.by_size[1].class_accuracy, 0.0);
        assert!((evaluated.by_size[2].mean_iou.mean - 0.625).abs() < 1e-6, "1 and 1/4");
    }
}
