//! Options that several commands share.
//!
//! An option that means the same in several commands is parsed here once, so that `--only` selects
//! the same benchmarks in `run`, `record` and `gate`. `count` has an `--only` of its own, since it
//! selects from another list.
//!
//! A name that fits nothing is an error that lists all names. Otherwise a misspelled `--only` would
//! be a gate that measured nothing and passed.

use super::quality;
use super::suite::{Benchmark, SUITE};
use anyhow::{Context, Result, bail};
use clap::Args;

/// Which benchmarks.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Only the benchmark of this name, or where there is none, those whose name contains it.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

impl Wanted {
    /// The benchmark of this name.
    ///
    /// An exact name comes first. Where there is none, it is the first benchmark of the suite whose
    /// name contains the text.
    pub(crate) fn named(name: &str) -> Result<&'static Benchmark> {
        let found = Self { only: Some(name.into()) }.full()?;
        found
            .into_iter()
            .find(|benchmark| benchmark.name.contains(name))
            .with_context(|| format!("`{name}` is no benchmark of the suite"))
    }

    /// The quick suite, and of the others those that are named.
    ///
    /// A benchmark that is named runs even where it does not belong to the quick suite.
    pub(crate) fn quick(&self) -> Result<Vec<&'static Benchmark>> {
        self.filter(|benchmark| benchmark.quick || self.only.is_some())
    }

    /// All.
    ///
    /// The result is empty, and no error, where `--only` fits the training of [`quality`] alone.
    pub(crate) fn full(&self) -> Result<Vec<&'static Benchmark>> {
        self.filter(|_| true)
    }

    /// Whether nothing was left out by name.
    pub(crate) fn all(&self) -> bool {
        self.only.is_none()
    }

    /// Whether the training of [`quality`] is wanted, too.
    pub(crate) fn quality(&self) -> bool {
        self.only.as_deref().is_none_or(|only| quality::NAME.contains(only))
    }

    /// The benchmarks that pass `fits` and `--only`, in the order of the suite. An exact name
    /// excludes those that only contain it: `adam-1e6` does not select `adam-1e6-audit`.
    fn filter(&self, fits: impl Fn(&Benchmark) -> bool) -> Result<Vec<&'static Benchmark>> {
        let exact = SUITE.iter().any(|benchmark| Some(benchmark.name) == self.only.as_deref());
        let named = |name: &str| match self.only.as_deref() {
            Some(only) if exact => name == only,
            Some(only) => name.contains(only),
            None => true,
        };
        let wanted: Vec<_> = SUITE.iter().filter(|b| fits(b) && named(b.name)).collect();
        if wanted.is_empty() && !self.quality() {
            let names: Vec<&str> = SUITE.iter().map(|benchmark| benchmark.name).collect();
            let only = self.only.as_deref().unwrap_or_default();
            bail!("--only {only}: fits none of {}, {}", names.join(", "), quality::NAME);
        }
        Ok(wanted)
    }
}
