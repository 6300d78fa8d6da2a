//! Trains a net with `paso-adam`, saves it in the middle, loads it, and goes on.
//!
//! `cargo run --release -p paso-tape --example train` prints losses, and checks that the training
//! that was saved and loaded ends with the bits of one that never stopped. One safetensors file
//! holds the weights, the running statistics and Adam's moments, so Python reads it as well.
//!
//! The images are dark and noisy, with one bright square each; the net learns where the square is.

use paso_adam::{Adam, AdamConfig, AdamGroup, Param, Scalars, StepOptions};
use paso_tape::{Kind, ParamInfo, Params, Sequential, Tape, Var};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::borrow::Cow;
use std::error::Error;

const SIDE: usize = 16;
const BATCH: usize = 16;

/// The net with its loss, its weights, and the optimizer: everything that a step needs.
struct Training {
    tape: Tape,
    images: Var,
    target: Var,
    params: Params,
    grads: Vec<f32>,
    adam: AdamGroup,
}

impl Training {
    fn new() -> Result<Self, Box<dyn Error>> {
        let (mut tape, mut params) = (Tape::new(), Params::new(1));
        let (images, target) = (tape.input([SIDE, SIDE, 1]), tape.input([1, 1, 2]));
        let net = Sequential::new().conv(8, 3).batch_norm().relu().max_pool(2);
        let net = net.conv(16, 3).batch_norm().relu().max_pool(4).linear(2);
        let center = net.record(&mut tape, &mut params, images);
        let loss = tape.smooth_l1(center, target, 0.1);
        tape.set_loss(loss);
        // One tensor of the optimizer for each of the net, under its name; biases and norms do not
        // decay.
        let param = |t: &ParamInfo| {
            let decay_scale = if t.kind == Some(Kind::Weight) { 1.0 } else { 0.0 };
            Param { decay_scale, ..Param::new(&t.name, t.range.len()) }
        };
        let config = Adam::new(AdamConfig::torch_adamw())?;
        let adam = AdamGroup::with_params(config, params.tensors().iter().map(param))?;
        Ok(Self { grads: params.zero_grads(), tape, images, target, params, adam })
    }

    /// A step on the batch of this number: the gradient has the layout of the weights, so the
    /// optimizer steps over two slices.
    fn step(&mut self, number: u64) -> Result<f32, Box<dyn Error>> {
        let (images, centers) = batch(number);
        let inputs = [(self.images, &images[..]), (self.target, &centers[..])];
        let loss = self.tape.forward(&mut self.params, &inputs);
        self.tape.backward(&self.params, &mut self.grads);
        let (weights, options) = (self.params.values_mut(), StepOptions::default());
        self.adam.step_flat(3e-3, &options, weights, &self.grads)?;
        Ok(loss)
    }

    /// Weights, running statistics and moments as the bytes of a safetensors file.
    fn save(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let tensor = |t: &ParamInfo, arena: &[f32]| {
            (t.name.clone(), t.shape.clone(), bytes(&arena[t.range.clone()]))
        };
        let weights = self.params.tensors().iter().map(|t| tensor(t, self.params.values()));
        let running = self.params.statistics().iter().map(|t| tensor(t, self.params.buffers()));
        let moments =
            self.adam.views().map(|view| (view.name, vec![view.values.len()], bytes(&view.values)));
        let all: Vec<_> = weights.chain(running).chain(moments).collect();
        let views: Result<Vec<_>, _> = all
            .iter()
            .map(|(name, shape, bytes)| {
                Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?))
            })
            .collect();
        Ok(safetensors::serialize(views.map_err(|e: safetensors::SafeTensorError| e)?, None)?)
    }

    /// Takes over what was saved; tensors are found by name.
    fn load(&mut self, file: &[u8]) -> Result<(), Box<dyn Error>> {
        let file = SafeTensors::deserialize(file)?;
        for t in self.params.tensors().to_vec() {
            self.params.values_mut()[t.range.clone()].copy_from_slice(&values(&file, &t)?);
        }
        for t in self.params.statistics().to_vec() {
            self.params.buffers_mut()[t.range.clone()].copy_from_slice(&values(&file, &t)?);
        }
        let find =
            |name: &str| file.tensor(name).ok().map(|found| Cow::Owned(floats(found.data())));
        Ok(self.adam.restore_views(Scalars::default(), find)?)
    }
}

/// The values of one tensor of a file.
fn values(file: &SafeTensors<'_>, t: &ParamInfo) -> Result<Vec<f32>, Box<dyn Error>> {
    let found = file.tensor(&t.name)?;
    if found.dtype() != Dtype::F32 || found.shape() != t.shape {
        let (dtype, shape) = (found.dtype(), found.shape());
        return Err(
            format!("{}: {dtype:?} {shape:?} where F32 {:?} is needed", t.name, t.shape).into()
        );
    }
    Ok(floats(found.data()))
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let four = |four: &[u8]| f32::from_le_bytes(four.try_into().expect("four bytes"));
    bytes.chunks_exact(4).map(four).collect()
}

/// Images of one bright square each, and the square's center as shares of the side.
fn batch(number: u64) -> (Vec<f32>, Vec<f32>) {
    let mut state = number + 1;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut images, mut centers) = (Vec::new(), Vec::new());
    for _ in 0..BATCH {
        let [left, top] = [0; 2].map(|_| random(SIDE - 4));
        for (y, x) in (0..SIDE * SIDE).map(|i| (i / SIDE, i % SIDE)) {
            let bright = (left..left + 4).contains(&x) && (top..top + 4).contains(&y);
            images.push(random(100) as f32 / 200.0 + if bright { 0.5 } else { 0.0 });
        }
        centers.extend([left, top].map(|corner| (corner + 2) as f32 / SIDE as f32));
    }
    (images, centers)
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut training = Training::new()?;
    let mut file = Vec::new();
    for number in 0..400 {
        let loss = training.step(number)?;
        if number % 100 == 99 {
            println!("step {}: loss {loss:.4}", number + 1);
        }
        if number + 1 == 200 {
            file = training.save()?; // std::fs::write("net.safetensors", &file)?
            println!("saved {} bytes", file.len());
        }
    }

    // Another process would begin here.
    let mut resumed = Training::new()?;
    resumed.load(&file)?;
    for number in 200..400 {
        resumed.step(number)?;
    }
    assert_eq!(resumed.params.values(), training.params.values(), "not the same bits");
    println!("loaded at step 200, it ends with the same bits");
    Ok(())
}
