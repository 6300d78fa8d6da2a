//! `cargo paso-gate init`: writes `gate.toml` from the bench targets that there are.

use crate::cargo::{BenchTarget, bench_targets, metadata};
use crate::config::FILE;
use crate::{Error, Result, files};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What was written, and what was left out and why.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) left_out: Vec<String>,
}

/// Writes the file at the root of the workspace.
///
/// # Errors
/// When there is one already, no cargo workspace, or no bench target of a harness that is known.
pub(crate) fn init(folder: &Path) -> Result<Written> {
    let metadata = metadata(folder)?;
    let path = metadata.workspace_root.as_std_path().join(FILE);
    if path.exists() {
        return Err(Error::contents(&path, "already exists; change it, or remove it first"));
    }
    let (text, left_out) = text(&bench_targets(&metadata), |target| {
        std::fs::read_to_string(&target.source).unwrap_or_default()
    })?;
    files::write(&path, text.as_bytes())?;
    Ok(Written { path, text, left_out })
}

/// The harness of a bench target, as its source names it.
fn harness(source: &str) -> Option<&'static str> {
    if source.contains("criterion") {
        Some("criterion")
    } else if source.contains("divan") {
        Some("divan")
    } else {
        None
    }
}

/// The text of the file. One file has one harness: that of most targets.
fn text(
    targets: &[BenchTarget],
    source: impl Fn(&BenchTarget) -> String,
) -> Result<(String, Vec<String>)> {
    let known: Vec<(&BenchTarget, Option<&str>)> =
        targets.iter().map(|target| (target, harness(&source(target)))).collect();
    let of = |name| known.iter().filter(move |(_, harness)| *harness == Some(name)).count();
    let chosen = if of("divan") > of("criterion") { "divan" } else { "criterion" };
    let (used, others): (Vec<_>, Vec<_>) =
        known.iter().partition(|(_, harness)| *harness == Some(chosen));
    let left_out = others.iter().map(|(target, harness)| match harness {
        Some(other) => format!("{} (harness {other})", target.name),
        None => format!("{} (neither criterion nor divan)", target.name),
    });
    let left_out: Vec<String> = left_out.collect();
    if used.is_empty() {
        return Err(Error::Request(format!(
            "this workspace has no bench target of criterion or divan{}; the README of cargo-paso-gate shows a {FILE} \
             for programs that print JSON and for whole commands",
            if left_out.is_empty() {
                String::new()
            } else {
                format!(", only {}", left_out.join(", "))
            }
        )));
    }
    let names: Vec<&str> = used.iter().map(|(target, _)| target.name.as_str()).collect();
    let mut features: Vec<&str> =
        used.iter().flat_map(|(target, _)| target.features.iter().map(String::as_str)).collect();
    features.sort_unstable();
    features.dedup();
    let mut text = String::from("# What `cargo paso-gate` builds and measures.\n[build]\n");
    let _ = writeln!(text, "bench = {names:?}");
    let _ = writeln!(text, "harness = \"{chosen}\"");
    let first = &used[0].0.package;
    if used.iter().all(|(target, _)| target.package == *first) {
        let _ = writeln!(text, "package = {first:?}");
    }
    if !features.is_empty() {
        let _ = writeln!(text, "features = {features:?}");
    }
    text += "margin = \"1%\" # slowdowns up to this are ignored\n\n\
             # Every benchmark is measured, unless some are listed; a part of a name lists all that contain it.\n\
             # [[benchmark]]\n# name = \"parse\"\n# margin = \"2%\"\n";
    Ok((text, left_out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::harness::HarnessName;

    fn target(package: &str, name: &str, features: &[&str]) -> BenchTarget {
        BenchTarget {
            package: package.into(),
            name: name.into(),
            source: name.into(),
            features: features.iter().map(ToString::to_string).collect(),
        }
    }

    fn source(target: &BenchTarget) -> String {
        match &target.name[..1] {
            "c" => "use criterion::Criterion;".into(),
            "d" => "fn main() { divan::main(); }".into(),
            _ => "#![feature(test)]".into(),
        }
    }

    #[test]
    fn the_file_is_one_that_can_be_read() {
        let targets =
            [target("x", "c1", &[]), target("x", "c2", &["std", "fast"]), target("x", "d1", &[])];
        let (text, left_out) = text(&targets, source).expect("two targets of criterion");
        let config = Config::parse(&text).expect("valid");
        assert_eq!(config.build.bench, ["c1", "c2"]);
        assert_eq!(config.build.harness, HarnessName::Criterion);
        assert_eq!(config.build.package.as_deref(), Some("x"));
        assert_eq!(config.build.features, ["fast", "std"]);
        assert_eq!(left_out, ["d1 (harness divan)"]);
    }

    #[test]
    fn several_packages_are_not_named() {
        let (text, _) =
            text(&[target("x", "d1", &[]), target("y", "d2", &[])], source).expect("two");
        assert!(!text.contains("package") && text.contains("\"divan\""), "{text}");
    }

    #[test]
    fn a_workspace_without_a_known_bench_says_what_else_there_is() {
        let error = text(&[target("x", "t1", &[])], source).expect_err("libtest").to_string();
        assert!(
            error.contains("t1 (neither criterion nor divan)") && error.contains("JSON"),
            "{error}"
        );
        assert!(text(&[], source).is_err(), "nothing at all");
    }
}
