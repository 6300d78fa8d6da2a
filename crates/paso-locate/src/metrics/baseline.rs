//! The box that a model must beat: the best one that never looks at the image.
//!
//! If all objects lie in the middle, a net that answers "the middle" has a high IoU and has learned
//! nothing. The best constant box is the strongest such answer.
//!
//! The mean IoU of a box is neither convex nor smooth in its edges, so the search is local: from
//! the best of three starts, edges are moved as long as it helps. It ends where no single edge can
//! be moved by 1/1024 of the side for the better; moving two edges at once still might.

use crate::BBox;

/// The constant box with the highest mean IoU on these boxes that a local search finds, and that
/// mean. Train boxes go in; what the box scores elsewhere is the baseline there.
///
/// Starts from the mean, the median and the whole image, keeps the best, and moves its edges by
/// steps that halve from 1/16 to 1/1024 as long as that helps.
///
/// ```
/// use paso_locate::BBox;
/// use paso_locate::metrics::{best_constant_box, mean_iou};
/// let train = [BBox::new(0.0, 0.0, 0.5, 0.5), BBox::new(0.0, 0.0, 0.6, 0.5)];
/// let (best, score) = best_constant_box(&train);
/// assert!(score > 0.9);
/// // What it scores on other images is what a net has to exceed there.
/// let val = [BBox::new(0.5, 0.5, 1.0, 1.0)];
/// assert!(mean_iou(&best, &val) < 0.1);
/// ```
///
/// # Panics
///
/// If there is no box.
#[must_use]
#[track_caller]
pub fn best_constant_box(boxes: &[BBox]) -> (BBox, f64) {
    assert!(!boxes.is_empty(), "no box to find the best constant box for");
    let mut best = [BBox::FULL, mean(boxes), median(boxes)]
        .into_iter()
        .map(|candidate| (candidate, mean_iou(&candidate, boxes)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .expect("there are three");
    let mut step = 1.0 / 16.0;
    while step >= 1.0 / 1024.0 {
        let before = best.1;
        for edge in 0..4 {
            for moved in [-step, step] {
                let mut corners = best.0.xyxy();
                corners[edge] = (corners[edge] + moved).clamp(0.0, 1.0);
                let candidate = BBox::from_xyxy(corners);
                let score = mean_iou(&candidate, boxes);
                if score > best.1 {
                    best = (candidate, score);
                }
            }
        }
        if best.1 == before {
            step /= 2.0;
        }
    }
    best
}

/// The mean IoU of one box with many, 0 to 1; NaN without a box to compare with.
#[must_use]
pub fn mean_iou(candidate: &BBox, boxes: &[BBox]) -> f64 {
    boxes.iter().map(|b| candidate.iou(b)).sum::<f64>() / boxes.len() as f64
}

#[expect(clippy::cast_possible_truncation, reason = "f32 is this crate's precision of boxes")]
fn mean(boxes: &[BBox]) -> BBox {
    let mut sums = [0.0_f64; 4];
    for b in boxes {
        for (sum, v) in sums.iter_mut().zip(b.xyxy()) {
            *sum += f64::from(v);
        }
    }
    BBox::from_xyxy(sums.map(|s| (s / boxes.len() as f64) as f32))
}

fn median(boxes: &[BBox]) -> BBox {
    BBox::from_xyxy([0, 1, 2, 3].map(|i| {
        let mut values: Vec<f32> = boxes.iter().map(|b| b.xyxy()[i]).collect();
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_box_is_its_own_best() {
        let only = BBox::new(0.2, 0.3, 0.6, 0.9);
        let (found, score) = best_constant_box(&[only]);
        assert!(found.iou(&only) > 0.999 && score > 0.999, "{found:?} {score}");
    }

    #[test]
    fn at_least_as_good_as_mean_median_and_all() {
        let boxes: Vec<BBox> = (0..50)
            .map(|i| {
                let x = (i * 7 % 50) as f32 / 100.0;
                let y = (i * 13 % 50) as f32 / 80.0;
                BBox::new(x, y, x + 0.2 + x / 2.0, y + 0.3)
            })
            .collect();
        let (_, score) = best_constant_box(&boxes);
        for simple in [BBox::FULL, mean(&boxes), median(&boxes)] {
            assert!(score >= mean_iou(&simple, &boxes));
        }
    }
}
