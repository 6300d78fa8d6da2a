//! Where two schedules differ.
//!
//! The mean learning rate is the length of the path that a schedule allows; two schedules of one
//! peak can differ by a factor of two in it, which explains more than their forms do.
//!
//! The text goes to stdout; `--json` has the keys `first_difference`, `largest_difference` and
//! `mean`. Both differences are null where the schedules agree at every step. The comparison covers
//! steps 0 to `steps - 1` only: schedules that agree there may differ later.

use paso_locate::schedule::Spec;
use std::io::{self, Write};

/// Learning rates within this factor of each other count as equal.
const SAME: f64 = 1e-9;

/// Where two schedules first differ, where they differ most, and the mean learning rate of each.
///
/// The largest difference is absolute; of several equal ones it is the first. The first difference
/// is relative, see `SAME`. `steps` is 1 or more.
pub(super) fn compare(
    a: &Spec,
    b: &Spec,
    steps: u64,
    json: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let first = a.first_difference(b, steps, SAME);
    let gap = |step: u64| (a.at(step) - b.at(step)).abs();
    let largest =
        (0..steps).max_by(|&x, &y| gap(x).total_cmp(&gap(y)).then(y.cmp(&x))).unwrap_or(0);
    let mean = |spec: &Spec| spec.lrs(steps).sum::<f64>() / steps as f64;
    if json {
        let at = |step: u64| serde_json::json!({ "step": step, "a": a.at(step), "b": b.at(step) });
        let report = serde_json::json!({
            "steps": steps, "a": a.to_string(), "b": b.to_string(), "first_difference": first.map(at),
            "largest_difference": first.map(|_| at(largest)), "mean": { "a": mean(a), "b": mean(b) },
        });
        writeln!(out, "{report}")?;
        return out.flush();
    }
    writeln!(out, "A: {a}\nB: {b}\n")?;
    match first {
        None => writeln!(out, "the same over {steps} steps (to a relative {SAME:e})")?,
        Some(first) => {
            writeln!(out, "{:>18}  {:>12}  {:>14}  {:>14}", "", "step", "A", "B")?;
            for (name, step) in [
                ("first difference", first),
                ("largest difference", largest),
                ("last step", steps - 1),
            ] {
                writeln!(
                    out,
                    "{name:>18}  {step:>12}  {:>14.6e}  {:>14.6e}",
                    a.at(step),
                    b.at(step)
                )?;
            }
            writeln!(
                out,
                "{:>18}  {:>12}  {:>14.6e}  {:>14.6e}",
                "mean rate",
                "",
                mean(a),
                mean(b)
            )?;
        }
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{specs, text};
    use super::*;

    #[test]
    fn a_comparison_names_the_first_and_the_largest_difference() {
        let [a, b] = &specs(&["constant(1)", "constant(1, 10) then linear(1 -> 0, 10)"])[..] else {
            unreachable!()
        };
        let report: serde_json::Value =
            serde_json::from_str(&text(|out| compare(a, b, 30, true, out))).expect("JSON");
        assert_eq!(report["first_difference"]["step"], 11, "the first");
        assert_eq!(report["largest_difference"]["step"], 20, "the largest");
        assert!(
            text(|out| compare(a, a, 30, false, out)).contains("the same over 30 steps"),
            "none"
        );
    }
}
