//! Networks as lists of layers.

use paso_ops::{Activation, Conv, Pool};

use crate::graph::Var;
use crate::params::Params;
use crate::tape::Tape;

/// A network as a list of layers, recorded on a tape by [`Sequential::record`].
///
/// Sizes of inputs follow from what comes before. Parameters are named by kind and number, in the
/// order of recording: `conv1.weight`, `norm1.gamma`, `linear1.bias`, …
///
/// ```
/// use paso_tape::{Params, Sequential, Tape};
///
/// let net = Sequential::new()
///     .conv(16, 3).batch_norm().relu().max_pool(2)
///     .residual(
///         Sequential::new().conv(32, 3).batch_norm().relu().conv(32, 3).batch_norm(),
///         Sequential::new().conv(32, 1).batch_norm(),
///     )
///     .relu()
///     .global_avg_pool()
///     .linear(7);
/// let (mut tape, mut params) = (Tape::new(), Params::new(42));
/// let images = tape.input([32, 32, 3]);
/// let output = net.record(&mut tape, &mut params, images);
/// assert_eq!(tape.shape(output), [1, 1, 7]);
/// assert_eq!(params.tensors()[0].name, "conv1.weight");
/// ```
///
/// A list is a value: it can be stored, cloned, and recorded several times, each time with
/// parameters of its own. Networks with branches other than `x + f(x)` are recorded on the [`Tape`]
/// directly, and can use lists for their parts.
#[derive(Clone, Debug, Default)]
pub struct Sequential {
    layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
enum Layer {
    Conv { out: usize, kernel: usize, stride: usize, bias: bool },
    Depthwise { kernel: usize, stride: usize },
    BatchNorm,
    Activation(Activation),
    Dropout(f32),
    MaxPool(Pool),
    AvgPool(Pool),
    GlobalAvgPool,
    Linear(usize),
    Residual(Sequential, Sequential),
}

impl Sequential {
    /// No layers: the identity.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn then(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// A convolution with a square `kernel` of odd size, stride 1, "same" padding and no bias: for
    /// one that a normalization follows.
    #[must_use]
    pub fn conv(self, out_channels: usize, kernel: usize) -> Self {
        self.conv_stride(out_channels, kernel, 1)
    }

    /// As [`Sequential::conv`], with a stride: of `n` pixels, `ceil(n / stride)` remain.
    #[must_use]
    pub fn conv_stride(self, out_channels: usize, kernel: usize, stride: usize) -> Self {
        self.then(Layer::Conv { out: out_channels, kernel, stride, bias: false })
    }

    /// A convolution with a bias: for one that no normalization follows.
    #[must_use]
    pub fn conv_bias(self, out_channels: usize, kernel: usize) -> Self {
        self.then(Layer::Conv { out: out_channels, kernel, stride: 1, bias: true })
    }

    /// A depthwise convolution (one filter a channel) without bias.
    #[must_use]
    pub fn depthwise(self, kernel: usize, stride: usize) -> Self {
        self.then(Layer::Depthwise { kernel, stride })
    }

    /// Batch normalization: see [`Tape::batch_norm`].
    #[must_use]
    pub fn batch_norm(self) -> Self {
        self.then(Layer::BatchNorm)
    }

    /// `max(x, 0)`.
    #[must_use]
    pub fn relu(self) -> Self {
        self.activation(Activation::Relu)
    }

    /// Any activation.
    #[must_use]
    pub fn activation(self, activation: Activation) -> Self {
        self.then(Layer::Activation(activation))
    }

    /// Dropout of this share in training: see [`Tape::dropout`].
    #[must_use]
    pub fn dropout(self, share: f32) -> Self {
        self.then(Layer::Dropout(share))
    }

    /// Max pooling over windows of `size` that do not overlap.
    #[must_use]
    pub fn max_pool(self, size: usize) -> Self {
        self.then(Layer::MaxPool(Pool::new(size)))
    }

    /// Average pooling over windows of `size` that do not overlap.
    #[must_use]
    pub fn avg_pool(self, size: usize) -> Self {
        self.then(Layer::AvgPool(Pool::new(size)))
    }

    /// The mean of each channel.
    #[must_use]
    pub fn global_avg_pool(self) -> Self {
        self.then(Layer::GlobalAvgPool)
    }

    /// A linear layer with bias on all elements of an image.
    #[must_use]
    pub fn linear(self, outputs: usize) -> Self {
        self.then(Layer::Linear(outputs))
    }

    /// `main(x) + shortcut(x)`; an empty shortcut is the identity. Both have to end in the same
    /// shape: where `main` changes channels or size, the shortcut is a 1 x 1 convolution with the
    /// same stride (He et al., arXiv:1512.03385, section 3.3). No activation follows; add one.
    #[must_use]
    pub fn residual(self, main: Self, shortcut: Self) -> Self {
        self.then(Layer::Residual(main, shortcut))
    }

    /// Records the layers on a tape, adds their parameters and returns the output.
    ///
    /// # Panics
    /// When a layer does not fit what comes before it.
    #[track_caller]
    pub fn record(&self, tape: &mut Tape, params: &mut Params, input: Var) -> Var {
        let mut x = input;
        for layer in &self.layers {
            x = match layer {
                Layer::Conv { out, kernel, stride, bias } => {
                    let conv =
                        Conv { stride: *stride, ..Conv::new(tape.shape(x)[2], *out, *kernel) };
                    let name = params.free_name("conv");
                    tape.conv(params, &name, x, conv, *bias)
                }
                Layer::Depthwise { kernel, stride } => {
                    let conv =
                        Conv { stride: *stride, ..Conv::depthwise(tape.shape(x)[2], *kernel) };
                    let name = params.free_name("conv");
                    tape.conv(params, &name, x, conv, false)
                }
                Layer::BatchNorm => {
                    let name = params.free_name("norm");
                    tape.batch_norm(params, &name, x)
                }
                Layer::Activation(activation) => tape.activation(x, *activation),
                Layer::Dropout(share) => tape.dropout(x, *share),
                Layer::MaxPool(pool) => tape.max_pool(x, *pool),
                Layer::AvgPool(pool) => tape.avg_pool(x, *pool),
                Layer::GlobalAvgPool => tape.global_avg_pool(x),
                Layer::Linear(outputs) => {
                    let name = params.free_name("linear");
                    tape.linear(params, &name, x, *outputs)
                }
                Layer::Residual(main, shortcut) => {
                    let a = main.record(tape, params, x);
                    let b = shortcut.record(tape, params, x);
                    tape.add(a, b)
                }
            };
        }
        x
    }
}
