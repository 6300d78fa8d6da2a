//! The tables as Markdown, and their places in BENCHMARKING.md.
//!
//! A place is `<!-- peers:NAME -->` up to the next `<!-- /peers -->`, with `NAME` one of `adam`,
//! `train` and `inference`. Everything between them is replaced; the rest of the page stays as it
//! is.
//!
//! Rows where paso is slower in every pair of runs are listed in bold below the table, and rows
//! whose range contains 1 after them, so that a reader need not search for them.

use super::Measured;
use super::alternate::Row;
use super::pairs::Section;
use anyhow::{Context, Result};
use std::fmt::Write as _;

const END: &str = "<!-- /peers -->";

/// The opening marker of a table.
fn begin(section: Section) -> String {
    format!("<!-- peers:{} -->", section.name())
}

/// The text with the table between its markers.
///
/// # Errors
/// Where they are not there.
pub(crate) fn place(text: &str, section: Section, table: &str) -> Result<String> {
    let begin = begin(section);
    let missing = || format!("BENCHMARKING.md has no place for this table: `{begin}` and `{END}`");
    let (head, rest) = text.split_once(&begin).with_context(missing)?;
    let (_, tail) = rest.split_once(END).with_context(missing)?;
    Ok(format!("{head}{begin}\n{table}{END}{tail}"))
}

/// The table, how it was made, and where we lose.
pub(crate) fn table(section: Section, all: &[Measured], made_by: &str) -> String {
    let ((_, group), (.., unit)) = (section.group(), section.figure());
    let mut text = format!(
        "| against | threads | {group} | theirs, {unit} | paso | times as fast | min-max |\n\
         |---|---|---|---|---|---|---|\n"
    );
    let mut versions: Vec<String> = Vec::new();
    for measured in all {
        for row in measured.rows.iter().flatten() {
            let (theirs, ours) = (digits(row.theirs), digits(row.ours));
            let _ = writeln!(
                text,
                "| {} | {} | {} | {theirs} | {ours} | {:.2} | {:.2} .. {:.2} |",
                measured.pair.peer, row.threads, row.group, row.ratio, row.least, row.most
            );
            if !versions.contains(&row.version) {
                versions.push(row.version.clone());
            }
        }
    }
    let _ = writeln!(text, "\n{}", losses(all));
    for measured in all {
        if let Err(why) = &measured.rows {
            let why = format!("{why:#}").lines().next().unwrap_or_default().to_owned();
            let _ = writeln!(text, "{} was not measured: {why}.", measured.pair.peer);
        }
    }
    let _ = writeln!(text, "\n{made_by}; {}.", versions.join(", "));
    text
}

/// Three significant digits.
fn digits(x: f64) -> String {
    match x {
        x if x >= 100.0 => format!("{x:.0}"),
        x if x >= 10.0 => format!("{x:.1}"),
        x if x >= 1.0 => format!("{x:.2}"),
        x => format!("{x:.3}"),
    }
}

/// The rows where paso is slower, and those where the runs disagree.
fn losses(all: &[Measured]) -> String {
    let slower = list(all, |row| row.most < 1.0);
    let unclear = list(all, |row| row.least <= 1.0 && row.most >= 1.0);
    let mut text = match &slower[..] {
        [] => "In no row of this table is paso slower in every run.".to_owned(),
        some => format!("**Here paso is slower:** {}.", some.join("; ")),
    };
    if !unclear.is_empty() {
        let _ = write!(text, " Sometimes faster, sometimes slower: {}.", unclear.join("; "));
    }
    text
}

/// Each row that fits, as peer, group, threads and median ratio.
fn list(all: &[Measured], fits: impl Fn(&Row) -> bool) -> Vec<String> {
    let rows = all.iter().flat_map(|measured| {
        measured.rows.iter().flatten().map(|row| (measured.pair, row)).collect::<Vec<_>>()
    });
    rows.filter(|(_, row)| fits(row))
        .map(|(pair, row)| {
            let threads = if row.threads == 1 { "thread" } else { "threads" };
            format!("{}, {} at {} {threads} ({:.2})", pair.peer, row.group, row.threads, row.ratio)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::alternate::tests::made_up;
    use super::super::pairs::PAIRS;
    use super::*;

    #[test]
    fn a_table_finds_its_place() {
        let text = "a\n<!-- peers:adam -->\nold\n<!-- /peers -->\nb\n<!-- peers:train -->\n<!-- /peers -->\n";
        let placed = place(text, Section::Adam, "| new |\n").expect("the markers are there");
        assert!(placed.starts_with("a\n<!-- peers:adam -->\n| new |\n<!-- /peers -->\nb\n"));
        assert_eq!(place(&placed, Section::Adam, "| new |\n").ok(), Some(placed), "again");
        let message = format!("{:#}", place("a", Section::Train, "").expect_err("no markers"));
        assert!(message.contains("<!-- peers:train -->"), "{message}");
    }

    #[test]
    fn the_page_has_all_places() {
        let page =
            super::super::read(&crate::root().join("BENCHMARKING.md")).expect("BENCHMARKING.md");
        for section in [Section::Adam, Section::Train, Section::Inference] {
            assert!(place(&page, section, "").is_ok(), "{section:?}");
        }
    }

    #[test]
    fn losses_are_said() {
        let rows = vec![made_up("1e6", 1, 1.2), made_up("1e7", 2, 0.8), made_up("1e5", 1, 1.01)];
        let measured = [
            Measured { pair: &PAIRS[0], rows: Ok(rows) },
            Measured { pair: &PAIRS[3], rows: Err(anyhow::anyhow!("no compiler")) },
        ];
        let table = table(Section::Adam, &measured, "made by hand");
        for part in [
            "| 1 | 1e6 | 3.60 | 3.00 | 1.20 | 1.14 .. 1.26 |",
            "slower:** PyTorch, fused kernel alone, 1e7 at 2 threads (0.80).",
            "Sometimes faster, sometimes slower: PyTorch, fused kernel alone, 1e5",
            "DeepSpeed CPUAdam, its C++ call was not measured: no compiler.",
            "made by hand; A library 2.0.",
        ] {
            assert!(table.contains(part), "`{part}` is missing:\n{table}");
        }
    }
}
