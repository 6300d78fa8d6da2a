//! The images that are asked for: files, folders, patterns, and names on stdin.
//!
//! A shell replaces patterns before the program sees them, unless there are too many files, the
//! pattern is quoted, or the shell is that of Windows. A file whose name looks like a pattern is taken
//! as the file. Nothing is decoded here.

use anyhow::{Context, Result, bail, ensure};
use paso_locate::labels::image_files;
use std::io::{BufRead, BufReader, Lines, Stdin, stdin};
use std::path::{Path, PathBuf};

/// Images to come.
pub(super) enum Images {
    /// All are known.
    Known(Vec<PathBuf>),
    /// A name on each line of stdin.
    OnStdin(Lines<BufReader<Stdin>>),
}

impl Images {
    /// The images of these arguments, in their order; those of a folder or a pattern are sorted.
    ///
    /// # Errors
    /// If a folder or a pattern has no image, or - is not the only argument.
    pub(super) fn find(arguments: &[PathBuf]) -> Result<Self> {
        if arguments.iter().any(|argument| argument.as_os_str() == "-") {
            ensure!(
                arguments.len() == 1,
                "- takes all names from stdin; give nothing else with it"
            );
            return Ok(Self::OnStdin(BufReader::new(stdin()).lines()));
        }
        let mut images = Vec::new();
        for argument in arguments {
            images.extend(of_argument(argument)?);
        }
        Ok(Self::Known(images))
    }

    /// How many there are; 0 if that is not known.
    pub(super) fn known(&self) -> u64 {
        match self {
            Self::Known(images) => images.len() as u64,
            Self::OnStdin(_) => 0,
        }
    }

    /// At most so many at a time. Names on stdin come one by one, since the next may take long.
    pub(super) fn chunks(self, most: usize) -> impl Iterator<Item = Result<Vec<PathBuf>>> {
        let (known, stdin) = match self {
            Self::Known(images) => (images, None),
            Self::OnStdin(lines) => (Vec::new(), Some(lines)),
        };
        let chunks: Vec<_> = known.chunks(most).map(|some| Ok(some.to_vec())).collect();
        let lines = stdin
            .into_iter()
            .flatten()
            .filter(|line| !line.as_ref().is_ok_and(|name| name.trim().is_empty()));
        let lines = lines.map(|line| Ok(vec![PathBuf::from(line.context("stdin")?)]));
        chunks.into_iter().chain(lines)
    }
}

fn of_argument(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_dir() {
        let images = image_files(path)?;
        ensure!(!images.is_empty(), "{}: there is no image in this folder", path.display());
        return Ok(images);
    }
    // A pattern is text; a name need not be.
    let pattern = path.to_str().filter(|text| text.contains(['*', '?', '[']));
    let Some(argument) = pattern.filter(|_| path.symlink_metadata().is_err()) else {
        return Ok(vec![path.to_owned()]);
    };
    let pattern = glob::glob(argument).with_context(|| format!("the pattern {argument}"))?;
    let mut images = pattern.collect::<Result<Vec<_>, _>>().with_context(|| argument.to_owned())?;
    images.retain(|path| path.is_file());
    if images.is_empty() {
        bail!("{argument}: no file matches this pattern");
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(arguments: &[PathBuf]) -> Vec<PathBuf> {
        let images = Images::find(arguments).expect("images");
        images.chunks(2).flat_map(|some| some.expect("known")).collect()
    }

    #[test]
    fn files_folders_and_patterns_give_their_images_in_order() {
        let base = tempfile::tempdir().expect("a folder");
        let path = |name: &str| base.path().join(name);
        std::fs::create_dir(path("b")).expect("a folder");
        for name in ["b/2.png", "b/1.jpg", "b/10.PNG", "b/notes.txt", "a[1].png"] {
            std::fs::write(path(name), "").expect("a file");
        }
        let folder = ["b/1.jpg", "b/10.PNG", "b/2.png"].map(path);
        assert_eq!(found(&[path("b")]), folder);
        assert_eq!(found(&[path("b/*.png"), path("a[1].png")]), ["b/2.png", "a[1].png"].map(path));
        assert_eq!(found(&[path("missing.png")]), [path("missing.png")], "an error later");
        for (wrong, part) in
            [("b/*.gif", "no file matches"), ("b/[", "pattern"), ("-", "nothing else with it")]
        {
            let wrong = if wrong == "-" { wrong.into() } else { path(wrong) };
            let said = format!("{:#}", Images::find(&[wrong, path("b")]).err().expect("refused"));
            assert!(said.contains(part), "{said}");
        }
        std::fs::create_dir(path("empty")).expect("a folder");
        let said = Images::find(&[path("empty")]).err().expect("refused").to_string();
        assert!(said.contains("no image in this folder"), "{said}");
    }
}
