//! Quality is performance, too: what a fixed training learns, compared seed by seed.
//!
//! While no bit of the arithmetic changes, the figures of a seed stay the same to the last digit.
//! After a change of rounding, every seed ends elsewhere, some better and some worse. The first
//! round has five seeds. A figure that is worse in it has a second round on ten other seeds, so
//! that chance alone seldom stops a change.
//!
//! A faster step that learns less is no improvement, and a loss of accuracy does not show in a
//! time. So the gate trains both builds on the same seeds, and a record has the figures of each
//! seed.
//!
//! For seed `i` the difference is `log_time(new) - log_time(old)`: the logarithm of the ratio of
//! losses, or of the inverse ratio of the `IoU`, so that above 0 is worse for both. Pairing by seed
//! removes what seeds differ by as long as both builds follow nearly the same path. The interval is
//! that of `stats.rs`, at 90 %:
//!
//! ```text
//! same bits   every difference is exactly 0
//! worse       low  >  ln(1 + margin)
//! better      high < -ln(1 + margin)
//! not worse   otherwise
//! ```
//!
//! `NotWorse` does not mean shown to be equal: with five seeds an interval is wide. What this finds
//! is damage, such as a wrong gradient that still trains.
//!
//! The figures are those on the images that the net trains on, not on others: in a second there is
//! nothing else to measure.

use super::program::Program;
use super::suite::{QUALITY, QUALITY_FIGURES};
use anyhow::{Context, Result};
use cargo_paso_gate::records::{Better, Line};
use cargo_paso_gate::stats::{Interval, hodges_lehmann_of};
use serde::Serialize;
use std::fmt::Write as _;
use std::ops::Range;

/// What `--only` calls it.
pub(crate) const NAME: &str = "quality";

/// The seeds of a record and of a first round.
pub(crate) const SEEDS: Range<u64> = 0..5;

/// Those of a second round.
const OTHERS: Range<u64> = 5..15;

/// Of the intervals. Five pairs can be no surer: all of them on one side happens by chance in one
/// of sixteen.
const CONFIDENCE: f64 = 0.9;

/// A figure of both builds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// As `quality-loss`.
    pub(crate) name: String,
    /// Of both rounds, where there was a second.
    pub(crate) verdict: Verdict,
    /// The logarithm of how much worse: of the loss's ratio, of the inverse ratio of the `IoU`.
    pub(crate) worse: Interval,
    /// Pairs of runs that the interval follows from.
    pub(crate) seeds: usize,
}

/// What both builds learn, compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// Every seed has the same figures.
    SameBits,
    /// Not worse by more than the margin, or not surely.
    NotWorse,
    /// Worse in both rounds.
    Worse,
    /// Better by more than the margin in the first round; it is not confirmed, as it stops nothing.
    Better,
}

/// For a program: a ratio of 1.02 is 2 % worse.
impl Serialize for Found {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut found = serializer.serialize_struct("Found", 4)?;
        found.serialize_field("figure", &self.name)?;
        found.serialize_field("verdict", &self.verdict)?;
        found.serialize_field("worse_by_ratio", &self.worse.estimate.exp())?;
        found.serialize_field("seeds", &self.seeds)?;
        found.end()
    }
}

impl Found {
    /// Whether the gate stops here.
    pub(crate) fn stops(&self) -> bool {
        self.verdict == Verdict::Worse
    }

    /// Which figure, how much, how sure.
    pub(crate) fn sentence(&self) -> String {
        let Self { name, verdict, worse, seeds } = self;
        let percent = |log: f64| format!("{:+.1} %", 100.0 * log.exp_m1());
        let words = match verdict {
            Verdict::SameBits => {
                return format!("{name} is the same, to the last digit ({seeds} seeds)");
            }
            Verdict::NotWorse => "not surely worse",
            Verdict::Worse => "worse",
            Verdict::Better => "better",
        };
        let mut text = format!("{name} is {words}: worse by {}", percent(worse.estimate));
        let (low, high) = (percent(worse.low), percent(worse.high));
        let _ = write!(text, " ({:.0} %: {low} .. {high}; {seeds} seeds)", 100.0 * CONFIDENCE);
        text
    }
}

/// The name of a record's line without its seed: `quality-loss` of `quality-loss-2`.
pub(crate) fn without_seed(benchmark: &str) -> Option<&str> {
    let (name, seed) = benchmark.rsplit_once('-')?;
    (is_pooled(name) && seed.parse::<u64>().is_ok()).then_some(name)
}

/// Whether this is such a name.
pub(crate) fn is_pooled(name: &str) -> bool {
    name.strip_prefix(NAME).is_some_and(|rest| rest.starts_with('-'))
}

/// The figures of a seed, in the order of [`QUALITY_FIGURES`].
fn figures(program: &Program, seed: u64) -> Result<Vec<f64>> {
    let line = program.json(&format!("{QUALITY} {seed}"))?;
    let figure = |(key, _): &(&str, Better)| {
        let value = line.get(key).and_then(serde_json::Value::as_f64).filter(|value| *value > 0.0);
        value.with_context(|| format!("`{QUALITY} {seed}` prints no `{key}` above 0"))
    };
    QUALITY_FIGURES.iter().map(figure).collect()
}

/// Compares two builds.
///
/// `margin` is a ratio minus 1. One entry per figure, in the order of [`QUALITY_FIGURES`]. Each
/// figure that is worse in the first round trains both builds on the other seeds.
///
/// # Errors
/// When one of them cannot run it.
pub(crate) fn compare(base: &Program, candidate: &Program, margin: f64) -> Result<Vec<Found>> {
    round(base, candidate, margin, SEEDS)?
        .into_iter()
        .enumerate()
        .map(|(i, found)| match found.verdict {
            Verdict::Worse => {
                Ok(confirmed(found, round(base, candidate, margin, OTHERS)?.remove(i)))
            }
            _ => Ok(found),
        })
        .collect()
}

/// The second round is the one to quote, as the first was chosen for being worse.
fn confirmed(first: Found, second: Found) -> Found {
    let verdict = if first.stops() && second.stops() { Verdict::Worse } else { Verdict::NotWorse };
    Found { verdict, ..second }
}

/// Trains both builds once per seed, base first, and compares every figure.
fn round(
    base: &Program,
    candidate: &Program,
    margin: f64,
    seeds: Range<u64>,
) -> Result<Vec<Found>> {
    let pairs = seeds
        .map(|seed| Ok((figures(base, seed)?, figures(candidate, seed)?)))
        .collect::<Result<Vec<_>>>()?;
    let one = |(i, (key, better)): (usize, &(&str, Better))| {
        let worse =
            |(old, new): &(Vec<f64>, Vec<f64>)| better.log_time(new[i]) - better.log_time(old[i]);
        evaluate(key, &pairs.iter().map(worse).collect::<Vec<_>>(), margin)
    };
    Ok(QUALITY_FIGURES.iter().enumerate().map(one).collect())
}

/// `worse` has a logarithm for each seed.
fn evaluate(key: &str, worse: &[f64], margin: f64) -> Found {
    let interval = hodges_lehmann_of(worse, CONFIDENCE);
    let verdict = match interval {
        _ if worse.iter().all(|difference| *difference == 0.0) => Verdict::SameBits,
        found if found.low > margin.ln_1p() => Verdict::Worse,
        found if found.high < -margin.ln_1p() => Verdict::Better,
        _ => Verdict::NotWorse,
    };
    Found { name: format!("{NAME}-{key}"), verdict, worse: interval, seeds: worse.len() }
}

/// A record's lines: each seed is a benchmark of its own, so that records are compared seed by
/// seed.
///
/// # Errors
/// When the program cannot run it.
pub(crate) fn lines(
    program: &Program,
    line: impl Fn(String, &str, Better, f64) -> Line,
) -> Result<Vec<Line>> {
    let mut all = Vec::new();
    for seed in SEEDS {
        for ((key, better), value) in QUALITY_FIGURES.iter().zip(figures(program, seed)?) {
            all.push(line(format!("{NAME}-{key}-{seed}"), key, *better, value));
        }
    }
    Ok(all)
}

/// What two records say, where both have seeds.
///
/// The margin is 1 %. There is no second round: records have five seeds. A figure without a common
/// seed is left out.
pub(crate) fn of_records(before: &[Line], after: &[Line]) -> Vec<Found> {
    let one = |(key, better): &(&str, Better)| {
        let prefix = format!("{NAME}-{key}-");
        let worse: Vec<f64> = before
            .iter()
            .filter(|old| old.benchmark.starts_with(&prefix))
            .filter_map(|old| {
                let new = after.iter().find(|new| new.benchmark == old.benchmark)?;
                Some(better.log_time(new.median) - better.log_time(old.median))
            })
            .collect();
        (!worse.is_empty()).then(|| evaluate(key, &worse, 0.01))
    };
    QUALITY_FIGURES.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(benchmark: &str, revision: &str, date: &str, median: f64) -> Line {
        let text = [benchmark, revision, date].map(str::to_owned);
        let [benchmark, revision, date] = text;
        let (machine, compiler, level) = (String::new(), String::new(), String::new());
        let (figure, better, share, runs) = ("loss".into(), Better::Lower, None, 1);
        let (least, most) = (median, median);
        Line {
            machine,
            compiler,
            level,
            revision,
            date,
            benchmark,
            figure,
            better,
            median,
            least,
            most,
            share,
            runs,
        }
    }

    #[test]
    fn seeds_are_compared_in_pairs() {
        let verdict = |worse: &[f64]| evaluate("loss", worse, 0.01).verdict;
        assert_eq!(verdict(&[0.0; 5]), Verdict::SameBits, "no bit differs");
        assert_eq!(verdict(&[0.05, 0.04, 0.06, 0.08, 0.05]), Verdict::Worse, "all are");
        assert_eq!(verdict(&[0.05, 0.04, -0.06, 0.08, 0.05]), Verdict::NotWorse, "one is better");
        assert_eq!(verdict(&[-0.05, -0.04, -0.06, -0.08, -0.05]), Verdict::Better, "all are");
        assert_eq!(verdict(&[0.001; 5]), Verdict::NotWorse, "within the margin");
    }

    #[test]
    fn one_round_stops_nobody() {
        let worse = evaluate("loss", &[0.05; 5], 0.01);
        let same = evaluate("loss", &[0.0001; 10], 0.01);
        assert!(confirmed(worse.clone(), worse.clone()).stops(), "worse twice");
        let found = confirmed(worse, same);
        assert!(!found.stops() && found.seeds == 10, "{found:?}");
    }

    #[test]
    fn records_are_compared_by_seed() {
        let day = "2026-01-01T00:00:00Z";
        let record = |scale: f64| -> Vec<Line> {
            let seed =
                |seed| line(&format!("quality-loss-{seed}"), "a", day, scale * f64::from(seed + 1));
            (0..5).map(seed).collect()
        };
        let found = of_records(&record(1.0), &record(1.1));
        assert_eq!(found.len(), 1, "there is no IoU in them: {found:?}");
        let sentence = found[0].sentence();
        assert!(found[0].stops() && sentence.contains("+10.0 %"), "{sentence}");
    }

    #[test]
    fn a_figure_that_is_worse_for_every_seed_is_worse_and_one_that_differs_in_both_ways_is_not() {
        let found = |worse: &[f64]| evaluate("loss", worse, 0.01);
        assert_eq!(found(&[0.05, 0.04, 0.06, 0.05, 0.05]).verdict, Verdict::Worse);
        assert_eq!(found(&[-0.05, -0.04, -0.06, -0.05, -0.05]).verdict, Verdict::Better);
        assert_eq!(found(&[0.05, -0.05, 0.1, -0.1, 0.01]).verdict, Verdict::NotWorse);
        assert_eq!(found(&[0.005; 5]).verdict, Verdict::NotWorse, "within the margin");
        assert_eq!(found(&[0.0; 5]).name, "quality-loss");
    }

    #[test]
    fn the_seed_is_cut_from_the_names_of_quality_only() {
        for (name, expected) in [
            ("quality-loss-2", Some("quality-loss")),
            ("quality-mean_iou-14", Some("quality-mean_iou")),
            ("quality-loss", None),
            ("quality-2", None),
            ("qualityx-loss-2", None),
            ("adam-1", None),
            ("", None),
        ] {
            assert_eq!(without_seed(name), expected, "{name}");
        }
    }
}
