//! The folders that both sides are built in.
//!
//! Base and candidate are built one after the other in the same folder. Only what changed is built
//! twice; and where paths are part of a build, in messages or in the names that order its functions,
//! they are the same ones. So source without a change gives the same program.
//!
//! The folder is kept in the user's cache, so that the next gate compiles no dependency again. It is
//! outside of the workspace, whose `.cargo/config.toml` would otherwise count for both sides. The
//! user's own files, index, worktrees and target folder are not touched.
//!
//! The candidate is what is on the disk: committed, staged, changed and new files, without ignored
//! ones. The base of a revision is not the tip of its branch but the commit where HEAD left it, so
//! that what came to the branch later is not counted for or against the change.

use crate::{Error, Result, git};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Where files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The commit where HEAD left this revision.
    Fork(String),
    /// Exactly this revision.
    Revision(String),
    /// The files as they are, without those that git ignores.
    Files,
    /// Another folder, without its target folder.
    Folder(PathBuf),
}

/// The cached folders of one workspace, for one process.
#[derive(Debug)]
pub struct Trees {
    root: PathBuf,
    cache: PathBuf,
    /// Held as long as the value lives.
    _lock: File,
}

impl Trees {
    /// Opens the cache of a workspace.
    ///
    /// # Errors
    /// When it cannot be made, or another gate of this workspace uses it.
    pub fn open(root: &Path) -> Result<Self> {
        let root = root.canonicalize().map_err(Error::file(root))?;
        Self::open_in(&root, &cache()?)
    }

    /// The same, with a folder for all caches.
    ///
    /// # Errors
    /// As [`Trees::open`].
    pub fn open_in(root: &Path, caches: &Path) -> Result<Self> {
        let root = root.canonicalize().map_err(Error::file(root))?;
        let cache = caches.join(name(&root));
        std::fs::create_dir_all(&cache).map_err(Error::file(&cache))?;
        let path = cache.join("lock");
        let lock = File::create(&path).map_err(Error::file(&path))?;
        if lock.try_lock().is_err() {
            return Err(Error::Request(format!(
                "another gate of {} is running: wait for it, or end it",
                root.display()
            )));
        }
        Ok(Self { root, cache, _lock: lock })
    }

    /// The folder of everything that is kept.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// Cargo's target folder.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        self.cache.join("target")
    }

    /// Fills a folder from a source; the name of the source, and the root of the workspace in it.
    ///
    /// # Errors
    /// When git does not know the revision, there is no git, or files cannot be copied.
    pub fn fill(&self, tree: &str, source: &Source) -> Result<(String, PathBuf)> {
        let (path, index) = (self.cache.join(tree), self.cache.join(format!("{tree}.index")));
        let mirror = |from: &Path| {
            let _ = std::fs::remove_file(&index);
            mirror(from, &path)
        };
        let repository = git::top(&self.root);
        let (files, name) = match (source, &repository) {
            (Source::Folder(folder), _) => {
                let folder = folder.canonicalize().map_err(Error::file(folder))?;
                mirror(&folder)?;
                return Ok((folder.display().to_string(), path));
            }
            (Source::Files, None) => {
                mirror(&self.root)?;
                return Ok(("the files as they are".into(), path));
            }
            (Source::Fork(_) | Source::Revision(_), None) => {
                return Err(Error::Request(format!(
                    "{}: is in no git repository, so there is no revision to build; compare with another folder: --base-dir DIR",
                    self.root.display()
                )));
            }
            (Source::Files, Some((top, _))) => {
                let snapshot = git::snapshot(top, &self.cache.join("snapshot.index"))?;
                (snapshot, "the files as they are".into())
            }
            (Source::Fork(base), Some(_)) => {
                let fork = git::fork_point(&self.root, base)?;
                (fork.clone(), fork)
            }
            (Source::Revision(revision), Some(_)) => {
                (git::commit(&self.root, revision)?, git::short(&self.root, revision)?)
            }
        };
        let Some((top, prefix)) = repository else { unreachable!("matched above") };
        if !index.exists() {
            let _ = std::fs::remove_dir_all(&path); // from a folder, not from git
        }
        std::fs::create_dir_all(&path).map_err(Error::file(&path))?;
        git::checkout(&top, &path, &index, &files)?;
        let root = path.join(prefix);
        self.keep_versions(&root)?;
        Ok((name, root))
    }

    /// Libraries often do not commit their `Cargo.lock`: both sides then get that of the user's
    /// folder, or the one that the first build of the two makes.
    fn keep_versions(&self, root: &Path) -> Result<()> {
        let (from, to) = (self.root.join("Cargo.lock"), root.join("Cargo.lock"));
        if from.exists() && !to.exists() && root.exists() {
            std::fs::copy(&from, &to).map_err(Error::file(&to))?;
        }
        Ok(())
    }
}

/// The folder of all caches: `PASO_GATE_CACHE`, or that of the system.
fn cache() -> Result<PathBuf> {
    let variable =
        |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = |below: &str| variable("HOME").map(|home| home.join(below));
    let system = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home("Library/Caches")
    } else {
        variable("XDG_CACHE_HOME").or_else(|| home(".cache"))
    };
    variable("PASO_GATE_CACHE")
        .or_else(|| system.map(|folder| folder.join("paso-gate")))
        .ok_or_else(|| {
            Error::Request(
                "there is no home folder to keep builds in: set PASO_GATE_CACHE to a folder".into(),
            )
        })
}

/// The name of a workspace's cache: that of its folder, and a number that follows from its path.
fn name(root: &Path) -> String {
    // FNV-1a: the standard library's hash may change with the compiler, and the folder would then be
    // another one.
    let hash = root.to_string_lossy().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let last = root.file_name().unwrap_or_default().to_string_lossy();
    format!("{last}-{:08x}", hash >> 32)
}

/// Makes `to` a copy of `from`, without `.git` and target folders. Files that are equal keep their
/// times. A `Cargo.lock` stays where the other folder has none.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).map_err(Error::file(to))?;
    let mut kept = BTreeSet::from(["Cargo.lock".into()]);
    for entry in std::fs::read_dir(from).map_err(Error::file(from))? {
        let entry = entry.map_err(Error::file(from))?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == ".git" || path.join("CACHEDIR.TAG").exists() {
            continue;
        }
        kept.insert(entry.file_name());
        if path.is_dir() {
            mirror(&path, &copy)?;
            continue;
        }
        let content = std::fs::read(&path).map_err(Error::file(&path))?;
        if std::fs::read(&copy).ok().as_ref() != Some(&content) {
            let _ = std::fs::remove_file(&copy);
            // With its permissions: scripts stay executable.
            std::fs::copy(&path, &copy).map_err(Error::file(&copy))?;
            let now = std::time::SystemTime::now();
            // Some systems copy the time, too, and cargo would not see the change.
            let _ =
                File::options().append(true).open(&copy).and_then(|file| file.set_modified(now));
        }
    }
    for entry in std::fs::read_dir(to).map_err(Error::file(to))? {
        let entry = entry.map_err(Error::file(to))?;
        if !kept.contains(&entry.file_name()) {
            let path = entry.path();
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            removed.map_err(Error::file(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
