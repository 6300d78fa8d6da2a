//! Finds relative links of Markdown files whose file or heading does not exist. Links to other
//! sites are not followed.
//!
//! A line-based reading of Markdown that covers what the documents use: inline links, images and
//! link definitions, headings with `#`, fences of three backticks. HTML, headings that are
//! underlined and links that are broken over two lines are not seen.
//!
//! Anchors are checked only in Markdown files. `#L10` of a source file is accepted as it is.

use std::path::{Path, PathBuf};

/// What is wrong with the links of one file. `text_of` gives the text of another file, relative to
/// the root folder, or `None` where there is no such file or folder.
pub(super) fn broken(
    path: &Path,
    text: &str,
    text_of: impl Fn(&Path) -> Option<String>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (line, target) in links(text) {
        let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
        let linked = if file.is_empty() { path.to_owned() } else { resolve(path, file) };
        let content = if file.is_empty() { Some(text.to_owned()) } else { text_of(&linked) };
        match content {
            None => {
                wrong.push(format!("line {line}: `{target}`: there is no {}", linked.display()));
            }
            Some(content) if !anchor.is_empty() && is_markdown(&linked) => {
                if !anchors(&content).iter().any(|known| known == anchor) {
                    wrong.push(format!(
                        "line {line}: `{target}`: no heading has the anchor `{anchor}`"
                    ));
                }
            }
            Some(_) => {}
        }
    }
    wrong
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// A link relative to the folder of `from`, without `.` and `..`.
///
/// A link that leads above the root folder stops at it.
fn resolve(from: &Path, link: &str) -> PathBuf {
    let mut path = from.parent().map(Path::to_owned).unwrap_or_default();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = path.pop(),
            part => path.push(part),
        }
    }
    path
}

/// The lines of a file that are not code, with their numbers; inline code is removed.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        if !fence && !in_code {
            lines.push((i + 1, line.split('`').step_by(2).collect::<Vec<_>>().join("`")));
        }
    }
    lines
}

/// Relative targets of `[text](target)` and `[name]: target`, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let targets = inline.chain(definition.map(|(_, target)| target.trim()));
        let relative = |target: &&str| {
            !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")
        };
        links.extend(targets.filter(relative).map(|target| (number, target.to_owned())));
    }
    links
}

/// The anchors of all headings, as GitHub makes them: lower case, spaces as hyphens, without
/// punctuation; the second heading of one name ends in `-1`.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if in_code || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let keep = |c: char| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        };
        let base: String = heading.trim().to_lowercase().chars().filter_map(keep).collect();
        let repeated = (1..).map(|n| format!("{base}-{n}"));
        let mut names = std::iter::once(base.clone()).chain(repeated);
        anchors.extend(names.find(|name| !anchors.contains(name)));
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: &str =
        "# Title\n\n## What it is *not* for?\n\n## Twice\n\n## Twice\n\n```\n# no heading\n```\n";

    fn found(text: &str) -> Vec<String> {
        broken(Path::new("docs/a.md"), text, |path| match path.to_str() {
            Some("docs/b.md" | "README.md") => Some(OTHER.into()),
            Some("src/main.rs" | "src") => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn links_to_files_and_headings_that_exist_are_accepted() {
        for text in [
            "[b](b.md) and [README](../README.md)",
            "[b](./b.md#title) [c](b.md#what-it-is-not-for) [d](b.md#twice-1)",
            "# Here\n[above](#here)",
            "![image](../src/main.rs \"with a title\")",
            "[code](../src/main.rs#L10) and [folder](../src/)",
            "[b]: b.md#twice",
            "[site](https://example.org/x.md) [mail](mailto:a@b)",
            "```\n[code](no.md)\n```",
            "An array `x[0](no.md)` in code.",
        ] {
            assert_eq!(found(text), [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn missing_files_and_headings_are_named_with_their_line() {
        for (text, part) in [
            ("\n\n[c](c.md)", "line 3: `c.md`: there is no docs/c.md"),
            ("[b](b.md#nothing)", "line 1: `b.md#nothing`: no heading has the anchor `nothing`"),
            ("[b](b.md#no-heading)", "`no-heading`"),
            ("[b](b.md#twice-2)", "`twice-2`"),
            ("[x](#missing)", "`missing`"),
            ("[c]: ../c.md", "there is no c.md"),
            ("[good](b.md) and [bad](B.md)", "there is no docs/B.md"),
        ] {
            let found = found(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains(part), "{text}: {found:?}");
        }
    }
}
