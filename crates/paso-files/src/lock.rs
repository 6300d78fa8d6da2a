//! One process at a time in a folder.
//!
//! Two processes that train in one folder would mix their records and their checkpoints. So the
//! one that works there holds a lock, and a second is refused with the process id and the host of
//! the first.
//!
//! A lock is a file, `.paso.lock`, with an advisory lock of the operating system on it. The file
//! stays when the lock ends, because removing it would let two processes hold locks on two files of
//! one name; an empty file is a free lock. Its content, `PID HOST`, is for the message only.
//!
//! # What holds on which file system
//!
//! | file system | what ends a lock |
//! |---|---|
//! | local ones (ext4, XFS, Btrfs, ZFS, tmpfs, APFS, NTFS) | the process ends, however it ends: the kernel keeps the lock |
//! | NFS since version 3 with its lock daemon, SMB, `CephFS`, GPFS | the same, across hosts; after the crash of a whole host, when the server notices |
//! | those that refuse locks (some FUSE and object stores, NFS with `nolock`, Lustre without `flock`) | the file's content, as below |
//! | Lustre with `localflock` | the process ends; a process on another host is not seen |
//!
//! Where locks are refused, the content of the file counts. The holder touches the file every
//! minute from a thread of its own. A second process takes the lock over
//!
//! - if the file is empty,
//! - if it names a process of this host that is not alive (Linux: there is no `/proc/PID`), or this
//!   very process id, which only an earlier process can have had,
//! - else if the file was not touched for a quarter of an hour.
//!
//! The last rule can wait for a dead holder, but never takes a folder from one that works: hosts
//! whose clocks differ by more than that are not foreseen.
//!
//! On Windows the content of a locked file cannot be read; the message is then without a process
//! id.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{File, FileTimes, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime};

/// The name of the lock of a folder in which one process works. Where several share a folder, each
/// has a lock `.paso.NAME.lock`.
pub const LOCK: &str = ".paso.lock";

/// How often a holder shows that it works, where locks are refused.
const BEAT: Duration = Duration::from_secs(60);
/// After so long without a sign, a holder counts as dead.
const DEAD: Duration = Duration::from_secs(15 * 60);

/// How often, and with which pause, a lock is asked for before the answer is no: whoever only looks
/// ([`Lock::check`]) has it for a moment.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// Whether a file of this name is a lock.
pub(crate) fn is_lock(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".paso.") && name.ends_with(b".lock")
}

/// A lock that this process holds, until it is dropped or the process ends.
///
/// ```
/// use paso_files::{LOCK, Lock};
/// let folder = tempfile::tempdir()?;
/// let lock = Lock::take(&folder.path().join(LOCK))?;
/// let refused = Lock::take(&folder.path().join(LOCK)).expect_err("it is taken");
/// assert!(refused.to_string().contains(&std::process::id().to_string()));
/// drop(lock);
/// Lock::take(&folder.path().join(LOCK))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// Ends the thread that touches the file, where there is one.
    _beat: Option<Sender<()>>,
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The process id.
    pub pid: u32,
    /// The host that it runs on.
    pub host: String,
}

impl Holder {
    /// This process.
    #[must_use]
    pub fn me() -> Self {
        Self { pid: std::process::id(), host: host() }
    }

    /// Reads `PID HOST`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (pid, host) = text.trim_end().split_once(' ')?;
        Some(Self { pid: pid.parse().ok()?, host: host.to_owned() })
    }

    /// Whether the process is alive, where that can be known: on this host, on Linux. The id of this
    /// very process is taken for that of an earlier one if it is another holder's.
    #[must_use]
    pub fn is_alive(&self) -> Option<bool> {
        alive(self)
    }
}

/// `PID HOST`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pid, self.host)
    }
}

/// Why there is no lock.
#[derive(Debug)]
#[non_exhaustive]
pub enum LockError {
    /// Another process has it. Who, is not known on every system.
    Held(Option<Holder>),
    /// The file could not be opened or written.
    Io(std::io::Error),
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(holder) => {
                match holder {
                    Some(Holder { pid, host }) => write!(f, "process {pid} on {host}")?,
                    None => write!(f, "another process")?,
                }
                write!(
                    f,
                    " is working in this folder; wait until it has ended, or choose another folder"
                )
            }
            Self::Io(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for LockError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Held(_) => None,
            Self::Io(e) => Some(e),
        }
    }
}

impl From<LockError> for std::io::Error {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Io(e) => e,
            held @ LockError::Held(_) => {
                Self::new(std::io::ErrorKind::ResourceBusy, held.to_string())
            }
        }
    }
}

impl Lock {
    /// Takes the lock at `path`, whose folder must be there. The lock of a process that has ended is
    /// taken over.
    ///
    /// # Errors
    /// [`LockError::Held`] by another process, or by this one; [`LockError::Io`] where the folder
    /// cannot be written.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        Self::take_by(path, &File::try_lock)
    }

    /// Whether [`take`](Self::take) would be refused because another process holds the lock.
    /// Nothing is written, and a file that is not there is not made.
    ///
    /// # Errors
    /// [`LockError::Held`] only.
    pub fn check(path: &Path) -> Result<(), LockError> {
        let Ok(mut file) = OpenOptions::new().read(true).write(true).open(path) else {
            return Ok(());
        };
        match wait_for(&file, &File::try_lock) {
            Ok(()) => Ok(()), // closing the file frees it
            Err(TryLockError::WouldBlock) => Err(LockError::Held(holder(&mut file))),
            Err(TryLockError::Error(_)) => free_by_content(&mut file),
        }
    }

    fn take_by(path: &Path, try_lock: &TryLock) -> Result<Self, LockError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(LockError::Io)?;
        let me = Holder::me();
        match wait_for(&file, try_lock) {
            Ok(()) => {
                say(&mut file, &me).map_err(LockError::Io)?;
                Ok(Self { file, _beat: None })
            }
            Err(TryLockError::WouldBlock) => Err(LockError::Held(holder(&mut file))),
            Err(TryLockError::Error(_)) => {
                free_by_content(&mut file)?;
                say(&mut file, &me).map_err(LockError::Io)?;
                // Of two that found it free at the same time, the one that wrote last has it.
                std::thread::sleep(5 * PAUSE);
                match holder(&mut file) {
                    Some(last) if last == me => Ok(Self { file, _beat: beat(path) }),
                    other => Err(LockError::Held(other)),
                }
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An empty file is a free lock. Closing it frees the lock of the operating system.
        self.file.set_len(0).ok();
    }
}

type TryLock = dyn Fn(&File) -> Result<(), TryLockError>;

fn wait_for(file: &File, try_lock: &TryLock) -> Result<(), TryLockError> {
    for _ in 1..TRIES {
        match try_lock(file) {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            answer => return answer,
        }
    }
    try_lock(file)
}

/// Whether the content of the file lets it be taken where the file system has no locks.
fn free_by_content(file: &mut File) -> Result<(), LockError> {
    let Some(holder) = holder(file) else { return Ok(()) };
    let silent = file.metadata().and_then(|about| about.modified()).ok();
    let silent = silent.and_then(|last| SystemTime::now().duration_since(last).ok());
    let dead = match alive(&holder) {
        Some(alive) => !alive,
        None => silent.is_some_and(|silent| silent > DEAD),
    };
    if dead { Ok(()) } else { Err(LockError::Held(Some(holder))) }
}

/// Whether a process is alive, where that can be known.
fn alive(holder: &Holder) -> Option<bool> {
    if holder.host != host() {
        return None;
    }
    if holder.pid == std::process::id() {
        return Some(false);
    }
    let processes = Path::new("/proc");
    (cfg!(target_os = "linux") && processes.join("self").exists())
        .then(|| processes.join(holder.pid.to_string()).exists())
}

/// Who wrote the file, if it has such content.
fn holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    Read::by_ref(file).take(1000).read_to_string(&mut text).ok()?;
    Holder::parse(&text)
}

fn say(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("{holder}\n").as_bytes())
}

/// The name of this computer, which tells computers apart that share a disk; `this host` where the
/// system does not say it.
#[must_use]
pub fn host() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = kernel.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    name.or_else(|| variable("HOSTNAME"))
        .or_else(|| variable("COMPUTERNAME"))
        .unwrap_or_else(|| "this host".into())
}

/// Touches the file every minute until the sender is dropped. Without threads (`WebAssembly`)
/// nothing touches it.
fn beat(path: &Path) -> Option<Sender<()>> {
    let (sender, ended) = channel();
    let path: PathBuf = path.to_owned();
    let touch = move || {
        while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
            if let Ok(file) = OpenOptions::new().write(true).open(&path) {
                file.set_times(FileTimes::new().set_modified(SystemTime::now())).ok();
            }
        }
    };
    std::thread::Builder::new().name("paso-lock".into()).spawn(touch).ok().map(|_| sender)
}

#[cfg(test)]
mod tests;
