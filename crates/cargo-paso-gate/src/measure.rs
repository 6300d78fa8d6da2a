//! How fast is one build, here and now: medians over passes through all benchmarks.
//!
//! Passes and not runs in a row, so that a noisy minute spoils one run of each benchmark and not all
//! runs of one. These figures answer how fast, not whether something changed: two tables of two
//! builds differ by the noise between their minutes. That is what the gate is for.

use crate::Result;
use crate::benchmark::Benchmark;

/// A benchmark's figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What was measured.
    pub benchmark: Benchmark,
    /// In its unit, in the order of the runs.
    pub figures: Vec<f64>,
}

/// Runs every benchmark once per pass. `after` gets what there is after each pass; where it says
/// no, the passes end.
///
/// # Errors
/// The first error of a run.
pub fn passes(
    benchmarks: &[Benchmark],
    passes: u16,
    mut run: impl FnMut(&Benchmark) -> Result<f64>,
    mut after: impl FnMut(u16, &[Measured]) -> Result<bool>,
) -> Result<Vec<Measured>> {
    let fresh =
        |benchmark: &Benchmark| Measured { benchmark: benchmark.clone(), figures: Vec::new() };
    let mut all: Vec<Measured> = benchmarks.iter().map(fresh).collect();
    for pass in 1..=passes {
        for measured in &mut all {
            measured.figures.push(run(&measured.benchmark)?);
        }
        if !after(pass, &all)? {
            break;
        }
    }
    Ok(all)
}

/// Median, least and most of some numbers; NaN for none.
#[must_use]
pub fn summary(figures: &[f64]) -> [f64; 3] {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.first(), sorted.last()) {
        (Some(&least), Some(&most)) => [crate::segments::median(&sorted), least, most],
        _ => [f64::NAN; 3],
    }
}

/// A table for a terminal.
#[must_use]
pub fn table(all: &[Measured]) -> String {
    let wide =
        all.iter().map(|it| it.benchmark.name.chars().count()).max().unwrap_or(0).clamp(9, 48);
    let mut text =
        format!("{:<wide$} {:>12} {:>12} {:>12}  figure\n", "benchmark", "median", "least", "most");
    for Measured { benchmark, figures } in all {
        let [median, least, most] = summary(figures);
        text += &format!(
            "{:<wide$} {median:>12.5} {least:>12.5} {most:>12.5}  {}\n",
            benchmark.name,
            benchmark.harness.unit()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::harness::Harness;
    use crate::records::Better;

    fn benchmark(name: &str) -> Benchmark {
        let (id, program, args) = (name.to_owned(), name.to_owned(), Vec::new());
        let (harness, better) = (Harness::Time, Better::Lower);
        Benchmark { name: name.into(), id, program, harness, args, better, margin: 0.01 }
    }

    #[test]
    fn passes_go_from_front_to_back() {
        let mut order = String::new();
        let both = [benchmark("a"), benchmark("b")];
        let run = |it: &Benchmark| {
            order += &it.name;
            Ok(order.len() as f64)
        };
        let all = passes(&both, 3, run, |_, _| Ok(true)).expect("nothing fails");
        assert_eq!(order, "ababab");
        assert_eq!(all[1].figures, [2.0, 4.0, 6.0]);
        let text = table(&all);
        assert!(text.contains("seconds") && text.contains("4.00000"), "{text}");
    }

    #[test]
    fn what_is_cut_off_keeps_its_figures() {
        let all = passes(&[benchmark("a")], 9, |_| Ok(1.0), |pass, _| Ok(pass < 2));
        assert_eq!(all.expect("two passes")[0].figures, [1.0, 1.0]);
        let error = |_: &Benchmark| Err(Error::Request("broken".into()));
        assert!(passes(&[benchmark("a")], 1, error, |_, _| Ok(true)).is_err(), "the first error");
    }

    #[test]
    fn a_summary_is_median_least_and_most() {
        assert_eq!(summary(&[3.0, 1.0, 2.0, 10.0]), [2.5, 1.0, 10.0]);
        assert!(summary(&[]).iter().all(|x| x.is_nan()), "of nothing");
    }
}
