//! burn's `AdamW`, on its flex backend.
//!
//! burn takes gradients only from its own backward pass, so they are those of a sum of products,
//! made before the clock starts. A step takes the module by value and returns the new one.

use crate::{DECAY, RATE, median, values};
use burn::module::{Module, Param};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use std::time::{Duration, Instant};

/// As in Cargo.toml.
pub const VERSION: &str = "burn 0.22.0";

/// As many tensors as asked for.
#[derive(Module, Debug)]
struct Weights {
    tensors: Vec<Param<Tensor<1>>>,
}

fn tensor(values: &[f32]) -> Tensor<1> {
    Tensor::from_data(TensorData::from(values), &Device::flex().autodiff())
}

fn module(count: usize, w: &[f32]) -> (Weights, ModuleOptimizer) {
    let tensors = (0..count).map(|_| Param::from_tensor(tensor(w))).collect();
    let optimizer = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(DECAY as f32).init();
    (Weights { tensors }, optimizer)
}

/// The gradient of the sum of the products is `g`, for each of them.
fn gradients(module: &Weights, g: &Tensor<1>) -> GradientsParams {
    let products = module.tensors.iter().map(|w| (w.val() * g.clone()).sum());
    let sum = products.reduce(|a, b| a + b).expect("at least one tensor");
    GradientsParams::from_grads(sum.backward(), module)
}

/// Ten steps against the formula.
pub fn check() {
    crate::check("burn", |w, g| {
        let ((mut module, mut optimizer), g) = (module(1, w), tensor(g));
        for _ in 0..10 {
            let gradients = gradients(&module, &g);
            module = optimizer.step(RATE, module, gradients);
        }
        module.tensors[0].val().into_data().try_into_vec().expect("f32")
    });
}

/// The time of a step.
pub fn run(
    count: usize,
    weights: usize,
    seconds: f64,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let ((module, mut optimizer), g) =
        (module(count, &values(weights, 1.0)), tensor(&values(weights, 0.1)));
    let mut module = Some(module);
    Ok(median(seconds, || {
        let old = module.take().expect("put back below");
        let gradients = gradients(&old, &g);
        let start = Instant::now();
        module = Some(optimizer.step(RATE, old, gradients));
        start.elapsed()
    }))
}
