//! Images of equal content under different names: by length, then hash, then byte by byte.
//!
//! In two splits they make the validation too good: what is evaluated was trained on. Only files
//! that have the length of another one are read.
//!
//! The comparison is exact, so nothing is reported that is not so. Three passes keep it cheap:
//! lengths come from the directory, hashes are only taken of files that share a length, and bytes
//! are only compared where hashes agree.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;

use rayon::prelude::*;

use crate::report::{Problem, ProblemKind};
use crate::{ImageSource, Labels, Split};

/// An image file and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageFile<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its name, for the message.
    pub name: &'a str,
    /// What it is for; `None` if that is still to be chosen.
    pub split: Option<Split>,
}

impl Labels {
    /// Images that are the same file under another name: see [`same_files`]. Images that no split
    /// file names do not count.
    #[must_use]
    pub fn duplicates(&self) -> Vec<Problem> {
        let used = self.images.iter().filter(|p| p.split.is_some() || !self.listed);
        let files = used.filter_map(|image| match &image.source {
            ImageSource::File(path) => {
                Some(ImageFile { path, name: &image.name, split: image.split })
            }
            ImageSource::Encoded(_) => None,
        });
        same_files(files.collect())
    }
}

/// Files of equal bytes under different names, one problem for each beyond the first:
/// [`ProblemKind::SplitLeak`] where they lie in different splits, else [`ProblemKind::Duplicate`].
/// Files that cannot be read are no duplicates. Images that were saved anew are not found.
#[must_use]
pub fn same_files(mut files: Vec<ImageFile<'_>>) -> Vec<Problem> {
    // Of one in two splits, the copy to train on is the one to remove: it comes last.
    files.sort_by(|a, b| b.split.cmp(&a.split).then(a.name.cmp(b.name)));
    let length = |file: &ImageFile<'_>| std::fs::metadata(file.path).map(|m| m.len()).ok();
    let hash = |file: &ImageFile<'_>| hash_of(file.path);
    let mut problems = Vec::new();
    for same_length in groups(files, length) {
        for same_hash in groups(same_length, hash) {
            compare(same_hash, &mut problems);
        }
    }
    problems
}

/// The files that share a key with others, group by group, in their order; those without a key are
/// left out.
fn groups<'a, K: Ord + Send>(
    files: Vec<ImageFile<'a>>,
    key: impl Fn(&ImageFile<'a>) -> Option<K> + Sync + Send,
) -> Vec<Vec<ImageFile<'a>>> {
    let keys: Vec<Option<K>> = files.par_iter().map(key).collect();
    let mut by_key: BTreeMap<K, Vec<ImageFile<'a>>> = BTreeMap::new();
    for (file, key) in files.into_iter().zip(keys) {
        if let Some(key) = key {
            by_key.entry(key).or_default().push(file);
        }
    }
    by_key.into_values().filter(|group| group.len() > 1).collect()
}

fn hash_of(path: &Path) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    std::fs::read(path).ok()?.hash(&mut hasher);
    Some(hasher.finish())
}

/// Hashes can agree by chance: compares the bytes with those of the first.
fn compare(mut files: Vec<ImageFile<'_>>, problems: &mut Vec<Problem>) {
    while files.len() > 1 {
        let first = files.remove(0);
        let Ok(bytes) = std::fs::read(first.path) else { continue };
        files.retain(|file| {
            let same = std::fs::read(file.path).is_ok_and(|other| other == bytes);
            if same {
                problems.push(problem(&first, file));
            }
            !same
        });
    }
}

fn problem(first: &ImageFile<'_>, file: &ImageFile<'_>) -> Problem {
    let other = first.name;
    let (kind, message) = match (first.split, file.split) {
        (Some(theirs), Some(ours)) if theirs != ours => (
            ProblemKind::SplitLeak,
            format!(
                "is in the {ours} split and the same file as {other} in the {theirs} split: what is \
                 evaluated was trained on; remove one of them"
            ),
        ),
        (None, _) | (_, None) => (
            ProblemKind::Duplicate,
            format!("is the same file as {other}; a chosen split may part them: remove one"),
        ),
        _ => (ProblemKind::Duplicate, format!("is the same file as {other}; it counts twice")),
    };
    Problem::new(kind, file.path, None, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_bytes_are_the_same_and_other_splits_are_worse() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let (a, b) = (&[0_u8; 8], &[0, 0, 0, 0, 0, 0, 0, 1]);
        for (name, bytes) in [("1", a), ("2", b), ("3", a), ("4", a), ("5", b)] {
            std::fs::write(path(name), bytes).expect("it can be written");
        }
        std::fs::write(path("6"), [0_u8; 9]).expect("it can be written");
        let paths: Vec<_> = (1..=7).map(|i| path(&i.to_string())).collect();
        let (train, val) = (Some(Split::Train), Some(Split::Val));
        let files = |splits: [Option<Split>; 7]| -> Vec<Problem> {
            let all = paths.iter().zip(["1", "2", "3", "4", "5", "6", "7"]).zip(splits);
            same_files(all.map(|((path, name), split)| ImageFile { path, name, split }).collect())
        };
        let found = files([train, train, train, val, train, train, train]);
        let (twice, leak) = (ProblemKind::Duplicate, ProblemKind::SplitLeak);
        let mut reported: Vec<(ProblemKind, String)> =
            found.iter().map(|p| (p.kind, p.file.display().to_string())).collect();
        reported.sort();
        let wanted = [(leak, "1"), (leak, "3"), (twice, "5")];
        let wanted = wanted.map(|(kind, name)| (kind, path(name).display().to_string()));
        assert_eq!(reported, wanted, "the copies to train on, and one of two");
        assert!(files([None; 7]).iter().all(|p| p.kind == twice && p.message.contains("may part")));
    }

    #[test]
    fn equal_hashes_alone_are_not_enough() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        std::fs::write(&one, "plumless").expect("it can be written");
        std::fs::write(&two, "buckeroo").expect("it can be written");
        let mut problems = Vec::new();
        let file = |path| ImageFile { path, name: "", split: None };
        compare(vec![file(&one), file(&two)], &mut problems);
        assert_eq!(problems, []);
        compare(vec![file(&one), file(&one)], &mut problems);
        assert_eq!(problems.len(), 1);
    }
}
