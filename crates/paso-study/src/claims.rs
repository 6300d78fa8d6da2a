//! Claims: which of several workers trains a run.
//!
//! Workers share a folder and nothing else: no server, no port, no clock. A claim is a file in
//! `claims/`, made with the operating system's promise that only one of several processes makes a file
//! of a name (`O_EXCL`, which also holds on NFS since version 3, and where locks are refused). Its
//! holder writes a new number into it every so often. Whoever sees the same number for the length of a
//! lease, on a clock of its own, takes the run over by making the file of the next generation,
//! `NAME.1` after `NAME.0`: again only one can. So hosts whose clocks differ do no harm.
//!
//! Where the holder is a process of the same computer that has ended, nobody waits for the lease.
//!
//! A worker that was asleep for longer than its lease and then goes on does no harm either: it keeps
//! its outcome in a journal of its own, the other one does as well, and the first in the order of the
//! journals' names counts. Both are equal, since a run has the same outcome wherever it is trained.
//!
//! The claim of a finished run is removed after its outcome is in the journal.

use crate::error::Error;
use crate::journal;
use crate::run_spec::RunSpec;
use paso_files::Holder;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The folder of the claims, in that of the study.
pub(crate) const FOLDER: &str = "claims";

/// How often a holder shows that it works: so many times during a lease.
const SIGNS: u32 = 6;

/// The lease of a claim without a name.
const NAMELESS: Duration = Duration::from_secs(5);

/// A claim has a name and a number.
const LARGEST: u64 = 4096;

/// The claims of a worker, and what it has seen of those of others.
#[derive(Debug)]
pub(crate) struct Claims {
    folder: PathBuf,
    worker: String,
    lease: Duration,
    /// What a claim of another worker said, and since when it has said that.
    seen: HashMap<PathBuf, (String, Instant)>,
    held: Held,
    /// Ends the thread that shows that this worker works.
    _beat: Option<Sender<()>>,
}

/// The files of the runs in hand.
type Held = Arc<Mutex<HashMap<String, PathBuf>>>;

impl Claims {
    /// The claims in the folder of a study, for a worker of this name.
    pub(crate) fn open(study: &Path, worker: &str, lease: Duration) -> Result<Self, Error> {
        let folder = study.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let held = Held::default();
        let beat = beat(Arc::clone(&held), worker.to_owned(), lease / SIGNS);
        let seen = HashMap::new();
        Ok(Self { folder, worker: worker.into(), lease, seen, held, _beat: beat })
    }

    /// Takes a run, unless a worker that is alive has it.
    pub(crate) fn take(&mut self, run: &RunSpec) -> Result<bool, Error> {
        self.take_name(name(run))
    }

    /// Takes whatever has this name, unless a worker that is alive has it.
    pub(crate) fn take_name(&mut self, name: String) -> Result<bool, Error> {
        for generation in 0_u32.. {
            let path = self.folder.join(format!("{name}.{generation}"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    say(file, &self.worker, 0).map_err(failed(&path))?;
                    lock(&self.held).insert(name, path);
                    return Ok(true);
                }
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(failed(&path)(e)),
            }
            let next = self.folder.join(format!("{name}.{}", generation + 1));
            // Only the newest generation says anything.
            if !next.exists() && !self.is_stale(&path) {
                return Ok(false);
            }
        }
        unreachable!("there are fewer files than numbers")
    }

    /// Gives a run back, after its outcome is kept or when it was stopped.
    pub(crate) fn release(&mut self, run: &RunSpec) {
        let name = name(run);
        let Some(path) = lock(&self.held).remove(&name) else { return };
        remove(&path);
    }

    /// Whether a claim has said the same for the length of a lease.
    fn is_stale(&mut self, path: &Path) -> bool {
        let mut text = String::new();
        let Ok(file) = File::open(path) else {
            return false; // released just now: the run is finished
        };
        if file.take(LARGEST).read_to_string(&mut text).is_err() {
            return false;
        }
        // Claims of this process are those of another worker in it.
        let holder = text.lines().nth(1).and_then(Holder::parse);
        let other = holder.filter(|holder| *holder != Holder::me());
        if other.and_then(|holder| holder.is_alive()) == Some(false) {
            return true;
        }
        // A holder writes its name at once: an empty file is of one that was killed before.
        let lease = if text.is_empty() { self.lease.min(NAMELESS) } else { self.lease };
        match self.seen.get(path) {
            Some((said, since)) if *said == text => since.elapsed() > lease,
            _ => {
                self.seen.insert(path.into(), (text, Instant::now()));
                false
            }
        }
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        lock(&self.held).values().for_each(|path| remove(path));
    }
}

/// Removes a claim, and those of the dead workers that it was taken over from. One that was taken over
/// itself stays: its file says that there is a next generation.
fn remove(path: &Path) {
    let number = path.extension().and_then(|number| number.to_str()?.parse::<u32>().ok());
    let Some(generation) = number.filter(|n| !path.with_extension((n + 1).to_string()).exists())
    else {
        return;
    };
    for earlier in 0..=generation {
        std::fs::remove_file(path.with_extension(earlier.to_string())).ok();
    }
}

/// Who has a run in hand, once for each run; without those that are known to have ended.
pub(crate) fn holders(study: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(study.join(FOLDER)).into_iter().flatten().flatten();
    let mut holders: Vec<String> = entries
        .filter_map(|entry| {
            let mut text = String::new();
            File::open(entry.path()).ok()?.take(LARGEST).read_to_string(&mut text).ok()?;
            let holder = text.lines().nth(1).and_then(Holder::parse).filter(|h| *h != Holder::me());
            let is_dead = holder.and_then(|holder| holder.is_alive()) == Some(false);
            (!is_dead).then(|| text.lines().next().unwrap_or("unknown").to_owned())
        })
        .collect();
    holders.sort();
    holders
}

/// A file name for a run. Two runs of one name would only wait for each other.
fn name(run: &RunSpec) -> String {
    let key = journal::key(run);
    format!("{:08x}-seed-{}", crc32fast::hash(key.as_bytes()), run.seed)
}

fn say(mut file: File, worker: &str, beat: u64) -> std::io::Result<()> {
    file.write_all(format!("{worker}\n{}\n{beat}\n", Holder::me()).as_bytes())
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path: path.clone(), source }
}

/// Writes a new number into every claim that is held, until the sender is dropped. A claim that
/// somebody has removed is not made again.
fn beat(held: Held, worker: String, every: Duration) -> Option<Sender<()>> {
    let (sender, ended) = channel();
    let work = move || {
        let mut count = 0;
        while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            count += 1;
            for path in lock(&held).values() {
                if let Ok(file) = OpenOptions::new().write(true).open(path) {
                    say(file, &worker, count).ok();
                }
            }
        }
    };
    std::thread::Builder::new().name("paso-claims".into()).spawn(work).ok().map(|_| sender)
}

/// A thread that panicked leaves the list as it is.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_millis(300);

    fn run(seed: u64) -> RunSpec {
        RunSpec::new("linear(to 0)", 1e-3, 100, seed)
    }

    fn worker(folder: &Path, name: &str, lease: Duration) -> Claims {
        Claims::open(folder, name, lease).expect("a folder that can be written")
    }

    fn take(claims: &mut Claims, seed: u64) -> bool {
        claims.take(&run(seed)).expect("a folder that can be written")
    }

    #[test]
    fn a_run_has_one_worker_as_long_as_it_works() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [mut a, mut b] = ["a", "b"].map(|name| worker(folder.path(), name, LEASE));
        assert!(take(&mut a, 0) && take(&mut b, 1));
        let start = Instant::now();
        while start.elapsed() < 3 * LEASE {
            assert!(!take(&mut b, 0), "it is in hand, far beyond a lease");
            std::thread::sleep(LEASE / 10);
        }
        assert_eq!(holders(folder.path()), ["a", "b"]);
        a.release(&run(0));
        assert!(take(&mut b, 0), "it is free again");
        drop(b);
        assert_eq!(holders(folder.path()), [""; 0], "a worker that ends holds nothing");
    }

    #[test]
    fn the_run_of_a_dead_worker_is_taken_over_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // As a kill leaves it: a claim, and nobody who renews it.
        let mut dead = worker(folder.path(), "dead", LEASE);
        assert!(take(&mut dead, 0));
        dead._beat = None;
        let mut others: Vec<_> =
            (0..8).map(|i| worker(folder.path(), &format!("w{i}"), LEASE)).collect();
        assert!(others.iter_mut().all(|other| !take(other, 0)), "it may be alive");
        std::thread::sleep(2 * LEASE);
        let winners: Vec<bool> = others.iter_mut().map(|other| take(other, 0)).collect();
        assert_eq!(winners.iter().filter(|won| **won).count(), 1, "{winners:?}");
        // The dead one comes back and gives back what it no longer has.
        dead.release(&run(0));
        let again: Vec<bool> = others.iter_mut().map(|other| take(other, 0)).collect();
        assert_eq!(again, [false; 8], "the second worker still has it");
    }

    #[test]
    fn of_many_that_ask_at_once_one_gets_each_run() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let counts: Vec<usize> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..8)
                .map(|i| {
                    let folder = folder.path();
                    scope.spawn(move || {
                        let mut mine = worker(folder, &format!("w{i}"), Duration::from_secs(60));
                        let count = (0..100).filter(|&seed| take(&mut mine, seed)).count();
                        std::mem::forget(mine);
                        count
                    })
                })
                .collect();
            handles.into_iter().map(|handle| handle.join().expect("no panic")).collect()
        });
        assert_eq!(counts.iter().sum::<usize>(), 100, "{counts:?}");
    }
}
