//! Trains a small candle model twice, with candle's own `AdamW` and with paso's step, both at
//! the rates of one schedule: the same losses, time next to time.
//!
//! ```text
//! cd examples/candle && cargo run --release
//! ```
//!
//! candle's tensors cannot be written to in place, so the weights live in plain vectors here, and
//! each step hands a new tensor to the variable. That copy is in the time that is printed.
//!
//! It reads and writes no file. It prints the first and the last loss of both runs and the mean
//! time of an optimizer step in microseconds, and panics if the losses of a step differ by more
//! than 1e-4 of their size. The gradients are copied out of candle's tensors, too; that is also in
//! the time of paso.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap, linear};
use paso_adam::{Adam, AdamConfig, AdamGroup};
use paso_schedule::Spec;
use std::time::{Duration, Instant};

const WIDTH: usize = 512;
const STEPS: usize = 50;
/// Over 50 steps: a linear rise in the first 5, then half a cosine wave.
const SCHEDULE: &str = "warmup(5) then cosine(1e-3 -> 1e-5, 45)";

struct Model {
    first: Linear,
    second: Linear,
}

impl Model {
    fn loss(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let out = self.second.forward(&self.first.forward(x)?.relu()?)?;
        (out - y)?.sqr()?.mean_all()
    }
}

/// A model whose weights are the same every time, and its variables in the order of their names.
fn model() -> Result<(Model, Vec<Var>)> {
    let (map, device) = (VarMap::new(), Device::Cpu);
    let builder = VarBuilder::from_varmap(&map, DType::F32, &device);
    let model = Model {
        first: linear(WIDTH, WIDTH, builder.pp("first"))?,
        second: linear(WIDTH, 4, builder.pp("second"))?,
    };
    let variables = map.data().lock().expect("no thread panics");
    let mut named: Vec<_> = variables.iter().map(|(name, v)| (name.clone(), v.clone())).collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    for (k, (_, var)) in named.iter().enumerate() {
        let values: Vec<f32> = (0..var.elem_count())
            .map(|i| ((i * 37 + k * 11) % 101) as f32 / 1200.0 - 0.04)
            .collect();
        var.set(&Tensor::from_vec(values, var.shape(), &device)?)?;
    }
    Ok((model, named.into_iter().map(|(_, var)| var).collect()))
}

/// 64 samples of waves, with `WIDTH` inputs and 4 outputs; nothing is random.
fn data() -> Result<(Tensor, Tensor)> {
    let wave = |n: usize, f: f32| (0..n).map(|i| (i as f32 * f).sin()).collect::<Vec<_>>();
    let x = Tensor::from_vec(wave(64 * WIDTH, 0.37), (64, WIDTH), &Device::Cpu)?;
    let y = Tensor::from_vec(wave(64 * 4, 0.11), (64, 4), &Device::Cpu)?;
    Ok((x, y))
}

/// Losses, and the time that the optimizer took.
type Run = (Vec<f32>, Duration);

fn with_candle(rates: &Spec) -> Result<Run> {
    let ((model, variables), (x, y)) = (model()?, data()?);
    let params = ParamsAdamW { weight_decay: 0.01, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(variables, params)?;
    let (mut losses, mut time) = (Vec::new(), Duration::ZERO);
    for step in 0..STEPS {
        let loss = model.loss(&x, &y)?;
        losses.push(loss.to_scalar()?);
        let gradients = loss.backward()?;
        let start = Instant::now();
        optimizer.set_learning_rate(rates.at(step as u64));
        optimizer.step(&gradients)?;
        time += start.elapsed();
    }
    Ok((losses, time))
}

/// The weights are kept in `f32` vectors, one for each variable, in the order of the variables.
fn with_paso(rates: &Spec) -> Result<Run> {
    let ((model, variables), (x, y)) = (model()?, data()?);
    let adam = Adam::new(AdamConfig::torch_adamw()).map_err(candle_core::Error::wrap)?;
    let mut group = AdamGroup::new(adam, variables.iter().map(|var| var.elem_count()));
    let flat = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
    let mut weights = variables.iter().map(|var| flat(var)).collect::<Result<Vec<_>>>()?;
    let (mut losses, mut time) = (Vec::new(), Duration::ZERO);
    for step in 0..STEPS {
        let loss = model.loss(&x, &y)?;
        losses.push(loss.to_scalar()?);
        let gradients = loss.backward()?;
        let start = Instant::now();
        let slices = variables
            .iter()
            .map(|var| flat(gradients.get(var).expect("every variable has a gradient")))
            .collect::<Result<Vec<_>>>()?;
        let pairs = weights.iter_mut().zip(&slices).map(|(w, g)| (&mut w[..], &g[..]));
        group.step(rates.at(step as u64), pairs.collect::<Vec<_>>());
        for (var, values) in variables.iter().zip(&weights) {
            var.set(&Tensor::from_slice(values, var.shape(), &Device::Cpu)?)?;
        }
        time += start.elapsed();
    }
    Ok((losses, time))
}

fn main() -> Result<()> {
    let rates: Spec = SCHEDULE.parse().map_err(candle_core::Error::wrap)?;
    let ((candle, candle_time), (paso, paso_time)) = (with_candle(&rates)?, with_paso(&rates)?);
    for (step, (a, b)) in candle.iter().zip(&paso).enumerate() {
        assert!((a - b).abs() <= 1e-4 * a.abs().max(1e-3), "step {step}: loss {a} and {b}");
    }
    let last = STEPS - 1;
    println!("loss {:.5} -> candle {:.6}, paso {:.6}", candle[0], candle[last], paso[last]);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / STEPS as f64;
    println!(
        "optimizer, a step: candle {:.0} us, paso {:.0} us with its copies ({:.1} times)",
        each(candle_time),
        each(paso_time),
        each(candle_time) / each(paso_time)
    );
    Ok(())
}
