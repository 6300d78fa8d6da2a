//! Recording: every method checks its shapes, adds one node and returns it.

use std::ops::Range;
use std::sync::Arc;

use paso_ops::{Activation, BoxLoss, Conv, Isa, Plane, Pool};

use crate::custom::{CustomOp, MAX_INPUTS};
use crate::op::{BatchNorm, ClassLoss, Filter, Node, Op, Var};
use crate::params::{Init, Kind, Params};
use crate::session::Session;

/// A network recorded once, with the batch left open, and replayed on every batch.
///
/// ```
/// use paso_tape::{Params, Tape};
///
/// let (mut tape, mut params) = (Tape::new(), Params::new(1));
/// let x = tape.input([1, 1, 2]);
/// let target = tape.input([1, 1, 1]);
/// let y = tape.linear(&mut params, "linear1", x, 1);
/// let loss = tape.mse(y, target);
/// tape.set_loss(loss);
///
/// // Learn to add two numbers, by plain gradient descent.
/// let mut grads = params.zero_grads();
/// let (xs, targets) = ([1.0, 2.0, -1.0, 0.5, 3.0, 1.0, 0.0, 1.0], [3.0, -0.5, 4.0, 1.0]);
/// let mut last = f32::INFINITY;
/// for _ in 0..500 {
///     last = tape.forward(&mut params, &[(x, &xs), (target, &targets)]);
///     tape.backward(&params, &mut grads);
///     params.values_mut().iter_mut().zip(&grads).for_each(|(w, g)| *w -= 0.1 * g);
/// }
/// assert!(last < 1e-4);
///
/// tape.infer(&params, &[(x, &[10.0, 20.0])]);
/// assert!((tape.value(y)[0] - 30.0).abs() < 0.5);
/// ```
#[derive(Debug)]
pub struct Tape {
    pub(crate) nodes: Vec<Node>,
    pub(crate) loss: Option<Var>,
    pub(crate) isa: Isa,
    pub(crate) parallel: bool,
    /// The last session that ran: training or inference.
    pub(crate) trained_last: bool,
    pub(crate) train: Option<Session>,
    pub(crate) infer: Option<Session>,
    /// Training steps that were run.
    pub(crate) step: u64,
}

impl Default for Tape {
    fn default() -> Self {
        Self::new()
    }
}

impl Tape {
    /// An empty tape that runs on the calling thread, with the fastest instruction set of this CPU or the one that the
    /// environment variable `PASO_ISA` names.
    ///
    /// # Panics
    /// When `PASO_ISA` names a level that cannot be had here; to report that otherwise, ask [`Isa::from_env`] first.
    #[must_use]
    pub fn new() -> Self {
        Self::on(Isa::from_env().unwrap_or_else(|error| panic!("PASO_ISA: {error}")))
    }

    /// An empty tape that runs with this instruction set.
    #[must_use]
    pub fn on(isa: Isa) -> Self {
        Self {
            nodes: Vec::new(),
            loss: None,
            isa,
            parallel: false,
            trained_last: false,
            train: None,
            infer: None,
            step: 0,
        }
    }

    /// Whether to spread each batch over the current rayon pool. The result has the same bits for any number of
    /// threads. Default: no. Where the caller is inside a pool already (`pool.install(…)`), that pool is used.
    pub fn set_parallel(&mut self, parallel: bool) {
        self.parallel = parallel;
    }

    fn forget_plans(&mut self) {
        self.train = None;
        self.infer = None;
    }

    fn push(&mut self, op: Op, plane: Plane) -> Var {
        let name = format!("{}{}", op.name(), self.nodes.len());
        self.nodes.push(Node { op, plane, name, keep: false, frozen: false });
        self.forget_plans();
        Var(self.nodes.len() - 1)
    }

    fn plane(&self, x: Var) -> Plane {
        self.nodes[x.0].plane
    }

    /// `[height, width, channels]` of one image of `x`.
    #[must_use]
    pub fn shape(&self, x: Var) -> [usize; 3] {
        let plane = self.plane(x);
        [plane.height, plane.width, plane.channels]
    }

    /// What `x` is called in messages.
    #[must_use]
    pub fn name(&self, x: Var) -> &str {
        &self.nodes[x.0].name
    }

    /// Calls `x` something else.
    pub fn set_name(&mut self, x: Var, name: impl Into<String>) {
        self.nodes[x.0].name = name.into();
    }

    /// Asks that [`Tape::value`] can read `x`. Nodes of one pixel (vectors and losses) always can be read; an image is
    /// kept only where asked for, because keeping it costs memory.
    pub fn keep(&mut self, x: Var) {
        self.nodes[x.0].keep = true;
        self.forget_plans();
    }

    /// Whether gradients stop at `x`: the parameters that only lead there get zeros, and no time is spent on them. For a
    /// part of a net that stays as it is for a while.
    pub fn set_frozen(&mut self, x: Var, frozen: bool) {
        if self.nodes[x.0].frozen != frozen {
            self.nodes[x.0].frozen = frozen;
            self.forget_plans();
        }
    }

    /// Says which node [`Tape::backward`] differentiates: one number an image, of which the batch mean is the loss.
    ///
    /// # Panics
    /// When the node has more than one number an image.
    #[track_caller]
    pub fn set_loss(&mut self, loss: Var) {
        assert_eq!(self.shape(loss), [1, 1, 1], "a loss has one number an image");
        self.loss = Some(loss);
        self.forget_plans();
    }

    /// The node that [`Tape::set_loss`] chose.
    #[must_use]
    pub fn loss(&self) -> Option<Var> {
        self.loss
    }

    /// An input of `[height, width, channels]` an image, given anew for every batch.
    ///
    /// # Panics
    /// When a size is 0.
    #[track_caller]
    pub fn input(&mut self, shape: [usize; 3]) -> Var {
        let [height, width, channels] = shape;
        assert!(
            height * width * channels > 0,
            "an input of {height}x{width}x{channels} has no numbers"
        );
        self.push(Op::Input, Plane::new(height, width, channels))
    }

    /// A convolution. `name.weight` (Kaiming normal) and, where `bias`, `name.bias` (0) are added to the parameters.
    ///
    /// # Panics
    /// When the convolution does not fit `x`.
    #[track_caller]
    pub fn conv(&mut self, params: &mut Params, name: &str, x: Var, conv: Conv, bias: bool) -> Var {
        let plane = conv.output(self.plane(x));
        let shape = conv.weight_shape();
        let init = Init::KaimingNormal { fan_in: shape[..3].iter().product() };
        let weight = params.add(format!("{name}.weight"), &shape, Kind::Weight, init);
        let bias = bias.then(|| {
            params.add(
                format!("{name}.bias"),
                &[conv.out_channels],
                Kind::Bias,
                Init::Constant(0.0),
            )
        });
        let y = self.push(Op::Conv(x, Filter { conv, weight, bias }), plane);
        self.set_name(y, name);
        y
    }

    /// A linear layer on all numbers of an image, in NHWC order. `name.weight` (`[in, out]`; uniform in
    /// `±1/sqrt(in)`, as `PyTorch`'s) and `name.bias` (the same) are added to the parameters.
    #[track_caller]
    pub fn linear(&mut self, params: &mut Params, name: &str, x: Var, outputs: usize) -> Var {
        let x = self.flatten(x);
        let inputs = self.plane(x).channels;
        let conv = Conv { padding: 0, ..Conv::new(inputs, outputs, 1) };
        let plane = conv.output(self.plane(x));
        let bound = (1.0 / f32::from(u16::try_from(inputs).unwrap_or(u16::MAX))).sqrt();
        let weight = params.add(
            format!("{name}.weight"),
            &[inputs, outputs],
            Kind::Weight,
            Init::Uniform(bound),
        );
        let bias = params.add(format!("{name}.bias"), &[outputs], Kind::Bias, Init::Uniform(bound));
        let y = self.push(Op::Conv(x, Filter { conv, weight, bias: Some(bias) }), plane);
        self.set_name(y, name);
        y
    }

    /// Batch normalization with momentum 0.1 and epsilon 1e-5 (`PyTorch`'s defaults). `name.gamma` (1), `name.beta` (0)
    /// and the running `name.mean` (0) and `name.var` (1) are added.
    ///
    /// Training uses the moments of the batch, and needs more than one value a channel; inference uses the running ones.
    pub fn batch_norm(&mut self, params: &mut Params, name: &str, x: Var) -> Var {
        let plane = self.plane(x);
        let channels = [plane.channels];
        let norm = BatchNorm {
            gamma: params.add(format!("{name}.gamma"), &channels, Kind::Norm, Init::Constant(1.0)),
            beta: params.add(format!("{name}.beta"), &channels, Kind::Norm, Init::Constant(0.0)),
            mean: params.add_buffer(format!("{name}.mean"), &channels, 0.0),
            var: params.add_buffer(format!("{name}.var"), &channels, 1.0),
            momentum: 0.1,
            eps: 1e-5,
        };
        let y = self.push(Op::BatchNorm(x, norm), plane);
        self.set_name(y, name);
        y
    }

    /// An activation, number by number.
    pub fn activation(&mut self, x: Var, activation: Activation) -> Var {
        let plane = self.plane(x);
        self.push(Op::Activation(x, activation), plane)
    }

    /// `max(x, 0)`.
    pub fn relu(&mut self, x: Var) -> Var {
        self.activation(x, Activation::Relu)
    }

    /// `1 / (1 + exp(-x))`.
    pub fn sigmoid(&mut self, x: Var) -> Var {
        self.activation(x, Activation::Sigmoid)
    }

    /// In training, numbers become zero with this probability, and the others are scaled up: see [`paso_ops::dropout`]. In
    /// inference, nothing happens. What is dropped follows from the number of the step ([`Tape::set_step`]).
    ///
    /// # Panics
    /// When `share` is not in `0..1`.
    #[track_caller]
    pub fn dropout(&mut self, x: Var, share: f32) -> Var {
        assert!((0.0..1.0).contains(&share), "dropout of {share}: at least 0 and below 1");
        let plane = self.plane(x);
        self.push(Op::Dropout(x, share), plane)
    }

    /// Numbers the next training step, from 0: a run that is resumed drops what it would have dropped.
    pub fn set_step(&mut self, step: u64) {
        self.step = step;
    }

    /// The largest number of each window, channel by channel.
    #[track_caller]
    pub fn max_pool(&mut self, x: Var, pool: Pool) -> Var {
        let plane = pool.output(self.plane(x));
        self.push(Op::MaxPool(x, pool), plane)
    }

    /// The mean of each window, channel by channel; padding counts as zeros.
    #[track_caller]
    pub fn avg_pool(&mut self, x: Var, pool: Pool) -> Var {
        let plane = pool.output(self.plane(x));
        self.push(Op::AvgPool(x, pool), plane)
    }

    /// The mean of each channel: a vector.
    pub fn global_avg_pool(&mut self, x: Var) -> Var {
        let plane = Plane::vector(self.plane(x).channels);
        self.push(Op::GlobalAvgPool(x), plane)
    }

    /// `a + b`.
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn add(&mut self, a: Var, b: Var) -> Var {
        let plane = self.same_shape("add", a, b);
        self.push(Op::Add(a, b), plane)
    }

    /// `a * b`, number by number; with an input for `b`, a way to weigh images.
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn mul(&mut self, a: Var, b: Var) -> Var {
        let plane = self.same_shape("mul", a, b);
        self.push(Op::Mul(a, b), plane)
    }

    /// The channels of all inputs, one input after the other.
    ///
    /// # Panics
    /// When there is no input, or heights or widths differ.
    #[track_caller]
    pub fn concat(&mut self, inputs: &[Var]) -> Var {
        let [height, width, _] = self.shape(*inputs.first().expect("concat needs an input"));
        let mut channels = 0;
        for &x in inputs {
            let [h, w, c] = self.shape(x);
            assert!((h, w) == (height, width), "concat: {h}x{w} pixels beside {height}x{width}");
            channels += c;
        }
        self.push(Op::Concat(inputs.to_vec()), Plane::new(height, width, channels))
    }

    /// Some channels of every pixel, such as the box in a vector of box and class scores.
    ///
    /// # Panics
    /// When the range is empty or outside the channels.
    #[track_caller]
    pub fn columns(&mut self, x: Var, range: Range<usize>) -> Var {
        let plane = self.plane(x);
        assert!(
            range.start < range.end && range.end <= plane.channels,
            "columns {range:?} of {}",
            plane.channels
        );
        let plane = Plane { channels: range.len(), ..plane };
        self.push(Op::Columns(x, range), plane)
    }

    /// The same numbers in another shape, in NHWC order.
    ///
    /// # Panics
    /// When the shapes do not hold equally many numbers.
    #[track_caller]
    pub fn reshape(&mut self, x: Var, shape: [usize; 3]) -> Var {
        let [height, width, channels] = shape;
        let plane = Plane::new(height, width, channels);
        let had = self.plane(x).inner_len();
        assert_eq!(
            had,
            plane.inner_len(),
            "{had} numbers cannot become {height}x{width}x{channels}"
        );
        self.push(Op::Reshape(x), plane)
    }

    /// All numbers of an image as a vector; `x` itself if it is one.
    pub fn flatten(&mut self, x: Var) -> Var {
        let plane = self.plane(x);
        if plane.pixels() == 1 { x } else { self.reshape(x, [1, 1, plane.inner_len()]) }
    }

    /// `sum of factor * x`: how losses are put together.
    ///
    /// # Panics
    /// When there is no term or shapes differ.
    #[track_caller]
    pub fn weighted_sum(&mut self, terms: &[(f32, Var)]) -> Var {
        let first = terms.first().expect("a weighted sum needs a term").1;
        let plane = terms
            .iter()
            .fold(self.plane(first), |_, t| self.same_shape("weighted sum", first, t.1));
        self.push(Op::WeightedSum(terms.to_vec()), plane)
    }

    /// Boxes `(centre x, centre y, width, height)` as `(x_min, y_min, x_max, y_max)`.
    ///
    /// # Panics
    /// When `x` does not have four channels.
    #[track_caller]
    pub fn corners(&mut self, x: Var) -> Var {
        let plane = self.plane(x);
        assert_eq!(plane.channels, 4, "a box has four numbers, not {}", plane.channels);
        self.push(Op::Corners(x), plane)
    }

    /// Smooth L1 between `x` and `target`, averaged over the numbers of an image: see [`paso_ops::smooth_l1`].
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn smooth_l1(&mut self, x: Var, target: Var, beta: f32) -> Var {
        let (x, target) = self.loss_inputs("smooth L1", x, target);
        self.push(Op::SmoothL1(x, target, beta), Plane::vector(1))
    }

    /// Mean squared error between `x` and `target` over the numbers of an image.
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn mse(&mut self, x: Var, target: Var) -> Var {
        let (x, target) = self.loss_inputs("mean squared error", x, target);
        self.push(Op::Mse(x, target), Plane::vector(1))
    }

    /// Binary cross-entropy of `sigmoid(x)` with targets in `0..=1`, averaged over the numbers of an image.
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn bce_with_logits(&mut self, x: Var, target: Var) -> Var {
        let (x, target) = self.loss_inputs("binary cross-entropy", x, target);
        self.push(Op::BceWithLogits(x, target), Plane::vector(1))
    }

    /// Cross-entropy of `softmax(logits)`; `class` is one number an image, the index of its class as `f32`.
    ///
    /// A forward pass panics when a class is not a whole number below the number of logits.
    ///
    /// # Panics
    /// When `class` is not one number, or there is not one weight a class.
    #[track_caller]
    pub fn cross_entropy(&mut self, logits: Var, class: Var, settings: ClassLoss) -> Var {
        let logits = self.flatten(logits);
        assert_eq!(self.shape(class), [1, 1, 1], "a class is one number an image");
        let classes = self.plane(logits).channels;
        if let Some(weights) = &settings.weights {
            assert_eq!(
                weights.len(),
                classes,
                "{} class weights for {classes} classes",
                weights.len()
            );
        }
        self.push(Op::CrossEntropy(logits, class, settings), Plane::vector(1))
    }

    /// An overlap loss between boxes `(x_min, y_min, x_max, y_max)`.
    ///
    /// # Panics
    /// When `pred` or `target` is not four numbers.
    #[track_caller]
    pub fn box_loss(&mut self, kind: BoxLoss, pred: Var, target: Var) -> Var {
        assert_eq!(self.shape(pred), [1, 1, 4], "a box is four numbers");
        assert_eq!(self.shape(target), [1, 1, 4], "a box is four numbers");
        self.push(Op::BoxLoss(pred, target, kind), Plane::vector(1))
    }

    /// An op of your own: see [`CustomOp`].
    ///
    /// # Panics
    /// When there are more than 8 inputs, or the op says that shapes do not fit.
    #[track_caller]
    pub fn custom(&mut self, op: impl CustomOp + 'static, inputs: &[Var]) -> Var {
        assert!(
            inputs.len() <= MAX_INPUTS,
            "a custom op has at most {MAX_INPUTS} inputs, not {}",
            inputs.len()
        );
        let shapes: Vec<_> = inputs.iter().map(|&x| self.shape(x)).collect();
        let [height, width, channels] = op.shape(&shapes);
        // Copies on both sides, because an image that a convolution reads has a halo, which a custom op does not see.
        let inputs = inputs
            .iter()
            .zip(shapes)
            .map(|(&x, shape)| if shape[0] * shape[1] == 1 { x } else { self.reshape(x, shape) })
            .collect();
        let y = self.push(Op::Custom(inputs, Arc::new(op)), Plane::new(height, width, channels));
        if height * width == 1 { y } else { self.reshape(y, [height, width, channels]) }
    }

    #[track_caller]
    fn loss_inputs(&mut self, what: &str, x: Var, target: Var) -> (Var, Var) {
        self.same_shape(what, x, target);
        (self.flatten(x), self.flatten(target))
    }

    #[track_caller]
    fn same_shape(&self, what: &str, a: Var, b: Var) -> Plane {
        let (pa, pb) = (self.plane(a), self.plane(b));
        assert!(
            pa.same_shape(&pb),
            "{what}: shapes {:?} and {:?} differ",
            self.shape(a),
            self.shape(b)
        );
        pa
    }
}
