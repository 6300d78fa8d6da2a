//! The history of every benchmark of a machine, and where it changed.
//!
//! A record by itself says little: noise between days is larger than most changes. Levels of
//! several records in a row do, and a change of level has the commits between its two records.
//!
//! A history is keyed by benchmark and instruction set level: a machine that got another level
//! starts a new one. The compiler is no key, since an update of it is a change that people want to
//! see; it is named next to the change.
//!
//! Levels are found on logarithms of times (`segments.rs`); the figures that are shown are medians
//! of the figures themselves. A change lies after the last revision of one segment and up to the
//! first of the next. Where not every commit has a record that is a range of commits.
//!
//! Figures of a training come once per seed. They are pooled into one line with the median, least
//! and most over the seeds, as a seed that ends elsewhere after a change of rounding is no change
//! of quality.

use crate::measure::summary;
use crate::records::{Better, Line};
use crate::segments;
use std::collections::{BTreeMap, BTreeSet};

/// One benchmark at one instruction set level, the oldest record first.
#[derive(Debug)]
pub struct History {
    /// Its name in records; without the seed for figures of a training.
    pub benchmark: String,
    /// The instruction set level.
    pub level: String,
    /// One per record that has the benchmark at this level.
    pub lines: Vec<Line>,
    /// The first index of each segment.
    pub starts: Vec<usize>,
}

/// Where the level of a history changed.
#[derive(Debug, PartialEq)]
pub struct Change {
    /// The first record after it.
    pub at: usize,
    /// Time after over time before.
    pub ratio: f64,
    /// The last revision before it and the first after it: it happened after the one, up to the
    /// other.
    pub revisions: [String; 2],
    /// The compilers, where they differ.
    pub compilers: Option<[String; 2]>,
}

/// Which benchmarks are seeds of one figure: the name without the seed, or nothing for all others.
pub type WithoutSeed = fn(&str) -> Option<&str>;

/// The histories of all benchmarks, from records in order of time. The seeds of one figure make one
/// history.
#[must_use]
pub fn histories(records: &[Vec<Line>], without_seed: WithoutSeed) -> Vec<History> {
    let seeded: BTreeSet<String> = (records.iter().flatten())
        .filter_map(|line| without_seed(&line.benchmark).map(str::to_owned))
        .collect();
    let mut lines: BTreeMap<(String, String), Vec<Line>> = BTreeMap::new();
    for line in records.iter().flat_map(|record| pooled(record, without_seed)) {
        lines.entry((line.benchmark.clone(), line.level.clone())).or_default().push(line);
    }
    let history = |((benchmark, level), lines): (_, Vec<Line>)| {
        let times: Vec<f64> = lines.iter().map(|line| line.better.log_time(line.median)).collect();
        // Seeds repeat to the last digit, so that the noise of a figure is what they differ by.
        let seeds = seeded.contains(&benchmark);
        let grain = if seeds { spread(&lines) } else { segments::GRAIN };
        History { benchmark, level, starts: segments::segments(&times, grain), lines }
    };
    lines.into_iter().map(history).collect()
}

/// The lines of a record, with one for all seeds of a figure: their median, least and most.
///
/// Fields other than the figures come from the first seed. The pooled lines come after all others.
fn pooled(record: &[Line], without_seed: WithoutSeed) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut seeds: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in record {
        match without_seed(&line.benchmark) {
            Some(name) => seeds.entry(name).or_default().push(line),
            None => lines.push(line.clone()),
        }
    }
    for (name, seeds) in seeds {
        let mut figures: Vec<f64> = seeds.iter().map(|line| line.median).collect();
        figures.sort_by(f64::total_cmp);
        let [median, least, most] = summary(&figures);
        let (benchmark, runs) = (name.to_owned(), figures.len());
        lines.push(Line { benchmark, median, least, most, runs, ..seeds[0].clone() });
    }
    lines
}

/// Half of what the seeds of a figure differ by, as a logarithm: the median over the records.
fn spread(lines: &[Line]) -> f64 {
    let spreads: Vec<f64> = lines.iter().map(|line| (line.most / line.least).ln() / 2.0).collect();
    segments::median(&spreads)
}

impl History {
    /// The figures' median from each start to the next one.
    ///
    /// Each range of records with its level, in the unit of the figure.
    #[must_use]
    pub fn levels(&self) -> Vec<(std::ops::Range<usize>, f64)> {
        let ends = self.starts.iter().skip(1).copied().chain([self.lines.len()]);
        let level = |(&start, end): (&usize, usize)| {
            let figures: Vec<f64> = self.lines[start..end].iter().map(|line| line.median).collect();
            (start..end, segments::median(&figures))
        };
        self.starts.iter().zip(ends).map(level).collect()
    }

    /// One for each pair of neighboring levels, the oldest first. The ratio is of times, so a rate
    /// is inverted.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let levels = self.levels();
        let change = |pair: &[(std::ops::Range<usize>, f64)]| {
            let [(_, old), (range, new)] = pair else { return None };
            let (before, after) = (&self.lines[range.start - 1], &self.lines[range.start]);
            let ratio = new / old;
            Some(Change {
                at: range.start,
                ratio: if after.better == Better::Lower { ratio } else { 1.0 / ratio },
                revisions: [before.revision.clone(), after.revision.clone()],
                compilers: (before.compiler != after.compiler)
                    .then(|| [before.compiler.clone(), after.compiler.clone()]),
            })
        };
        levels.windows(2).filter_map(change).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::records::tests::line;

    /// Twelve records: `adam` takes 10 % longer from the eighth on, which had another compiler;
    /// `train` does not.
    pub(crate) fn records() -> Vec<Vec<Line>> {
        let record = |i: u32| {
            let wobble = 1.0 + 0.002 * f64::from(i * 7 % 5);
            let (revision, date) = (format!("c{i:02}"), format!("2026-01-{:02}T00:00:00Z", i + 1));
            let mut adam = line("adam", &revision, &date, if i < 7 { 0.30 } else { 0.33 } * wobble);
            if i >= 7 {
                adam.compiler = "rustc 1.90.0".into();
            }
            let train = line("train", &revision, &date, 400.0 * wobble);
            vec![adam, Line { better: Better::Higher, ..train }]
        };
        (0..12).map(record).collect()
    }

    #[test]
    fn a_change_has_its_commits() {
        let [adam, train] = &histories(&records(), |_| None)[..] else { panic!("two benchmarks") };
        assert_eq!(train.changes(), [], "nothing happened to it");
        let changes = adam.changes();
        let [change] = &changes[..] else { panic!("{changes:?}") };
        assert_eq!((change.at, &change.revisions), (7, &["c06".to_owned(), "c07".to_owned()]));
        assert!((change.ratio - 1.1).abs() < 0.005, "10 % slower: {}", change.ratio);
        assert!(change.compilers.is_some(), "the compiler is another one");
    }

    #[test]
    fn seeds_are_one_history_and_what_they_differ_by_is_no_change() {
        let seeds = |i: u32, loss: f64| -> Vec<Line> {
            let (revision, date) = (format!("c{i:02}"), format!("2026-01-{:02}T00:00:00Z", i + 1));
            let name = |seed: u32| format!("quality-loss-{seed}");
            (0..5)
                .map(|seed| {
                    line(&name(seed), &revision, &date, loss * (1.0 + 0.03 * f64::from(seed)))
                })
                .collect()
        };
        for (after, changes) in [(1.02, 0), (1.5, 1)] {
            let level = |i| if i < 5 { 1.0 } else { after };
            let records: Vec<Vec<Line>> = (0..10).map(|i| seeds(i, level(i))).collect();
            let histories =
                histories(&records, |name| name.starts_with("quality-loss-").then(|| &name[..12]));
            let [loss] = &histories[..] else { panic!("one history, not {}", histories.len()) };
            assert_eq!((loss.benchmark.as_str(), loss.lines[0].runs), ("quality-loss", 5));
            assert_eq!(loss.changes().len(), changes, "a loss of {after} from the sixth on");
        }
    }

    #[test]
    fn a_lower_rate_is_slower() {
        let slower = records().into_iter().map(|record| {
            let adam = record.into_iter().next().expect("adam");
            vec![Line { better: Better::Higher, median: 1.0 / adam.median, ..adam }]
        });
        let histories = histories(&slower.collect::<Vec<_>>(), |_| None);
        let change = &histories[0].changes()[0];
        assert!((change.ratio - 1.1).abs() < 0.005, "10 % slower: {}", change.ratio);
    }
}
