//! Losses against their formulas in `f64`, and gradients against differences of those.

use super::*;
use crate::test_support::{assert_panics, values};

type Loss = fn(&[f32], &[f32]) -> f32;
type Grad = fn(&[f32], &[f32], f32, &mut [f32]);
type Term = fn(f64, f64) -> f64;

fn huber(x: f64, t: f64) -> f64 {
    let d = (x - t).abs();
    if d < 0.5 { d * d } else { d - 0.25 }
}

/// Value, gradient, and one term of the mean.
const LOSSES: [(&str, Loss, Grad, Term); 4] = [
    ("mse", mse, mse_grad, |x, t| (x - t).powi(2)),
    (
        "smooth L1",
        |x, t| smooth_l1(x, t, 0.5),
        |x, t, s, dx| smooth_l1_grad(x, t, 0.5, s, dx),
        huber,
    ),
    (
        "L1",
        |x, t| smooth_l1(x, t, 0.0),
        |x, t, s, dx| smooth_l1_grad(x, t, 0.0, s, dx),
        |x, t| (x - t).abs(),
    ),
    ("cross-entropy with logits", bce_with_logits, bce_with_logits_grad, |x, t| {
        (1.0 + x.exp()).ln() - x * t
    }),
];

#[test]
fn means_and_their_gradients_follow_the_formulas() {
    for (what, loss, grad, term) in LOSSES {
        for len in [1, 2, 3, 7, 8, 9, 16, 33] {
            let x: Vec<f32> = values(len, 1).iter().map(|x| 3.0 * x).collect();
            let target: Vec<f32> = values(len, 2).iter().map(|t| 0.5 + 0.5 * t).collect();
            let wide = || x.iter().zip(&target).map(|(&x, &t)| (f64::from(x), f64::from(t)));
            let count = f64::from(u32::try_from(len).unwrap());
            let want = wide().map(|(x, t)| term(x, t)).sum::<f64>() / count;
            let got = f64::from(loss(&x, &target));
            assert!((got - want).abs() < 2e-6 * (1.0 + want), "{what}: {got}, not {want}");
            let mut dx = vec![f32::NAN; len];
            grad(&x, &target, 2.0, &mut dx);
            for (got, (x, t)) in dx.iter().zip(wide()) {
                let step = 1e-6;
                let slope = (term(x + step, t) - term(x - step, t)) / (2.0 * step);
                let want = 2.0 * slope / count;
                assert!(
                    (f64::from(*got) - want).abs() < 1e-5,
                    "{what} of {len}: {got}, not {want}"
                );
            }
        }
    }
}

#[test]
fn a_nan_reaches_the_loss_and_its_own_gradient_only() {
    for (what, loss, grad, _) in LOSSES {
        let (x, target) = ([0.5, f32::NAN, -0.5], [0.0, 1.0, 1.0]);
        assert!(loss(&x, &target).is_nan(), "{what}");
        let mut dx = [0.0; 3];
        grad(&x, &target, 1.0, &mut dx);
        assert_eq!(dx.map(f32::is_nan), [false, true, false], "{what}");
    }
}

#[test]
fn logits_of_any_size_give_finite_cross_entropies() {
    for x in [-1e30, -200.0, -1e-45, 0.0, 200.0, 1e30] {
        for target in [0.0, 0.5, 1.0] {
            assert!(bce_with_logits(&[x], &[target]).is_finite(), "{x}, target {target}");
        }
        let loss = cross_entropy(&[x, 0.0], 0, 0.1, None);
        assert!(loss.is_finite() && loss >= 0.0, "{x}: {loss}");
        let mut dx = [0.0; 2];
        cross_entropy_grad(&[x, 0.0], 0, 0.1, None, 1.0, &mut dx);
        assert!((dx[0] + dx[1]).abs() < 1e-6, "{x}: the gradient sums to zero, {dx:?}");
    }
}

#[test]
fn the_cross_entropy_has_the_gradient_of_its_formula() {
    let formula = |x: &[f64], target: usize, smoothing: f64, weights: &[f64]| {
        let log_sum = x.iter().map(|x| x.exp()).sum::<f64>().ln();
        let classes = f64::from(u32::try_from(x.len()).unwrap());
        let terms = x.iter().enumerate().map(|(c, x)| {
            let hard = if c == target { 1.0 - smoothing } else { 0.0 };
            (hard + smoothing / classes) * weights[c] * (log_sum - x)
        });
        terms.sum::<f64>()
    };
    for classes in [1, 2, 3, 8, 17] {
        for smoothing in [0.0, 0.1] {
            for target in [0, classes - 1] {
                let x: Vec<f32> = values(classes, 5).iter().map(|x| 2.0 * x).collect();
                let weights: Vec<f32> = values(classes, 6).iter().map(|w| 1.5 + w).collect();
                let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
                let (mut at, w) = (wide(&x), wide(&weights));
                let got = cross_entropy(&x, target, smoothing, Some(&weights));
                let want = formula(&at, target, f64::from(smoothing), &w);
                assert!((f64::from(got) - want).abs() < 5e-6 * (1.0 + want), "{got}, not {want}");
                let mut dx = vec![0.0; classes];
                cross_entropy_grad(&x, target, smoothing, Some(&weights), 1.0, &mut dx);
                for (c, dx) in dx.iter().enumerate() {
                    let middle = at[c];
                    let mut side = |step: f64| {
                        at[c] = middle + step;
                        formula(&at, target, f64::from(smoothing), &w)
                    };
                    let want = (side(1e-5) - side(-1e-5)) / 2e-5;
                    at[c] = middle;
                    assert!((f64::from(*dx) - want).abs() < 1e-5, "class {c}: {dx}, not {want}");
                }
            }
        }
    }
}

#[test]
fn equal_boxes_have_no_loss_and_distant_ones_a_finite_one() {
    let unit = [0.25, 0.25, 0.75, 0.5];
    for kind in [BoxLoss::Giou, BoxLoss::Diou, BoxLoss::Ciou] {
        let (loss, _) = box_loss(kind, unit, unit);
        assert!(loss.abs() < 1e-5, "{kind:?}: {loss}");
        let (loss, grad) = box_loss(kind, [0.8, 0.8, 0.9, 0.9], [0.1, 0.1, 0.2, 0.2]);
        assert!(loss > 1.0 && grad.iter().all(|g| g.is_finite()), "{kind:?}: {loss}, {grad:?}");
        assert!(grad[0] > 0.0 || grad[2] > 0.0, "{kind:?}: moving left is better, {grad:?}");
        let (loss, _) = box_loss(kind, [f32::NAN, 0.0, 1.0, 1.0], unit);
        assert!(loss.is_nan(), "{kind:?}: {loss}");
    }
    let (loss, grad) = box_loss(BoxLoss::Giou, [0.5; 4], unit);
    assert!(loss.is_finite() && grad.iter().all(|g| g.is_finite()), "a box without an area");
}

#[test]
fn a_small_step_against_the_box_gradient_lowers_the_loss() {
    let target = [0.2, 0.3, 0.6, 0.7];
    for kind in [BoxLoss::Giou, BoxLoss::Diou, BoxLoss::Ciou] {
        for pred in [[0.1, 0.1, 0.5, 0.6], [0.3, 0.4, 0.5, 0.6], [0.7, 0.1, 0.9, 0.2]] {
            let (before, grad) = box_loss(kind, pred, target);
            let step = std::array::from_fn(|i| pred[i] - 1e-3 * grad[i]);
            let (after, _) = box_loss(kind, step, target);
            assert!(after < before, "{kind:?} of {pred:?}: {before}, then {after}");
        }
    }
}

#[test]
fn lengths_and_classes_that_do_not_fit_are_named() {
    for (what, loss, grad, _) in LOSSES {
        assert_panics(&["2", "3"], || {
            let _ = loss(&[0.0; 2], &[0.0; 3]);
        });
        assert_panics(&["2", "1"], || grad(&[0.0; 2], &[0.0; 2], 1.0, &mut [0.0; 1]));
        assert!(!what.is_empty());
    }
    assert_panics(&["class 2 of 2"], || {
        let _ = cross_entropy(&[0.0; 2], 2, 0.0, None);
    });
    assert_panics(&["3 class weights for 2 classes"], || {
        let _ = cross_entropy(&[0.0; 2], 0, 0.0, Some(&[1.0; 3]));
    });
}

#[test]
fn smooth_l1_is_continuous_in_value_and_slope_where_its_two_parts_meet() {
    for beta in [1e-3_f32, 0.1, 1.0, 7.0] {
        for sign in [-1.0, 1.0] {
            let at = |d: f32| smooth_l1(&[sign * d], &[0.0], beta);
            let slope = |d: f32| {
                let mut dx = [f32::NAN];
                smooth_l1_grad(&[sign * d], &[0.0], beta, 1.0, &mut dx);
                dx[0]
            };
            let (below, above) = (beta * 0.999_99, beta * 1.000_01);
            assert!((at(below) - at(above)).abs() < 1e-4 * beta, "beta {beta}");
            assert!((slope(below) - slope(above)).abs() < 1e-4, "beta {beta}");
            assert_eq!(slope(1e6 * beta), sign, "far away the slope is that of L1");
            assert_eq!((at(0.0), slope(0.0)), (0.0, 0.0), "beta {beta} at the target");
        }
    }
    // Without a round part, a value on its target has no slope, and a denormal off it has one.
    let mut dx = [f32::NAN; 3];
    smooth_l1_grad(&[1e-45, 0.0, -1e-45], &[0.0; 3], 0.0, 3.0, &mut dx);
    assert_eq!(dx, [1.0, 0.0, -1.0]);
}

#[test]
fn a_scale_multiplies_every_gradient_and_zero_silences_it() {
    let (x, target) = ([0.7, -1.3, 2.0], [0.0, 1.0, 0.5]);
    for (what, _, grad, _) in LOSSES {
        let with = |scale: f32| {
            let mut dx = [f32::NAN; 3];
            grad(&x, &target, scale, &mut dx);
            dx
        };
        let one = with(1.0);
        assert!(one.iter().any(|dx| *dx != 0.0), "{what}");
        for (dx, one) in with(-4.0).iter().zip(one) {
            assert_eq!(*dx, -4.0 * one, "{what}: powers of two scale exactly");
        }
        assert!(with(0.0).iter().all(|dx| *dx == 0.0), "{what}");
    }
}

#[test]
fn no_values_have_no_mean() {
    for (what, loss, grad, _) in LOSSES {
        assert!(loss(&[], &[]).is_nan(), "{what}: 0 / 0");
        grad(&[], &[], 1.0, &mut []);
    }
}

#[test]
fn binary_cross_entropy_saturates_without_overflow_and_is_exact_where_the_target_is_met() {
    for target in [0.0, 0.25, 1.0] {
        for x in [-1e4_f32, -90.0, 90.0, 1e4] {
            // Far from zero the loss is linear: -x * target below, x * (1 - target) above.
            let want = if x < 0.0 { -x * target } else { x * (1.0 - target) };
            assert!((bce_with_logits(&[x], &[target]) - want).abs() <= 1e-6 * x.abs(), "{x}");
            let mut dx = [f32::NAN];
            bce_with_logits_grad(&[x], &[target], 1.0, &mut dx);
            let want = if x < 0.0 { -target } else { 1.0 - target };
            assert!((dx[0] - want).abs() < 1e-6, "{x}, target {target}: {}", dx[0]);
        }
    }
    // The loss is smallest where sigmoid(x) is the target.
    let logit = |p: f32| (p / (1.0 - p)).ln();
    for target in [0.1, 0.5, 0.9] {
        let mut dx = [f32::NAN];
        bce_with_logits_grad(&[logit(target)], &[target], 1.0, &mut dx);
        assert!(dx[0].abs() < 1e-6, "target {target}: {}", dx[0]);
    }
}

#[test]
fn the_cross_entropy_does_not_change_when_all_logits_shift_and_ignores_impossible_classes() {
    for classes in 1..=17 {
        let x: Vec<f32> = values(classes, 8).iter().map(|x| 4.0 * x).collect();
        let shifted: Vec<f32> = x.iter().map(|x| x + 64.0).collect();
        for smoothing in [0.0, 0.2] {
            let target = classes / 2;
            let loss = cross_entropy(&x, target, smoothing, None);
            let moved = cross_entropy(&shifted, target, smoothing, None);
            assert!((loss - moved).abs() < 2e-5, "{classes} classes: {loss}, shifted {moved}");
        }
    }
    // A class of probability zero leaves the others as they were.
    let (two, three) = ([0.3, -0.4], [0.3, -0.4, f32::NEG_INFINITY]);
    let loss = cross_entropy(&three, 0, 0.0, None);
    assert!((loss - cross_entropy(&two, 0, 0.0, None)).abs() < 1e-6, "{loss}");
    let mut dx = [f32::NAN; 3];
    cross_entropy_grad(&three, 0, 0.0, None, 1.0, &mut dx);
    assert!(dx.iter().all(|dx| dx.is_finite()) && dx[2] == 0.0, "{dx:?}");
    assert_eq!(cross_entropy(&three, 2, 0.0, None), f32::INFINITY);
}

#[test]
fn a_class_of_weight_zero_has_neither_loss_nor_gradient() {
    let (x, weights) = ([0.5, -1.0, 2.0], [0.0, 1.0, 3.0]);
    assert_eq!(cross_entropy(&x, 0, 0.0, Some(&weights)), 0.0);
    let mut dx = [f32::NAN; 3];
    cross_entropy_grad(&x, 0, 0.0, Some(&weights), 1.0, &mut dx);
    assert_eq!(dx, [0.0; 3]);
    // And a weight of three counts three times.
    let (one, three) = (cross_entropy(&x, 2, 0.0, None), cross_entropy(&x, 2, 0.0, Some(&weights)));
    assert!((three - 3.0 * one).abs() < 1e-6, "{three}, {one}");
    assert_panics(&["the gradient needs one element per class"], || {
        cross_entropy_grad(&x, 0, 0.0, None, 1.0, &mut [0.0; 2]);
    });
}
