//! A page with the history of every benchmark of a machine.
//!
//! One file without anything from elsewhere: it can be kept as the artifact of a build and opened
//! years later.
//!
//! It is made of all records of one machine. The page has the changes first, the newest range of commits on top and each with
//! the commits in between, then a chart for every benchmark and level.
//!
//! How changes are found is described in `segments.rs`. They are hints and not proofs: a machine
//! that got another kernel between two records has a change as well. Compilers that differ are
//! named, since they are the usual other cause.
//!
//! The commits of a range are asked of the local git when the page is written. A range whose
//! revisions git does not know, such as one of a branch that was deleted, is listed without
//! commits.

use crate::chart;
use crate::history::{Change, History};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What a page is made of.
pub struct Page<'a> {
    /// Whose records.
    pub machine: &'a str,
    /// Of all benchmarks.
    pub histories: &'a [History],
    /// Figures that are better or worse, not faster or slower: memory, sizes.
    pub not_speed: &'a [&'a str],
    /// The commits after the first revision up to the second.
    pub commits: &'a dyn Fn(&[String; 2]) -> Vec<String>,
}

impl std::fmt::Debug for Page<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("machine", &self.machine).finish_non_exhaustive()
    }
}

/// The page.
#[must_use]
pub fn page(page: &Page<'_>) -> Markup {
    let Page { machine, histories, not_speed, commits } = *page;
    let ranges = ranges(histories);
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
                @if ranges.is_empty() { p { "None was found." } }
                @for range in &ranges { (entry(range, not_speed, commits)) }
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

/// What changed after one revision, up to another.
struct Range<'a> {
    revisions: [String; 2],
    /// When the second one is from.
    date: String,
    /// The largest first.
    changes: Vec<(&'a History, Change)>,
}

/// The changes of all histories, the newest range of commits first: one change of the code often
/// moves many benchmarks.
fn ranges(histories: &[History]) -> Vec<Range<'_>> {
    let mut ranges: Vec<Range<'_>> = Vec::new();
    for history in histories {
        for change in history.changes() {
            let date = history.lines[change.at].date.clone();
            match ranges.iter_mut().find(|range| range.revisions == change.revisions) {
                Some(range) => range.changes.push((history, change)),
                None => ranges.push(Range {
                    revisions: change.revisions.clone(),
                    date,
                    changes: vec![(history, change)],
                }),
            }
        }
    }
    ranges.sort_by(|a, b| b.date.cmp(&a.date));
    for range in &mut ranges {
        range.changes.sort_by(|(_, a), (_, b)| b.ratio.ln().abs().total_cmp(&a.ratio.ln().abs()));
    }
    ranges
}

/// What changed, how much, and the commits in between.
fn entry(
    range: &Range<'_>,
    not_speed: &[&str],
    commits: impl Fn(&[String; 2]) -> Vec<String>,
) -> Markup {
    let [from, to] = &range.revisions;
    let commits = commits(&range.revisions);
    let compilers = range.changes.iter().find_map(|(_, change)| change.compilers.as_ref());
    html! {
        h3 { code { (from) ".." (to) } small { ", " (range.date) } }
        @if let Some([old, new]) = compilers { p { "The compiler changed from " (old) " to " (new) "." } }
        ul { @for (history, change) in &range.changes { li { (sentence(history, change, not_speed)) } } }
        details {
            summary {
                @match commits.len() {
                    0 => "git knows no commits of this range",
                    1 => "One commit",
                    n => { (n) " commits" }
                }
            }
            ul { @for commit in &commits { li { (commit) } } }
        }
    }
}

/// Slower or faster for speeds, worse or better for memory, sizes and figures of a training. The
/// percentage is of the time: 25 % slower takes 1.25 times as long, and 25 % faster took 1.25 times
/// as long before.
fn sentence(history: &History, change: &Change, not_speed: &[&str]) -> Markup {
    let is_speed = !not_speed.contains(&history.lines[change.at].figure.as_str());
    let (class, word, ratio) = match (change.ratio > 1.0, is_speed) {
        (true, true) => ("slower", "slower", change.ratio),
        (true, false) => ("slower", "worse", change.ratio),
        (false, true) => ("faster", "faster", 1.0 / change.ratio),
        (false, false) => ("faster", "better", 1.0 / change.ratio),
    };
    html! {
        a href={ "#" (anchor(history)) } { (history.benchmark) } " is "
        strong class=(class) { (format!("{:.1} % {word}", 100.0 * (ratio - 1.0))) }
    }
}

/// The newest record's figure, with where it comes from.
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

/// The id of a chart's section: unique, as a history is of one benchmark and level.
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
    use crate::history::histories;
    use crate::history::tests::records;

    fn drawn(
        records: &[Vec<crate::records::Line>],
        commits: &dyn Fn(&[String; 2]) -> Vec<String>,
    ) -> String {
        let histories = histories(records, |_| None);
        let all = Page { machine: "abacus-2cpu", histories: &histories, not_speed: &[], commits };
        page(&all).into_string()
    }

    #[test]
    fn the_page_names_the_commits_of_a_change() {
        let subjects = |_: &[String; 2]| vec!["c07 Divide <twice>".to_owned()];
        let page = drawn(&records(), &subjects);
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
        assert_eq!(page.matches("c06..c07").count(), 1, "a range is named once");
        assert!(!page.contains("http"), "the page needs nothing from elsewhere");
    }

    #[test]
    fn changes_of_one_range_stand_together_the_largest_first() {
        let mut records = records();
        for train in records[7..].iter_mut().map(|record| &mut record[1]) {
            (train.median, train.figure) = (0.8 * train.median, "bytes".to_owned());
        }
        let histories = histories(&records, |_| None);
        let ranges = ranges(&histories);
        let [range] = &ranges[..] else { panic!("one range, not {}", ranges.len()) };
        let sentences =
            range.changes.iter().map(|(history, change)| sentence(history, change, &["bytes"]));
        let sentences: Vec<String> = sentences.map(Markup::into_string).collect();
        assert!(sentences[0].contains("train") && sentences[0].contains("25.0 % worse"));
        assert!(sentences[1].contains("adam") && sentences[1].contains("10.0 % slower"));
    }

    #[test]
    fn one_record_is_a_page_too() {
        let page = drawn(&records()[..1], &|_| Vec::new());
        assert!(page.contains("None was found") && !page.contains("NaN"), "{page}");
    }
}
