//! One of several processes that do a study together.
//!
//! Which runs a study needs follows from its configuration and from what is finished, so every worker
//! finds out by itself, in the folder that all of them share: it claims a run, trains it, keeps the
//! outcome in a journal of its own, and goes on until the study is decided. There is no coordinator
//! and no number of workers: they may come, go and be killed at any time. While the last runs of a
//! stage are in the hands of others, a worker begins those that will probably be needed next.
//!
//! All workers come to the same answer, which is that of a session alone, bit by bit, as long as they
//! train in the same way: with the same version of the program and the same instruction set.

use crate::claims::Claims;
use crate::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// What a session needs to be one of several, for [`Session::worker`](crate::Session::worker).
///
/// ```no_run
/// use paso_study::{Session, Worker};
/// let worker = Worker::new();
/// let session = Session {
///     folder: Some("/shared/study".as_ref()),
///     worker: Some(&worker),
///     ..Session::default()
/// };
/// # let _ = session;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// The name of its journal and in its claims: letters, digits, `.`, `_` and `-`. No other worker,
    /// also none that has ended, may have it.
    pub name: String,
    /// After so long without a sign of life, measured by the clock of whoever looks, its runs are
    /// trained by others. Default five minutes. It shows one six times as often.
    pub lease: Duration,
}

impl Worker {
    /// A worker with a name of its own, of the host, the process and the time.
    #[must_use]
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let host: String = paso_files::host()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
            .take(60)
            .collect();
        // Several in one process may begin at the same moment.
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{host}-{}-{:x}-{count}", std::process::id(), since.as_micros());
        Self { name, lease: Duration::from_secs(300) }
    }

    /// Does something that every worker needs once for all of them, before the study: one of them
    /// does `work`, the others wait until `is_done`. If that one ends before, another one begins.
    ///
    /// `name` is a file name in the folder `claims` of the study.
    ///
    /// ```
    /// use paso_study::{Error, Worker};
    /// let study = tempfile::tempdir()?;
    /// let file = study.path().join("prepared.txt");
    /// for worker in [Worker::new(), Worker::new()] {
    ///     let prepare = || {
    ///         assert!(!file.exists(), "only once");
    ///         std::fs::write(&file, "a minute's work")?;
    ///         Ok::<(), Box<dyn std::error::Error>>(())
    ///     };
    ///     worker.once(study.path(), "prepare", || file.exists(), prepare)?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be written, and those of `work`.
    pub fn once<E: From<Error>>(
        &self,
        study: &Path,
        name: &str,
        is_done: impl Fn() -> bool,
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        if is_done() {
            return Ok(());
        }
        let mut claims = Claims::open(study, &self.name, self.lease)?;
        while !claims.take_name(name.into())? {
            std::thread::sleep(Duration::from_millis(100));
            if is_done() {
                return Ok(());
            }
        }
        // It may have been done just before the claim was free.
        if is_done() { Ok(()) } else { work() }
    }
}

impl Default for Worker {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a name can be that of a file.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&c);
    (1..=120).contains(&name.len()) && name.chars().all(plain)
}
