//! The folder of a run: whether a run can begin or go on in it, and what it is for as long as one
//! does.
//!
//! Everything that can be refused is refused before anything is written: a folder with files of
//! somebody, a folder with a run, a folder in which another process trains. Then the lock is taken,
//! and the questions are asked once more under it, since another process may have been faster.

use super::history::History;
use super::{BEST, LAST};
use crate::data::Prepared;
use crate::{Error, TrainConfig, checkpoint, files};
use paso_files::{LOCK, Lock, foreign_file, is_marked, mark};
use std::path::{Path, PathBuf};

/// The name of the file with a run's settings.
pub const CONFIG: &str = "config.toml";

/// Settings take a few hundred bytes.
const LARGEST_CONFIG: u64 = 1 << 20;

/// What a folder's marker says of who made it.
const BY: &str = concat!("a training run, paso ", env!("CARGO_PKG_VERSION"));

/// The folder of a run that is being trained. No other process can train in it.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    pub(super) history: History,
    /// Fingerprint of the images that choose the best checkpoint.
    pub(super) validation: String,
    _lock: Lock,
}

impl Kept {
    /// A new run folder with its settings. A folder that holds a run is never written over; one
    /// whose run was stopped before its first checkpoint may begin again with the same settings.
    pub(super) fn create(
        folder: &Path,
        config: &TrainConfig,
        validation: &Prepared,
    ) -> Result<Self, Error> {
        let check = || {
            refuse_foreign(folder)?;
            refuse_run(folder, &[LAST, BEST])?;
            check_settings(folder, config)
        };
        check()?;
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let lock = take_lock(folder)?;
        check()?; // another process may have begun and ended since
        own(folder)?;
        write_config(folder, config)?;
        let history = History::create(folder)?;
        let validation = validation.fingerprint();
        Ok(Self { path: folder.to_owned(), history, validation, _lock: lock })
    }

    /// The folder of a run that goes on, under a lock that is held already.
    pub(super) fn again(folder: &Path, history: History, validation: String, lock: Lock) -> Self {
        Self { path: folder.to_owned(), history, validation, _lock: lock }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether a run can begin in this folder, which need not be there. Nothing is written.
///
/// # Errors
/// [`Error::Folder`] when the folder holds a run with a checkpoint, or files that paso did not
/// write, or another process works in it.
pub fn check_new(folder: &Path) -> Result<(), Error> {
    refuse_foreign(folder)?;
    refuse_locked(folder)?;
    refuse_run(folder, &[LAST, BEST])
}

/// Whether there is a run in this folder that can go on. Nothing is written.
///
/// # Errors
/// [`Error::Folder`] when there is none, or another process works in the folder.
pub fn check_resume(folder: &Path) -> Result<(), Error> {
    resumable(folder)?;
    refuse_locked(folder)
}

/// The checkpoint of a run that can go on in this folder, if nobody else works in it.
pub(super) fn resumable(folder: &Path) -> Result<PathBuf, Error> {
    let path = newest(folder)?;
    refuse_foreign(folder)?;
    Ok(path)
}

/// The checkpoint that a run goes on from: the last one. A run that was killed while its first
/// epoch was kept may have the best one only, which is the same then.
///
/// # Errors
/// When the folder has neither.
pub fn newest(folder: &Path) -> Result<PathBuf, Error> {
    let found = [LAST, BEST].into_iter().map(|name| folder.join(name)).find(|path| path.exists());
    found.ok_or_else(|| {
        let message = if folder.join(CONFIG).exists() {
            "no epoch of this run was kept; the same command without --resume begins it again"
        } else {
            "there is no run in this folder (no last.safetensors)"
        };
        Error::Folder { path: folder.to_owned(), message: message.into() }
    })
}

/// Takes the lock of a folder that is there.
pub(super) fn take_lock(folder: &Path) -> Result<Lock, Error> {
    Lock::take(&folder.join(LOCK)).map_err(|e| match e {
        paso_files::LockError::Io(source) => Error::Io { path: folder.join(LOCK), source },
        held => Error::Folder { path: folder.to_owned(), message: held.to_string() },
    })
}

/// Marks a folder that this process has locked, and removes what a killed one left half written.
pub(super) fn own(folder: &Path) -> Result<(), Error> {
    mark(folder, BY).map_err(Error::io(folder.join(paso_files::MARKER)))?;
    files::remove_leftovers(folder)
}

pub(super) fn write_config(folder: &Path, config: &TrainConfig) -> Result<(), Error> {
    let text = toml::to_string(config)
        .map_err(|e| Error::Folder { path: folder.to_owned(), message: e.to_string() })?;
    files::write_whole(&folder.join(CONFIG), text.as_bytes())
}

/// Settings without a checkpoint are those of a run that was stopped before its first epoch.
fn check_settings(folder: &Path, config: &TrainConfig) -> Result<(), Error> {
    let settings = paso_files::read_text(&folder.join(CONFIG), LARGEST_CONFIG).ok();
    let again = settings.is_some_and(|text| toml::from_str(&text).is_ok_and(|c| *config == c));
    if again { Ok(()) } else { refuse_run(folder, &[CONFIG]) }
}

fn refuse_run(folder: &Path, files: &[&str]) -> Result<(), Error> {
    match files.iter().find(|name| folder.join(name).exists()) {
        None => Ok(()),
        Some(name) => Err(Error::Folder {
            path: folder.to_owned(),
            message: format!(
                "there is a run in this folder already ({name}); go on with --resume, or choose another folder"
            ),
        }),
    }
}

fn refuse_locked(folder: &Path) -> Result<(), Error> {
    Lock::check(&folder.join(LOCK))
        .map_err(|held| Error::Folder { path: folder.to_owned(), message: held.to_string() })
}

fn refuse_foreign(folder: &Path) -> Result<(), Error> {
    match foreign_file(folder).map_err(Error::io(folder))? {
        Some(name) if !is_run(folder) => Err(Error::Folder {
            path: folder.to_owned(),
            message: format!(
                "there are files in this folder that paso did not write, such as {}; choose a new or an empty folder",
                name.display()
            ),
        }),
        _ => Ok(()),
    }
}

/// Whether a folder holds a run of a version that did not mark folders: its settings, its record
/// and a checkpoint, all readable.
fn is_run(folder: &Path) -> bool {
    is_marked(folder)
        || newest(folder).is_ok_and(|path| {
            let settings = std::fs::read_to_string(folder.join(CONFIG));
            settings.is_ok_and(|text| toml::from_str::<TrainConfig>(&text).is_ok())
                && super::history::read(folder, u64::MAX).is_ok_and(|epochs| !epochs.is_empty())
                && checkpoint::load(&path).is_ok()
        })
}
