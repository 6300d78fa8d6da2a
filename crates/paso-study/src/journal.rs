//! `runs.jsonl`: every finished run, one line each, so that a killed study goes on where it was.

use crate::{Error, Outcome, Run};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The name of the journal in a study's folder.
pub(crate) const FILE_NAME: &str = "runs.jsonl";

/// Version of the lines. Raised when their meaning changes.
const FORMAT: u32 = 1;

/// Finished runs, in memory and, when there is a folder, in its `runs.jsonl`.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    finished: BTreeMap<String, Outcome>,
    fingerprint: String,
    file: Option<(PathBuf, File)>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    format: u32,
    fingerprint: String,
    run: Run,
    outcome: Outcome,
}

impl Journal {
    /// A journal that forgets everything at the end.
    pub(crate) fn in_memory() -> Self {
        Self::default()
    }

    /// Reads what is in the folder (which is made if need be) and keeps the file locked for this process.
    ///
    /// A last line without its end is what a crash leaves; it is cut off. Everything else that does not fit is an error.
    pub(crate) fn open(folder: &Path, fingerprint: &str) -> Result<Self, Error> {
        let path = folder.join(FILE_NAME);
        let failed = |source| Error::File { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(failed(std::io::Error::other(
                    "another study is running in this folder",
                )));
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let whole = text.rfind('\n').map_or(0, |i| i + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(failed)?;
            file.seek(SeekFrom::End(0)).map_err(failed)?;
        }
        let mut journal = Self { fingerprint: fingerprint.into(), ..Self::default() };
        journal.read(&path, &text[..whole])?;
        journal.file = Some((path, file));
        Ok(journal)
    }

    fn read(&mut self, path: &Path, text: &str) -> Result<(), Error> {
        for (i, line) in text.lines().enumerate() {
            let wrong = |reason| Error::Content { path: path.into(), line: i + 1, reason };
            let line: Line = serde_json::from_str(line).map_err(|e| {
                wrong(format!("not a finished run ({e}); remove this line to do the run again"))
            })?;
            if line.format != FORMAT {
                return Err(wrong(format!(
                    "format {} is unknown, this version reads format {FORMAT}; use another folder",
                    line.format
                )));
            }
            if line.fingerprint != self.fingerprint {
                return Err(wrong(format!(
                    "this run belongs to another study (`{}`, not `{}`); use another folder, or remove this one",
                    line.fingerprint, self.fingerprint
                )));
            }
            self.finished.entry(key(&line.run)).or_insert(line.outcome);
        }
        Ok(())
    }

    /// The outcome of a run, when it has been done.
    pub(crate) fn get(&self, run: &Run) -> Option<&Outcome> {
        self.finished.get(&key(run))
    }

    /// Number of finished runs.
    pub(crate) fn len(&self) -> usize {
        self.finished.len()
    }

    /// Keeps an outcome: after this returns, it survives a crash.
    pub(crate) fn add(&mut self, run: &Run, outcome: Outcome) -> Result<(), Error> {
        if let Some((path, file)) = &mut self.file {
            let line = Line {
                format: FORMAT,
                fingerprint: self.fingerprint.clone(),
                run: run.clone(),
                outcome: outcome.clone(),
            };
            let mut text = serde_json::to_string(&line).expect("runs and outcomes have JSON");
            text.push('\n');
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_data())
                .map_err(|source| Error::File { path: path.clone(), source })?;
        }
        self.finished.insert(key(run), outcome);
        Ok(())
    }
}

/// What identifies a run. Floats round-trip through JSON exactly.
fn key(run: &Run) -> String {
    serde_json::to_string(run).expect("a run has JSON")
}
