//! What is measured: a benchmark, the program that has it, and how its figure is read.

use crate::harness::Harness;
use crate::program::Program;
use crate::records::Better;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// The margin unless another is given, as a share: 1 %.
pub const MARGIN: f64 = 0.01;

/// One benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Benchmark {
    /// As tables and records name it.
    pub name: String,
    /// As its harness names it, where that has names: usually the same.
    pub id: String,
    /// Which program of a build has it.
    pub program: String,
    /// How it is run and its figure read.
    pub harness: Harness,
    /// Arguments of the program, where the harness does not choose them itself.
    pub args: Vec<String>,
    /// Whether a smaller or a larger figure is better.
    pub better: Better,
    /// Slowdowns up to this share are ignored: 0.01 is 1 %.
    pub margin: f64,
}

/// The programs of one build, by name.
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// A revision, a path, or a command.
    pub name: String,
    /// Bench targets of criterion and divan have their names; others are called what the benchmark
    /// says.
    pub programs: BTreeMap<String, Program>,
}

impl Build {
    /// The figure of a benchmark, from one run, in its unit.
    ///
    /// # Errors
    /// When this build lacks the program, or it fails, or prints no figure above 0.
    pub fn run(&self, benchmark: &Benchmark) -> Result<f64> {
        let program = self.programs.get(&benchmark.program).ok_or_else(|| {
            Error::Request(format!("{} has no program `{}`", self.name, benchmark.program))
        })?;
        benchmark.harness.measure(program, &benchmark.id, &benchmark.args)
    }
}

/// Parses `3%` as 0.03.
///
/// The percent sign is required, so that `3` and `0.03` are not taken for each other. NaN and 0 %
/// are errors.
///
/// # Errors
/// Anything but a percentage above 0 % and up to 100 %.
///
/// ```
/// assert_eq!(cargo_paso_gate::percentage("3%"), Ok(0.03));
/// assert!(cargo_paso_gate::percentage("3").is_err());
/// ```
pub fn percentage(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    match number {
        Some(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent / 100.0),
        _ => Err(format!("`{text}`: must be a percentage above 0% and up to 100%, as 3%")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_has_its_sign() {
        assert_eq!(percentage("3%"), Ok(0.03), "3 %");
        assert_eq!(percentage("0.5 %"), Ok(0.005), "half a percent");
        for wrong in ["3", "0.03", "0%", "-1%", "101%", "NaN%", "%"] {
            assert!(percentage(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_build_without_the_program_says_so() {
        let benchmark = Benchmark {
            name: "parse".into(),
            id: "parse".into(),
            program: "speed".into(),
            harness: Harness::Time,
            args: Vec::new(),
            better: Better::Lower,
            margin: MARGIN,
        };
        let build = Build { name: "v1.0".into(), ..Build::default() };
        let error = build.run(&benchmark).expect_err("no such program").to_string();
        assert_eq!(error, "v1.0 has no program `speed`");
    }
}
