//! Where two schedules differ: first, most, at the last step, and on average.

use paso_locate::schedule::Spec;
use serde_json::json;
use std::io::{self, Write};

/// Learning rates within this relative difference count as the same.
const TOLERANCE: f64 = 1e-9;

/// Prints the comparison over the first `steps` steps, as text or as one JSON object.
pub(super) fn print(
    a: &Spec,
    b: &Spec,
    steps: u64,
    as_json: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let first = a.first_difference(b, steps, TOLERANCE);
    let gap = |step: u64| (a.at(step) - b.at(step)).abs();
    // The first of equally large differences.
    let largest =
        (0..steps).max_by(|&x, &y| gap(x).total_cmp(&gap(y)).then(y.cmp(&x))).unwrap_or(0);
    let mean = |spec: &Spec| spec.lrs(steps).sum::<f64>() / steps as f64;
    if as_json {
        let at = |step: u64| json!({ "step": step, "a": a.at(step), "b": b.at(step) });
        let report = json!({
            "steps": steps,
            "a": a.to_string(),
            "b": b.to_string(),
            "first_difference": first.map(at),
            "largest_difference": first.map(|_| at(largest)),
            "mean": { "a": mean(a), "b": mean(b) },
        });
        writeln!(out, "{report}")?;
        return out.flush();
    }
    writeln!(out, "A: {a}\nB: {b}\n")?;
    match first {
        None => writeln!(out, "the same over {steps} steps (relative tolerance {TOLERANCE:e})")?,
        Some(first) => {
            writeln!(out, "{:>18}  {:>12}  {:>14}  {:>14}", "", "step", "A", "B")?;
            let mut row = |name: &str, step: String, a: f64, b: f64| {
                writeln!(out, "{name:>18}  {step:>12}  {a:>14.6e}  {b:>14.6e}")
            };
            for (name, step) in [
                ("first difference", first),
                ("largest difference", largest),
                ("last step", steps - 1),
            ] {
                row(name, step.to_string(), a.at(step), b.at(step))?;
            }
            row("mean", String::new(), mean(a), mean(b))?;
        }
    }
    out.flush()
}
