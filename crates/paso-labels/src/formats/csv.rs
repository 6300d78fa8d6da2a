//! CSV: a row an object, with or without a header, separated by commas, semicolons, tabs or `|`.
//!
//! With a header, columns are known by their names, in any order (`csv/columns.rs`). Without one, by
//! the orders that common tools have (`csv/orders.rs`). A row with a file and nothing else is an
//! image without an object.
//!
//! ```csv
//! filename,width,height,class,xmin,ymin,xmax,ymax
//! cat.jpg,640,480,cat,10,20,60,50
//! ```
//!
//! Passed over: `sep=;` in the first line, which tells Excel the delimiter; empty lines and lines of
//! delimiters only; lines that begin with `#`, unless they are a row of an image that is there.
//!
//! Traps:
//!
//! - There is no standard. A header removes all doubt.
//! - A field in quotes is taken as it is, one without is trimmed: blanks at the ends of names are
//!   written in quotes.
//! - Spreadsheets of many countries write `12,5` for 12.5. That is read where commas divide no
//!   fields, no number has a point, and not all of them could be thousands (`1,234`).
//! - All rows of an image must state the same size: two sizes mean two images of one name.

mod columns;
mod names;
mod orders;
mod read;
mod rows;

use super::{FormatFile, Input};
use crate::raw::RawLabels;
use crate::report::{Problem, ProblemKind};
use crate::write::Target;
use crate::{Error, Format};
use columns::{Columns, First};
use read::Reading;
use rows::Rows;

pub(crate) struct Csv;

impl FormatFile for Csv {
    const TITLE: &'static str = "CSV";
    const LOOKED_FOR: &'static str = "*.csv with a row an object";
    const NOTES_OTHERS: bool = true;
    const ENDINGS: &'static [&'static str] = &["csv", "tsv"];

    fn examine(input: &Input<'_>, name: &str) -> Result<(), String> {
        let mut opened = Table::open(&input.files.first_text(name)).map(|_| ());
        if matches!(opened, Err(NoTable::Other(_)))
            && let Ok(text) = input.files.text(name)
        {
            // Comments may fill the beginning.
            opened = Table::open(text.as_str()).map(|_| ());
        }
        match opened {
            Err(NoTable::Other(lacks)) => Err(lacks),
            _ => Ok(()),
        }
    }

    fn read(input: &Input<'_>, names: &[&str]) -> RawLabels {
        let mut labels = RawLabels::new(Format::Csv);
        for name in names {
            let text = match input.files.text(name) {
                Ok(text) => text,
                Err(problem) => {
                    labels.problems.push(problem);
                    continue;
                }
            };
            match Table::open(text.as_str()) {
                Ok(table) => Reading::new(input, name, &text, &table).read(&mut labels),
                Err(NoTable::Wrong { message, byte }) => {
                    let (file, line) = (input.files.shown(name), text.line_at(byte));
                    labels.problems.push(Problem::new(ProblemKind::Malformed, file, line, message));
                }
                Err(NoTable::Other(_)) => {}
            }
        }
        labels
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        write(target)
    }
}

/// A table of labels that is ready to be read.
#[derive(Debug)]
struct Table<'a> {
    columns: Columns,
    delimiter: u8,
    /// The rows behind the header.
    rows: Rows<'a>,
}

/// Why a file is no table of labels.
#[derive(Debug)]
enum NoTable {
    /// These are labels, but something is wrong at this byte.
    Wrong { message: String, byte: usize },
    /// This is some other table: what it lacks.
    Other(String),
}

impl<'a> Table<'a> {
    fn open(text: &'a str) -> Result<Self, NoTable> {
        let (delimiters, start) = delimiters(text);
        let mut best = Err(NoTable::Other("it is empty".into()));
        let mut most = (0, 0);
        for delimiter in delimiters {
            let table = Self::open_with(Rows::new(text, start, delimiter), delimiter);
            let rank = match &table {
                Ok(table) => (3, table.columns.fields),
                Err(NoTable::Wrong { .. }) => (2, 0),
                Err(NoTable::Other(_)) => (1, 0),
            };
            if rank > most {
                (best, most) = (table, rank);
            }
        }
        best
    }

    /// The first row that is none of spreadsheets' decides.
    fn open_with(mut rows: Rows<'a>, delimiter: u8) -> Result<Self, NoTable> {
        loop {
            let from_here = rows.clone();
            let Some(row) = rows.next() else { return Err(NoTable::Other("it is empty".into())) };
            if row.is_empty() {
                continue;
            }
            let header = columns::of_header(&row);
            let is_columns = matches!(header, Some(First::Columns(_)));
            // A header may be commented out.
            if row.is_comment() && !is_columns {
                continue;
            }
            let first = header.unwrap_or_else(|| {
                let rows = from_here.clone().filter(|row| !row.is_empty() && !row.is_comment());
                orders::of_rows(rows, delimiter)
            });
            return match first {
                First::Columns(columns) => {
                    let rows = if columns.header { rows } else { from_here };
                    Ok(Self { columns, delimiter, rows })
                }
                First::Wrong(message) => Err(NoTable::Wrong { message, byte: row.byte }),
                First::Other(lacks) => Err(NoTable::Other(lacks)),
            };
        }
    }
}

/// The delimiters that a table may have, and where its rows begin: the first line may name the
/// delimiter, as Excel has it.
fn delimiters(text: &str) -> (Vec<u8>, usize) {
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let line = text[..end].trim_start_matches(['"', ' ']);
    let named = line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep="));
    match named.and_then(|_| line.as_bytes().get(4)) {
        Some(byte) if byte.is_ascii() && *byte != b'"' => (vec![*byte], end),
        _ => (vec![b',', b';', b'\t', b'|'], 0),
    }
}

fn write(target: &Target<'_>) -> Result<(), Error> {
    const HEADER: &str = "filename,width,height,class,xmin,ymin,xmax,ymax\n";
    // Names in quotes keep their blanks, and a name that begins with # is no comment.
    let mut table = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::NonNumeric)
        .from_writer(Vec::from(HEADER));
    let mut row = |fields: [&str; 8]| table.write_record(fields).expect("in memory");
    for image in &target.labels.images {
        let (width, height) = (image.width.to_string(), image.height.to_string());
        for object in &image.objects {
            let [x0, y0, x1, y1] = &object.xyxy.map(|value| value.to_string());
            row([&image.name, &width, &height, target.class(object), x0, y0, x1, y1]);
        }
        if image.objects.is_empty() {
            row([&image.name, &width, &height, "", "", "", "", ""]);
        }
    }
    target.file("labels.csv", &table.into_inner().expect("in memory"))
}

#[cfg(test)]
mod tests;
