//! Locks of this process, of dead ones, and of file systems that refuse them.

use super::*;
use std::process::{Command, Stdio};

/// What a file system without locks says.
fn refused(_: &File) -> Result<(), TryLockError> {
    Err(TryLockError::Error(std::io::ErrorKind::Unsupported.into()))
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(LOCK);
    (folder, path)
}

fn content(path: &Path) -> String {
    std::fs::read_to_string(path).expect("it is text")
}

#[test]
fn a_second_taker_gets_the_process_and_the_host_of_the_first() {
    let (_folder, path) = place();
    Lock::check(&path).expect("free");
    assert!(!path.exists(), "who only looks makes no file");
    let lock = Lock::take(&path).expect("free");
    let said = Lock::take(&path).expect_err("taken").to_string();
    let me = format!("process {} on {} is working", std::process::id(), host());
    assert!(said.contains(&me) && said.contains("another folder"), "{said}");
    assert!(matches!(Lock::check(&path), Err(LockError::Held(Some(_)))));
    drop(lock);
    assert_eq!(content(&path), "", "it stays, and is empty");
    Lock::check(&path).expect("free again");
    drop(Lock::take(&path).expect("free again"));
}

#[test]
fn the_content_of_a_dead_process_or_of_anybody_does_not_hold_a_lock() {
    let (_folder, path) = place();
    for text in ["1 elsewhere\n", "no number", "", "99999999999 x\n", "\u{0}\u{0}"] {
        std::fs::write(&path, text).expect("it is written");
        let lock = Lock::take(&path).expect("nobody holds it");
        assert_eq!(content(&path), format!("{} {}\n", std::process::id(), host()));
        drop(lock);
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error_and_not_made() {
    let (folder, _) = place();
    let missing = folder.path().join("missing");
    assert!(matches!(Lock::take(&missing.join(LOCK)), Err(LockError::Io(_))));
    Lock::check(&missing.join(LOCK)).expect("nobody holds it");
    assert!(!missing.exists(), "it was not made");
}

#[test]
fn locks_are_known_by_their_names() {
    for (name, lock) in [
        (LOCK, true),
        (".paso.1-of-2.lock", true),
        (".paso", false),
        ("paso.lock", false),
        (".paso-abc", false),
        (".paso.txt", false),
    ] {
        assert_eq!(is_lock(OsStr::new(name)), lock, "{name}");
    }
}

#[test]
fn where_locks_are_refused_a_live_process_of_this_host_holds_and_a_dead_one_does_not() {
    let (_folder, path) = place();
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--list", "--format", "terse"])
        .stdout(Stdio::null())
        .spawn()
        .expect("a process");
    let dead = child.id();
    child.wait().expect("it ends");
    std::fs::write(&path, format!("{dead} {}\n", host())).expect("it is written");
    let lock = Lock::take_by(&path, &refused).expect("its holder is dead");
    assert_eq!(content(&path), format!("{} {}\n", std::process::id(), host()));
    assert!(lock._beat.is_some(), "and this one is seen to live");
    drop(lock);
    assert_eq!(content(&path), "");
    if cfg!(target_os = "linux") {
        std::fs::write(&path, format!("1 {}\n", host())).expect("it is written");
        let said = Lock::take_by(&path, &refused).expect_err("the first process lives");
        assert!(said.to_string().contains("process 1 on"), "{said}");
        assert_eq!(content(&path), format!("1 {}\n", host()), "and its lock is untouched");
    }
}

#[test]
fn where_locks_are_refused_another_host_holds_until_it_was_silent_for_long() {
    let (_folder, path) = place();
    let silent_for = |time: Duration| {
        std::fs::write(&path, "17 another-host\n").expect("it is written");
        let file = OpenOptions::new().write(true).open(&path).expect("it is there");
        let then = FileTimes::new().set_modified(SystemTime::now() - time);
        file.set_times(then).expect("it is set");
        Lock::take_by(&path, &refused)
    };
    let said = silent_for(DEAD - 2 * BEAT).expect_err("it may live").to_string();
    assert!(said.contains("process 17 on another-host"), "{said}");
    silent_for(DEAD + BEAT).expect("it has been silent for too long");
}

#[test]
fn of_many_takers_at_once_one_has_the_lock() {
    let (_folder, path) = place();
    let taken: Vec<_> = std::thread::scope(|scope| {
        let takers: Vec<_> = (0..8).map(|_| scope.spawn(|| Lock::take(&path))).collect();
        takers.into_iter().map(|taker| taker.join().expect("no panic")).collect()
    });
    assert_eq!(taken.iter().filter(|lock| lock.is_ok()).count(), 1);
}
