//! Trains a small burn model twice, with burn's own `AdamW` and with paso's step as a burn
//! optimizer, both at the rates of one schedule: the same losses, time next to time.
//!
//! ```text
//! cd examples/burn && cargo run --release
//! ```
//!
//! burn's tensors own their memory and are not lent, so every step takes weights, gradient and
//! moments out as vectors and hands new tensors back. Those moves are in the time that is printed.
//!
//! It reads and writes no file. It prints the first and the last loss of both runs and the mean
//! time of an optimizer step in microseconds, and panics if the losses of a step differ by more
//! than 1e-4 of their size. The times are of one run each, so they say little about small
//! differences.

use std::time::{Duration, Instant};

use burn::backend::{Autodiff, NdArray};
use burn::module::{AutodiffModule, Module};
use burn::nn::{Linear, LinearConfig};
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{AdamWConfig, GradientsParams, Optimizer, SimpleOptimizer};
use burn::record::Record;
use burn::tensor::{Tensor, TensorData, activation::relu, backend::Backend};
use paso_adam::{Adam, AdamConfig};
use paso_schedule::Spec;

type Cpu = Autodiff<NdArray>;

const WIDTH: usize = 512;
const STEPS: usize = 50;
/// Over 50 steps: a linear rise in the first 5, then half a cosine wave.
const SCHEDULE: &str = "warmup(5) then cosine(1e-3 -> 1e-5, 45)";

/// paso's step as what burn calls a simple optimizer.
#[derive(Clone)]
struct Paso(Adam);

/// The moments of one tensor, and the steps that made them.
#[derive(Record, Clone)]
struct Moments<B: Backend, const D: usize> {
    steps: u64,
    first: Tensor<B, D>,
    second: Tensor<B, D>,
}

fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().into_vec().expect("the backend's floats are f32")
}

impl<B: Backend> SimpleOptimizer<B> for Paso {
    type State<const D: usize> = Moments<B, D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<B, D>,
        grad: Tensor<B, D>,
        state: Option<Moments<B, D>>,
    ) -> (Tensor<B, D>, Option<Moments<B, D>>) {
        let (shape, device) = (tensor.shape(), tensor.device());
        let (mut weights, gradient) = (values(tensor), values(grad));
        let (steps, mut first, mut second) = match state {
            Some(old) => (old.steps + 1, values(old.first), values(old.second)),
            None => (1, vec![0.0; weights.len()], vec![0.0; weights.len()]),
        };
        self.0.step(steps, lr, &mut weights, &gradient, &mut first, &mut second);
        let tensor = |values| Tensor::from_data(TensorData::new(values, shape.clone()), &device);
        let moments = Moments { steps, first: tensor(first), second: tensor(second) };
        (tensor(weights), Some(moments))
    }

    fn to_device<const D: usize>(state: Moments<B, D>, device: &B::Device) -> Moments<B, D> {
        let (first, second) = (state.first.to_device(device), state.second.to_device(device));
        Moments { first, second, ..state }
    }
}

#[derive(Module, Debug)]
struct Model<B: Backend> {
    first: Linear<B>,
    second: Linear<B>,
}

impl<B: Backend> Model<B> {
    fn loss(&self, x: &Tensor<B, 2>, y: &Tensor<B, 2>) -> Tensor<B, 1> {
        let out = self.second.forward(relu(self.first.forward(x.clone())));
        (out - y.clone()).powi_scalar(2).mean()
    }
}

/// Losses, and the time that the optimizer took.
///
/// `rates` is asked for the learning rate of each step, from 0. The data are waves, the same for
/// both runs.
fn train<M: Optimizer<Model<Cpu>, Cpu>>(
    mut model: Model<Cpu>,
    mut optimizer: M,
    rates: &Spec,
) -> (Vec<f32>, Duration) {
    let wave = |rows: usize, columns: usize, f: f32| {
        let values: Vec<f32> = (0..rows * columns).map(|i| (i as f32 * f).sin()).collect();
        Tensor::from_data(TensorData::new(values, [rows, columns]), &Default::default())
    };
    let (x, y) = (wave(64, WIDTH, 0.37), wave(64, 4, 0.11));
    let (mut losses, mut time) = (Vec::new(), Duration::ZERO);
    for step in 0..STEPS {
        let loss = model.loss(&x, &y);
        losses.push(loss.clone().into_scalar());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let start = Instant::now();
        model = optimizer.step(rates.at(step as u64), model, gradients);
        time += start.elapsed();
    }
    (losses, time)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rates: Spec = SCHEDULE.parse()?;
    let device = Default::default();
    let layer = |outputs| LinearConfig::new(WIDTH, outputs).init(&device);
    let model: Model<Cpu> = Model { first: layer(WIDTH), second: layer(4) };
    // The weights are random and made when first used: used once, both runs begin with the same.
    let _ = model.valid();
    let theirs = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.01).init();
    let ours = OptimizerAdaptor::from(Paso(Adam::new(AdamConfig::torch_adamw())?));
    let (burn, burn_time) = train(model.clone(), theirs, &rates);
    let (paso, paso_time) = train(model, ours, &rates);
    for (step, (a, b)) in burn.iter().zip(&paso).enumerate() {
        assert!((a - b).abs() <= 1e-4 * a.abs().max(1e-3), "step {step}: loss {a} and {b}");
    }
    let last = STEPS - 1;
    println!("loss {:.5} -> burn {:.6}, paso {:.6}", burn[0], burn[last], paso[last]);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / STEPS as f64;
    println!(
        "optimizer, a step: burn {:.0} us, paso {:.0} us with its copies ({:.1} times)",
        each(burn_time),
        each(paso_time),
        each(burn_time) / each(paso_time)
    );
    Ok(())
}
