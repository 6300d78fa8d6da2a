//! Overlap losses of boxes against their formulas, with slopes by central differences, and boxes
//! without an area.

use super::{BoxLoss, box_loss};

const ALL: [BoxLoss; 3] = [BoxLoss::Giou, BoxLoss::Diou, BoxLoss::Ciou];

/// `1 - IoU` plus the penalty, as the papers write it. `alpha` is the weight of `CIoU`'s aspect
/// ratio.
fn formula(kind: BoxLoss, p: [f64; 4], t: [f64; 4], alpha: Option<f64>) -> f64 {
    const EPS: f64 = 1e-7;
    let area = |b: [f64; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let side = |low: f64, high: f64| (high - low).max(0.0);
    let inter = side(p[0].max(t[0]), p[2].min(t[2])) * side(p[1].max(t[1]), p[3].min(t[3]));
    let union = area(p) + area(t) - inter;
    let iou = inter / (union + EPS);
    let (width, height) = (p[2].max(t[2]) - p[0].min(t[0]), p[3].max(t[3]) - p[1].min(t[1]));
    let center = |b: [f64; 4]| [(b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0];
    let distance: f64 = center(p).iter().zip(center(t)).map(|(p, t)| (p - t).powi(2)).sum();
    let diou = 1.0 - iou + distance / (width * width + height * height + EPS);
    match kind {
        BoxLoss::Giou => 1.0 - iou + (width * height - union) / (width * height + EPS),
        BoxLoss::Diou => diou,
        BoxLoss::Ciou => {
            let v = aspect(p, t);
            diou + alpha.unwrap_or_else(|| v / (1.0 - iou + v + EPS)) * v
        }
    }
}

fn aspect(p: [f64; 4], t: [f64; 4]) -> f64 {
    let angle = |b: [f64; 4]| ((b[2] - b[0]) / (b[3] - b[1])).atan();
    4.0 / std::f64::consts::PI.powi(2) * (angle(t) - angle(p)).powi(2)
}

/// The weight of the aspect ratio at a pair of boxes: a constant, as far as its gradient is
/// concerned.
fn alpha(p: [f64; 4], t: [f64; 4]) -> f64 {
    let v = aspect(p, t);
    let one_minus_iou = formula(BoxLoss::Ciou, p, t, Some(0.0)) - center_penalty(p, t);
    v / (one_minus_iou + v + 1e-7)
}

fn center_penalty(p: [f64; 4], t: [f64; 4]) -> f64 {
    let (width, height) = (p[2].max(t[2]) - p[0].min(t[0]), p[3].max(t[3]) - p[1].min(t[1]));
    let shift = |i: usize| (p[i] + p[i + 2] - t[i] - t[i + 2]) / 2.0;
    (shift(0).powi(2) + shift(1).powi(2)) / (width * width + height * height + 1e-7)
}

/// Pairs of boxes with an area: apart, overlapping, one in the other, of all aspect ratios.
fn pairs() -> Vec<([f32; 4], [f32; 4])> {
    let mut state = 7_u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(state >> 16).expect("16 bits")) / 65_536.0
    };
    let mut rectangle = || {
        let (x, y, w, h) = (draw(), draw(), 0.02 + 0.6 * draw(), 0.02 + 0.6 * draw());
        [x, y, x + w, y + h]
    };
    (0..400).map(|_| (rectangle(), rectangle())).collect()
}

#[test]
fn values_are_those_of_the_papers_and_gradients_their_central_differences() {
    for (pred, target) in pairs() {
        let (p, t) = (pred.map(f64::from), target.map(f64::from));
        for kind in ALL {
            let (loss, gradient) = box_loss(kind, pred, target);
            let want = formula(kind, p, t, None);
            assert!((f64::from(loss) - want).abs() < 1e-6, "{kind:?}: {loss}, not {want}");
            for i in 0..4 {
                // `alpha` stays what it is at the prediction: the papers let no gradient flow
                // through it.
                let at = |shift: f64| {
                    let mut moved = p;
                    moved[i] += shift;
                    formula(kind, moved, t, Some(alpha(p, t)))
                };
                let [near, far] = [1e-6, 3e-6].map(|step| (at(step) - at(-step)) / (2.0 * step));
                if (near - far).abs() > 1e-4 {
                    continue; // a corner of the two boxes nearly coincides: a kink
                }
                let got = f64::from(gradient[i]);
                assert!(
                    (got - near).abs() < 1e-4 * (1.0 + near.abs()),
                    "{kind:?} of {pred:?} against {target:?}, corner {i}: {got}, not {near}"
                );
            }
        }
    }
}

#[test]
fn losses_are_at_least_0_giou_at_most_2_and_ciou_never_below_diou() {
    for (pred, target) in pairs() {
        let [giou, diou, ciou] = ALL.map(|kind| box_loss(kind, pred, target).0);
        assert!((-1e-6..=2.0).contains(&giou), "{pred:?}, {target:?}: {giou}");
        assert!((-1e-6..=2.0).contains(&diou), "{pred:?}, {target:?}: {diou}");
        assert!(ciou >= diou && ciou <= 3.0, "{pred:?}, {target:?}: {ciou} and {diou}");
    }
}

#[test]
fn giou_and_diou_are_symmetric_and_all_are_the_same_for_shifted_and_mirrored_boxes() {
    for (pred, target) in pairs() {
        for kind in ALL {
            let (loss, gradient) = box_loss(kind, pred, target);
            assert!((loss - box_loss(kind, target, pred).0).abs() < 1e-5, "{kind:?}: symmetric");
            let shifted = |b: [f32; 4]| [b[0] + 2.0, b[1] - 1.0, b[2] + 2.0, b[3] - 1.0];
            let moved = box_loss(kind, shifted(pred), shifted(target)).0;
            assert!((loss - moved).abs() < 2e-4, "{kind:?}: {loss}, shifted {moved}");
            let mirror = |b: [f32; 4]| [-b[2], b[1], -b[0], b[3]];
            let (mirrored, slope) = box_loss(kind, mirror(pred), mirror(target));
            assert!((loss - mirrored).abs() < 1e-6, "{kind:?}: {loss}, mirrored {mirrored}");
            let want = [-gradient[2], gradient[1], -gradient[0], gradient[3]];
            for (got, want) in slope.iter().zip(want) {
                assert!((got - want).abs() < 1e-4 * (1.0 + want.abs()), "{kind:?}: {slope:?}");
            }
        }
    }
}

#[test]
fn a_shift_of_both_boxes_changes_nothing_so_shifts_of_the_prediction_have_the_slope_of_both_sides()
{
    // Two unit squares side by side, `gap` apart: IoU 0, hull 1 x (2 + gap).
    for gap in [0.5_f32, 1.0, 3.0] {
        let (pred, target) = ([1.0 + gap, 0.0, 2.0 + gap, 1.0], [0.0, 0.0, 1.0, 1.0]);
        let (loss, gradient) = box_loss(BoxLoss::Giou, pred, target);
        assert!((loss - (1.0 + gap / (2.0 + gap))).abs() < 1e-6, "gap {gap}: {loss}");
        // d/dgap of gap / (2 + gap), reached by moving both of its sides.
        let slope = gradient[0] + gradient[2];
        assert!((slope - 2.0 / (2.0 + gap).powi(2)).abs() < 1e-5, "gap {gap}: {slope}");
        let (loss, gradient) = box_loss(BoxLoss::Diou, pred, target);
        let (distance, diagonal) = (1.0 + gap, (2.0 + gap).powi(2) + 1.0);
        assert!((loss - 1.0 - distance * distance / diagonal).abs() < 1e-6, "gap {gap}: {loss}");
        assert!(gradient[0] + gradient[2] > 0.0, "gap {gap}: nearer is better, {gradient:?}");
    }
}

#[test]
fn boxes_without_an_area_have_finite_losses_and_gradients_where_the_documentation_says_so() {
    let target = [0.2, 0.2, 0.6, 0.5];
    let degenerate = [
        [0.4, 0.3, 0.4, 0.3], // a point in the target
        [0.9, 0.9, 0.9, 0.9], // a point outside
        [0.4, 0.2, 0.4, 0.5], // a vertical line
        [0.6, 0.2, 0.2, 0.5], // left and right exchanged
        [0.6, 0.5, 0.2, 0.2], // both exchanged: a positive area
        [0.6, 0.5, 0.9, 0.9], // touches the target's corner
    ];
    for pred in degenerate {
        for kind in [BoxLoss::Giou, BoxLoss::Diou] {
            let (loss, gradient) = box_loss(kind, pred, target);
            let finite = loss.is_finite() && gradient.iter().all(|g| g.is_finite());
            assert!(finite, "{kind:?} of {pred:?}: {loss}, {gradient:?}");
        }
    }
    // A height of zero divides by zero in the aspect ratio of CIoU; a width of zero does not.
    let (loss, gradient) = box_loss(BoxLoss::Ciou, [0.4, 0.2, 0.4, 0.5], target);
    assert!(loss.is_finite() && gradient.iter().all(|g| g.is_finite()), "{loss}, {gradient:?}");
    assert!(box_loss(BoxLoss::Ciou, [0.4, 0.3, 0.4, 0.3], target).0.is_nan());
    // A target without an area overlaps nothing.
    for kind in [BoxLoss::Giou, BoxLoss::Diou] {
        let (loss, _) = box_loss(kind, target, [0.3; 4]);
        assert!(loss.is_finite() && loss >= 1.0 - 1e-6, "{kind:?}: {loss}");
    }
}

#[test]
fn equal_sides_share_the_gradient_evenly() {
    // The left sides coincide: each of the two formulas that meet there gets half.
    let (pred, target) = ([0.2, 0.2, 0.5, 0.6], [0.2, 0.1, 0.6, 0.7]);
    for kind in ALL {
        let (_, at) = box_loss(kind, pred, target);
        let side = |shift: f32| box_loss(kind, [0.2 + shift, 0.2, 0.5, 0.6], target).1[0];
        let mean = f32::midpoint(side(1e-5), side(-1e-5));
        assert!((at[0] - mean).abs() < 1e-2, "{kind:?}: {} between {mean}", at[0]);
    }
}
