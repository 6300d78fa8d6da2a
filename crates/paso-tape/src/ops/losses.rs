//! Losses: one value per image, of which the batch mean is the loss. The gradient flows to the
//! prediction, not to the target.
//!
//! A new loss is a struct with an implementation of `Loss`: two functions of slices, from which
//! [`Operation`] follows. [`paso_ops`] has the formulas.

use paso_ops::{
    BoxLoss, bce_with_logits, bce_with_logits_grad, box_loss, cross_entropy, cross_entropy_grad,
    mse, mse_grad, smooth_l1, smooth_l1_grad,
};

use super::run::{OpRun, vector, vector_mut};
use super::{BackwardReads, Operation};
use crate::graph::Var;

/// A loss of a prediction and a target.
trait Loss {
    fn loss_name(&self) -> &str;

    /// Prediction and target.
    fn operands(&self) -> [Var; 2];

    fn value(&self, prediction: &[f32], target: &[f32]) -> f32;

    /// Writes `scale` times the gradient of the prediction.
    fn grad(&self, prediction: &[f32], target: &[f32], scale: f32, dx: &mut [f32]);
}

impl<L: Loss> Operation for L {
    fn name(&self) -> &str {
        self.loss_name()
    }

    fn inputs(&self) -> Vec<Var> {
        self.operands().to_vec()
    }

    fn is_differentiable(&self, which: usize) -> bool {
        which == 0
    }

    fn backward_reads(&self) -> BackwardReads {
        BackwardReads::INPUTS
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| {
            let [prediction, target] = self.operands().map(|x| at.vector(x));
            vector_mut(y)[0] = self.value(prediction, target);
        });
    }

    fn backward(&self, mut run: OpRun<'_>) {
        run.each_grad(0, |at, dy, dx| {
            let [prediction, target] = self.operands().map(|x| at.vector(x));
            self.grad(prediction, target, vector(dy)[0], vector_mut(dx));
        });
    }
}

/// Smooth L1 (Huber) loss, averaged over the elements of an image: see [`paso_ops::smooth_l1`].
#[derive(Clone, Copy, Debug)]
pub struct SmoothL1 {
    /// The prediction.
    pub x: Var,
    /// The target.
    pub target: Var,
    /// The difference at which the loss becomes linear.
    pub beta: f32,
}

impl Loss for SmoothL1 {
    fn loss_name(&self) -> &str {
        "smooth_l1"
    }

    fn operands(&self) -> [Var; 2] {
        [self.x, self.target]
    }

    fn value(&self, x: &[f32], target: &[f32]) -> f32 {
        smooth_l1(x, target, self.beta)
    }

    fn grad(&self, x: &[f32], target: &[f32], scale: f32, dx: &mut [f32]) {
        smooth_l1_grad(x, target, self.beta, scale, dx);
    }
}

/// Mean squared error over the elements of an image.
#[derive(Clone, Copy, Debug)]
pub struct Mse {
    /// The prediction.
    pub x: Var,
    /// The target.
    pub target: Var,
}

impl Loss for Mse {
    fn loss_name(&self) -> &str {
        "mse"
    }

    fn operands(&self) -> [Var; 2] {
        [self.x, self.target]
    }

    fn value(&self, x: &[f32], target: &[f32]) -> f32 {
        mse(x, target)
    }

    fn grad(&self, x: &[f32], target: &[f32], scale: f32, dx: &mut [f32]) {
        mse_grad(x, target, scale, dx);
    }
}

/// Binary cross-entropy of `sigmoid(x)`, averaged over the elements of an image.
#[derive(Clone, Copy, Debug)]
pub struct BceWithLogits {
    /// The logits.
    pub x: Var,
    /// The targets, in `0..=1`.
    pub target: Var,
}

impl Loss for BceWithLogits {
    fn loss_name(&self) -> &str {
        "bce_with_logits"
    }

    fn operands(&self) -> [Var; 2] {
        [self.x, self.target]
    }

    fn value(&self, x: &[f32], target: &[f32]) -> f32 {
        bce_with_logits(x, target)
    }

    fn grad(&self, x: &[f32], target: &[f32], scale: f32, dx: &mut [f32]) {
        bce_with_logits_grad(x, target, scale, dx);
    }
}

/// Cross-entropy of `softmax(logits)`.
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    /// The logits.
    pub logits: Var,
    /// The index of the class, as `f32`.
    pub class: Var,
    /// Label smoothing and class weights.
    pub settings: ClassLoss,
}

/// Settings of a cross-entropy.
///
/// ```
/// use paso_tape::ClassLoss;
///
/// let settings = ClassLoss { smoothing: 0.1, ..ClassLoss::default() };
/// assert_eq!(settings.weights, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassLoss {
    /// Label smoothing: the share of the target that is spread evenly over all classes, in `0..1`.
    /// Default 0.
    pub smoothing: f32,
    /// One weight per class; `None` (the default) means 1 each.
    pub weights: Option<Vec<f32>>,
}

impl Loss for CrossEntropy {
    fn loss_name(&self) -> &str {
        "cross_entropy"
    }

    fn operands(&self) -> [Var; 2] {
        [self.logits, self.class]
    }

    fn value(&self, logits: &[f32], class: &[f32]) -> f32 {
        let class = class_index(class[0], logits.len());
        cross_entropy(logits, class, self.settings.smoothing, self.settings.weights.as_deref())
    }

    fn grad(&self, logits: &[f32], class: &[f32], scale: f32, dx: &mut [f32]) {
        let ClassLoss { smoothing, weights } = &self.settings;
        let class = class_index(class[0], logits.len());
        cross_entropy_grad(logits, class, *smoothing, weights.as_deref(), scale, dx);
    }
}

/// A class as an index.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a small whole number"
)]
fn class_index(class: f32, classes: usize) -> usize {
    let index = class as usize;
    assert!(
        class >= 0.0 && class.fract() == 0.0 && index < classes,
        "a class must be a whole number below {classes}, not {class}"
    );
    index
}

/// An overlap loss (IoU, GIoU, ...) between boxes `(x_min, y_min, x_max, y_max)`.
#[derive(Clone, Copy, Debug)]
pub struct BoxOverlap {
    /// The predicted box.
    pub prediction: Var,
    /// The true box.
    pub target: Var,
    /// Which overlap.
    pub kind: BoxLoss,
}

impl Loss for BoxOverlap {
    fn loss_name(&self) -> &str {
        "box_loss"
    }

    fn operands(&self) -> [Var; 2] {
        [self.prediction, self.target]
    }

    fn value(&self, prediction: &[f32], target: &[f32]) -> f32 {
        box_loss(self.kind, xyxy(prediction), xyxy(target)).0
    }

    fn grad(&self, prediction: &[f32], target: &[f32], scale: f32, dx: &mut [f32]) {
        let (_, slope) = box_loss(self.kind, xyxy(prediction), xyxy(target));
        dx.iter_mut().zip(slope).for_each(|(dx, slope)| *dx = scale * slope);
    }
}

fn xyxy(x: &[f32]) -> [f32; 4] {
    x.try_into().expect("a box has four elements; checked when recorded")
}
