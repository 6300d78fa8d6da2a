//! A training step of net S in candle.
//!
//! The layers and sizes are those of net S of `paso-speed`. Initial weights are candle's own, so
//! losses are not compared, only that the loss falls. `AdamW` without decay is Adam.

use crate::{BATCH, CHANNELS, CLASSES, RATE, SIDE, values};
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{
    AdamW, BatchNorm, Conv2d, Conv2dConfig, Linear, Module, ModuleT, Optimizer, ParamsAdamW,
    VarBuilder, VarMap, batch_norm, conv2d_no_bias, linear, loss,
};

struct Net {
    stages: Vec<(Conv2d, BatchNorm)>,
    hidden: Linear,
    head: Linear,
}

impl Net {
    fn new(vb: &VarBuilder<'_>) -> Result<Self> {
        let config = Conv2dConfig { padding: 1, ..Conv2dConfig::default() };
        let stage = |i: usize| {
            let (from, to) = (CHANNELS[i], CHANNELS[i + 1]);
            let conv = conv2d_no_bias(from, to, 3, config, vb.pp(format!("conv{i}")))?;
            Ok((conv, batch_norm(to, 1e-5, vb.pp(format!("norm{i}")))?))
        };
        Ok(Self {
            stages: (0..4).map(stage).collect::<Result<_>>()?,
            hidden: linear(CHANNELS[4], 64, vb.pp("hidden"))?,
            head: linear(64, 4 + CLASSES, vb.pp("head"))?,
        })
    }

    fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let mut x = images.clone();
        for (conv, norm) in &self.stages {
            x = norm.forward_t(&conv.forward(&x)?, true)?.relu()?.max_pool2d(2)?;
        }
        let x = x.mean(3)?.mean(2)?;
        self.head.forward(&self.hidden.forward(&x)?.relu()?)
    }
}

/// A function that makes a step and gives its loss.
pub fn stepper() -> Result<impl FnMut() -> f64> {
    let device = &Device::Cpu;
    let map = VarMap::new();
    let net = Net::new(&VarBuilder::from_varmap(&map, DType::F32, device))?;
    let params = ParamsAdamW { lr: RATE, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut adam = AdamW::new(map.all_vars(), params)?;
    let images =
        Tensor::from_vec(values(BATCH * 3 * SIDE * SIDE, 1.0), (BATCH, 3, SIDE, SIDE), device)?;
    let boxes = Tensor::from_vec(values(BATCH * 4, 1.0), (BATCH, 4), device)?;
    let classes: Vec<u32> = (0..BATCH as u32).map(|i| i % CLASSES as u32).collect();
    let classes = Tensor::from_vec(classes, BATCH, device)?;
    let mut step = move || {
        let out = net.forward(&images)?;
        let (corners, logits) = (out.narrow(1, 0, 4)?, out.narrow(1, 4, CLASSES)?);
        let loss = (loss::huber(&corners, &boxes, 1.0)? + loss::cross_entropy(&logits, &classes)?)?;
        adam.backward_step(&loss)?;
        loss.to_scalar::<f32>()
    };
    Ok(move || step().map_or_else(|e| panic!("candle: {e}"), f64::from))
}
