//! Joins the finished runs of several folders.
//!
//! Machines without a shared disk each keep a folder. Their journals are put together here, and
//! every doubt is an error: other fingerprints, other lengths, or one run with two outcomes, which
//! means that the machines did not train in the same way (another version, another instruction
//! set).

use crate::error::Error;
use crate::folder::claim;
use crate::journal::{self, Line};
use crate::outcome::Outcome;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
/// Then [`Study::run`](crate::Study::run) in `into` continues from all of them. Nothing is changed
/// when anything does not fit.
///
/// # Errors
/// [`Error::Merge`] for a folder without runs, runs of another study (another fingerprint, another
/// number of steps), or a run that came out differently in two folders; [`Error::Io`] and
/// [`Error::MalformedFile`] for files that cannot be read.
pub fn merge(into: &Path, parts: &[PathBuf]) -> Result<Merged, Error> {
    let mut lines: BTreeMap<String, (Line, &Path)> = BTreeMap::new();
    let mut duplicates = 0;
    let mut first: Option<(String, u64, &Path)> = None;
    let folders = parts.iter().map(PathBuf::as_path).chain(into.is_dir().then_some(into));
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
    let _lock = claim(into, None)?;
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
