//! `runs.jsonl`: every finished run, one line each, so that a killed study continues where it
//! stopped.
//!
//! A line is complete when it ends in a line feed; a crash can only leave an incomplete last line,
//! which is cut off when the file is opened. Lines are appended by one write each and synced.
//!
//! The folder is locked while a study runs (`folder.rs`), since two processes would train the same
//! runs. Workers have a file each, `runs-WORKER.jsonl`, so that no two processes write one; all read
//! those of the others as they grow. Folders are joined by copying such files into one.
//!
//! A line holds the format's version, the fingerprint of the study, the run, its outcome and a
//! checksum (`journal/line.rs`). A version, fingerprint or checksum that does not fit is an error
//! with file and line, never skipped: mixing runs of different data would give an answer that
//! belongs to neither, and a flipped digit would decide it.

mod line;
mod reading;

pub(crate) use line::Line;
pub(crate) use reading::read;
use reading::{Place, read_from};

use crate::arm::Arm;
use crate::error::Error;
use crate::folder::{claim, join};
use crate::outcome::Outcome;
use crate::run_spec::RunSpec;
use paso_files::Lock;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The name of the journal in a study's folder. A worker's is `runs-WORKER.jsonl`.
pub(crate) const FILE_NAME: &str = "runs.jsonl";

/// Finished runs, in memory and, when there is a folder, in its `runs.jsonl`.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    finished: BTreeMap<String, Outcome>,
    fingerprint: String,
    file: Option<(PathBuf, File)>,
    /// How far the journals of others have been read.
    read: BTreeMap<PathBuf, Place>,
    /// What trained the runs, and what trains those of this process.
    machines: BTreeSet<String>,
    machine: Option<String>,
    /// Held as long as the file may be written; workers have none.
    lock: Option<Lock>,
}

impl Journal {
    /// A journal that forgets everything at the end.
    pub(crate) fn in_memory() -> Self {
        Self::default()
    }

    /// What is in a folder, of a whole study and of all workers. Nothing is written, and a folder
    /// need not be there.
    pub(crate) fn read(folder: &Path, fingerprint: &str) -> Result<Self, Error> {
        let mut journal = Self { fingerprint: fingerprint.into(), ..Self::default() };
        if folder.is_dir() {
            journal.read_all(folder, None)?;
        }
        Ok(journal)
    }

    /// Reads what is in the folder (which is made if need be), runs of workers included, and keeps it
    /// locked for this process; or, for a worker, begins a file of its own.
    ///
    /// A last line without its end is what a crash leaves; it is cut off. Everything else that does
    /// not fit is an error, before anything is written.
    pub(crate) fn open(
        folder: &Path,
        worker: Option<&str>,
        machine: Option<&str>,
        fingerprint: &str,
    ) -> Result<Self, Error> {
        Self::read(folder, fingerprint)?;
        let name = worker.map_or(FILE_NAME.into(), |worker| format!("runs-{worker}.jsonl"));
        let path = folder.join(name);
        let lock = match worker {
            None => Some(claim(folder)?),
            Some(_) => {
                join(folder)?;
                None
            }
        };
        let failed = |source| Error::Io { path: path.clone(), source };
        // Opening a named pipe would wait, and reading a device would never end.
        match paso_files::regular(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(failed)?;
        let (lines, whole) = reading::parse(&path, &mut file, Place::default())?;
        let mut journal = Self { fingerprint: fingerprint.into(), ..Self::default() };
        journal.machine = machine.map(Into::into);
        journal.take(&path, lines, 0)?;
        let whole = whole.bytes;
        // Nothing is written before every line has been checked.
        if whole < file.metadata().map_err(failed)?.len() {
            file.set_len(whole).map_err(failed)?;
        }
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        journal.file = Some((path, file));
        journal.lock = lock;
        journal.read_others()?;
        Ok(journal)
    }

    /// Takes in what other workers have finished by now.
    pub(crate) fn read_others(&mut self) -> Result<(), Error> {
        let Some((own, _)) = &self.file else { return Ok(()) };
        let own = own.clone();
        self.read_all(own.parent().unwrap_or(Path::new(".")), Some(&own))
    }

    /// Takes in what the journals of a folder have got since they were read last.
    fn read_all(&mut self, folder: &Path, own: Option<&Path>) -> Result<(), Error> {
        for path in files(folder)?.into_iter().filter(|path| Some(&**path) != own) {
            let from = self.read.get(&path).copied().unwrap_or_default();
            let (lines, to) = read_from(&path, from)?;
            self.take(&path, lines, from.lines)?;
            self.read.insert(path, to);
        }
        Ok(())
    }

    /// What trained the runs, as far as it is known: more than one is worth a word.
    pub(crate) fn machines(&self) -> &BTreeSet<String> {
        &self.machines
    }

    fn take(&mut self, path: &Path, lines: Vec<Line>, before: usize) -> Result<(), Error> {
        for (i, line) in lines.into_iter().enumerate() {
            if line.fingerprint != self.fingerprint {
                return Err(Error::MalformedFile {
                    path: path.into(),
                    line: before + i + 1,
                    reason: format!(
                        "this run belongs to another study (`{}`, not `{}`); use another folder, or remove this one",
                        line.fingerprint, self.fingerprint
                    ),
                });
            }
            self.machines.extend(line.machine);
            self.finished.entry(key(&line.run)).or_insert(line.outcome);
        }
        Ok(())
    }

    /// The outcome of a run, when it has been done, with or without the averages that it asks for.
    pub(crate) fn get(&self, run: &RunSpec) -> Option<&Outcome> {
        let without = || {
            let plain = (!run.averaging.is_empty()).then(|| plain(run))?;
            self.finished.get(&key(&plain)).filter(|outcome| outcome.averaged.is_empty())
        };
        self.finished.get(&key(run)).or_else(without)
    }

    /// A finished run of what `arm` trains that came without averages.
    pub(crate) fn without_averages(&self, arm: &Arm) -> Option<RunSpec> {
        let runs = self.finished.keys().filter_map(|key| serde_json::from_str::<RunSpec>(key).ok());
        runs.filter(|run| run.spec == arm.spec && run.variant == arm.variant)
            .find(|run| run.averaging.is_empty())
    }

    /// Mean duration of the finished runs of this many steps, in seconds; `None` without any.
    pub(crate) fn seconds_per_run(&self, steps: u64) -> Option<f64> {
        let of_length = |key: &&String| {
            serde_json::from_str::<RunSpec>(key).is_ok_and(|run| run.steps == steps)
        };
        let seconds: Vec<f64> = self
            .finished
            .iter()
            .filter(|(key, _)| of_length(key))
            .map(|(_, o)| o.seconds)
            .collect();
        (!seconds.is_empty()).then(|| crate::stats::mean(&seconds))
    }

    /// Number of finished runs.
    pub(crate) fn len(&self) -> usize {
        self.finished.len()
    }

    /// Keeps an outcome: after this returns, it survives a crash. A run whose averages are missing is
    /// kept as one that has none.
    pub(crate) fn add(&mut self, run: &RunSpec, outcome: Outcome) -> Result<(), Error> {
        let done = if outcome.averaged.is_empty() { plain(run) } else { run.clone() };
        let run = &done;
        if let Some((path, file)) = &mut self.file {
            let line = Line::new(&self.fingerprint, self.machine.as_deref(), run, &outcome);
            file.write_all(line.text().as_bytes())
                .and_then(|()| file.sync_data())
                .map_err(|source| Error::Io { path: path.clone(), source })?;
        }
        self.machines.extend(self.machine.clone());
        self.finished.insert(key(run), outcome);
        Ok(())
    }
}

/// The run without averages.
fn plain(run: &RunSpec) -> RunSpec {
    RunSpec { averaging: Vec::new(), ..run.clone() }
}

/// What identifies a run. Floats round-trip through JSON exactly.
pub(crate) fn key(run: &RunSpec) -> String {
    serde_json::to_string(run).expect("a run has JSON")
}

/// All journals in a folder: the one of a whole study, and those of workers. In order of their
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

#[cfg(test)]
mod tests;
