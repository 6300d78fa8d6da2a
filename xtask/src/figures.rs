//! `cargo xtask figures`: lines of code, documentation, comments and tests per package, and the
//! sizes of files.
//!
//! Only lines that are not blank count. A doc line starts with `///` or `//!`, a comment line with
//! `//`. Test lines are all lines of a file under `tests` or `suite`, of a file named `tests.rs` or
//! `*_tests.rs`, and of a module `#[cfg(test)] mod … {` up to the end of its file.
//!
//! The figures describe and enforce nothing. A line has one kind, by how it starts after blanks:
//! code with a comment behind it is code, and so are lines within a string or a block comment.
//! Blank lines count only in the sizes of files.

use crate::tracked;
use anyhow::Result;
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// How `cargo xtask figures` prints.
#[derive(Debug, Args)]
pub(crate) struct FiguresArgs {
    /// Print one JSON object per package instead of a table.
    #[arg(long)]
    json: bool,
}

/// What one kind of line is counted as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Lines {
    code: usize,
    doc: usize,
    comment: usize,
    test: usize,
}

impl Lines {
    fn add(&mut self, other: Self) {
        self.code += other.code;
        self.doc += other.doc;
        self.comment += other.comment;
        self.test += other.test;
    }
}

/// The figures of a package.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    package: String,
    #[serde(flatten)]
    lines: Lines,
    /// Doc lines per line of code, documentation or comment.
    doc_share: f64,
    /// Test lines per code line.
    tests_per_code: f64,
    /// Lines of the median file, blank ones included.
    median_file: f64,
    largest_file: usize,
}

impl Figures {
    /// `sizes` has the lines of each file, at least one.
    fn new(package: &str, lines: Lines, mut sizes: Vec<usize>) -> Self {
        sizes.sort_unstable();
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let n = sizes.len();
        Self {
            package: package.into(),
            lines,
            doc_share: share(lines.doc, lines.code + lines.doc + lines.comment),
            tests_per_code: share(lines.test, lines.code),
            median_file: f64::midpoint(sizes[(n - 1) / 2] as f64, sizes[n / 2] as f64),
            largest_file: sizes[n - 1],
        }
    }
}

/// Prints the figures of every package and of all of them.
///
/// # Errors
/// When the files cannot be listed or read.
pub(crate) fn run(args: &FiguresArgs) -> Result<()> {
    let files = tracked::texts(&["*.rs"])?;
    let all = figures(files.iter().map(|(path, text)| (path.as_path(), text.as_str())));
    #[expect(clippy::print_stdout, reason = "the command's output")]
    if args.json {
        for figures in &all {
            println!("{}", serde_json::to_string(figures)?);
        }
    } else {
        print!("{}", table(&all));
    }
    Ok(())
}

/// One entry per package, in alphabetical order, then `TOTAL`.
fn figures<'a>(files: impl Iterator<Item = (&'a Path, &'a str)>) -> Vec<Figures> {
    let mut packages: BTreeMap<String, (Lines, Vec<usize>)> = BTreeMap::new();
    for (path, text) in files {
        let (lines, sizes) = packages.entry(tracked::package(path)).or_default();
        lines.add(count(text, is_test_file(path)));
        sizes.push(text.lines().count());
    }
    let mut total = (Lines::default(), Vec::new());
    for (lines, sizes) in packages.values() {
        total.0.add(*lines);
        total.1.extend(sizes);
    }
    if !total.1.is_empty() {
        packages.insert("TOTAL".into(), total);
    }
    let mut all: Vec<Figures> = packages
        .into_iter()
        .map(|(name, (lines, sizes))| Figures::new(&name, lines, sizes))
        .collect();
    all.sort_by_key(|figures| (figures.package == "TOTAL", figures.package.clone()));
    all
}

fn is_test_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let in_folder = |name: &str| path.iter().any(|part| part == name);
    in_folder("tests") || in_folder("suite") || name == "tests.rs" || name.ends_with("_tests.rs")
}

/// `test_file` makes every line a test line. A test module counts up to the end of its file,
/// wherever its brace closes, because tests are last in a file here.
fn count(text: &str, test_file: bool) -> Lines {
    let mut lines = Lines::default();
    let mut in_tests = test_file;
    let mut after_cfg_test = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        after_cfg_test |= line.starts_with("#[cfg(test");
        if after_cfg_test && opens_module(line) {
            in_tests = true;
        }
        after_cfg_test &= line.starts_with('#');
        let kind = match line {
            _ if in_tests => &mut lines.test,
            _ if line.starts_with("///") || line.starts_with("//!") => &mut lines.doc,
            _ if line.starts_with("//") => &mut lines.comment,
            _ => &mut lines.code,
        };
        *kind += 1;
    }
    lines
}

/// Whether a line is `mod name {`, public or not.
fn opens_module(line: &str) -> bool {
    let line =
        line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
    let name = line.strip_prefix("mod ").and_then(|rest| rest.split_once(" {"));
    name.is_some_and(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

fn table(all: &[Figures]) -> String {
    let mut text = format!(
        "{:<22} {:>6} {:>6} {:>8} {:>6} {:>6} {:>10} {:>7} {:>8}\n",
        "package", "code", "doc", "comment", "test", "doc %", "test/code", "median", "largest"
    );
    for figures in all {
        let Lines { code, doc, comment, test } = figures.lines;
        let _ = writeln!(
            text,
            "{:<22} {code:>6} {doc:>6} {comment:>8} {test:>6} {:>6.1} {:>10.2} {:>7.0} {:>8}",
            figures.package,
            100.0 * figures.doc_share,
            figures.tests_per_code,
            figures.median_file,
            figures.largest_file
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(code: usize, doc: usize, comment: usize, test: usize) -> Lines {
        Lines { code, doc, comment, test }
    }

    #[test]
    fn lines_are_classified_by_how_they_start() {
        for (text, expected) in [
            ("", lines(0, 0, 0, 0)),
            ("\n  \n\t\n", lines(0, 0, 0, 0)),
            ("//! A file.\n\nfn f() {} // why\n", lines(1, 1, 0, 0)),
            ("    /// An item.\n    // A remark.\n    let x = 1;", lines(1, 1, 1, 0)),
            ("//// four slashes\n", lines(0, 1, 0, 0)),
            ("let url = \"https://example.org\";\n", lines(1, 0, 0, 0)),
        ] {
            assert_eq!(count(text, false), expected, "{text:?}");
        }
    }

    #[test]
    fn a_test_module_counts_up_to_the_end_of_its_file() {
        for (text, expected) in [
            ("fn f() {}\n#[cfg(test)]\nmod tests {\n    // x\n}\n", lines(2, 0, 0, 3)),
            (
                "#[cfg(test)]\n#[expect(dead_code, reason = \"x\")]\npub(crate) mod tests {\n}",
                lines(2, 0, 0, 2),
            ),
            ("#[cfg(test)]\nmod tests;\nmod other {\n}\n", lines(4, 0, 0, 0)),
            ("#[cfg(test)]\nuse std::fmt;\nmod other {\n}\n", lines(4, 0, 0, 0)),
            ("mod tests {\n}\n", lines(2, 0, 0, 0)),
        ] {
            assert_eq!(count(text, false), expected, "{text:?}");
        }
        assert_eq!(count("//! x\nfn f() {}\n\n", true), lines(0, 0, 0, 2), "a whole test file");
    }

    #[test]
    fn test_files_are_known_by_their_path() {
        for (path, expected) in [
            ("crates/paso-adam/tests/group.rs", true),
            ("tests/src/lib.rs", true),
            ("x/suite/main.rs", true),
            ("crates/x/src/tests.rs", true),
            ("crates/x/src/gate_tests.rs", true),
            ("crates/x/src/contests.rs", false),
            ("crates/x/src/suite.rs", false),
            ("crates/x/src/tests_of.rs", false),
        ] {
            assert_eq!(is_test_file(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn packages_are_summed_and_the_total_comes_last() {
        let files = [
            ("xtask/src/main.rs", "//! x\nfn f() {}\n"),
            ("crates/zebra/src/lib.rs", "//! z\n\nfn f() {}\nfn g() {}\n"),
            ("crates/zebra/tests/all.rs", "fn t() {}\n"),
        ];
        let all = figures(files.iter().map(|(path, text)| (Path::new(*path), *text)));
        let names: Vec<&str> = all.iter().map(|figures| figures.package.as_str()).collect();
        assert_eq!(names, ["crates/zebra", "xtask", "TOTAL"]);
        assert_eq!(all[0].lines, lines(2, 1, 0, 1));
        assert_eq!(all[2].lines, lines(3, 2, 0, 1));
        assert!((all[0].doc_share - 1.0 / 3.0).abs() < 1e-12, "{:?}", all[0]);
        assert!((all[0].tests_per_code - 0.5).abs() < 1e-12, "{:?}", all[0]);
        assert!(
            (all[0].median_file - 2.5).abs() < 1e-12,
            "of files with 4 and 1 lines: {:?}",
            all[0]
        );
        assert_eq!(all[2].largest_file, 4);
        let table = table(&all);
        assert_eq!(table.lines().count(), 4, "a heading and three rows:\n{table}");
        assert!(
            table.lines().all(|line| line.len() == table.lines().next().map_or(0, str::len)),
            "{table}"
        );
    }

    #[test]
    fn a_package_without_code_has_no_infinite_figures() {
        let all = figures([(Path::new("tests/a.rs"), "fn t() {}\n")].into_iter());
        assert!(all.iter().all(|f| f.tests_per_code.is_finite() && f.doc_share == 0.0), "{all:?}");
        let json = serde_json::to_value(&all[0]).expect("plain values");
        assert_eq!(json["test"], 1, "counts are fields of the object: {json}");
        assert!(figures(std::iter::empty()).is_empty(), "no file, no figures");
    }
}
