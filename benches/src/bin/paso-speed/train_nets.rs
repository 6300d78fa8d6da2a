//! The nets that are timed, with weights and data from a formula.
//!
//! S, M and D stand for kinds of small nets: plain convolutions with pooling, a residual net, and
//! depthwise-separable convolutions. All end in four coordinates and three classes, and train on
//! smooth L1 loss plus cross entropy.
//!
//! Everything is made from an integer hash of an index, so that PyTorch (`train_reference.py`) can
//! make the same values and no file of weights is needed. The batch is noise, too: convolutions
//! take the same time on any values.

use paso_adam::AdamGroup;
use paso_tape::{ClassLoss, Params, Sequential, Tape, Var};

/// Classes, in addition to the four coordinates of a box.
const CLASSES: usize = 3;

/// The nets; `Debug` prints the name that lines have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum NetName {
    S,
    M,
    D,
}

impl NetName {
    /// Pixels of a side of the square input.
    fn side(self) -> usize {
        if self == Self::S { 64 } else { 128 }
    }

    /// Forward, and forward and backward, without the input's gradient of the first convolution.
    ///
    /// In 1e6 operations; a multiply-add is two. An algorithm that needs fewer, such as Winograd's,
    /// is credited with those of the formula.
    pub(crate) fn mflop_per_image(self) -> [f64; 2] {
        match self {
            Self::S => [31.9, 92.1],
            Self::M => [1114.1, 3335.6],
            Self::D => [49.8, 145.8],
        }
    }

    /// The same layers as in `train_reference.py` and in the programs of the peers.
    fn layers(self) -> Sequential {
        let net = Sequential::new();
        match self {
            Self::S => [16, 32, 64, 128]
                .iter()
                .fold(net, |net, &c| net.conv(c, 3).batch_norm().relu().max_pool(2))
                .global_avg_pool()
                .linear(64)
                .relu()
                .linear(4 + CLASSES),
            Self::M => {
                let mut net = net.conv_stride(32, 3, 2).batch_norm().relu();
                let mut channels = 32;
                for (stage, out) in [32, 64, 128, 256].into_iter().enumerate() {
                    for block in 0..2 {
                        let stride = if block == 0 && stage > 0 { 2 } else { 1 };
                        let main =
                            Sequential::new().conv_stride(out, 3, stride).batch_norm().relu();
                        let main = main.conv(out, 3).batch_norm();
                        let shortcut = if stride == 1 && channels == out {
                            Sequential::new()
                        } else {
                            Sequential::new().conv_stride(out, 1, stride).batch_norm()
                        };
                        net = net.residual(main, shortcut).relu();
                        channels = out;
                    }
                }
                net.global_avg_pool().linear(4 + CLASSES)
            }
            Self::D => [(32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1)]
                .iter()
                .fold(net.conv_stride(16, 3, 2).batch_norm().relu(), |net, &(out, stride)| {
                    net.depthwise(3, stride).batch_norm().relu().conv(out, 1).batch_norm().relu()
                })
                .global_avg_pool()
                .linear(64)
                .relu()
                .linear(4 + CLASSES),
        }
    }
}

/// A net on its tape, and one batch.
pub(crate) struct Model {
    /// The parameters; the optimizer changes them in place.
    pub(crate) params: Params,
    tape: Tape,
    grads: Vec<f32>,
    /// The input and its values, all images of the batch in order.
    images: (Var, Vec<f32>),
    /// Four target coordinates per image.
    boxes: (Var, Vec<f32>),
    /// A target class per image: 0, 1, 2, 0 and so on.
    classes: (Var, Vec<f32>),
    /// Coordinates and then logits.
    output: Var,
    /// Whether passes and steps use the threads of the current pool.
    parallel: bool,
}

impl Model {
    pub(crate) fn new(net: NetName, batch: usize, parallel: bool) -> Self {
        let (mut tape, mut params) = (Tape::new(), Params::new(0));
        tape.set_parallel(parallel);
        let images = tape.input([net.side(), net.side(), 3]);
        let output = net.layers().record(&mut tape, &mut params, images);
        let (boxes, classes) = (tape.input([1, 1, 4]), tape.input([1, 1, 1]));
        let corners = tape.slice_channels(output, 0..4);
        let logits = tape.slice_channels(output, 4..4 + CLASSES);
        let box_loss = tape.smooth_l1(corners, boxes, 1.0);
        let class_loss = tape.cross_entropy(logits, classes, ClassLoss::default());
        let loss = tape.weighted_sum(&[(1.0, box_loss), (1.0, class_loss)]);
        tape.set_loss(loss);
        fill(&mut params);
        let pixels = batch * net.side() * net.side() * 3;
        Self {
            tape,
            grads: params.zero_grads(),
            params,
            images: (images, noise(1000, pixels)),
            boxes: (boxes, noise(1001, batch * 4)),
            classes: (classes, [0.0, 1.0, 2.0].into_iter().cycle().take(batch).collect()),
            output,
            parallel,
        }
    }

    /// One training step at a rate of 1e-3; the loss before it.
    pub(crate) fn step(&mut self, adam: &mut AdamGroup) -> f32 {
        let inputs = [
            (self.images.0, &self.images.1[..]),
            (self.boxes.0, &self.boxes.1),
            (self.classes.0, &self.classes.1),
        ];
        let loss = self.tape.forward(&mut self.params, &inputs);
        self.tape.backward(&self.params, &mut self.grads);
        let tensors = [(self.params.values_mut(), &self.grads[..])];
        if self.parallel {
            adam.par_step(1e-3, tensors);
        } else {
            adam.step(1e-3, tensors);
        }
        loss
    }

    /// The output of every image, in inference mode.
    pub(crate) fn infer(&mut self) -> Vec<f32> {
        self.tape.infer(&self.params, &[(self.images.0, &self.images.1[..])]);
        self.tape.value(self.output)
    }
}

/// Fills weights as `train_reference.py` does; biases of linear layers become 0.
fn fill(params: &mut Params) {
    for (seed, tensor) in params.tensors().to_vec().iter().enumerate() {
        let values = &mut params.values_mut()[tensor.range.clone()];
        let bound = match tensor.shape[..] {
            [h, w, i, _] => (6.0 / (h * w * i) as f64).sqrt(),
            [i, _] => (1.0 / i as f64).sqrt(),
            _ => {
                if tensor.name.ends_with(".bias") {
                    values.fill(0.0);
                }
                continue;
            }
        };
        for (value, noise) in values.iter_mut().zip(noise64(u32::try_from(seed).unwrap_or(0))) {
            *value = (noise * bound) as f32;
        }
    }
}

/// Numbers in -1..1: a 32-bit integer hash of the index, as in `train_reference.py`.
fn noise64(seed: u32) -> impl Iterator<Item = f64> {
    (0_u32..).map(move |i| {
        let mut h = i.wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(2_246_822_519));
        h ^= h >> 16;
        h = h.wrapping_mul(0x045D_9F3B);
        h ^= h >> 16;
        f64::from(h) / f64::from(1_u32 << 31) - 1.0
    })
}

pub(crate) fn noise(seed: u32, n: usize) -> Vec<f32> {
    noise64(seed).take(n).map(|x| x as f32).collect()
}
