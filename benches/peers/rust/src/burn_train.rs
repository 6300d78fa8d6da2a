//! A training step of net S in burn, on its flex backend with SIMD (AVX-512 where there is any) and
//! threads.
//!
//! The layers and sizes are those of net S of `paso-speed`. Initial weights are burn's own, so
//! losses are not compared, only that the loss falls.

use crate::{BATCH, CHANNELS, CLASSES, RATE, SIDE, values};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::{CrossEntropyLossConfig, HuberLossConfig, Reduction};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d, Relu};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};

#[derive(Module, Debug)]
struct Net {
    convs: Vec<Conv2d>,
    norms: Vec<BatchNorm>,
    pool: MaxPool2d,
    relu: Relu,
    hidden: Linear,
    head: Linear,
}

impl Net {
    fn new(device: &Device) -> Self {
        let conv = |i: usize| {
            let conv = Conv2dConfig::new([CHANNELS[i], CHANNELS[i + 1]], [3, 3]);
            conv.with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1)).with_bias(false).init(device)
        };
        Self {
            convs: (0..4).map(conv).collect(),
            norms: CHANNELS[1..].iter().map(|&c| BatchNormConfig::new(c).init(device)).collect(),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            relu: Relu::new(),
            hidden: LinearConfig::new(CHANNELS[4], 64).init(device),
            head: LinearConfig::new(64, 4 + CLASSES).init(device),
        }
    }

    fn forward(&self, mut x: Tensor<4>) -> Tensor<2> {
        for (conv, norm) in self.convs.iter().zip(&self.norms) {
            x = self.pool.forward(self.relu.forward(norm.forward(conv.forward(x))));
        }
        let x: Tensor<2> = x.mean_dim(3).mean_dim(2).flatten(1, 3);
        self.head.forward(self.relu.forward(self.hidden.forward(x)))
    }
}

/// A function that makes a step and gives its loss.
pub fn stepper() -> impl FnMut() -> f64 {
    let device = Device::flex().autodiff();
    let mut net = Some(Net::new(&device));
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    let pixels = TensorData::new(values(BATCH * 3 * SIDE * SIDE, 1.0), [BATCH, 3, SIDE, SIDE]);
    let images = Tensor::<4>::from_data(pixels, &device);
    let corners = TensorData::new(values(BATCH * 4, 1.0), [BATCH, 4]);
    let boxes = Tensor::<2>::from_data(corners, &device);
    let classes: Vec<i64> = (0..BATCH as i64).map(|i| i % CLASSES as i64).collect();
    let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [BATCH]), &device);
    let huber = HuberLossConfig::new(1.0).init();
    let entropy = CrossEntropyLossConfig::new().init(&device);
    move || {
        let old = net.take().expect("put back below");
        let out = old.forward(images.clone());
        let (corners, logits) = (out.clone().narrow(1, 0, 4), out.narrow(1, 4, CLASSES));
        let box_loss = huber.forward(corners, boxes.clone(), Reduction::Mean);
        let loss = box_loss + entropy.forward(logits, classes.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &old);
        net = Some(adam.step(RATE, old, gradients));
        loss.into_scalar::<f32>().into()
    }
}
