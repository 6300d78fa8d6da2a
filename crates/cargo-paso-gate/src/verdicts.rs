//! What a gate found, for a terminal, for a pull request and for a program.
//!
//! The words:
//!
//! | word | meaning |
//! |---|---|
//! | `slower` | slower in two rounds: stops the gate |
//! | `failed` | the candidate cannot run it, or broke off in a round: stops the gate |
//! | `unconfirmed` | slower in the first round only |
//! | `same` | shown to be within the margin |
//! | `faster` | by more than the margin, in the first round |
//! | `unsure` | not shown to be anything within the time |
//! | `same code` | both programs are equal in all that runs: not measured at all |
//! | `skipped` | the base cannot run it, so that there is nothing to compare with |
//! | `not measured` | the gate was cut off before |
//!
//! `suspect` is seen between the two rounds only.
//!
//! There are three forms of one result. The Markdown is a heading, a table and the advice, to be
//! posted to a pull request. The JSON has ratios, not logarithms or percentages: 1.02 is 2 % slower.
//! An end of an interval that is not known is `null` there, since JSON has no infinity.
//!
//! Nothing is decided here except what stops the gate: verdicts come from `stats.rs`.

use crate::benchmark::Benchmark;
use crate::busy::Load;
use crate::rounds::CONFIDENCE;
use crate::stats::{Comparison, Interval, Verdict};
use serde::Serialize;
use std::fmt::Write as _;

/// What became of a benchmark.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Both programs ran.
    Compared {
        /// Of every benchmark that both can run.
        first: Comparison,
        /// Only of what was slower in the first.
        second: Option<Comparison>,
    },
    /// Both programs are equal in all that runs.
    SameCode,
    /// The base cannot run it, and why.
    Skipped(String),
    /// The candidate cannot run it, and why.
    Failed(String),
    /// Nothing yet.
    Waiting,
}

/// One benchmark's outcome.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub benchmark: Benchmark,
    /// What became of it.
    pub outcome: Outcome,
}

impl Row {
    /// One that waits for its first round.
    #[must_use]
    pub fn new(benchmark: Benchmark) -> Self {
        Self { benchmark, outcome: Outcome::Waiting }
    }

    /// Whether the gate stops here.
    #[must_use]
    pub fn stops(&self) -> bool {
        matches!(self.word(), "slower" | "failed")
    }

    /// What users see. The match is on the first round; the second can only confirm `slower` or
    /// make it `unconfirmed`.
    #[must_use]
    pub fn word(&self) -> &'static str {
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
            Outcome::SameCode => "same code",
            Outcome::Waiting => "not measured",
            Outcome::Skipped(_) => "skipped",
            Outcome::Failed(_) => "failed",
        }
    }

    /// The round to quote: the second, where there is one, as the first was chosen for being slow.
    #[must_use]
    pub fn comparison(&self) -> Option<&Comparison> {
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
    #[must_use]
    pub fn sentence(&self) -> String {
        let name = &self.benchmark.name;
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
#[derive(Clone, Debug)]
pub struct Summary<'a> {
    /// What the base was built from.
    pub base: &'a str,
    /// The same for the candidate.
    pub candidate: &'a str,
    /// One per benchmark, in their order.
    pub rows: &'a [Row],
    /// What else ran on this machine, where the system tells.
    pub load: Option<Load>,
}

impl Summary<'_> {
    /// For a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let wide = self.rows.iter().map(|row| row.benchmark.name.chars().count()).max();
        let wide = wide.unwrap_or(0).clamp(9, 48);
        let mut text = String::new();
        if self.rows.iter().any(|row| row.word() != "same code") {
            text = format!(
                "\n{:<wide$} {:<12} {:>9}  {:<18} control\n",
                "benchmark", "is", "slower by", "95 %"
            );
        }
        for row in self.rows.iter().filter(|row| row.word() != "same code") {
            let (name, word) = (&row.benchmark.name, row.word());
            let _ = match (row.comparison(), row.reason()) {
                (Some(comparison), _) => writeln!(
                    text,
                    "{name:<wide$} {word:<12} {:>9}  {:<18} {}",
                    percent(comparison.slowdown.estimate),
                    range(comparison.slowdown),
                    range(comparison.null)
                ),
                (None, Some(reason)) => writeln!(text, "{name:<wide$} {word:<12}  {reason}"),
                (None, None) => writeln!(text, "{name:<wide$} {word}"),
            };
        }
        for line in self.notes() {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// What else a reader should know: how busy the machine was and what that costs, and what to do
    /// about verdicts that are none.
    ///
    /// `unsure` and `unconfirmed` do not stop the gate: a busy machine must not block a change.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let same = self.rows.iter().filter(|row| row.word() == "same code").count();
        if same > 0 {
            notes.push(format!(
                "{same} of {}: same code, the programs are equal in all that runs.",
                self.rows.len()
            ));
        }
        if let Some(load) = self.load.filter(Load::is_busy) {
            let cost = match self.visible() {
                Some(least) => format!(
                    ": half of these benchmarks would show no slowdown below {}",
                    percent(least)
                ),
                None => String::new(),
            };
            notes.push(format!("This machine is busy: {load}{cost}."));
        }
        let count =
            |words: &[&str]| self.rows.iter().filter(|row| words.contains(&row.word())).count();
        let unclear = count(&["unsure", "unconfirmed"]);
        if unclear > 0 {
            notes.push(format!(
                "{unclear} of {} are not clear: let nothing else run on this machine, or raise --budget or the margin.",
                self.rows.len()
            ));
        }
        let waiting = count(&["not measured", "suspect"]);
        if waiting > 0 {
            notes.push(format!(
                "{waiting} of {} were not measured to the end: the gate was cut off.",
                self.rows.len()
            ));
        }
        notes
    }

    /// The slowdown that half of the benchmarks would have shown, as a logarithm: the half width of
    /// the interval above margin and control. `None` where nothing was measured.
    #[must_use]
    pub fn visible(&self) -> Option<f64> {
        let least = |row: &Row| {
            let Comparison { slowdown, null, .. } = row.comparison()?;
            let least =
                row.benchmark.margin.ln_1p().max(null.high) + slowdown.estimate - slowdown.low;
            least.is_finite().then_some(least)
        };
        let mut all: Vec<f64> = self.rows.iter().filter_map(least).collect();
        all.sort_by(f64::total_cmp);
        (!all.is_empty()).then(|| all[all.len() / 2])
    }

    /// For a pull request.
    #[must_use]
    pub fn markdown(&self) -> String {
        let waiting = self.rows.iter().any(|row| matches!(row.word(), "not measured" | "suspect"));
        let same = !self.rows.is_empty() && self.rows.iter().all(|row| row.word() == "same code");
        let head = match self.rows.iter().filter(|row| row.stops()).count() {
            0 if waiting => "Not finished; no slowdown so far".to_owned(),
            0 if same => "Same code: nothing to measure".to_owned(),
            0 => "No slowdown".to_owned(),
            1 => "1 benchmark is slower or fails".to_owned(),
            more => format!("{more} benchmarks are slower or fail"),
        };
        let mut text = format!(
            "### {head}\n\n`{}` against `{}`, margin {}. Both ran alternately on one machine; the control is the base against \
             itself. A slowdown is one that exceeds margin and control in two rounds.\n\n",
            self.candidate,
            self.base,
            self.margins(),
        );
        if !same {
            let _ = write!(
                text,
                "| benchmark | is | slower by | {:.0} % interval | control |\n|---|---|---|---|---|\n",
                100.0 * CONFIDENCE
            );
        }
        for row in self.rows.iter().filter(|row| row.word() != "same code") {
            let (name, word) = (row.benchmark.name.replace('|', "\\|"), row.word());
            let word = if row.stops() { format!("**{word}**") } else { word.to_owned() };
            let _ = match (row.comparison(), row.reason()) {
                (Some(comparison), _) => writeln!(
                    text,
                    "| {name} | {word} | {} | {} | {} |",
                    percent(comparison.slowdown.estimate),
                    range(comparison.slowdown),
                    range(comparison.null)
                ),
                (None, why) => {
                    let why = why.unwrap_or_default().replace('|', "\\|");
                    writeln!(text, "| {name} | {word} | | {why} | |")
                }
            };
        }
        for note in self.notes() {
            let _ = write!(text, "\n{note}\n");
        }
        text
    }

    /// One margin, or the least and the largest.
    fn margins(&self) -> String {
        let margins = self.rows.iter().map(|row| 100.0 * row.benchmark.margin);
        let (least, most) = margins.fold((f64::INFINITY, 0.0_f64), |(least, most), margin| {
            (least.min(margin), most.max(margin))
        });
        if least < most { format!("{least} to {most} %") } else { format!("{most} %") }
    }

    /// What stops the gate, in words; empty where it passes.
    #[must_use]
    pub fn stops(&self) -> Vec<String> {
        self.rows.iter().filter(|row| row.stops()).map(Row::sentence).collect()
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
            confidence: f64,
            slowdowns: usize,
            busy_cpus: Option<f64>,
            visible_ratio: Option<f64>,
            notes: Vec<String>,
            benchmarks: Vec<One<'a>>,
        }
        #[derive(Serialize)]
        struct One<'a> {
            benchmark: &'a str,
            verdict: &'a str,
            margin: f64,
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
                benchmark: &row.benchmark.name,
                verdict: row.word(),
                margin: row.benchmark.margin,
                reason: row.reason(),
                first,
                second,
            }
        });
        All {
            base: self.base,
            candidate: self.candidate,
            confidence: CONFIDENCE,
            slowdowns: self.rows.iter().filter(|row| row.stops()).count(),
            busy_cpus: self.load.map(|load| load.others),
            visible_ratio: self.visible().map(f64::exp),
            notes: self.notes(),
            benchmarks: benchmarks.collect(),
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

#[cfg(test)]
mod tests;
