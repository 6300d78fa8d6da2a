//! A study in parts: on several machines, or in a job array.
//!
//! The rates have to be tuned before the runs of the verdict are known, so a study in shards goes in rounds: each round does what is
//! known, every shard its part, and ends with [`Error::OtherShards`](crate::Error::OtherShards) where others are not done. The round
//! in which nothing is missing gives the answer: the same as one session would give. Two rounds are usual; a widened grid adds one.
//!
//! Shards in one folder on a shared disk see each other's runs; those of other machines are brought together by [`merge`].

use crate::journal::{self, Line};
use crate::{Error, Outcome};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One part of a study, as in `2/4`: the second of four.
///
/// ```
/// let shard: paso_study::Shard = "2/4".parse()?;
/// assert_eq!((shard.index(), shard.count()), (2, 4));
/// assert!("5/4".parse::<paso_study::Shard>().is_err());
/// # Ok::<(), paso_study::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Part `index`, from 1, of `of` parts.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless `1 <= index <= of`.
    pub fn new(index: usize, count: usize) -> Result<Self, Error> {
        if index == 0 || index > count {
            let value = format!("{index}/{count}");
            return Err(Error::InvalidValue { field: "shard", value, allowed: ALLOWED });
        }
        Ok(Self { index, count })
    }

    /// Which part this is, from 1.
    #[must_use]
    pub fn index(self) -> usize {
        self.index
    }

    /// How many parts there are.
    #[must_use]
    pub fn count(self) -> usize {
        self.count
    }

    /// Whether the `i`-th piece of work, from 0, belongs to this part.
    pub(crate) fn has(self, i: usize) -> bool {
        i % self.count == self.index - 1
    }
}

const ALLOWED: &str = "I/N with I from 1 to N, as in 2/4";

impl std::str::FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::InvalidValue { field: "shard", value: text.into(), allowed: ALLOWED };
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let number = |part: &str| part.trim().parse().map_err(|_| wrong());
        Self::new(number(index)?, number(of)?)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl TryFrom<String> for Shard {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

/// What [`merge`] brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Merged {
    /// Different runs now in the folder.
    pub runs: usize,
    /// Runs that more than one folder had, with the same outcome.
    pub duplicates: usize,
}

/// Joins the finished runs of the folders `parts`, and those that `into` already has, in `into`.
///
/// Then [`Study::run`](crate::Study::run) in `into` goes on from all of them. Nothing is changed when anything does not fit.
///
/// # Errors
/// [`Error::Merge`] for a folder without runs, runs of another study (another fingerprint, another number of steps), or a run that came
/// out differently in two folders; [`Error::Io`] and [`Error::MalformedFile`] for files that cannot be read.
pub fn merge(into: &Path, parts: &[PathBuf]) -> Result<Merged, Error> {
    let mut lines: BTreeMap<String, (Line, &Path)> = BTreeMap::new();
    let mut duplicates = 0;
    let mut first: Option<(String, u64, &Path)> = None;
    std::fs::create_dir_all(into).map_err(|source| Error::Io { path: into.into(), source })?;
    let folders = parts.iter().map(PathBuf::as_path).chain([into]);
    for folder in folders {
        let wrong = |reason| Error::Merge { folder: folder.into(), reason };
        let mut found = Vec::new();
        for path in journal::files(folder)? {
            found.extend(journal::read(&path)?);
        }
        if found.is_empty() && folder != into {
            return Err(wrong("there are no finished runs in it".into()));
        }
        for line in found {
            let (fingerprint, steps, whose) =
                first.get_or_insert_with(|| (line.fingerprint.clone(), line.run.steps, folder));
            if *fingerprint != line.fingerprint {
                return Err(wrong(format!(
                    "its runs belong to another study (`{}`) than those of {} (`{fingerprint}`)",
                    line.fingerprint,
                    whose.display()
                )));
            }
            if *steps != line.run.steps {
                return Err(wrong(format!(
                    "its runs have {} steps, those of {} have {steps}",
                    line.run.steps,
                    whose.display()
                )));
            }
            let key = journal::key(&line.run);
            if let Some((other, whose)) = lines.get(&key) {
                if !same(&other.outcome, &line.outcome) {
                    return Err(wrong(format!(
                        "the run of {} came to {} here and to {} in {}: they were not trained in the same way",
                        line.run,
                        line.outcome.metric,
                        other.outcome.metric,
                        whose.display()
                    )));
                }
                duplicates += 1;
            } else {
                lines.insert(key, (line, folder));
            }
        }
    }
    let text: String = lines.values().map(|(line, _)| line.text()).collect();
    let path = into.join(journal::FILE_NAME);
    paso_files::write(&path, text.as_bytes()).map_err(|source| Error::Io { path, source })?;
    Ok(Merged { runs: lines.len(), duplicates })
}

/// Whether two outcomes are the same to the last bit; how long they took does not matter.
fn same(a: &Outcome, b: &Outcome) -> bool {
    let bits = |outcome: &Outcome| {
        let all = outcome.averaged.iter().chain([&outcome.metric]);
        // Any NaN is as good as another: the file has `null` for all of them.
        all.map(|x| if x.is_finite() { x.to_bits() } else { u64::MAX }).collect::<Vec<_>>()
    };
    bits(a) == bits(b)
}
