//! One run of one benchmark: a command, the JSON lines that it prints, and the figure in them.

use super::suite::{self, Benchmark, Better};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A build of the program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    path: PathBuf,
}

/// What a run printed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// In the benchmark's unit.
    pub(crate) value: f64,
    /// The instruction set level, where the program names it.
    pub(crate) level: Option<String>,
}

impl Figure {
    /// The logarithm of the time that it stands for, so that more is slower for every benchmark.
    pub(crate) fn log_time(&self, better: Better) -> f64 {
        match better {
            Better::Lower => self.value.ln(),
            Better::Higher => -self.value.ln(),
        }
    }
}

impl Program {
    /// # Errors
    /// Where there is no such file.
    pub(crate) fn new(path: &Path) -> Result<Self> {
        let path = path.canonicalize().with_context(|| path.display().to_string())?;
        if !path.is_file() {
            bail!("{}: is no program", path.display());
        }
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs a benchmark once.
    ///
    /// # Errors
    /// When it cannot be started, fails (with the first line of its message), or does not print the figure.
    pub(crate) fn run(&self, benchmark: &Benchmark) -> Result<Figure> {
        let output = Command::new(&self.path)
            .args(benchmark.arguments.split_whitespace())
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{} could not be started", self.path.display()))?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            let first = errors.lines().find(|line| !line.trim().is_empty()).unwrap_or("no message");
            bail!("`{}` ended with {}: {first}", benchmark.arguments, output.status);
        }
        let text = String::from_utf8(output.stdout).context("the program printed no UTF-8")?;
        figure(&text, benchmark.key).with_context(|| format!("`{}`", benchmark.arguments))
    }
}

/// The geometric mean of the key over all lines.
fn figure(text: &str, key: &str) -> Result<Figure> {
    let (mut values, mut level) = (Vec::new(), None);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let json: Value = serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))?;
        let value = json.get(key).and_then(Value::as_f64);
        let value = value.filter(|value| *value > 0.0 && value.is_finite());
        let value = value.with_context(|| format!("no `{key}` above 0 in: {line}"))?;
        values.push(value);
        level = level.or_else(|| Some(json.get(suite::LEVEL)?.as_str()?.to_owned()));
    }
    let value = match values[..] {
        [] => bail!("the program printed nothing"),
        [one] => one,
        _ => (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp(),
    };
    Ok(Figure { value, level })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_is_found_or_missed_with_a_reason() {
        let one = figure("{\"isa\":\"avx2\",\"x\":3.1}\n", "x").expect("a line with the key");
        assert_eq!(one, Figure { value: 3.1, level: Some("avx2".into()) });
        let two = figure("{\"x\":2.0}\n{\"x\":8.0}\n", "x").expect("two lines");
        assert!((two.value - 4.0).abs() < 1e-12, "the geometric mean is 4, not {}", two.value);
        for (text, reason) in [
            ("", "printed nothing"),
            ("{\"y\":1}", "no `x` above 0"),
            ("{\"x\":0}", "no `x` above 0"),
            ("x = 3", "no JSON"),
        ] {
            let error = figure(text, "x").expect_err(text);
            assert!(format!("{error:#}").contains(reason), "{text}: {error:#}");
        }
    }

    #[test]
    fn more_is_slower() {
        let figure = |value| Figure { value, level: None };
        assert!(
            figure(2.0).log_time(Better::Lower) > figure(1.0).log_time(Better::Lower),
            "a time"
        );
        assert!(
            figure(2.0).log_time(Better::Higher) < figure(1.0).log_time(Better::Higher),
            "a rate"
        );
    }
}
