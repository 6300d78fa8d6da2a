//! Recording of inputs, layers with parameters, activations and pooling.

use std::sync::Arc;

use paso_ops::{Activation, Conv, Plane, Pool};

use crate::graph::Var;
use crate::ops::{
    Activate, AvgPool, BatchNorm, Conv2d, Custom, CustomOp, Dropout, GlobalAvgPool, Input,
    MAX_INPUTS, MaxPool, Op,
};
use crate::params::{Init, Kind, Params};
use crate::tape::Tape;

impl Tape {
    /// An input of `[height, width, channels]` per image, passed with every batch.
    ///
    /// # Panics
    /// When a size is 0.
    #[track_caller]
    pub fn input(&mut self, shape: [usize; 3]) -> Var {
        let [height, width, channels] = shape;
        assert!(
            height * width * channels > 0,
            "an input of {height}x{width}x{channels} has no elements"
        );
        self.push(Op::Input(Input), Plane::new(height, width, channels))
    }

    /// A convolution. `name.weight` (Kaiming normal) and, where `bias`, `name.bias` (0) are added
    /// to the parameters.
    ///
    /// ```
    /// use paso_tape::{Conv, Params, Tape};
    ///
    /// let (mut tape, mut params) = (Tape::new(), Params::new(0));
    /// let x = tape.input([32, 32, 3]);
    /// let halving = Conv { stride: 2, ..Conv::new(3, 16, 3) };
    /// let y = tape.conv(&mut params, "stem", x, halving, true);
    /// assert_eq!(tape.shape(y), [16, 16, 16]);
    /// let weight = params.tensor("stem.weight").expect("recorded");
    /// assert_eq!(weight.shape, [3, 3, 3, 16]);
    /// assert_eq!(params.tensor("stem.bias").map(|bias| bias.range.len()), Some(16));
    /// ```
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
        let y = self.push(Op::Conv(Conv2d { x, conv, weight, bias }), plane);
        self.set_name(y, name);
        y
    }

    /// A linear layer on all elements of an image, in NHWC order: `y = x W + b` with `x` as a row.
    /// `name.weight` (`[in, out]`; uniform in `±1/sqrt(in)`, as in PyTorch, whose `nn.Linear` keeps
    /// `[out, in]`) and `name.bias` (the same) are added to the parameters.
    ///
    /// # Panics
    /// When a name is taken.
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
        let y = self.push(Op::Conv(Conv2d { x, conv, weight, bias: Some(bias) }), plane);
        self.set_name(y, name);
        y
    }

    /// Batch normalization with momentum 0.1 and epsilon 1e-5 (`PyTorch`'s defaults). `name.gamma`
    /// (1), `name.beta` (0) and the running `name.mean` (0) and `name.var` (1) are added.
    ///
    /// Training uses the moments of the batch, and needs more than one value per channel; inference
    /// uses the running ones.
    ///
    /// See [`paso_ops::Norm`] for the formulas. A forward pass in
    /// training panics where a batch has one value per channel only.
    ///
    /// # Panics
    /// When a name is taken.
    pub fn batch_norm(&mut self, params: &mut Params, name: &str, x: Var) -> Var {
        let plane = self.plane(x);
        let channels = [plane.channels];
        let norm = BatchNorm {
            x,
            gamma: params.add(format!("{name}.gamma"), &channels, Kind::Norm, Init::Constant(1.0)),
            beta: params.add(format!("{name}.beta"), &channels, Kind::Norm, Init::Constant(0.0)),
            mean: params.add_buffer(format!("{name}.mean"), &channels, 0.0),
            var: params.add_buffer(format!("{name}.var"), &channels, 1.0),
            momentum: 0.1,
            eps: 1e-5,
        };
        let y = self.push(Op::BatchNorm(norm), plane);
        self.set_name(y, name);
        y
    }

    /// An activation, element by element.
    pub fn activation(&mut self, x: Var, activation: Activation) -> Var {
        let plane = self.plane(x);
        self.push(Op::Activation(Activate { x, activation }), plane)
    }

    /// `max(x, 0)`.
    pub fn relu(&mut self, x: Var) -> Var {
        self.activation(x, Activation::Relu)
    }

    /// `1 / (1 + exp(-x))`.
    pub fn sigmoid(&mut self, x: Var) -> Var {
        self.activation(x, Activation::Sigmoid)
    }

    /// In training, elements become zero with this probability, and the others are scaled up: see
    /// [`paso_ops::dropout`]. In inference, nothing happens. What is dropped follows from the
    /// number of the step ([`Tape::set_step`]).
    ///
    /// # Panics
    /// When `probability` is not in `0..1`.
    #[track_caller]
    pub fn dropout(&mut self, x: Var, probability: f32) -> Var {
        assert!(
            (0.0..1.0).contains(&probability),
            "dropout of {probability}: at least 0 and below 1"
        );
        let plane = self.plane(x);
        self.push(Op::Dropout(Dropout { x, probability }), plane)
    }

    /// Numbers the next training step, from 0: a run that is resumed drops what it would have
    /// dropped. Each [`Tape::forward`] adds 1. Without dropout, the number has no effect.
    pub fn set_step(&mut self, step: u64) {
        self.step = step;
    }

    /// The largest value of each window, channel by channel: see [`paso_ops::max_pool`].
    ///
    /// # Panics
    /// When the input is smaller than a window, or the window is invalid.
    #[track_caller]
    pub fn max_pool(&mut self, x: Var, pool: Pool) -> Var {
        let plane = pool.output(self.plane(x));
        self.push(Op::MaxPool(MaxPool { x, pool }), plane)
    }

    /// The mean of each window, channel by channel; padding counts as zeros: see
    /// [`paso_ops::avg_pool`].
    ///
    /// # Panics
    /// As [`Tape::max_pool`].
    #[track_caller]
    pub fn avg_pool(&mut self, x: Var, pool: Pool) -> Var {
        let plane = pool.output(self.plane(x));
        self.push(Op::AvgPool(AvgPool { x, pool }), plane)
    }

    /// The mean of each channel: a vector.
    pub fn global_avg_pool(&mut self, x: Var) -> Var {
        let plane = Plane::vector(self.plane(x).channels);
        self.push(Op::GlobalAvgPool(GlobalAvgPool { x }), plane)
    }

    /// An operation of your own: see [`CustomOp`].
    ///
    /// # Panics
    /// When there are more than 8 inputs, or the operation refuses the shapes do not fit.
    #[track_caller]
    pub fn custom(&mut self, op: impl CustomOp + 'static, inputs: &[Var]) -> Var {
        assert!(
            inputs.len() <= MAX_INPUTS,
            "a custom op has at most {MAX_INPUTS} inputs, not {}",
            inputs.len()
        );
        let shapes: Vec<_> = inputs.iter().map(|&x| self.shape(x)).collect();
        let [height, width, channels] = op.shape(&shapes);
        // Copies on both sides, because an image that a convolution reads has a halo, which a
        // custom op does not see.
        let inputs = inputs
            .iter()
            .zip(shapes)
            .map(|(&x, shape)| if shape[0] * shape[1] == 1 { x } else { self.reshape(x, shape) })
            .collect();
        let y = self.push(
            Op::Custom(Custom { inputs, op: Arc::new(op) }),
            Plane::new(height, width, channels),
        );
        if height * width == 1 { y } else { self.reshape(y, [height, width, channels]) }
    }
}
