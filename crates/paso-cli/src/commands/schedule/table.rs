//! Learning rates per step as CSV and as JSON.

use paso_locate::schedule::Spec;
use serde_json::json;
use std::io::{self, Write};

/// `step,lr`, or `step,lr_1,lr_2,...`; each learning rate in the fewest digits that parse to the same value.
pub(super) fn csv(specs: &[Spec], steps: u64, out: &mut impl Write) -> io::Result<()> {
    if let [_] = specs {
        writeln!(out, "step,lr")?;
    } else {
        let columns: Vec<_> = (1..=specs.len()).map(|i| format!("lr_{i}")).collect();
        writeln!(out, "step,{}", columns.join(","))?;
    }
    for step in 0..steps {
        write!(out, "{step}")?;
        for spec in specs {
            write!(out, ",{:?}", spec.at(step))?;
        }
        writeln!(out)?;
    }
    out.flush()
}

/// `{"steps": ..., "schedules": [{"spec": ..., "peak": ..., "end": ..., "lr": [...]}]}`.
pub(super) fn json(specs: &[Spec], steps: u64, out: &mut impl Write) -> io::Result<()> {
    let schedule = |spec: &Spec| {
        let lr: Vec<f64> = spec.lrs(steps).collect();
        json!({ "spec": spec.to_string(), "peak": spec.peak(), "end": spec.end(), "lr": lr })
    };
    let schedules: Vec<_> = specs.iter().map(schedule).collect();
    serde_json::to_writer(&mut *out, &json!({ "steps": steps, "schedules": schedules }))?;
    writeln!(out)?;
    out.flush()
}
