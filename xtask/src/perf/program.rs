//! One run of `paso-speed`: arguments, the JSON lines that it prints, and the figures in them.
//!
//! Arguments are separated by blanks and are not quoted, so that none can contain a blank. What a
//! figure is, and how it is read, is the harness `json` of `cargo-paso-gate`.

use super::suite;
use anyhow::{Context, Result};
use cargo_paso_gate::harness::figure;
use serde_json::Value;
use std::path::Path;

/// A build of the program.
#[derive(Clone, Debug)]
pub(crate) struct Program(pub(crate) cargo_paso_gate::program::Program);

impl Program {
    /// # Errors
    /// Where there is no such file.
    pub(crate) fn new(path: &Path) -> Result<Self> {
        Ok(Self(cargo_paso_gate::program::Program::new(path)?))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Several figures of one run: one per key, in their order.
    ///
    /// # Errors
    /// When it cannot be started, fails (with the first line of its message), or does not print a
    /// figure.
    pub(crate) fn figures<const N: usize>(
        &self,
        arguments: &str,
        keys: [&str; N],
    ) -> Result<[f64; N]> {
        let text = self.output(arguments)?;
        let mut figures = [f64::NAN; N];
        for (found, key) in figures.iter_mut().zip(keys) {
            *found = figure(&text, key)
                .map_err(|message| anyhow::anyhow!("`{arguments}`: {message}"))?;
        }
        Ok(figures)
    }

    /// Every line that it prints.
    ///
    /// # Errors
    /// When it cannot be started, fails, or prints no JSON.
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
    /// As [`Program::lines`]; also when there is none.
    pub(crate) fn json(&self, arguments: &str) -> Result<Value> {
        let lines = self.lines(arguments)?;
        lines.into_iter().next().with_context(|| format!("`{arguments}` printed nothing"))
    }

    /// The instruction set level that it runs at, or `unknown`.
    pub(crate) fn level(&self) -> String {
        let (arguments, key) = suite::LEVEL;
        let level = |json: Value| Some(json.get(key)?.as_str()?.to_owned());
        self.json(arguments).ok().and_then(level).unwrap_or_else(|| "unknown".into())
    }

    /// What it prints, all at once after it has ended; stdin is empty.
    fn output(&self, arguments: &str) -> Result<String> {
        let words: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        Ok(self.0.output(&words)?)
    }
}
