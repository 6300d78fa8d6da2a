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
use crate::records::Better;
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
                style { (PreEscaped(include_str!("report.css"))) }
            }
            body {
                main {
                    (headline(&title, histories, &ranges))
                    h2 { "Changes" }
                    @if ranges.is_empty() { p { "None was found." } }
                    @for range in &ranges { (entry(range, not_speed, commits)) }
                    h2 { "Benchmarks" }
                    (overview(histories))
                    @for history in histories {
                        section id=(anchor(history)) {
                            h3 { (history.benchmark) " " span.soft { (level(history)) } }
                            figure { (chart::chart(history)) figcaption { (latest(history)) } }
                        }
                    }
                    footer {
                        "Each dot is the median of the runs of one record, with their range behind it. A level is the median of "
                        "the records between two changes; where it changes is a hint, not a test: the gate is what decides."
                    }
                }
            }
        }
    }
}

/// The newest change in words, and what the page is made of.
fn headline(title: &str, histories: &[History], ranges: &[Range<'_>]) -> Markup {
    let lines = || histories.iter().flat_map(|history| &history.lines);
    let [first, last] = [lines().min_by_key(|it| &it.date), lines().max_by_key(|it| &it.date)];
    let records = histories.iter().map(|history| history.lines.len()).max().unwrap_or(0);
    html! {
        div.answer.(ranges.first().map_or("steady", Range::tone)) {
            p.kicker {
                (title) ": " (records) " records"
                @if let (Some(first), Some(last)) = (first, last) {
                    " from " (day(&first.date)) " to " (day(&last.date)) ", " (last.compiler)
                }
            }
            @match ranges.first() {
                None => h1 { "No change of level" },
                Some(range) => {
                    h1 { (range.in_words()) }
                    p { "The newest change lies in " code { (range.revisions[0]) ".." (range.revisions[1]) } ", " (day(&range.date)) "." }
                }
            }
        }
    }
}

/// A line per benchmark.
fn overview(histories: &[History]) -> Markup {
    html! {
        table {
            thead { tr { th { "benchmark" } th { "latest" } th { "figure" } th { "since the first record" } th.spark { "history" } } }
            tbody {
                @for history in histories {
                    @if let (Some(first), Some(last)) = (history.levels().first(), history.levels().last()) {
                        @let ratio = match history.lines[0].better { Better::Lower => last.1 / first.1, Better::Higher => first.1 / last.1 };
                        tr {
                            th { a href={ "#" (anchor(history)) } { (history.benchmark) } }
                            td { (history.lines.last().map_or(String::new(), |line| chart::number(line.median))) }
                            td { (history.lines[0].figure) }
                            td {
                                @if history.starts.len() == 1 { "the same level" }
                                @else { strong.(tone(ratio)) { (format!("time x {ratio:.2}")) } }
                            }
                            td.spark { (chart::spark(history)) }
                        }
                    }
                }
            }
        }
    }
}

/// The day of a date.
fn day(date: &str) -> &str {
    date.split('T').next().unwrap_or(date)
}

/// The instruction set level, where one is known.
fn level(history: &History) -> &str {
    if history.level == "unknown" { "" } else { &history.level }
}

/// The class of a ratio of times.
fn tone(ratio: f64) -> &'static str {
    if ratio > 1.0 { "slower" } else { "faster" }
}

/// What changed after one revision, up to another.
struct Range<'a> {
    revisions: [String; 2],
    /// When the second one is from.
    date: String,
    /// The largest first.
    changes: Vec<(&'a History, Change)>,
}

impl Range<'_> {
    /// The class of its largest change.
    fn tone(&self) -> &'static str {
        self.changes.first().map_or("steady", |(_, change)| tone(change.ratio))
    }

    /// How many benchmarks got slower and faster.
    fn in_words(&self) -> String {
        let slower = self.changes.iter().filter(|(_, change)| change.ratio > 1.0).count();
        match (slower, self.changes.len() - slower) {
            (0, n) => format!("{n} faster"),
            (n, 0) => format!("{n} slower"),
            (slower, faster) => format!("{slower} slower, {faster} faster"),
        }
    }
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
        div.range.(range.tone()) {
            h3 { code { (from) ".." (to) } " " span.soft { (day(&range.date)) } }
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
            "Latest: " (chart::number(line.median)) " " code { (line.figure) } " (" (line.better.word()) " is better) at " code { (line.revision) }
            ", " (day(&line.date)) ", " (line.compiler) "."
        }
    }
}

/// The id of a chart's section: unique, as a history is of one benchmark and level.
fn anchor(history: &History) -> String {
    format!("{}-{}", history.benchmark, history.level)
}

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
        assert_eq!(page.matches("role=\"img\"").count(), 2, "a chart for each benchmark");
        assert_eq!(
            page.matches("c06..c07").count(),
            2,
            "a range is named in the headline and once below"
        );
        assert!(page.contains("1 slower"), "the headline:\n{page}");
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
        assert!(page.contains("No change of level") && !page.contains("NaN"), "{page}");
    }
}
