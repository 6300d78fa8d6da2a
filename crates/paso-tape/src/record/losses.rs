//! Recording of losses.
//!
//! A loss is one value per image; the loss of a batch is the mean over its images. Gradients flow
//! to the prediction only: a target may depend on parameters without being trained through.

use paso_ops::{BoxLoss, Plane};

use crate::graph::Var;
use crate::ops::{BceWithLogits, BoxOverlap, ClassLoss, CrossEntropy, Mse, Op, SmoothL1};
use crate::tape::Tape;

impl Tape {
    /// Smooth L1 between `x` and `target`, averaged over the elements of an image: see
    /// [`paso_ops::smooth_l1`].
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn smooth_l1(&mut self, x: Var, target: Var, beta: f32) -> Var {
        let (x, target) = self.loss_inputs("smooth L1", x, target);
        self.push(Op::SmoothL1(SmoothL1 { x, target, beta }), Plane::vector(1))
    }

    /// Mean squared error between `x` and `target` over the elements of an image.
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn mse(&mut self, x: Var, target: Var) -> Var {
        let (x, target) = self.loss_inputs("mean squared error", x, target);
        self.push(Op::Mse(Mse { x, target }), Plane::vector(1))
    }

    /// Binary cross-entropy of `sigmoid(x)` with targets in `0..=1`, averaged over the elements of
    /// an image.
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn bce_with_logits(&mut self, x: Var, target: Var) -> Var {
        let (x, target) = self.loss_inputs("binary cross-entropy", x, target);
        self.push(Op::BceWithLogits(BceWithLogits { x, target }), Plane::vector(1))
    }

    /// Cross-entropy of `softmax(logits)`; `class` is one value per image, the index of its class
    /// as `f32`.
    ///
    /// A forward pass panics when a class is not a whole number below the number of logits.
    ///
    /// ```
    /// use paso_tape::{ClassLoss, Params, Tape};
    ///
    /// let mut tape = Tape::new();
    /// let (logits, class) = (tape.input([1, 1, 2]), tape.input([1, 1, 1]));
    /// let loss = tape.cross_entropy(logits, class, ClassLoss::default());
    /// tape.infer(&Params::new(0), &[(logits, &[0.0, 0.0]), (class, &[1.0])]);
    /// assert!((tape.mean(loss) - 2_f32.ln()).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// When `class` is not one value, or there is not one weight per class.
    #[track_caller]
    pub fn cross_entropy(&mut self, logits: Var, class: Var, settings: ClassLoss) -> Var {
        let logits = self.flatten(logits);
        assert_eq!(self.shape(class), [1, 1, 1], "a class is one value per image");
        let classes = self.plane(logits).channels;
        if let Some(weights) = &settings.weights {
            assert_eq!(
                weights.len(),
                classes,
                "{} class weights for {classes} classes",
                weights.len()
            );
        }
        self.push(Op::CrossEntropy(CrossEntropy { logits, class, settings }), Plane::vector(1))
    }

    /// An overlap loss between boxes `(x_min, y_min, x_max, y_max)`.
    ///
    /// ```
    /// use paso_tape::{BoxLoss, Params, Tape};
    ///
    /// let mut tape = Tape::new();
    /// let (prediction, target) = (tape.input([1, 1, 4]), tape.input([1, 1, 4]));
    /// let loss = tape.box_loss(BoxLoss::Giou, prediction, target);
    /// let boxes = ([0.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.5, 1.0]);
    /// tape.infer(&Params::new(0), &[(prediction, &boxes.0), (target, &boxes.1)]);
    /// assert!((tape.mean(loss) - 2.0 / 3.0).abs() < 1e-6); // IoU is 1 / 3
    /// ```
    ///
    /// # Panics
    /// When `prediction` or `target` does not have four elements.
    #[track_caller]
    pub fn box_loss(&mut self, kind: BoxLoss, prediction: Var, target: Var) -> Var {
        assert_eq!(self.shape(prediction), [1, 1, 4], "a box has four elements");
        assert_eq!(self.shape(target), [1, 1, 4], "a box has four elements");
        self.push(Op::BoxOverlap(BoxOverlap { prediction, target, kind }), Plane::vector(1))
    }

    #[track_caller]
    fn loss_inputs(&mut self, what: &str, x: Var, target: Var) -> (Var, Var) {
        self.same_shape(what, x, target);
        (self.flatten(x), self.flatten(target))
    }
}
