//! Records: one CSV a commit and machine, kept in the repository, so that history needs no server.
//!
//! A record is a plain table, so that it can be read, compared and plotted without this program,
//! and so that a review shows what changed. Times of different machines are never compared: each
//! has a folder of its own.
//!
//! The path is `RECORDS/MACHINE/YYYY-MM-DD-REVISION.csv`; the date is that of the commit in
//! UTC, not that of the measurement. The first line has the names of the columns, which are the
//! fields of [`Line`] in their order. Every later line is one figure.
//!
//! Machine, compiler, level, revision and date are the same in all lines of a file. The repetition
//! costs some bytes and lets lines of many files be joined by any tool without the names of the
//! files.
//!
//! Reading is strict: a missing column (except `share`) or a figure that is not above 0 is an
//! error, since every use takes logarithms. Other columns are ignored, so a later version may add
//! some.

use crate::{Error, Result, files};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One line of a record. Everything that is needed to compare it is in the line itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The machine's slug.
    pub machine: String,
    /// As `rustc --version` says it.
    pub compiler: String,
    /// The instruction set level, where the program names one; `unknown` otherwise.
    pub level: String,
    /// The commit, short.
    pub revision: String,
    /// When it was committed, as `2026-01-31T12:00:00Z`; records are ordered by it.
    pub date: String,
    /// The name, by which records are compared.
    pub benchmark: String,
    /// The figure's name, which is also its unit.
    pub figure: String,
    /// In the file, so that a figure of a benchmark that is gone can still be read.
    pub better: Better,
    /// Of the runs.
    pub median: f64,
    /// The smallest figure; the best of the runs only where lower is better.
    pub least: f64,
    /// The largest figure.
    pub most: f64,
    /// Of what this machine could do at most, measured in the same minutes, where something bounds
    /// it.
    pub share: Option<f64>,
    /// How many runs median, least and most are of; 1 for figures that are exact.
    pub runs: usize,
}

/// Which way the figure gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// A time.
    Lower,
    /// A rate.
    Higher,
}

impl Better {
    /// As in the column of a record.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
        }
    }

    /// The logarithm of the time that a figure stands for, so that more is slower for every
    /// benchmark.
    ///
    /// The figure must be above 0. Differences of two such logarithms are logarithms of ratios of
    /// times, whatever the unit was.
    #[must_use]
    pub fn log_time(self, figure: f64) -> f64 {
        match self {
            Self::Lower => figure.ln(),
            Self::Higher => -figure.ln(),
        }
    }
}

/// Reads a record.
///
/// # Errors
/// When it cannot be read, has wrong columns, or a figure that is not above 0.
pub fn read(path: &Path) -> Result<Vec<Line>> {
    let text = std::fs::read(path).map_err(Error::file(path))?;
    let mut reader = csv::Reader::from_reader(&text[..]);
    let lines = reader.deserialize().collect::<Result<Vec<Line>, _>>();
    let lines = lines.map_err(|e| Error::contents(path, e))?;
    let positive = |x: f64| x > 0.0 && x.is_finite();
    for line in &lines {
        if ![line.median, line.least, line.most].into_iter().all(positive) {
            let message = format!("{} has a figure that is not above 0", line.benchmark);
            return Err(Error::contents(path, message));
        }
    }
    Ok(lines)
}

/// Writes a record, and its folder.
///
/// A file that is there is replaced.
///
/// # Errors
/// When the folder cannot be made or the file not written.
pub fn write(path: &Path, lines: &[Line]) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let all = lines.iter().try_for_each(|line| writer.serialize(line));
    all.map_err(|e| Error::contents(path, e))?;
    let text = writer.into_inner().map_err(|e| Error::contents(path, e))?;
    files::write(path, &text)
}

/// All records of a folder, the oldest commit first.
///
/// Only files that end in `.csv`, not those of folders within it. One that has no lines is left
/// out.
///
/// # Errors
/// When the folder or one of its records cannot be read.
pub fn read_all(folder: &Path) -> Result<Vec<Vec<Line>>> {
    let mut records = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::file(folder))? {
        let path = entry.map_err(Error::file(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            records.push(read(&path)?);
        }
    }
    records.retain(|record| !record.is_empty());
    records
        .sort_by(|a, b| a[0].date.cmp(&b[0].date).then_with(|| a[0].revision.cmp(&b[0].revision)));
    Ok(records)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A line of a made-up record.
    pub(crate) fn line(benchmark: &str, revision: &str, date: &str, median: f64) -> Line {
        Line {
            machine: "abacus-2cpu".into(),
            compiler: "rustc 1.89.0".into(),
            level: "avx2".into(),
            revision: revision.into(),
            date: date.into(),
            benchmark: benchmark.into(),
            figure: "ns_param".into(),
            better: Better::Lower,
            median,
            least: 0.99 * median,
            most: 1.02 * median,
            share: None,
            runs: 7,
        }
    }

    #[test]
    fn records_come_back_in_order() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (old, new) = (
            vec![line("adam", "bbb", "2026-01-01T00:00:00Z", 0.3)],
            vec![line("adam", "aaa", "2026-01-02T00:00:00Z", 0.4)],
        );
        write(&folder.path().join("deep/a.csv"), &new).expect("a record");
        write(&folder.path().join("deep/b.csv"), &old).expect("a record");
        std::fs::write(folder.path().join("deep/notes.md"), "no record")
            .expect("a file next to it");
        let all = read_all(&folder.path().join("deep")).expect("two records");
        assert_eq!(all, [old, new], "the older first");
    }

    #[test]
    fn a_broken_record_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.csv");
        write(&path, &[line("adam", "aaa", "2026-01-01T00:00:00Z", 0.0)]).expect("a record");
        let message = format!("{:#}", read(&path).expect_err("a time of 0"));
        assert!(message.contains("a.csv") && message.contains("adam"), "{message}");
        std::fs::write(&path, "benchmark,median\nadam,1\n").expect("a file");
        let message = format!("{:#}", read(&path).expect_err("columns are missing"));
        assert!(message.contains("a.csv") && message.contains("machine"), "{message}");
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a machine/a record.csv");
        let mut lines = vec![
            line("adam, 1e6", "abc", "2026-01-01T00:00:00Z", 1.0 / 3.0),
            line("says \"quoted\"", "abc", "2026-01-01T00:00:00Z", 1e-9),
        ];
        lines[1].better = Better::Higher;
        write(&path, &lines).expect("written, with its folder");
        assert_eq!(read(&path).expect("readable"), lines);
        write(&path, &lines[..1]).expect("written a second time");
        assert_eq!(read(&path).expect("readable"), lines[..1], "nothing of the old one is left");
    }

    #[test]
    fn figures_that_are_not_above_zero_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.csv");
        for figure in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            write(&path, &[line("adam", "abc", "2026-01-01T00:00:00Z", figure)]).expect("written");
            let error = read(&path).expect_err("refused").to_string();
            assert!(error.contains("a.csv"), "{figure}: {error}");
        }
    }

    #[test]
    fn only_csv_files_with_lines_are_records_and_commits_of_one_time_are_in_order_of_their_names() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let day = "2026-01-01T00:00:00Z";
        for (name, revision) in [("1.csv", "bbb"), ("2.csv", "aaa")] {
            write(&folder.path().join(name), &[line("adam", revision, day, 1.0)]).expect("written");
        }
        write(&folder.path().join("empty.csv"), &[]).expect("written");
        std::fs::write(folder.path().join("README.md"), "no record").expect("written");
        let records = read_all(folder.path()).expect("readable");
        let revisions: Vec<&str> = records.iter().map(|r| r[0].revision.as_str()).collect();
        assert_eq!(revisions, ["aaa", "bbb"]);
        assert!(read_all(&folder.path().join("none")).is_err(), "no such folder");
    }

    #[test]
    fn more_is_slower_whatever_a_figure_counts() {
        assert!(Better::Lower.log_time(2.0) > Better::Lower.log_time(1.0), "seconds");
        assert!(Better::Higher.log_time(2.0) < Better::Higher.log_time(1.0), "images a second");
        assert_eq!(Better::Lower.log_time(4.0), -Better::Higher.log_time(4.0));
        assert_eq!((Better::Lower.word(), Better::Higher.word()), ("lower", "higher"));
    }
}
