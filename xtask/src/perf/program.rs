//! One run of one benchmark: a command, the JSON lines that it prints, and the figure in them.
//!
//! The protocol is as small as can be: a program gets arguments, and prints one JSON object per
//! line on stdout. A benchmark names the key of its figure; other keys are ignored, so that
//! programs of older commits, which print fewer, can still be measured.
//!
//! A figure must be a finite number above 0, since every comparison takes its logarithm. A program
//! that prints 0 or NaN has failed.
//!
//! Several lines of one run, such as those of all convolutions of a net, are one figure: their
//! geometric mean. A change by some percent of one line then counts the same whether that line is
//! large or small, and the ratio of two means is the mean of the ratios.
//!
//! Arguments are separated by blanks and are not quoted, so that none can contain a blank. No shell
//! is involved.

use super::suite::{self, Benchmark};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A build of the program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Absolute, without symbolic links.
    path: PathBuf,
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

    /// The figure of a benchmark, in its unit, from one run.
    ///
    /// # Errors
    /// When it cannot be started, fails (with the first line of its message), or does not print the
    /// figure.
    pub(crate) fn run(&self, benchmark: &Benchmark) -> Result<f64> {
        let [figure] = self.figures(benchmark.arguments, [benchmark.key])?;
        Ok(figure)
    }

    /// Several figures of one run.
    ///
    /// One figure per key, in their order; `run` is the case of one.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub(crate) fn figures<const N: usize>(
        &self,
        arguments: &str,
        keys: [&str; N],
    ) -> Result<[f64; N]> {
        let text = self.output(arguments)?;
        let mut figures = [f64::NAN; N];
        for (found, key) in figures.iter_mut().zip(keys) {
            *found = figure(&text, key).with_context(|| format!("`{arguments}`"))?;
        }
        Ok(figures)
    }

    /// Every line that it prints.
    ///
    /// # Errors
    /// As [`Program::json`].
    pub(crate) fn lines(&self, arguments: &str) -> Result<Vec<Value>> {
        let text = self.output(arguments)?;
        let parse = |line: &str| {
            serde_json::from_str(line).with_context(|| format!("`{arguments}`: no JSON: {line}"))
        };
        text.lines().map(parse).collect()
    }

    /// The first line of what it prints.
    ///
    /// # Errors
    /// When it cannot be started, fails, or prints no JSON.
    pub(crate) fn json(&self, arguments: &str) -> Result<Value> {
        let text = self.output(arguments)?;
        let line = text.lines().next().with_context(|| format!("`{arguments}` printed nothing"))?;
        serde_json::from_str(line).with_context(|| format!("`{arguments}`: no JSON: {line}"))
    }

    /// The instruction set level that it runs at, or `unknown`.
    pub(crate) fn level(&self) -> String {
        let (arguments, key) = suite::LEVEL;
        let level = |json: Value| Some(json.get(key)?.as_str()?.to_owned());
        self.json(arguments).ok().and_then(level).unwrap_or_else(|| "unknown".into())
    }

    /// What it prints, all at once after it has ended; stdin is empty.
    fn output(&self, arguments: &str) -> Result<String> {
        let output = Command::new(&self.path)
            .args(arguments.split_whitespace())
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{} could not be started", self.path.display()))?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            let first = errors.lines().find(|line| !line.trim().is_empty()).unwrap_or("no message");
            bail!("`{arguments}` ended with {}: {first}", output.status);
        }
        String::from_utf8(output.stdout).context("the program printed no UTF-8")
    }
}

/// The geometric mean of the key over all lines.
///
/// Blank lines are left out; every other line must be JSON and have the key.
fn figure(text: &str, key: &str) -> Result<f64> {
    let mut values = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let json: Value = serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))?;
        let value = json.get(key).and_then(Value::as_f64);
        let value = value.filter(|value| *value > 0.0 && value.is_finite());
        values.push(value.with_context(|| format!("no `{key}` above 0 in: {line}"))?);
    }
    match values[..] {
        [] => bail!("the program printed nothing"),
        [one] => Ok(one),
        _ => Ok((values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_is_found_or_missed_with_a_reason() {
        let one = figure("{\"isa\":\"avx2\",\"x\":3.1}\n", "x").expect("a line with the key");
        assert!((one - 3.1).abs() < 1e-12, "{one}");
        let two = figure("{\"x\":2.0}\n{\"x\":8.0}\n", "x").expect("two lines");
        assert!((two - 4.0).abs() < 1e-12, "the geometric mean is 4, not {two}");
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
}
