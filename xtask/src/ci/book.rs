//! The stage `book`: builds `docs/` with mdBook and checks the links of every page.
//!
//! The links of the built pages are checked and not those of the sources (which `tidy` does): a page
//! that is missing in `SUMMARY.md` is not built, mdBook makes the anchors, and an image may lie
//! outside of the book. Links to files of this repository on GitHub have to exist in the checkout.
//! Other sites are not asked: a stage must not fail because somebody's server is down.
//!
//! Pages are searched for `href=`, `src=` and `id=` as text. mdBook writes these attributes with double
//! quotes, and escapes code.

use crate::dependencies::Tool;
use crate::root;
use crate::steps::{Outcome, command};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const MDBOOK: Tool = Tool { name: "mdbook", version: "0.5.4" };

/// Where `docs/book.toml` puts the pages.
const OUT: &str = "target/book";

/// Files of this repository, as pages link to them.
const REPOSITORY: [&str; 3] = [
    "https://github.com/paso-rs/paso/blob/main/",
    "https://github.com/paso-rs/paso/tree/main/",
    "https://github.com/paso-rs/paso/edit/main/",
];

pub(super) fn run() -> Outcome {
    let mdbook = match MDBOOK.find() {
        Ok(mdbook) => mdbook,
        Err(why) => return Outcome::Skipped(why),
    };
    match command(&mdbook.to_string_lossy(), &["build", "docs"], &[]) {
        Outcome::Passed => check(&root().join(OUT)).into(),
        other => other,
    }
}

/// Fails with every link that leads nowhere.
fn check(out: &Path) -> Result<()> {
    let pages = pages(out)?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for (page, text) in &pages {
        for target in attributes(text, &["href", "src"]) {
            count += 1;
            if let Some(why) = broken(out, &pages, page, &target) {
                wrong.push(format!("{page}: `{target}`: {why}"));
            }
        }
    }
    eprintln!("book: {count} links of {} pages in {OUT}", pages.len());
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{} links lead nowhere:\n{}", wrong.len(), wrong.join("\n"));
}

/// The built pages by file name. `404.html` is shown under any address, so its links are absolute;
/// `print.html` repeats the others.
fn pages(out: &Path) -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    for entry in std::fs::read_dir(out).with_context(|| out.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".html") && !["404.html", "print.html"].contains(&&name[..]) {
            let text = std::fs::read_to_string(&path).with_context(|| name.clone())?;
            pages.insert(name, text);
        }
    }
    Ok(pages)
}

/// Why a link leads nowhere, if it does. `page` lies at the top of `out`.
fn broken(
    out: &Path,
    pages: &BTreeMap<String, String>,
    page: &str,
    target: &str,
) -> Option<String> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    if let Some(file) = REPOSITORY.iter().find_map(|start| path.strip_prefix(start)) {
        return missing_in_repository(file, anchor);
    }
    if path.contains(':') {
        return None; // Another site, or `mailto:`.
    }
    let path = path.split('?').next().unwrap_or_default();
    let path = if path.is_empty() { page } else { path.trim_start_matches("./") };
    if !out.join(path).exists() || path.starts_with('/') || path.contains("..") {
        return Some(format!("there is no {path} in the book"));
    }
    let text = pages.get(path)?;
    let known = anchor.is_empty() || attributes(text, &["id"]).iter().any(|id| id == anchor);
    (!known).then(|| format!("{path} has no anchor `{anchor}`"))
}

fn missing_in_repository(file: &str, anchor: &str) -> Option<String> {
    let path: PathBuf = root().join(file);
    if !path.exists() {
        return Some(format!("there is no {file} in this repository"));
    }
    let is_heading = |line: &str| slug(line.trim_start_matches('#')) == anchor;
    let found = anchor.is_empty()
        || !file.ends_with(".md")
        || std::fs::read_to_string(&path)
            .unwrap_or_default()
            .lines()
            .any(|line| line.starts_with('#') && is_heading(line));
    (!found).then(|| format!("no heading of {file} has the anchor `{anchor}`"))
}

/// The anchor of a heading, as GitHub makes it.
fn slug(heading: &str) -> String {
    let keep = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    };
    heading.trim().to_lowercase().chars().filter_map(keep).collect()
}

/// The values of these attributes, in order.
fn attributes(text: &str, names: &[&str]) -> Vec<String> {
    let mut values = Vec::new();
    for name in names {
        let start = format!(" {name}=\"");
        let found = text.split(&start[..]).skip(1).filter_map(|rest| rest.split('"').next());
        values.extend(found.map(|value| value.replace("&amp;", "&")));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r##"<h2 id="here"><a class="header" href="#here">Here</a></h2>
        <img src="images/a.png"> <code>href=&quot;x&quot;</code>"##;

    fn book() -> (tempfile::TempDir, BTreeMap<String, String>) {
        let out = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(out.path().join("images")).expect("made");
        for (name, text) in
            [("a.html", PAGE), ("404.html", "<a href=\"/no\">"), ("images/a.png", "")]
        {
            std::fs::write(out.path().join(name), text).expect("written");
        }
        let pages = pages(out.path()).expect("read");
        (out, pages)
    }

    #[test]
    fn attributes_are_found_and_code_is_not() {
        assert_eq!(attributes(PAGE, &["href", "src"]), ["#here", "images/a.png"]);
        assert_eq!(attributes("<a href=\"x?a=1&amp;b=2\">", &["href"]), ["x?a=1&b=2"]);
    }

    #[test]
    fn links_that_lead_somewhere_are_accepted() {
        let (out, pages) = book();
        assert_eq!(pages.len(), 1, "the page for unknown addresses is not checked");
        assert!(check(out.path()).is_ok());
        for target in [
            "a.html",
            "a.html#here",
            "#here",
            "./images/a.png",
            "https://example.org/x#y",
            "mailto:a@example.org",
            "https://github.com/paso-rs/paso/blob/main/Cargo.toml",
            "https://github.com/paso-rs/paso/tree/main/xtask",
            "https://github.com/paso-rs/paso/blob/main/CONTRIBUTING.md#how-we-work",
        ] {
            assert_eq!(broken(out.path(), &pages, "a.html", target), None, "{target}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_named() {
        let (out, pages) = book();
        for (target, part) in [
            ("b.html", "there is no b.html"),
            ("#there", "a.html has no anchor `there`"),
            ("../README.html", "there is no ../README.html"),
            ("/etc/passwd", "there is no /etc/passwd"),
            ("https://github.com/paso-rs/paso/blob/main/no.md", "there is no no.md"),
            ("https://github.com/paso-rs/paso/blob/main/CONTRIBUTING.md#no", "anchor `no`"),
        ] {
            let found = broken(out.path(), &pages, "a.html", target);
            assert!(found.as_ref().is_some_and(|why| why.contains(part)), "{target}: {found:?}");
        }
        std::fs::write(out.path().join("a.html"), "<a href=\"no.html\">").expect("written");
        let message = check(out.path()).expect_err("a broken link").to_string();
        assert!(message.contains("a.html: `no.html`: there is no no.html"), "{message}");
    }
}
