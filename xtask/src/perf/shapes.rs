//! Every convolution shape of the nets: too many for a table, but a record has them all.
//!
//! Each line of `paso-speed conv` is one convolution with GFLOP/s of its three directions (forward
//! pass, gradient of the input, gradient of the weights) and the peak of the core, measured by the
//! same process. A direction becomes a benchmark of its own, named `NET CONVOLUTION DIRECTION`.
//!
//! The share is taken from each line on its own, so that figure and peak come from the same second.
//! A direction without a figure above 0 is left out of the record.

use super::program::Program;
use super::suite::{CONVOLUTIONS, FMA};
use anyhow::{Context, Result};
use serde_json::Value;

/// One direction of one convolution, over all runs.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) name: String,
    /// What it prints its GFLOP/s under.
    pub(crate) key: &'static str,
    /// Sorted.
    pub(crate) gflops: Vec<f64>,
    /// Of the multiply-adds that a core can do.
    pub(crate) shares: Vec<f64>,
}

/// So many runs of each.
///
/// # Errors
/// When the program cannot run them, or its lines lack something.
pub(crate) fn measure(program: &Program, runs: u16) -> Result<Vec<Shape>> {
    let mut shapes: Vec<Shape> = Vec::new();
    for _ in 0..runs {
        for line in program.lines(CONVOLUTIONS.0)? {
            add(&mut shapes, &line).with_context(|| format!("`{}`: {line}", CONVOLUTIONS.0))?;
        }
    }
    for shape in &mut shapes {
        shape.gflops.sort_by(f64::total_cmp);
        shape.shares.sort_by(f64::total_cmp);
    }
    Ok(shapes)
}

/// Adds what one line says. A direction without a figure is passed over.
fn add(shapes: &mut Vec<Shape>, line: &Value) -> Result<()> {
    let text = |key: &str| line.get(key).and_then(Value::as_str).context("no name");
    let number = |key: &str| line.get(key).and_then(Value::as_f64).filter(|x| *x > 0.0);
    let peak = number(FMA.1).context("no peak")?;
    let convolution = format!("{} {}", text("net")?, text("conv")?);
    for key in CONVOLUTIONS.1 {
        let Some(gflops) = number(key) else { continue };
        let name = format!("{convolution} {key}");
        let at = shapes.iter().position(|shape| shape.name == name).unwrap_or_else(|| {
            shapes.push(Shape { name, key, gflops: Vec::new(), shares: Vec::new() });
            shapes.len() - 1
        });
        shapes[at].gflops.push(gflops);
        shapes[at].shares.push(gflops / peak);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_of_one_convolution_meet() {
        let mut shapes = Vec::new();
        for forward in [100.0, 110.0] {
            let line = json!({
                "net": "S", "conv": "3x3/1 3->16 of 64x64", "forward": forward, "weight_grad": 50.0, "peak": 200.0,
            });
            add(&mut shapes, &line).expect("a whole line");
        }
        assert_eq!(shapes.len(), 2, "two directions: {shapes:?}");
        assert_eq!(shapes[0].name, "S 3x3/1 3->16 of 64x64 forward");
        assert_eq!(shapes[0].gflops, [100.0, 110.0]);
        assert_eq!(shapes[1].shares, [0.25, 0.25]);
        assert!(add(&mut shapes, &json!({"net": "S"})).is_err(), "no peak");
    }
}
