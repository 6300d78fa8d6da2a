//! Losses on boxes that count overlap: `GIoU`, `DIoU` and `CIoU`, with exact gradients by dual
//! numbers.
//!
//! A box is `[x_min, y_min, x_max, y_max]`. Definitions and the guard `1e-7` in the denominators
//! are torchvision's.

use std::ops::{Add, Div, Mul, Sub};

/// Which overlap loss.
///
/// ```
/// use paso_ops::{BoxLoss, box_loss};
///
/// // Unit squares that share half of their area: IoU 1/3, and the hull has no gap.
/// let (a, b) = ([0.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.5, 1.0]);
/// let value = |kind| box_loss(kind, a, b).0;
/// assert!((value(BoxLoss::Giou) - 2.0 / 3.0).abs() < 1e-6);
/// // Centers are 0.5 apart, the hull is 1.5 x 1.
/// assert!((value(BoxLoss::Diou) - 2.0 / 3.0 - 0.25 / 3.25).abs() < 1e-6);
/// assert_eq!(value(BoxLoss::Ciou), value(BoxLoss::Diou)); // the same aspect ratio
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoxLoss {
    /// `1 - IoU + (hull - union) / hull` (Rezatofighi et al. 2019, arXiv:1902.09630). Range
    /// `0..=2`.
    Giou,
    /// `1 - IoU + (distance of centers / diagonal of the hull)^2` (Zheng et al. 2019,
    /// arXiv:1911.08287).
    Diou,
    /// `DIoU` plus a penalty for another aspect ratio (same source). The prediction needs a height
    /// above 0.
    Ciou,
}

const EPS: f64 = 1e-7;

/// The loss of a predicted box against a target, and its gradient with respect to the prediction.
///
/// Boxes are `[left, top, right, bottom]` (`xyxy`) in any one unit; the gradient is of the
/// prediction, in the same order.
///
/// Two equal boxes with an area have a loss of about 0; a prediction without an area may give NaN
/// with [`BoxLoss::Ciou`] only.
///
/// ```
/// use paso_ops::{BoxLoss, box_loss};
///
/// let (loss, gradient) = box_loss(BoxLoss::Giou, [0.1, 0.1, 0.3, 0.3], [0.2, 0.1, 0.4, 0.3]);
/// assert!(loss > 0.0 && gradient[0] < 0.0); // further right would be better
/// ```
///
/// With the boxes `P` and `T`, their hull `H` (the smallest box around both), and the distance `d`
/// of their centers,
///
/// ```text
/// IoU  = |P and T| / |P or T|
/// GIoU loss = 1 - IoU + (|H| - |P or T|) / |H|
/// DIoU loss = 1 - IoU + d^2 / (diagonal of H)^2
/// CIoU loss = DIoU loss + alpha v,  v = 4 / pi^2 (atan(w_T / h_T) - atan(w_P / h_P))^2,
///                                   alpha = v / (1 - IoU + v)
/// ```
///
/// IoU alone is 0 for all boxes that do not overlap, and so is its gradient; the hull and the
/// distance give a direction there. Gradients are exact: the formula runs once on dual numbers,
/// pairs of a value and its derivatives with respect to the four sides of the prediction, in `f64`.
///
/// Traps: sides have to be in order, left before right and top before bottom; a prediction in
/// another order has a negative width and a meaningless loss. The loss is in no unit, but its
/// gradient is per unit of the boxes, so that boxes in pixels have far smaller gradients than boxes
/// in `0..=1`.
#[must_use]
pub fn box_loss(kind: BoxLoss, pred: [f32; 4], target: [f32; 4]) -> (f32, [f32; 4]) {
    let p: [Dual; 4] = std::array::from_fn(|i| Dual::variable(pred[i], i));
    let t = target.map(Dual::constant);
    let area = |b: [Dual; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let low = [p[0].max(t[0]), p[1].max(t[1])];
    let high = [p[2].min(t[2]), p[3].min(t[3])];
    let overlap = if high[0].value > low[0].value && high[1].value > low[1].value {
        (high[0] - low[0]) * (high[1] - low[1])
    } else {
        Dual::constant(0.0)
    };
    let union = area(p) + area(t) - overlap;
    let iou = overlap / union.plus(EPS);
    let hull = [p[0].min(t[0]), p[1].min(t[1]), p[2].max(t[2]), p[3].max(t[3])];
    let one = Dual::constant(1.0);
    let loss = match kind {
        BoxLoss::Giou => one - iou + (area(hull) - union) / area(hull).plus(EPS),
        BoxLoss::Diou | BoxLoss::Ciou => {
            let square = |d: Dual| d * d;
            let diagonal = square(hull[2] - hull[0]) + square(hull[3] - hull[1]);
            let shift = |axis: usize| (p[axis] + p[axis + 2] - t[axis] - t[axis + 2]).times(0.5);
            let diou = one - iou + (square(shift(0)) + square(shift(1))) / diagonal.plus(EPS);
            if kind == BoxLoss::Diou {
                diou
            } else {
                let angle = |b: [Dual; 4]| ((b[2] - b[0]) / (b[3] - b[1])).atan();
                let v = square(angle(t) - angle(p)).times(4.0 / std::f64::consts::PI.powi(2));
                // The weight is a constant in the paper and in torchvision: no gradient flows
                // through it.
                diou + v.times(v.value / (1.0 - iou.value + v.value + EPS))
            }
        }
    };
    (narrow(loss.value), loss.slope.map(narrow))
}

#[expect(clippy::cast_possible_truncation, reason = "computed in f64, stored in f32")]
fn narrow(x: f64) -> f32 {
    x as f32
}

/// A value and its derivatives with respect to the four corners of the prediction.
#[derive(Clone, Copy, Debug)]
struct Dual {
    value: f64,
    slope: [f64; 4],
}

impl Dual {
    fn constant(value: f32) -> Self {
        Self { value: value.into(), slope: [0.0; 4] }
    }

    fn variable(value: f32, index: usize) -> Self {
        let mut dual = Self::constant(value);
        dual.slope[index] = 1.0;
        dual
    }

    fn plus(self, constant: f64) -> Self {
        Self { value: self.value + constant, ..self }
    }

    fn times(self, constant: f64) -> Self {
        self.chain(self.value * constant, constant)
    }

    /// The result of a function of this value, from its value and derivative there.
    fn chain(self, value: f64, derivative: f64) -> Self {
        Self { value, slope: self.slope.map(|s| s * derivative) }
    }

    fn atan(self) -> Self {
        self.chain(self.value.atan(), 1.0 / (1.0 + self.value * self.value))
    }

    /// At a tie each side gets half of the gradient, as in `PyTorch`.
    fn max(self, other: Self) -> Self {
        match self.value.partial_cmp(&other.value) {
            Some(std::cmp::Ordering::Less) => other,
            Some(std::cmp::Ordering::Equal) => (self + other).times(0.5),
            _ => self,
        }
    }

    fn min(self, other: Self) -> Self {
        self.times(-1.0).max(other.times(-1.0)).times(-1.0)
    }

    fn zip(self, other: Self, value: f64, a: f64, b: f64) -> Self {
        Self { value, slope: std::array::from_fn(|i| a * self.slope[i] + b * other.slope[i]) }
    }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.zip(other, self.value + other.value, 1.0, 1.0)
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.zip(other, self.value - other.value, 1.0, -1.0)
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.zip(other, self.value * other.value, other.value, self.value)
    }
}

impl Div for Dual {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        self.zip(other, value, 1.0 / other.value, -value / other.value)
    }
}
