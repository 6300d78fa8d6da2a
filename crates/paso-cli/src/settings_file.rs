//! Settings from a TOML file, and laying them over others.
//!
//! A file may name some settings only. It is read twice: as a table, which knows what the file says
//! and what it leaves out, and as complete settings, which refuses misspelled names and wrong types
//! with their line. Tables within it are merged entry by entry.
//!
//! Ranges are not checked here, since a value may be valid only with the values of another layer.
//! Unknown names are refused because a misspelled setting would otherwise be ignored silently.

use anyhow::{Context, Result};
use paso_locate::TrainConfig;
use std::path::Path;
use toml::{Table, Value};

/// Settings take a few hundred bytes; what is larger is something else.
const LARGEST: u64 = 1 << 20;

/// A file's settings as they stand there, and checked for what no setting has.
///
/// The second value has the defaults for everything that the file leaves out; only its named
/// settings are meant.
///
/// # Errors
/// If the file cannot be read, is not TOML, or has an unknown name or a wrong type. The message
/// begins with the path.
pub(crate) fn read(path: &Path) -> Result<(Table, TrainConfig)> {
    let context = || path.display().to_string();
    let text = paso_files::read_text(path, LARGEST).with_context(context)?;
    let checked = toml::from_str(&text).with_context(context)?;
    Ok((toml::from_str(&text).with_context(context)?, checked))
}

/// `below`, with the entries of `above` in the place of its own.
///
/// Arrays and plain values are replaced as a whole. Keys that only `below` has stay.
pub(crate) fn overlaid(mut below: Table, above: Table) -> Table {
    for (key, value) in above {
        let value = match (below.remove(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => {
                Value::Table(overlaid(below, above))
            }
            (_, value) => value,
        };
        below.insert(key, value);
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_merged_key_by_key() {
        let table = |text: &str| toml::from_str::<Table>(text).expect(text);
        let merged = overlaid(table("a = 1\n[t]\nb = 2\nc = 3"), table("a = 4\n[t]\nc = 5"));
        assert_eq!(merged, table("a = 4\n[t]\nb = 2\nc = 5"));
    }

    #[test]
    fn a_file_is_refused_by_its_name_for_what_no_setting_has() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("some.toml");
        for (text, word) in
            [("learning = 1", "learning"), ("batch = \"many\"", "batch"), ("batch =", "batch")]
        {
            std::fs::write(&path, text).expect("a file");
            let said = format!("{:#}", read(&path).expect_err(text));
            assert!(said.contains("some.toml") && said.contains(word), "{said}");
        }
        std::fs::write(&path, "batch = 8").expect("a file");
        let (table, config) = read(&path).expect("a setting");
        assert_eq!((table.len(), config.batch), (1, 8));
        let said = format!("{:#}", read(&folder.path().join("none.toml")).expect_err("no file"));
        assert!(said.contains("none.toml"), "{said}");
    }
}
