//! What the gate found, for a terminal, for a pull request and for a program.
//!
//! The words: `slower` in two rounds stops the gate; `unconfirmed` was slower in the first round
//! only; `same` was shown to be within the margin; `unsure` was not shown to be anything within the
//! time. A benchmark whose two programs are the same bytes is `identical` and is not measured at
//! all.
//!
//! Further words: `faster` and `same` follow from the first round alone; `skipped` is a benchmark
//! that the base cannot run, so that there is nothing to compare with; `failed` is one that the
//! candidate cannot run, or that failed in a round, and stops the gate like `slower`. `suspect` is
//! seen only on stderr, between the two rounds.
//!
//! There are three forms of one result. The text goes to stderr. The Markdown is a heading, a
//! table, the figures of the training and the advice, to be posted to a pull request. The JSON has
//! ratios, not logarithms or percentages: 1.02 is 2 % slower. An end of an interval that is not
//! known is `null` there, since JSON has no infinity.
//!
//! Nothing is decided here except what stops the gate: verdicts come from `stats.rs` and
//! `quality.rs`.

use super::quality::{self, Found};
use super::rounds::CONFIDENCE;
use super::stats::{Comparison, Interval, Verdict};
use super::suite::Benchmark;
use serde::Serialize;
use std::fmt::Write as _;

/// What became of a benchmark.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Both programs ran.
    Compared {
        /// Of every benchmark that both can run.
        first: Comparison,
        /// Only of what was slower in the first.
        second: Option<Comparison>,
    },
    /// Both programs are the same bytes.
    Identical,
    /// The base cannot run it, and why.
    Skipped(String),
    /// The candidate cannot run it, and why.
    Failed(String),
}

/// One benchmark's outcome.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) benchmark: &'static Benchmark,
    pub(crate) outcome: Outcome,
}

impl Row {
    pub(crate) fn new(benchmark: &'static Benchmark, outcome: Outcome) -> Self {
        Self { benchmark, outcome }
    }

    /// Whether the gate stops here.
    pub(crate) fn stops(&self) -> bool {
        matches!(self.word(), "slower" | "failed")
    }

    /// What users see. The match is on the first round; the second can only confirm `slower` or
    /// make it `unconfirmed`.
    fn word(&self) -> &'static str {
        match &self.outcome {
            Outcome::Compared { first, second } => match (first.verdict, second.map(|s| s.verdict))
            {
                (Verdict::Slower, Some(Verdict::Slower)) => "slower",
                (Verdict::Slower, Some(_)) => "unconfirmed",
                (Verdict::Slower, None) => "suspect",
                (Verdict::Same, _) => "same",
                (Verdict::Faster, _) => "faster",
                (Verdict::Unsure, _) => "unsure",
            },
            Outcome::Identical => "identical",
            Outcome::Skipped(_) => "skipped",
            Outcome::Failed(_) => "failed",
        }
    }

    /// The round to quote: the second, where there is one, as the first was chosen for being slow.
    fn comparison(&self) -> Option<&Comparison> {
        match &self.outcome {
            Outcome::Compared { first, second } => Some(second.as_ref().unwrap_or(first)),
            _ => None,
        }
    }

    /// Why it was skipped or failed, as the error says it.
    fn reason(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Skipped(why) | Outcome::Failed(why) => Some(why),
            _ => None,
        }
    }

    /// Which benchmark, how much, how sure.
    pub(crate) fn sentence(&self) -> String {
        let name = self.benchmark.name;
        let mut text = format!("{name} is {}", self.word());
        if let Some(comparison) = self.comparison() {
            let (slowdown, null) = (comparison.slowdown, comparison.null);
            let sure = format!("{:.0} %: {}", 100.0 * CONFIDENCE, range(slowdown));
            let runs = 6 * comparison.blocks;
            let _ = write!(
                text,
                ": {} ({sure}; control {}; {runs} runs)",
                percent(slowdown.estimate),
                range(null)
            );
        }
        if let Some(why) = self.reason() {
            let _ = write!(text, ": {why}");
        }
        text
    }
}

/// Everything that the gate found.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    /// What the base was built from, or its path.
    pub(crate) base: &'a str,
    /// The same for the candidate.
    pub(crate) candidate: &'a str,
    /// A ratio minus 1.
    pub(crate) margin: f64,
    /// One per benchmark, in the order of the suite.
    pub(crate) rows: &'a [Row],
    /// What both learn.
    pub(crate) quality: &'a [Found],
}

impl Summary<'_> {
    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "\n{:<20} {:<12} {:>9}  {:<18} control\n",
            "benchmark", "is", "slower by", "95 %"
        );
        for row in self.rows {
            let (name, word) = (row.benchmark.name, row.word());
            let _ = match (row.comparison(), row.reason()) {
                (Some(comparison), _) => writeln!(
                    text,
                    "{name:<20} {word:<12} {:>9}  {:<18} {}",
                    percent(comparison.slowdown.estimate),
                    range(comparison.slowdown),
                    range(comparison.null)
                ),
                (None, reason) => {
                    writeln!(text, "{name:<20} {word:<12}  {}", reason.unwrap_or_default())
                }
            };
        }
        let learned: String = self.quality.iter().map(|found| found.sentence() + "\n").collect();
        text + &self.advice() + &learned
    }

    /// What to do about verdicts that are none.
    ///
    /// `unsure` and `unconfirmed` do not stop the gate: a busy machine must not block a change.
    /// Hence the advice, which is empty where all is clear.
    fn advice(&self) -> String {
        let unclear = |row: &&Row| matches!(row.word(), "unsure" | "unconfirmed");
        match self.rows.iter().filter(unclear).count() {
            0 => String::new(),
            some => format!(
                "{some} of {} are not clear: let nothing else run on this machine, or raise --budget or --margin\n",
                self.rows.len()
            ),
        }
    }

    /// For a pull request.
    pub(crate) fn markdown(&self) -> String {
        let worse = self.quality.iter().filter(|found| found.stops()).count();
        let head = match self.rows.iter().filter(|row| row.stops()).count() + worse {
            0 => "No slowdown".to_owned(),
            1 => "1 benchmark is slower, learns less or fails".to_owned(),
            more => format!("{more} benchmarks are slower, learn less or fail"),
        };
        let mut text = format!(
            "### {head}\n\n`{}` against `{}`, margin {:.1} %. Both ran alternately on one machine; the control is the base against \
             itself. A slowdown is one that exceeds margin and control in two rounds.\n\n\
             | benchmark | is | slower by | {:.0} % interval | control |\n|---|---|---|---|---|\n",
            self.candidate,
            self.base,
            100.0 * self.margin,
            100.0 * CONFIDENCE
        );
        for row in self.rows {
            let (name, word) = (row.benchmark.name, row.word());
            let word = if row.stops() { format!("**{word}**") } else { word.to_owned() };
            let _ = match (row.comparison(), row.reason()) {
                (Some(comparison), _) => writeln!(
                    text,
                    "| {name} | {word} | {} | {} | {} |",
                    percent(comparison.slowdown.estimate),
                    range(comparison.slowdown),
                    range(comparison.null)
                ),
                (None, Some(why)) => {
                    writeln!(text, "| {name} | {word} | | {} | |", why.replace('|', "\\|"))
                }
                (None, None) => writeln!(
                    text,
                    "| {name} | {word} | | the builds are the same, byte for byte | |"
                ),
            };
        }
        for found in self.quality {
            let _ = write!(text, "\n{}.\n", found.sentence());
        }
        match self.advice() {
            none if none.is_empty() => text,
            advice => format!("{text}\n{advice}"),
        }
    }
}

/// A logarithm of a ratio as a signed percentage.
fn percent(log: f64) -> String {
    format!("{:+.1} %", 100.0 * log.exp_m1())
}

/// The ends in percent, or `unknown` before there are enough blocks.
fn range(interval: Interval) -> String {
    if interval == Interval::UNKNOWN {
        return "unknown".into();
    }
    let [low, high] = [interval.low, interval.high].map(|log| 100.0 * log.exp_m1());
    format!("{low:+.1} .. {high:+.1} %")
}

/// For a program. Ratios are times of the candidate over those of the base.
impl Serialize for Summary<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct All<'a> {
            base: &'a str,
            candidate: &'a str,
            margin: f64,
            confidence: f64,
            slowdowns: usize,
            benchmarks: Vec<One<'a>>,
            quality: Vec<Learned<'a>>,
        }
        #[derive(Serialize)]
        struct Learned<'a> {
            figure: &'a str,
            verdict: quality::Verdict,
            worse_by_ratio: f64,
            seeds: usize,
        }
        #[derive(Serialize)]
        struct One<'a> {
            benchmark: &'a str,
            verdict: &'a str,
            reason: Option<&'a str>,
            first: Option<Round>,
            second: Option<Round>,
        }
        let benchmarks = self.rows.iter().map(|row| {
            let (first, second) = match &row.outcome {
                Outcome::Compared { first, second } => {
                    (Some(first.into()), second.as_ref().map(Into::into))
                }
                _ => (None, None),
            };
            One {
                benchmark: row.benchmark.name,
                verdict: row.word(),
                reason: row.reason(),
                first,
                second,
            }
        });
        All {
            base: self.base,
            candidate: self.candidate,
            margin: self.margin,
            confidence: CONFIDENCE,
            slowdowns: self.rows.iter().filter(|row| row.stops()).count(),
            benchmarks: benchmarks.collect(),
            quality: self
                .quality
                .iter()
                .map(|found| Learned {
                    figure: &found.name,
                    verdict: found.verdict,
                    worse_by_ratio: found.worse.estimate.exp(),
                    seeds: found.seeds,
                })
                .collect(),
        }
        .serialize(serializer)
    }
}

/// A comparison in ratios.
///
/// All but `runs` are ratios of times, candidate over base, or control over base.
#[derive(Serialize)]
struct Round {
    /// 1 where nothing is known yet; the ends are `null` then.
    ratio: f64,
    low: Option<f64>,
    high: Option<f64>,
    control_low: Option<f64>,
    control_high: Option<f64>,
    /// Runs of all three programs: six in each block.
    runs: usize,
}

impl From<&Comparison> for Round {
    fn from(comparison: &Comparison) -> Self {
        // JSON has no infinity; an end that is not known is null.
        let known = |log: f64| log.is_finite().then(|| log.exp());
        let (slowdown, null) = (comparison.slowdown, comparison.null);
        Self {
            ratio: slowdown.estimate.exp(),
            low: known(slowdown.low),
            high: known(slowdown.high),
            control_low: known(null.low),
            control_high: known(null.high),
            runs: 6 * comparison.blocks,
        }
    }
}
