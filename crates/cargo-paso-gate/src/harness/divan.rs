//! Bench targets of divan, as they are.
//!
//! divan has no output for programs, so its table is read. The figure is the median. It has four
//! digits, so differences below a tenth of a percent are not seen, which no margin needs.
//!
//! A benchmark is named by its path in the tree, `d::sub::two::1000`. `--list` does not name
//! arguments, so the list comes from a table of single samples.

use super::words;
use crate::error::typed;
use crate::program::Program;
use crate::{Error, Result};

/// The median time of one benchmark, in nanoseconds.
pub(super) fn measure(program: &Program, name: &str, args: &[String]) -> Result<f64> {
    let mut arguments = words(["--bench", "--color", "never", "--exact", name]);
    arguments.extend(words(["--min-time", "0.1", "--max-time", "0.5"]));
    arguments.extend_from_slice(args);
    let rows = table(&program.output(&arguments)?);
    match rows.iter().find(|(path, _)| path == name) {
        Some((_, ns)) if *ns > 0.0 => Ok(*ns),
        Some(_) => {
            let message = "a median of 0 ns: nothing is measured in it";
            Err(Error::command(typed(&program.start(&arguments)), message))
        }
        None => {
            let message = format!("has no benchmark `{name}`, or is no bench target of divan");
            Err(Error::command(typed(&program.start(&arguments)), message))
        }
    }
}

/// The paths of all benchmarks.
pub(super) fn list(program: &Program) -> Result<Vec<String>> {
    let single =
        words(["--bench", "--color", "never", "--sample-count", "1", "--sample-size", "1"]);
    Ok(table(&program.output(&single)?).into_iter().map(|(path, _)| path).collect())
}

/// The rows of divan's table that have times: path and median in nanoseconds.
///
/// A row is `│  ├─ name  fastest │ slowest │ median │ mean │ samples │ iters`: three characters for
/// each level, the name, and the times. Rows of counters have no name.
fn table(text: &str) -> Vec<(String, f64)> {
    let mut rows = Vec::new();
    let mut path: Vec<String> = Vec::new();
    for line in text.lines() {
        let name = line.trim_start_matches([' ', '│', '├', '╰', '─']);
        let level = (line.chars().count() - name.chars().count()) / 3;
        let root = line.contains("fastest") && line.contains("median");
        if !root && !line.contains(['├', '╰']) {
            continue;
        }
        // Two blanks end a name, which may have single ones.
        let (name, times) = name.split_once("  ").unwrap_or((name, ""));
        path.truncate(level);
        path.push(name.trim().to_owned());
        if let Some(ns) = times.split('│').nth(2).and_then(nanoseconds) {
            rows.push((path.join("::"), ns));
        }
    }
    rows
}

/// `1.346 µs` as 1346.
fn nanoseconds(text: &str) -> Option<f64> {
    let (number, unit) = text.trim().split_once(' ')?;
    let factor = match unit {
        "ps" => 1e-3,
        "ns" => 1.0,
        "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 6e10,
        "h" => 3.6e12,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What divan 0.1.21 prints for a bench target with arguments, types and a counter.
    const TABLE: &str = "\
Timer precision: 20 ns
d                 fastest       │ slowest       │ median        │ mean          │ samples │ iters
├─ one            1.341 µs      │ 3.169 µs      │ 1.346 µs      │ 1.365 µs      │ 100     │ 200
╰─ sub                          │               │               │               │         │
   ├─ counted     14.28 ns      │ 20.38 ns      │ 14.43 ns      │ 14.59 ns      │ 100     │ 12800
   │              7.001 GB/s    │ 4.905 GB/s    │ 6.926 GB/s    │ 6.852 GB/s    │         │
   ├─ two                       │               │               │               │         │
   │  ├─ 10       4.597 ns      │ 5.419 ns      │ 4.599 ns      │ 4.618 ns      │ 100     │ 51200
   │  ╰─ 1000     1.346 µs      │ 1.351 µs      │ 1.346 µs      │ 1.348 µs      │ 100     │ 200
   ╰─ make                      │               │               │               │         │
      ├─ Vec<u8>  0.323 ns      │ 8.511 ns      │ 0.334 ns      │ 0.414 ns      │ 100     │ 102400
      ╰─ u8       0 ns          │ 0.001 ns      │ 0.001 ns      │ 0.001 ns      │ 100     │ 819200
";

    #[test]
    fn every_row_with_times_has_its_path() {
        let rows = table(TABLE);
        let expected = [
            ("d::one", 1346.0),
            ("d::sub::counted", 14.43),
            ("d::sub::two::10", 4.599),
            ("d::sub::two::1000", 1346.0),
            ("d::sub::make::Vec<u8>", 0.334),
            ("d::sub::make::u8", 0.001),
        ];
        assert_eq!(rows.len(), expected.len(), "{rows:?}");
        for ((path, ns), (name, time)) in rows.iter().zip(expected) {
            assert_eq!(path, name);
            assert!((ns - time).abs() < 1e-9, "{name}: {ns}");
        }
    }

    #[test]
    fn units_are_those_of_divan() {
        for (text, ns) in
            [("2 ps", 0.002), ("3.5 ns", 3.5), ("1 µs", 1e3), (" 2.25 ms ", 2.25e6), ("1 s", 1e9)]
        {
            assert_eq!(nanoseconds(text), Some(ns), "{text}");
        }
        for text in ["", "100", "6.926 GB/s", "x ns"] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
