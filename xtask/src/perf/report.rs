//! `cargo xtask perf report`: a page with the history of every benchmark of a machine.
//!
//! One file without anything from elsewhere: it can be kept as the artefact of a build and opened years later.

use super::history::{Change, History, histories};
use super::{builds, chart, machine, records};
use crate::root;
use anyhow::{Context, Result, bail};
use clap::Args;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::path::PathBuf;

/// What `cargo xtask perf report` draws.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The folder of the records, instead of the one named after this CPU.
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// Where to write the page.
    #[arg(long, value_name = "FILE", default_value = "target/perf.html")]
    out: PathBuf,
}

/// Subjects of a range of commits that are listed; the range itself names the others.
const LISTED: usize = 12;

/// Writes the page.
pub(crate) fn run(args: &ReportArgs) -> Result<()> {
    let machine = args.machine.clone().unwrap_or_else(machine::slug);
    let records =
        records::read_all(&records::folder(&machine)).context("no records of this machine")?;
    if records.is_empty() {
        bail!("no records of {machine}: `cargo xtask perf record` writes one");
    }
    let page = page(&machine, &histories(&records), commits).into_string();
    let out = root().join(&args.out); // an absolute path stays as it is
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::write(&out, page).with_context(|| out.display().to_string())?;
    eprintln!("perf: wrote {}", args.out.display());
    Ok(())
}

/// The commits after the first revision up to the second, where git knows both.
fn commits([from, to]: &[String; 2]) -> Vec<String> {
    let range = [from, to].map(|revision| revision.trim_end_matches("-dirty")).join("..");
    let log = builds::git(root(), ["log", "--oneline", "--no-merges", &range]).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

fn page(
    machine: &str,
    histories: &[History],
    commits: impl Fn(&[String; 2]) -> Vec<String>,
) -> Markup {
    let changes: Vec<(&History, Change)> = histories
        .iter()
        .flat_map(|history| history.changes().into_iter().map(move |change| (history, change)))
        .collect();
    let title = format!("Speed on {machine}");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p {
                    "Each dot is a record: the median of its runs, and their range behind it. A level is the median of a stretch of "
                    "records between two changes."
                }
                h2 { "Changes" }
                @if changes.is_empty() { p { "None was found." } }
                @for (history, change) in &changes { (entry(history, change, &commits)) }
                h2 { "Benchmarks" }
                @for history in histories {
                    section id=(anchor(history)) {
                        h3 { (history.benchmark) " " small { (history.level) } }
                        (latest(history))
                        (chart::chart(history))
                    }
                }
            }
        }
    }
}

/// One change: what, how much, and between which commits.
fn entry(
    history: &History,
    change: &Change,
    commits: impl Fn(&[String; 2]) -> Vec<String>,
) -> Markup {
    let [from, to] = &change.revisions;
    let commits = commits(&change.revisions);
    let (word, ratio) =
        if change.ratio > 1.0 { ("slower", change.ratio) } else { ("faster", 1.0 / change.ratio) };
    html! {
        details open[commits.len() <= LISTED] {
            summary {
                a href={ "#" (anchor(history)) } { (history.benchmark) } " is "
                strong class=(word) { (format!("{:.1} % {word}", 100.0 * (ratio - 1.0))) }
                " since " code { (from) ".." (to) }
                @if let Some([old, new]) = &change.compilers { "; the compiler changed from " (old) " to " (new) }
            }
            ul {
                @for commit in commits.iter().take(LISTED) { li { (commit) } }
                @if commits.len() > LISTED { li { "and " (commits.len() - LISTED) " more" } }
                @if commits.is_empty() { li { "git knows no commits of this range" } }
            }
        }
    }
}

fn latest(history: &History) -> Markup {
    html! {
        @if let Some(line) = history.lines.last() {
            p {
                "Latest: " (chart::number(line.median)) " " code { (line.figure) } " (" (line.better.word()) " is better) at " code { (line.revision) }
                ", " (line.date) ", " (line.compiler) "."
            }
        }
    }
}

fn anchor(history: &History) -> String {
    format!("{}-{}", history.benchmark, history.level)
}

const STYLE: &str = "
:root { color-scheme: light dark; --text: #1b1b1b; --page: #fff; --faint: #ddd; --line: #2864b4; --slower: #b3261e; --faster: #1a7f37; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e4e4; --page: #161616; --faint: #3a3a3a; --line: #7fb0f0; --slower: #ff8a80; --faster: #6fdd8b; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--text); }
small { font-weight: normal; opacity: 0.7; } a { color: var(--line); }
strong.slower { color: var(--slower); } strong.faster { color: var(--faster); }
line.grid { stroke: var(--faint); } line.range { stroke: var(--line); stroke-width: 5; opacity: 0.25; }
polyline.medians { fill: none; stroke: var(--line); opacity: 0.5; } circle { fill: var(--line); }
line.level { stroke: var(--text); stroke-width: 1.5; }
line.slower, line.faster { stroke-width: 1.5; stroke-dasharray: 4 3; } line.slower { stroke: var(--slower); } line.faster { stroke: var(--faster); }
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::perf::history::tests::records;

    #[test]
    fn the_page_names_the_commits_of_a_change() {
        let subjects = |_: &[String; 2]| vec!["c07 Divide <twice>".to_owned()];
        let page = page("abacus-2cpu", &histories(&records()), subjects).into_string();
        for part in [
            "c06..c07",
            "10.0 % slower",
            "Divide &lt;twice&gt;",
            "1.89.0 to rustc 1.90.0",
            "<polyline",
        ] {
            assert!(page.contains(part), "`{part}` is missing:\n{page}");
        }
        assert_eq!(page.matches("<svg").count(), 2, "a chart for each benchmark");
        assert!(!page.contains("http"), "the page needs nothing from elsewhere");
    }

    #[test]
    fn one_record_is_a_page_too() {
        let page = page("abacus-2cpu", &histories(&records()[..1]), |_| Vec::new()).into_string();
        assert!(page.contains("None was found") && !page.contains("NaN"), "{page}");
    }
}
