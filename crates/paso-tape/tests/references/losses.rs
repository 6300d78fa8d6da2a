//! Losses: values and gradients of single losses between a prediction and its target.

use paso_tape::{Activation, BoxLoss, ClassLoss, Tape, Var};

use crate::harness::{BATCH, check_loss, sigmoid, wave};

#[test]
fn elementwise_losses_are_their_formulas() {
    let targets = wave(BATCH * 6, 2.2);
    let mean = |f: fn(f64, f64) -> f64| {
        move |x: &[f64], _: &[f64], t: &[f64]| {
            x.iter().zip(t).map(|(&x, &t)| f(x, t)).sum::<f64>() / x.len() as f64
        }
    };
    check_loss("mse", 6, &targets, |t, x, y| t.mse(x, y), mean(|x, t| (x - t).powi(2)));
    check_loss(
        "smooth L1",
        6,
        &targets,
        |t, x, y| t.smooth_l1(x, y, 0.5),
        mean(|x, t| {
            let d = (x - t).abs();
            if d < 0.5 { d * d } else { d - 0.25 }
        }),
    );
    check_loss("L1", 6, &targets, |t, x, y| t.smooth_l1(x, y, 0.0), mean(|x, t| (x - t).abs()));
    let shares: Vec<f32> = targets.iter().map(|t| 0.5 + 0.5 * t).collect();
    check_loss(
        "BCE",
        6,
        &shares,
        |t, x, y| t.bce_with_logits(x, y),
        mean(|x, t| -t * sigmoid(x).ln() - (1.0 - t) * (1.0 - sigmoid(x)).ln()),
    );
}

#[test]
fn cross_entropies_are_their_formulas_with_smoothing_and_weights() {
    for (smoothing, weights) in
        [(0.0, None), (0.2, None), (0.0, Some([0.5, 2.0, 1.0])), (0.3, Some([0.5, 0.0, 1.5]))]
    {
        let settings = ClassLoss { smoothing, weights: weights.map(Vec::from) };
        check_loss(
            &format!("{settings:?}"),
            3,
            &[2.0, 0.0, 1.0],
            |t, x, class| t.cross_entropy(x, class, settings.clone()),
            |x, _, class| {
                let log_sum = x.iter().map(|x| x.exp()).sum::<f64>().ln();
                let terms = x.iter().enumerate().map(|(c, x)| {
                    let hard = if c as f64 == class[0] { 1.0 - f64::from(smoothing) } else { 0.0 };
                    let weight = weights.map_or(1.0, |w: [f32; 3]| f64::from(w[c]));
                    weight * (hard + f64::from(smoothing) / 3.0) * (log_sum - x)
                });
                terms.sum()
            },
        );
    }
}

#[test]
fn box_losses_are_their_formulas() {
    let targets = [-0.4, -0.1, 0.9, 0.8, -0.2, -0.9, 0.1, 0.6, 0.1, 0.1, 0.7, 0.9];
    for kind in [BoxLoss::Giou, BoxLoss::Diou, BoxLoss::Ciou] {
        let record = |t: &mut Tape, x: Var, y: Var| {
            // Corners in order, whatever `h` is: center and a positive size.
            let size = t.activation(x, Activation::Softplus);
            let (center, size) = (t.slice_channels(x, 0..2), t.slice_channels(size, 2..4));
            let rectangle = t.concat(&[center, size]);
            let rectangle = t.cxcywh_to_xyxy(rectangle);
            t.box_loss(kind, rectangle, y)
        };
        check_loss(&format!("{kind:?}"), 4, &targets, record, |x, before, t| {
            let corners = |x: &[f64]| {
                let size = [2, 3].map(|i| (1.0 + x[i].exp()).ln() / 2.0);
                [x[0] - size[0], x[1] - size[1], x[0] + size[0], x[1] + size[1]]
            };
            let target = [t[0], t[1], t[2], t[3]];
            overlap(kind, corners(x), target, corners(before))
        });
    }
}

/// The losses of arXiv 1902.09630 and 1911.08287. The weight of the aspect ratio is that of the box
/// `before` it moved.
fn overlap(kind: BoxLoss, p: [f64; 4], t: [f64; 4], before: [f64; 4]) -> f64 {
    let area = |b: [f64; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let iou = |p: [f64; 4]| {
        let side = |i: usize| (p[i + 2].min(t[i + 2]) - p[i].max(t[i])).max(0.0);
        let shared = side(0) * side(1);
        (shared / (area(p) + area(t) - shared), area(p) + area(t) - shared)
    };
    let hull = [0, 1].map(|i| p[i + 2].max(t[i + 2]) - p[i].min(t[i]));
    let shift = [0, 1].map(|i| (p[i] + p[i + 2] - t[i] - t[i + 2]) / 2.0);
    let square = |d: [f64; 2]| d[0] * d[0] + d[1] * d[1];
    let aspect = |p: [f64; 4]| {
        let angle = |b: [f64; 4]| ((b[2] - b[0]) / (b[3] - b[1])).atan();
        4.0 / std::f64::consts::PI.powi(2) * (angle(t) - angle(p)).powi(2)
    };
    let (ratio, union) = iou(p);
    match kind {
        BoxLoss::Giou => 1.0 - ratio + (hull[0] * hull[1] - union) / (hull[0] * hull[1]),
        BoxLoss::Diou => 1.0 - ratio + square(shift) / square(hull),
        BoxLoss::Ciou => {
            let alpha = aspect(before) / (1.0 - iou(before).0 + aspect(before));
            1.0 - ratio + square(shift) / square(hull) + alpha * aspect(p)
        }
    }
}
