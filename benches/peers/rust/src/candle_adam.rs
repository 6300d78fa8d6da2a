//! candle's `AdamW`.
//!
//! Gradients come from one backward pass before the timing and are used for every step; candle's
//! optimizer does not change them.

use crate::{DECAY, RATE, median, values};
use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use std::time::{Duration, Instant};

/// As in Cargo.toml.
pub const VERSION: &str = "candle 0.11.1";

/// Variables, their gradients, and the optimizer.
fn tensors(count: usize, w: &[f32], g: &[f32]) -> Result<(Vec<Var>, GradStore, AdamW)> {
    let device = &Device::Cpu;
    let vars =
        (0..count).map(|_| Var::from_slice(w, w.len(), device)).collect::<Result<Vec<_>>>()?;
    let g = Tensor::from_slice(g, g.len(), device)?;
    // The gradient of the sum of the products is `g`, for each of them.
    let products =
        vars.iter().map(|var| (var.as_tensor() * &g)?.sum_all()).collect::<Result<Vec<_>>>()?;
    let gradients = Tensor::stack(&products, 0)?.sum_all()?.backward()?;
    let params = ParamsAdamW { lr: RATE, weight_decay: DECAY, ..ParamsAdamW::default() };
    let optimizer = AdamW::new(vars.clone(), params)?;
    Ok((vars, gradients, optimizer))
}

/// Ten steps against the formula.
pub fn check() -> Result<()> {
    crate::check("candle", |w, g| {
        let steps = || {
            let (vars, gradients, mut optimizer) = tensors(1, w, g)?;
            (0..10).try_for_each(|_| optimizer.step(&gradients))?;
            vars[0].to_vec1()
        };
        steps().unwrap_or_else(|e| panic!("candle: {e}"))
    });
    Ok(())
}

/// The time of a step.
pub fn run(
    count: usize,
    weights: usize,
    seconds: f64,
) -> std::result::Result<Duration, Box<dyn std::error::Error>> {
    let (_, gradients, mut optimizer) =
        tensors(count, &values(weights, 1.0), &values(weights, 0.1))?;
    Ok(median(seconds, || {
        let start = Instant::now();
        optimizer.step(&gradients).unwrap_or_else(|e| panic!("candle: {e}"));
        start.elapsed()
    }))
}
