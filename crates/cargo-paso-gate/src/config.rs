//! `gate.toml`: what is built and what is measured.

use crate::benchmark::{Benchmark, Build, MARGIN, percentage};
use crate::cargo::Recipe;
use crate::harness::{Harness, HarnessName};
use crate::records::Better;
use crate::{Error, Result};
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};

/// The name of the file.
pub const FILE: &str = "gate.toml";

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// What is built, and how its figures are read.
    #[serde(default)]
    pub build: BuildSection,
    /// The folder of records, relative to the file; `benches/records` unless given.
    pub records: Option<PathBuf>,
    /// What is measured. With criterion and divan everything is, unless something is listed.
    #[serde(default, rename = "benchmark")]
    pub benchmarks: Vec<BenchmarkSection>,
}

/// `[build]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BuildSection {
    /// One bench target, or a list of them.
    #[serde(default, deserialize_with = "one_or_many")]
    pub bench: Vec<String>,
    /// A program instead of bench targets, for the harnesses `json` and `time`.
    pub bin: Option<String>,
    /// A command that builds, instead of cargo; it runs in the folder of each side.
    pub command: Option<String>,
    /// The package, where the targets' names are not unique in the workspace.
    pub package: Option<String>,
    /// The cargo profile, instead of `bench` or `release`.
    pub profile: Option<String>,
    /// Features that are turned on.
    #[serde(default, deserialize_with = "one_or_many")]
    pub features: Vec<String>,
    /// `criterion` unless given.
    #[serde(default)]
    pub harness: HarnessName,
    /// For all benchmarks that have none of their own; 1 % unless given.
    #[serde(default, deserialize_with = "optional_percentage")]
    pub margin: Option<f64>,
    /// Whether all runs are bound to one CPU (Linux): less noise, but no benchmark has a second
    /// thread then.
    #[serde(default)]
    pub pin: bool,
}

/// `[[benchmark]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BenchmarkSection {
    /// Its name; with criterion and divan also a part of the names of several.
    pub name: String,
    /// Slowdowns up to this are ignored: `"2%"`.
    #[serde(default, deserialize_with = "optional_percentage")]
    pub margin: Option<f64>,
    /// Arguments of the program, separated by blanks; quotes keep blanks.
    pub args: Option<String>,
    /// A command instead of a built program; it runs in the folder of each side.
    pub command: Option<String>,
    /// The key of the figure, with the harness `json`.
    pub key: Option<String>,
    /// `lower` unless given, as for a time; `higher` for a rate.
    pub better: Option<Better>,
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a name, or a list of names")]
    enum Either {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::One(one) => vec![one],
        Either::Many(many) => many,
    })
}

fn optional_percentage<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<f64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    percentage(&text).map(Some).map_err(serde::de::Error::custom)
}

impl Config {
    /// The file of a folder or of one above it, with its folder.
    ///
    /// # Errors
    /// When there is none, or it is not valid.
    pub fn find(folder: &Path) -> Result<(Self, PathBuf)> {
        match folder.ancestors().find(|folder| folder.join(FILE).is_file()) {
            Some(root) => Ok((Self::read(&root.join(FILE))?, root.to_owned())),
            None => Err(Error::Request(format!(
                "there is no {FILE} in {} or above: `cargo paso-gate init` writes one",
                folder.display()
            ))),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not valid: with line, value, and what is allowed.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::file(path))?;
        Self::parse(&text).map_err(|message| Error::contents(path, message))
    }

    /// Parses the text of a file.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|e| e.to_string().trim().to_owned())?;
        config.validate()?;
        Ok(config)
    }

    /// What no single value shows.
    fn validate(&self) -> Result<(), String> {
        let BuildSection { bench, bin, harness, command, .. } = &self.build;
        let listed = matches!(harness, HarnessName::Criterion | HarnessName::Divan);
        if listed && (bin.is_some() || command.is_some()) {
            return Err(format!(
                "[build] harness = {harness:?} measures bench targets: name them in `bench`, without `bin` and `command`"
            ));
        }
        if bin.is_some() && (command.is_some() || !bench.is_empty()) {
            return Err(
                "[build] has more than one of `bench`, `bin` and `command`: keep one".into()
            );
        }
        if !listed && self.benchmarks.is_empty() {
            return Err(format!(
                "[build] harness = {harness:?} has no list of benchmarks: add a [[benchmark]] with `name` and `args` for each"
            ));
        }
        for benchmark in &self.benchmarks {
            let BenchmarkSection { name, command, key, better, args, .. } = benchmark;
            let wrong = |what: &str| Err(format!("[[benchmark]] `{name}` {what}"));
            if listed && (command.is_some() || key.is_some() || better.is_some()) {
                return wrong(
                    "has `command`, `key` or `better`, which are for the harnesses json and time",
                );
            }
            if *harness == HarnessName::Json && key.is_none() {
                return wrong(
                    "has no `key`: the name of its figure in the JSON that the program prints",
                );
            }
            if !listed && command.is_none() && bin.is_none() && bench.len() != 1 {
                return wrong("has no `command`, and [build] names no `bin` and no single `bench`");
            }
            if let Some(text) = args.as_ref().filter(|text| shlex::split(text).is_none()) {
                return wrong(&format!("has args = {text:?}, in which a quote is open"));
            }
        }
        Ok(())
    }

    /// What cargo builds; nothing where every benchmark is a command.
    #[must_use]
    pub fn recipe(&self) -> Option<Recipe> {
        let BuildSection { bench, bin, package, profile, features, .. } = &self.build;
        let commands =
            !self.benchmarks.is_empty() && self.benchmarks.iter().all(|b| b.command.is_some());
        (!commands).then(|| Recipe {
            package: package.clone(),
            benches: bench.clone(),
            bin: bin.clone(),
            profile: profile.clone(),
            features: features.clone(),
        })
    }

    /// The benchmarks of a build: those of the list, in the order of the file, or all that its
    /// programs have.
    ///
    /// # Errors
    /// When a program cannot list its benchmarks, or an entry fits none.
    pub fn benchmarks(&self, build: &Build) -> Result<Vec<Benchmark>> {
        let harness = match self.build.harness {
            HarnessName::Criterion => Harness::Criterion,
            HarnessName::Divan => Harness::Divan,
            HarnessName::Json | HarnessName::Time => {
                return Ok(self.benchmarks.iter().map(|entry| self.own(entry)).collect());
            }
        };
        let mut all: Vec<Benchmark> = Vec::new();
        for (program, executable) in &build.programs {
            for id in harness.list(executable)? {
                let taken = all.iter().any(|other| other.name == id);
                let name = if taken { format!("{program}: {id}") } else { id.clone() };
                let (program, harness) = (program.clone(), harness.clone());
                let (args, better, margin) = (Vec::new(), Better::Lower, self.margin(None));
                all.push(Benchmark { name, id, program, harness, args, better, margin });
            }
        }
        if all.is_empty() {
            let programs: Vec<&str> = build.programs.keys().map(String::as_str).collect();
            return Err(Error::Request(format!(
                "{} has no benchmark of {:?}: is `harness` right in {FILE}, and `bench`?",
                programs.join(", "),
                self.build.harness
            )));
        }
        if self.benchmarks.is_empty() {
            return Ok(all);
        }
        let mut chosen: Vec<Benchmark> = Vec::new();
        for entry in &self.benchmarks {
            for mut benchmark in select(&all, Some(&entry.name), |benchmark| &benchmark.name)? {
                benchmark.margin = self.margin(entry.margin);
                benchmark.args = words(entry.args.as_deref());
                // An entry for one comes before or after one for many: the narrower one counts.
                match chosen.iter_mut().find(|other| other.name == benchmark.name) {
                    Some(other) if benchmark.name == entry.name => *other = benchmark,
                    Some(_) => {}
                    None => chosen.push(benchmark),
                }
            }
        }
        Ok(chosen)
    }

    /// The benchmark of an entry that has its own program.
    fn own(&self, entry: &BenchmarkSection) -> Benchmark {
        let program = match (&entry.command, &self.build.bin) {
            (Some(_), _) => &entry.name,
            (None, Some(bin)) => bin,
            (None, None) => &self.build.bench[0], // `validate`
        };
        Benchmark {
            name: entry.name.clone(),
            id: entry.name.clone(),
            program: program.clone(),
            harness: match &entry.key {
                Some(key) if self.build.harness == HarnessName::Json => {
                    Harness::Json { key: key.clone() }
                }
                _ => Harness::Time,
            },
            args: words(entry.args.as_deref()),
            better: entry.better.unwrap_or(Better::Lower),
            margin: self.margin(entry.margin),
        }
    }

    fn margin(&self, own: Option<f64>) -> f64 {
        own.or(self.build.margin).unwrap_or(MARGIN)
    }

    /// The folder of records.
    #[must_use]
    pub fn records(&self) -> &Path {
        self.records.as_deref().unwrap_or(Path::new("benches/records"))
    }
}

fn words(text: Option<&str>) -> Vec<String> {
    text.and_then(shlex::split).unwrap_or_default()
}

/// Those of this name, or where there is none, those whose name contains it; all without one.
///
/// A name that fits nothing is an error that lists all names: otherwise a misspelled `--only` would
/// be a gate that measured nothing and passed.
///
/// # Errors
/// When nothing fits.
pub fn select<T: Clone>(
    all: &[T],
    only: Option<&str>,
    name: impl Fn(&T) -> &str,
) -> Result<Vec<T>> {
    let Some(only) = only else { return Ok(all.to_vec()) };
    let exact: Vec<T> = all.iter().filter(|it| name(it) == only).cloned().collect();
    let found = match exact.is_empty() {
        true => all.iter().filter(|it| name(it).contains(only)).cloned().collect(),
        false => exact,
    };
    if found.is_empty() {
        let names: Vec<&str> = all.iter().map(name).collect();
        return Err(Error::Request(format!(
            "`{only}` fits no benchmark; there are {}",
            names.join(", ")
        )));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
