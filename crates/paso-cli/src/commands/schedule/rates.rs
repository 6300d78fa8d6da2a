//! The learning rates of schedules as CSV and as JSON.
//!
//! Numbers are printed in the fewest digits that read back as the same `f64`. So a training loop in
//! another language can use the CSV, and trains with exactly these learning rates.
//!
//! Rows go from step 0 to `steps - 1`. They are written as they are computed, so that a long table
//! needs no memory for CSV; JSON holds all numbers at once. Columns have numbers and not the texts
//! of the schedules, because those contain commas.

use paso_locate::schedule::Spec;
use std::io::{self, Write};

/// `step,lr`, or `step,lr_1,lr_2,…`; each learning rate in the fewest digits that read back as the
/// same number.
pub(super) fn csv(specs: &[Spec], steps: u64, out: &mut impl Write) -> io::Result<()> {
    match specs {
        [_] => writeln!(out, "step,lr")?,
        _ => writeln!(
            out,
            "step,{}",
            (1..=specs.len()).map(|i| format!("lr_{i}")).collect::<Vec<_>>().join(",")
        )?,
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

/// `{"steps": …, "schedules": [{"spec": …, "peak": …, "end": …, "lr": […]}]}`.
///
/// `spec` is the schedule with every share resolved. `end` is null where it never ends. `peak` may
/// exceed every learning rate that is listed, where schedules are multiplied or cut.
pub(super) fn json(specs: &[Spec], steps: u64, out: &mut impl Write) -> io::Result<()> {
    let schedules: Vec<_> = specs
        .iter()
        .map(|spec| {
            let lr: Vec<f64> = spec.lrs(steps).collect();
            serde_json::json!({ "spec": spec.to_string(), "peak": spec.peak(), "end": spec.end(), "lr": lr })
        })
        .collect();
    serde_json::to_writer(
        &mut *out,
        &serde_json::json!({ "steps": steps, "schedules": schedules }),
    )?;
    writeln!(out)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{specs, text};
    use super::*;

    #[test]
    fn csv_has_one_column_for_each_schedule_and_reads_back() {
        let one = text(|out| csv(&specs(&["linear(0.3 -> 0, 3)"]), 4, out));
        assert_eq!(one, "step,lr\n0,0.3\n1,0.2\n2,0.1\n3,0.0\n", "one schedule");
        let two = text(|out| csv(&specs(&["constant(1e-7)", "constant(0.1)"]), 1, out));
        assert_eq!(two, "step,lr_1,lr_2\n0,1e-7,0.1\n", "two schedules");
    }
}
