//! Two records side by side.
//!
//! Records were measured at different times, so small differences between them mean little; the
//! gate is what decides.
//!
//! The ratio is of times, whatever the figure is: a benchmark that counts images a second is
//! inverted, so that above 1 is slower everywhere. Ranges of runs that overlap are marked.
//!
//! Both arguments are CSV files as `record` writes them. Each benchmark that both have is a line:
//! the two medians in the unit of the figure, and the ratio of times. Those of one record only are
//! listed after them.
//!
//! Another machine, compiler or instruction set level is noted at the top, from the first line of
//! each record. It is no error: comparing two compilers is a use of this command.
//!
//! No confidence is computed for a single time. The runs of a record share one hour of one machine,
//! so their spread does not contain the difference between days. `the runs overlap` is the weaker
//! statement that can be made: the fastest of the slower record is no slower than the slowest of
//! the faster one.

use crate::records::Line;
use crate::{Error, Result};

/// The ratio of times of every benchmark that both have, as text.
///
/// # Errors
/// When no benchmark is in both records.
pub fn table(before: &[Line], after: &[Line]) -> Result<String> {
    let mut lines = differences(before, after);
    lines.push(format!("{:<20} {:>10} {:>10} {:>7}", "benchmark", "before", "after", "time x"));
    let head = lines.len();
    let find = |line: &Line| before.iter().find(|other| other.benchmark == line.benchmark);
    for (old, new) in after.iter().filter_map(|line| Some((find(line)?, line))) {
        let ratio = (new.better.log_time(new.median) - old.better.log_time(old.median)).exp();
        let apart = new.least > old.most || new.most < old.least;
        let note = if apart { "" } else { "  the runs overlap" };
        lines.push(format!(
            "{:<20} {:>10.4} {:>10.4} {ratio:>7.3}{note}",
            new.benchmark, old.median, new.median
        ));
    }
    if lines.len() == head {
        return Err(Error::Request("the records have no benchmark in common".into()));
    }
    let lacks = |lines: &[Line], name: &str| !lines.iter().any(|line| line.benchmark == name);
    let gone =
        before.iter().filter(|line| lacks(after, &line.benchmark)).map(|line| ("before", line));
    let come =
        after.iter().filter(|line| lacks(before, &line.benchmark)).map(|line| ("after", line));
    lines
        .extend(gone.chain(come).map(|(side, line)| format!("{:<20} only {side}", line.benchmark)));
    Ok(lines.join("\n") + "\n")
}

/// What else differs, and may be the reason.
fn differences(before: &[Line], after: &[Line]) -> Vec<String> {
    let (Some(before), Some(after)) = (before.first(), after.first()) else { return Vec::new() };
    [
        ("machine", &before.machine, &after.machine),
        ("compiler", &before.compiler, &after.compiler),
        ("level", &before.level, &after.level),
    ]
    .iter()
    .filter(|(_, before, after)| before != after)
    .map(|(what, before, after)| format!("note: another {what}: {before}, then {after}"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Better;
    use crate::records::tests::line;

    #[test]
    fn ratios_are_of_times() {
        let day = "2026-01-01T00:00:00Z";
        let rate = |median| Line { better: Better::Higher, ..line("train", "a", day, median) };
        let before = [line("adam", "a", day, 0.3), rate(400.0), line("old", "a", day, 1.0)];
        let mut after = [line("adam", "b", day, 0.33), rate(200.0), line("new", "b", day, 1.0)];
        after[0].compiler = "rustc 1.90.0".into();
        let table = table(&before, &after).expect("two benchmarks in common");
        for part in ["1.100", "2.000", "only before", "only after", "another compiler"] {
            assert!(table.contains(part), "`{part}` is missing:\n{table}");
        }
        assert!(!table.contains("overlap"), "10 % apart:\n{table}");
        assert!(super::table(&before[..1], &after[1..]).is_err(), "nothing in common");
    }
}
