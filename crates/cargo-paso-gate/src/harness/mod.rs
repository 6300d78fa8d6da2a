//! How a benchmark is run once, and how its figure is read: one file per harness.
//!
//! The programs are those that people have; nothing in them is changed. A run should take a few
//! tenths of a second, as many short alternating runs see more than few long ones, so criterion and
//! divan are asked for short ones on their command line.

mod criterion;
mod divan;
mod json;
mod time;

pub use json::figure;

use crate::program::Program;
use crate::{Error, Result};
use serde::Deserialize;

/// How a program is run and read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Harness {
    /// A bench target of criterion: the fastest of its samples, in nanoseconds per iteration.
    Criterion,
    /// A bench target of divan: the median of its table, in nanoseconds per iteration.
    Divan,
    /// Any program that prints JSON objects, one a line: the geometric mean of this key.
    Json {
        /// Whose number above 0 is the figure.
        key: String,
    },
    /// Any command: the wall-clock time from its start to its end, in seconds.
    Time,
}

/// The same, as `gate.toml` names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HarnessName {
    /// See [`Harness::Criterion`].
    #[default]
    Criterion,
    /// See [`Harness::Divan`].
    Divan,
    /// See [`Harness::Json`].
    Json,
    /// See [`Harness::Time`].
    Time,
}

impl Harness {
    /// Runs a benchmark once and returns its figure, in its unit.
    ///
    /// # Errors
    /// When the program cannot be started, fails, or prints no figure above 0.
    pub fn measure(&self, program: &Program, name: &str, args: &[String]) -> Result<f64> {
        match self {
            Self::Criterion => criterion::measure(program, name, args),
            Self::Divan => divan::measure(program, name, args),
            Self::Json { key } => {
                let text = program.output(args)?;
                figure(&text, key).map_err(|message| {
                    Error::command(crate::error::typed(&program.start(args)), message)
                })
            }
            Self::Time => time::measure(program, args),
        }
    }

    /// The unit of the figure: its column in records.
    #[must_use]
    pub fn unit(&self) -> &str {
        match self {
            Self::Criterion | Self::Divan => "ns",
            Self::Json { key } => key,
            Self::Time => "seconds",
        }
    }

    /// The names of all benchmarks of a program; none for harnesses that have no list.
    ///
    /// # Errors
    /// When the program fails, or its list is not one of this harness.
    pub fn list(&self, program: &Program) -> Result<Vec<String>> {
        match self {
            Self::Criterion => criterion::list(program),
            Self::Divan => divan::list(program),
            Self::Json { .. } | Self::Time => Ok(Vec::new()),
        }
    }
}

/// A list of words.
fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_of_json_is_read_from_what_a_program_prints() {
        let program = Program::command("git config -f x --get y").expect("a command");
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("x"), "[a]\nb = \"{\\\"ns\\\": 2.5}\"\n")
            .expect("a file");
        let program_b = Program::command("git config -f x --get a.b").expect("a command");
        let json = Harness::Json { key: "ns".into() };
        let found = json.measure(&program_b.in_folder(folder.path()), "any", &[]);
        assert_eq!(found.expect("it prints the key"), 2.5);
        assert!(json.measure(&program.in_folder(folder.path()), "any", &[]).is_err(), "it fails");
        assert_eq!(json.unit(), "ns");
        assert_eq!(
            json.list(&Program::command("none").expect("a command")).expect("no list").len(),
            0
        );
    }
}
