//! Runs both programs of a pair alternately, and computes the ratios of their figures.
//!
//! With `A` theirs and `B` ours, a round `A B B A` gives two ratios for each group: first `A` over
//! first `B`, and second `A` over second `B`. In one the peer ran first and in the other paso did,
//! so that a steady drift makes one too large and the other too small by the same factor, and their
//! center stays.
//!
//! A group is a size or a net. A program prints a JSON line for each of its groups, and each group
//! is compared on its own. Lines that do not start with `{` are left out, as libraries print notes.
//! Both programs must print every group equally often; otherwise pairs would be shifted against
//! each other.
//!
//! Least and most over the rounds are printed instead of an interval: with ten ratios they are
//! easier to read, and a row whose range contains 1 is listed as sometimes faster, sometimes
//! slower.

use super::pairs::Section;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;

/// Whose program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Theirs,
    Ours,
}

/// One line of a table.
///
/// Figures are in the unit of the section; ratios have none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// The size or the net.
    pub(crate) group: String,
    /// As the peer's first line says it.
    pub(crate) threads: u64,
    /// The peer's name and version, as it says them.
    pub(crate) version: String,
    /// The median figure.
    pub(crate) theirs: f64,
    /// The same of paso. `ratio` is not the quotient of these two.
    pub(crate) ours: f64,
    /// Their time over ours: the median, the least and the most. Above 1 we are faster.
    pub(crate) ratio: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// A line of one program.
#[derive(Debug)]
struct Line {
    threads: u64,
    version: String,
    figure: f64,
}

/// Runs `A B B A` as often as asked for; neighbors are compared. `run` gives the text that a
/// program printed.
///
/// # Errors
/// When a program fails, or the two do not print the same groups.
pub(crate) fn measure(
    section: Section,
    rounds: u16,
    mut run: impl FnMut(Side, u16) -> Result<String>,
) -> Result<Vec<Row>> {
    let mut found: BTreeMap<String, (Vec<Line>, Vec<Line>)> = BTreeMap::new();
    let mut order = Vec::new();
    for round in 1..=rounds {
        for side in [Side::Theirs, Side::Ours, Side::Ours, Side::Theirs] {
            for (group, line) in lines(&run(side, round)?, section)? {
                if !order.contains(&group) {
                    order.push(group.clone());
                }
                let (theirs, ours) = found.entry(group).or_default();
                if side == Side::Theirs { theirs.push(line) } else { ours.push(line) }
            }
        }
    }
    order.into_iter().map(|group| row(section, &found[&group], group)).collect()
}

/// # Errors
/// When a JSON line lacks the group, the threads, or a figure above 0.
fn lines(text: &str, section: Section) -> Result<Vec<(String, Line)>> {
    let (figure, ..) = section.figure();
    let line = |text: &str| -> Result<(String, Line)> {
        let json: Value = serde_json::from_str(text)?;
        let number = json.get(figure).and_then(Value::as_f64).filter(|x| *x > 0.0);
        let group = json.get(section.group().0).and_then(Value::as_str).context("no group")?;
        let version = json.get("version").and_then(Value::as_str).unwrap_or_default().into();
        let threads = json.get("threads").and_then(Value::as_u64).context("no threads")?;
        let figure = number.with_context(|| format!("no `{figure}` above 0"))?;
        Ok((group.into(), Line { threads, version, figure }))
    };
    // Libraries print notes of their own.
    let ours = text.lines().filter(|line| line.starts_with('{'));
    ours.map(|text| line(text).with_context(|| text.to_owned())).collect()
}

/// Pairs the lines of both in their order.
fn row(section: Section, (theirs, ours): &(Vec<Line>, Vec<Line>), group: String) -> Result<Row> {
    let Some(first) = theirs.first().filter(|_| theirs.len() == ours.len()) else {
        bail!("`{group}`: {} runs of theirs, {} of ours", theirs.len(), ours.len());
    };
    let better = section.figure().1;
    let time = |a: &Line, b: &Line| (better.log_time(a.figure) - better.log_time(b.figure)).exp();
    let mut ratios: Vec<f64> = theirs.iter().zip(ours).map(|(a, b)| time(a, b)).collect();
    ratios.sort_by(f64::total_cmp);
    let figures = |lines: &[Line]| {
        let mut all: Vec<f64> = lines.iter().map(|line| line.figure).collect();
        all.sort_by(f64::total_cmp);
        median(&all)
    };
    Ok(Row {
        group,
        threads: first.threads,
        version: first.version.clone(),
        theirs: figures(theirs),
        ours: figures(ours),
        ratio: median(&ratios),
        least: ratios[0],
        most: ratios[ratios.len() - 1],
    })
}

/// Of sorted numbers, at least one.
fn median(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn made_up(group: &str, threads: u64, ratio: f64) -> Row {
        Row {
            group: group.into(),
            threads,
            version: "A library 2.0".into(),
            theirs: 3.0 * ratio,
            ours: 3.0,
            ratio,
            least: 0.95 * ratio,
            most: 1.05 * ratio,
        }
    }

    #[test]
    fn a_machine_that_gets_slower_favors_none() {
        let mut clock = 1.0;
        let mut turns = String::new();
        let rows = measure(Section::Adam, 3, |side, _| {
            clock *= 1.01;
            let (name, time) = match side {
                Side::Theirs => ('A', 2.0 * clock),
                Side::Ours => ('B', clock),
            };
            turns.push(name);
            Ok(format!(
                "a note\n{{\"size\":\"1e4\",\"threads\":1,\"version\":\"2.0\",\"ns_param\":{time}}}\n"
            ))
        });
        let rows = rows.expect("both print what is asked for");
        assert_eq!(turns, "ABBAABBAABBA", "the order of turns");
        assert!((rows[0].ratio - 2.0).abs() < 1e-3, "twice as fast: {:?}", rows[0]);
        assert!(rows[0].least < 2.0 && rows[0].most > 2.0, "the drift is in it: {:?}", rows[0]);
    }

    #[test]
    fn rates_are_the_other_way_round() {
        let rows = measure(Section::Train, 1, |side, _| {
            let rate = if side == Side::Theirs { 100 } else { 150 };
            Ok(format!("{{\"net\":\"S\",\"threads\":2,\"images_s\":{rate}}}"))
        });
        let row = &rows.expect("two rates")[0];
        assert!((row.ratio - 1.5).abs() < 1e-9 && row.threads == 2, "{row:?}");
    }

    #[test]
    fn what_only_one_prints_is_refused() {
        let lonely = measure(Section::Adam, 1, |side, _| {
            let size = if side == Side::Theirs { "1e4" } else { "1e5" };
            Ok(format!("{{\"size\":\"{size}\",\"threads\":1,\"ns_param\":1.0}}"))
        });
        let message = format!("{:#}", lonely.expect_err("different sizes"));
        assert!(message.contains("1e4"), "{message}");
    }
}
