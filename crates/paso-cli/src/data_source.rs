//! `--data`: the embedded demo, or a folder of labeled images.
//!
//! The demo is generated from a seed, so the first command that somebody tries needs no download
//! and no labels. A folder that happens to be called `demo` is reached as `./demo`.
//!
//! Whether the folder exists is not checked here but where it is read.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;

/// The images of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DataSource {
    /// Scenes that are generated: no file is needed.
    Demo,
    /// A folder of labeled images.
    Folder(PathBuf),
}

/// What asks for [`DataSource::Demo`]. A folder of this name is `./demo`.
const DEMO: &str = "demo";

impl DataSource {
    /// Never an error: every other text is a path. The comparison is exact, so `Demo` and `demo/`
    /// are folders.
    pub(crate) fn parse(text: &str) -> Result<Self, Infallible> {
        Ok(if text == DEMO { Self::Demo } else { Self::Folder(text.into()) })
    }
}

/// As on the command line.
impl fmt::Display for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demo => f.write_str(DEMO),
            Self::Folder(folder) => folder.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_one_word_and_everything_else_is_a_folder() {
        let parse = |text: &str| DataSource::parse(text).expect("it cannot fail");
        assert_eq!(parse("demo"), DataSource::Demo);
        for text in ["./demo", "Demo", "demo/", "", "photos"] {
            assert_eq!(parse(text), DataSource::Folder(text.into()));
            assert_eq!(parse(text).to_string(), text);
        }
        assert_eq!(DataSource::Demo.to_string(), "demo");
    }
}
