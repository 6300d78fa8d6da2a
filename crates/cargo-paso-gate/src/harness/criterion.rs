//! Bench targets of criterion, as they are.
//!
//! A run is `BIN --bench '^NAME$'` with a short warm-up and measurement and without plots: the
//! filter is a pattern in every version, and `--exact` came with 0.4 only.
//! criterion writes its samples below `CRITERION_HOME`, which is an empty folder for every run:
//! nothing of the user's `target/criterion` is read or written, and criterion compares with nothing.
//!
//! The figure is the fastest of a hundred samples, as time per iteration. Whatever else the machine
//! does can only make a sample slower, and a sample is short enough to be left alone now and then. On
//! two CPUs with 18 processes that wanted them, 16 runs of `encode_slice/3072` of base64 0.22.1
//! scattered by 0.8 % (standard deviation) in their fastest sample, by 20 % in the median of a
//! hundred, and by 39 % in that of ten.
//! A slow path that is taken in few iterations is not seen so; it needs a benchmark of its own.
//!
//! A group that sets its own measurement time or sample size keeps it, as criterion lets code win
//! over the command line.

use super::words;
use crate::error::typed;
use crate::program::{Program, output};
use crate::{Error, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A run of about two tenths of a second; 1001 resamples are the fewest without a warning.
const SHORT: [&str; 9] = [
    "--noplot",
    "--sample-size",
    "100",
    "--nresamples",
    "1001",
    "--warm-up-time",
    "0.05",
    "--measurement-time",
    "0.15",
];

/// criterion 0.3 takes whole seconds only: two seconds a run.
const WHOLE_SECONDS: [&str; 9] = [
    "--noplot",
    "--sample-size",
    "100",
    "--nresamples",
    "1001",
    "--warm-up-time",
    "1",
    "--measurement-time",
    "1",
];

/// The part that is read of criterion's `sample.json`.
#[derive(Deserialize)]
struct Sample {
    /// Of each sample.
    iters: Vec<f64>,
    /// Nanoseconds of all of them.
    times: Vec<f64>,
}

impl Sample {
    /// The least nanoseconds per iteration; infinite where there is no sample.
    fn fastest(&self) -> f64 {
        let each = self.times.iter().zip(&self.iters).map(|(time, iters)| time / iters);
        each.fold(f64::INFINITY, f64::min)
    }
}

/// The time of one benchmark, in nanoseconds.
pub(super) fn measure(program: &Program, name: &str, args: &[String]) -> Result<f64> {
    match run(program, name, &SHORT, args) {
        Err(e) if e.to_string().contains("isn't a valid value") => {
            run(program, name, &WHOLE_SECONDS, args)
        }
        outcome => outcome,
    }
}

/// One run with these options.
fn run(program: &Program, name: &str, options: &[&str], args: &[String]) -> Result<f64> {
    let home = tempfile::tempdir().map_err(Error::file(&std::env::temp_dir()))?;
    let mut arguments = words(["--bench", &exactly(name)]);
    arguments.extend(options.iter().map(ToString::to_string));
    arguments.extend_from_slice(args);
    let mut command = program.start(&arguments);
    output(command.env("CRITERION_HOME", home.path()))?;
    let found = samples(home.path());
    let Some(path) = found.first() else {
        let message = format!(
            "has no benchmark `{name}`, or is no bench target of criterion; `--bench --list` names what it has"
        );
        return Err(Error::command(typed(&command), message));
    };
    let text = std::fs::read_to_string(path).map_err(Error::file(path))?;
    let sample: Sample = serde_json::from_str(&text).map_err(|e| Error::contents(path, e))?;
    let ns = sample.fastest();
    if ns > 0.0 && ns.is_finite() {
        return Ok(ns);
    }
    Err(Error::command(typed(&command), format!("{ns} ns an iteration: nothing is measured in it")))
}

/// The pattern that matches this name and no other.
fn exactly(name: &str) -> String {
    let mut pattern = String::from("^");
    for c in name.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern + "$"
}

/// Every `new/sample.json` below the folder. Its path depends on how the name is split into group
/// and function, which the list does not tell.
fn samples(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.ends_with("new/sample.json") {
                found.push(path);
            }
        }
    }
    found
}

/// The names that `--list` prints, as `fib/20: benchmark`.
pub(super) fn list(program: &Program) -> Result<Vec<String>> {
    let text = program.output(&words(["--bench", "--list"]))?;
    let names = text.lines().filter_map(|line| {
        line.trim_end()
            .strip_suffix(": benchmark")
            .or_else(|| line.trim_end().strip_suffix(": bench"))
    });
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_no_character_of_a_name_for_an_operator() {
        assert_eq!(exactly("group/f(x) 1.5"), r"^group/f\(x\) 1\.5$");
        assert_eq!(exactly("plain_name"), "^plain_name$");
    }

    #[test]
    fn samples_are_found_wherever_criterion_puts_them() {
        let home = tempfile::tempdir().expect("a temporary folder");
        for folder in ["group/function/5/new", "group/function/5/base", "report"] {
            let folder = home.path().join(folder);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join("sample.json"), "{}").expect("a file");
        }
        let found = samples(home.path());
        assert_eq!(found, [home.path().join("group/function/5/new/sample.json")]);
        assert!(samples(&home.path().join("none")).is_empty(), "nothing there");
    }

    #[test]
    fn the_fastest_sample_is_one_per_iteration() {
        let sample = Sample { iters: vec![1.0, 2.0, 3.0], times: vec![110.0, 204.0, 900.0] };
        assert_eq!(sample.fastest(), 102.0, "204 ns of two iterations; the third was interrupted");
        assert_eq!(Sample { iters: vec![], times: vec![] }.fastest(), f64::INFINITY);
    }
}
