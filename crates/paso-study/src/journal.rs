//! `runs.jsonl`: every finished run, one line each, so that a killed study continues where it
//! stopped.
//!
//! A line is complete when it ends in a line feed; a crash can only leave an incomplete last line,
//! which is cut off when the file is opened. Lines are appended by one write each and synced.
//!
//! The folder is locked while a study runs (`folder.rs`), since two processes would train the same
//! runs. Shards have a file and a lock each, so that no two machines write one file; all read those of the others.
//!
//! A line holds the format's version, the fingerprint of the study, the run and its outcome. A
//! version or fingerprint that does not fit is an error with file and line, never skipped: mixing
//! runs of different data would give an answer that belongs to neither.

use crate::error::Error;
use crate::folder::claim;
use crate::outcome::Outcome;
use crate::run_spec::RunSpec;
use crate::shard::Shard;
use paso_files::Lock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The name of the journal in a study's folder. A shard's is `runs-2-of-4.jsonl`.
pub(crate) const FILE_NAME: &str = "runs.jsonl";

/// Version of the lines. Raised when their meaning changes.
const FORMAT: u32 = 1;

/// Finished runs, in memory and, when there is a folder, in its `runs.jsonl`.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    finished: BTreeMap<String, Outcome>,
    fingerprint: String,
    file: Option<(PathBuf, File)>,
    /// Held as long as the file may be written.
    lock: Option<Lock>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    format: u32,
    pub(crate) fingerprint: String,
    pub(crate) run: RunSpec,
    pub(crate) outcome: Outcome,
}

impl Line {
    /// The line as it is written, with its end.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("runs and outcomes have JSON") + "\n"
    }
}

impl Journal {
    /// A journal that forgets everything at the end.
    pub(crate) fn in_memory() -> Self {
        Self::default()
    }

    /// What is in a folder, of a whole study and of all shards. Nothing is written, and a folder
    /// need not be there.
    pub(crate) fn read(folder: &Path, fingerprint: &str) -> Result<Self, Error> {
        let mut journal = Self { fingerprint: fingerprint.into(), ..Self::default() };
        if folder.is_dir() {
            for path in files(folder)? {
                journal.take(&path, read(&path)?)?;
            }
        }
        Ok(journal)
    }

    /// Reads what is in the folder (which is made if need be), other shards' runs included, and
    /// keeps it locked for this process.
    ///
    /// A last line without its end is what a crash leaves; it is cut off. Everything else that does
    /// not fit is an error, before anything is written.
    pub(crate) fn open(
        folder: &Path,
        shard: Option<Shard>,
        fingerprint: &str,
    ) -> Result<Self, Error> {
        Self::read(folder, fingerprint)?;
        let name = shard.map_or(FILE_NAME.into(), |shard| {
            format!("runs-{}-of-{}.jsonl", shard.index(), shard.count())
        });
        let path = folder.join(name);
        let lock = claim(folder, shard)?;
        let failed = |source| Error::Io { path: path.clone(), source };
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let whole = text.rfind('\n').map_or(0, |i| i + 1);
        let mut journal = Self { fingerprint: fingerprint.into(), ..Self::default() };
        journal.take(&path, parse(&path, &text[..whole])?)?;
        if whole < text.len() {
            file.set_len(whole as u64).map_err(failed)?;
            file.seek(SeekFrom::End(0)).map_err(failed)?;
        }
        journal.file = Some((path, file));
        journal.lock = Some(lock);
        journal.read_others()?;
        Ok(journal)
    }

    /// Takes in what other shards have finished by now.
    pub(crate) fn read_others(&mut self) -> Result<(), Error> {
        let Some((own, _)) = &self.file else { return Ok(()) };
        let own = own.clone();
        for path in files(own.parent().unwrap_or(Path::new(".")))? {
            if path != own {
                self.take(&path, read(&path)?)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, lines: Vec<Line>) -> Result<(), Error> {
        for (i, line) in lines.into_iter().enumerate() {
            if line.fingerprint != self.fingerprint {
                return Err(Error::MalformedFile {
                    path: path.into(),
                    line: i + 1,
                    reason: format!(
                        "this run belongs to another study (`{}`, not `{}`); use another folder, or remove this one",
                        line.fingerprint, self.fingerprint
                    ),
                });
            }
            self.finished.entry(key(&line.run)).or_insert(line.outcome);
        }
        Ok(())
    }

    /// The outcome of a run, when it has been done.
    pub(crate) fn get(&self, run: &RunSpec) -> Option<&Outcome> {
        self.finished.get(&key(run))
    }

    /// Number of finished runs.
    pub(crate) fn len(&self) -> usize {
        self.finished.len()
    }

    /// Keeps an outcome: after this returns, it survives a crash.
    pub(crate) fn add(&mut self, run: &RunSpec, outcome: Outcome) -> Result<(), Error> {
        if let Some((path, file)) = &mut self.file {
            let line = Line {
                format: FORMAT,
                fingerprint: self.fingerprint.clone(),
                run: run.clone(),
                outcome: outcome.clone(),
            };
            file.write_all(line.text().as_bytes())
                .and_then(|()| file.sync_data())
                .map_err(|source| Error::Io { path: path.clone(), source })?;
        }
        self.finished.insert(key(run), outcome);
        Ok(())
    }
}

/// What identifies a run. Floats round-trip through JSON exactly.
pub(crate) fn key(run: &RunSpec) -> String {
    serde_json::to_string(run).expect("a run has JSON")
}

/// All journals in a folder: the one of a whole study, and those of shards. In order of their
/// names.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Io { path: folder.into(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("runs") && name.ends_with(".jsonl") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The lines of a journal that somebody else may be writing: what comes after the last end of a
/// line is left out.
pub(crate) fn read(path: &Path) -> Result<Vec<Line>, Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::Io { path: path.into(), source })?;
    parse(path, &text[..text.rfind('\n').map_or(0, |i| i + 1)])
}

fn parse(path: &Path, text: &str) -> Result<Vec<Line>, Error> {
    let line = |(i, line)| {
        let wrong = |reason| Error::MalformedFile { path: path.into(), line: i + 1, reason };
        let line: Line = serde_json::from_str(line).map_err(|e| {
            wrong(format!("not a finished run ({e}); remove this line to do the run again"))
        })?;
        if line.format != FORMAT {
            return Err(wrong(format!(
                "format {} is unknown, this version reads format {FORMAT}; use another folder",
                line.format
            )));
        }
        Ok(line)
    };
    text.lines().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64) -> RunSpec {
        RunSpec::new("linear(to 0)", 1e-3, 100, seed)
    }

    fn outcome(metric: f64) -> Outcome {
        Outcome { metric, averaged: vec![metric / 3.0], ..Outcome::default() }
    }

    /// A journal of three runs, closed, and its text.
    fn written(folder: &Path) -> String {
        let mut journal = Journal::open(folder, None, "data").expect("a new journal");
        for (seed, metric) in [(0, 0.1), (1, f64::NAN), (2, 1.0 / 3.0)] {
            journal.add(&run(seed), outcome(metric)).expect("written");
        }
        std::fs::read_to_string(folder.join(FILE_NAME)).expect("the file")
    }

    #[test]
    fn a_file_cut_at_any_byte_keeps_its_whole_lines_and_can_be_continued() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = written(folder.path());
        let path = folder.path().join(FILE_NAME);
        for cut in 0..=text.len() {
            std::fs::write(&path, &text[..cut]).expect("written");
            let whole = text[..cut].matches('\n').count();
            let mut journal = Journal::open(folder.path(), None, "data").expect("a crash");
            assert_eq!(journal.len(), whole, "cut at {cut}");
            let length = std::fs::metadata(&path).expect("the file").len();
            let kept = text[..cut].rfind('\n').map_or(0, |i| i + 1);
            assert_eq!(length, kept as u64, "cut at {cut}: the rest is gone");
            if cut % 97 == 0 {
                journal.add(&run(9), outcome(0.5)).expect("written");
                drop(journal);
                let again = Journal::open(folder.path(), None, "data").expect("whole lines");
                assert_eq!(again.len(), whole + 1, "cut at {cut}: continued");
            }
        }
    }

    #[test]
    fn outcomes_come_back_bit_for_bit_and_nan_as_nan() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        written(folder.path());
        let journal = Journal::open(folder.path(), None, "data").expect("the same study");
        let metric = |seed| journal.get(&run(seed)).expect("it is there").metric;
        assert_eq!(metric(2).to_bits(), (1.0f64 / 3.0).to_bits());
        assert!(metric(1).is_nan(), "JSON has no NaN, so the file has null");
        assert!(journal.get(&run(3)).is_none(), "another seed is another run");
        let other = RunSpec { averaging: vec![5], ..run(0) };
        assert!(journal.get(&other).is_none(), "other averages are another run");
    }

    #[test]
    fn a_folder_is_locked_while_its_journal_lives() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = Journal::open(folder.path(), None, "").expect("free");
        let error = Journal::open(folder.path(), None, "").expect_err("taken").to_string();
        assert!(error.contains("is working in this folder"), "{error}");
        let shard = "1/2".parse().ok();
        Journal::open(folder.path(), shard, "").expect("a shard has a file of its own");
        drop(first);
        Journal::open(folder.path(), None, "").expect("free again");
    }

    #[test]
    fn the_first_outcome_of_a_run_counts_and_other_shards_are_read_when_asked() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let shard = |text: &str| text.parse().ok();
        let mut one = Journal::open(folder.path(), shard("1/2"), "").expect("free");
        let mut two = Journal::open(folder.path(), shard("2/2"), "").expect("free");
        one.add(&run(0), outcome(0.25)).expect("written");
        two.add(&run(0), outcome(0.75)).expect("written");
        two.add(&run(1), outcome(0.5)).expect("written");
        assert_eq!((one.len(), two.len()), (1, 2), "not read yet");
        one.read_others().expect("readable");
        assert_eq!(one.len(), 2);
        assert_eq!(one.get(&run(0)).expect("its own").metric, 0.25);
    }

    #[test]
    fn other_files_of_the_folder_are_no_journals() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["runs.jsonl", "runs-1-of-2.jsonl", "runs.json", "my-runs.jsonl", "plan.json"] {
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        let found = files(folder.path()).expect("readable");
        let names: Vec<_> = found.iter().map(|path| path.file_name().expect("a name")).collect();
        assert_eq!(names, ["runs-1-of-2.jsonl", "runs.jsonl"]);
        assert!(files(&folder.path().join("none")).is_err(), "no such folder");
    }

    #[test]
    fn in_memory_nothing_is_written() {
        let mut journal = Journal::in_memory();
        journal.add(&run(0), outcome(0.5)).expect("kept");
        journal.read_others().expect("there are none");
        assert_eq!(journal.get(&run(0)).expect("kept").metric, 0.5);
    }
}
