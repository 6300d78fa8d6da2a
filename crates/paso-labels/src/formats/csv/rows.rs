//! The rows of a table: fields, whether they were quoted, and where they are in the file.
//!
//! A field in quotes keeps its blanks, delimiters and line ends; `""` in it is a quote. A field
//! without quotes is trimmed. A row ends with `\n`, `\r\n` or `\r`.
//!
//! The `csv` crate splits rows as well, but does not tell whether a field was in quotes, takes a
//! quote that is never closed for the rest of the file, and counts lines by `\n` only. All three
//! decide what a row means here, so rows are split in this file; the crate writes tables.

use std::borrow::Cow;

/// Fields of a row that are kept; labels have about ten. More are counted.
const MAX_FIELDS: usize = 256;

/// A field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) quoted: bool,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Where it begins, in bytes.
    pub(super) byte: usize,
    /// The fields, at most [`MAX_FIELDS`] of them.
    pub(super) fields: Vec<Field<'a>>,
    /// How many fields there are.
    pub(super) count: usize,
    /// What is wrong with it.
    pub(super) fault: Option<&'static str>,
}

impl<'a> Row<'a> {
    /// A field, or nothing beyond the last.
    pub(super) fn get(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", |field| &field.text)
    }

    /// True if nothing is in it: an empty line, or only delimiters.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.iter().all(|field| field.text.is_empty())
    }

    /// True if it begins with `#`, without quotes.
    pub(super) fn is_comment(&self) -> bool {
        self.fields.first().is_some_and(|first| !first.quoted && first.text.starts_with('#'))
    }

    /// The number of fields without the empty ones at the end, which spreadsheets leave.
    pub(super) fn filled(&self) -> usize {
        if self.count > self.fields.len() {
            return self.count;
        }
        self.fields.iter().rposition(|field| !field.text.is_empty()).map_or(0, |last| last + 1)
    }
}

/// The rows of a text, empty lines and comments included.
#[derive(Debug, Clone)]
pub(super) struct Rows<'a> {
    text: &'a str,
    at: usize,
    delimiter: u8,
}

impl<'a> Rows<'a> {
    pub(super) fn new(text: &'a str, start: usize, delimiter: u8) -> Self {
        Self { text, at: start, delimiter }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn is_blank(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t') && byte != self.delimiter
    }

    fn skip_blanks(&mut self) {
        while self.byte().is_some_and(|byte| self.is_blank(byte)) {
            self.at += 1;
        }
    }

    fn ends_field(&self, byte: u8) -> bool {
        byte == self.delimiter || matches!(byte, b'\r' | b'\n')
    }

    fn field(&mut self, fault: &mut Option<&'static str>) -> Field<'a> {
        let start = self.at;
        self.skip_blanks();
        if self.byte() == Some(b'"') {
            return self.quoted(fault);
        }
        self.at = start;
        while self.byte().is_some_and(|byte| !self.ends_field(byte)) {
            self.at += 1;
        }
        Field { text: Cow::Borrowed(self.text[start..self.at].trim()), quoted: false }
    }

    fn quoted(&mut self, fault: &mut Option<&'static str>) -> Field<'a> {
        self.at += 1;
        let start = self.at;
        let mut has_quotes = false;
        let end = loop {
            match self.text[self.at..].find('"').map(|found| self.at + found) {
                None => {
                    *fault = Some("has a quote \" that is never closed; close it");
                    self.at = self.text.len();
                    break self.at;
                }
                Some(quote) if self.text.as_bytes().get(quote + 1) == Some(&b'"') => {
                    has_quotes = true;
                    self.at = quote + 2;
                }
                Some(quote) => {
                    self.at = quote + 1;
                    break quote;
                }
            }
        };
        let inner = &self.text[start..end];
        let text = if has_quotes { inner.replace("\"\"", "\"").into() } else { inner.into() };
        self.skip_blanks();
        while self.byte().is_some_and(|byte| !self.ends_field(byte)) {
            *fault = Some("has text behind a closing quote; write a quote in quotes as \"\"");
            self.at += 1;
        }
        Field { text, quoted: true }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        self.byte()?;
        let mut row = Row { byte: self.at, fields: Vec::new(), count: 0, fault: None };
        loop {
            let field = self.field(&mut row.fault);
            row.count += 1;
            if row.fields.len() < MAX_FIELDS {
                row.fields.push(field);
            }
            if self.byte() != Some(self.delimiter) {
                break;
            }
            self.at += 1;
        }
        if self.byte() == Some(b'\r') {
            self.at += 1;
            self.at += usize::from(self.byte() == Some(b'\n'));
        } else if self.byte() == Some(b'\n') {
            self.at += 1;
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a text as fields, with quotes around those that were quoted.
    fn rows(text: &str, delimiter: u8) -> Vec<Vec<String>> {
        let shown = |field: &Field<'_>| {
            if field.quoted { format!("\"{}\"", field.text) } else { field.text.clone().into_owned() }
        };
        Rows::new(text, 0, delimiter).map(|row| row.fields.iter().map(shown).collect()).collect()
    }

    #[test]
    fn rows_end_with_any_line_end_and_fields_in_quotes_are_verbatim() {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("a,b{end} c ,\" d \"{end}{end}\"e,\"\"{end}f\",g");
            let found = rows(&text, b',');
            assert_eq!(found[0], ["a", "b"]);
            assert_eq!(found[1], ["c", "\" d \""], "{end:?}");
            assert_eq!(found[2], [""], "an empty line");
            assert_eq!(found[3], [format!("\"e,\"{end}f\""), "g".into()]);
            assert_eq!(found.len(), 4);
        }
        assert_eq!(rows("", b','), Vec::<Vec<String>>::new());
        assert_eq!(rows("a;b;;\n", b';'), [["a", "b", "", ""]]);
        assert_eq!(rows("a\t\t b\t\" c \"", b'\t'), [["a", "", "b", "\" c \""]]);
        assert_eq!(rows("5\" pipe,é\u{a0}", b','), [["5\" pipe", "é"]]);
        assert_eq!(rows(" \"a\" , \"b\"\t\n", b','), [["\"a\"", "\"b\""]]);
    }

    #[test]
    fn a_row_knows_where_it_begins_and_what_is_wrong() {
        let text = "a,b\r\n\r\nc,\"d\"x\ne,\"f\ng\n";
        let found: Vec<Row<'_>> = Rows::new(text, 0, b',').collect();
        let starts: Vec<usize> = found.iter().map(|row| row.byte).collect();
        assert_eq!(starts, [0, 5, 7, 14]);
        assert!(found[2].fault.expect("text").contains("behind a closing quote"));
        assert!(found[3].fault.expect("no end").contains("never closed"));
        assert!(found[1].is_empty() && !found[0].is_empty());
        let row = |text| Rows::new(text, 0, b',').next().expect("a row");
        assert_eq!((row("a,b,,").count, row("a,b,,").filled()), (4, 2));
        assert!(row("# a").is_comment() && !row("\"# a\"").is_comment());
        let many = ",".repeat(1_000_000);
        assert_eq!((row(&many).count, row(&many).fields.len()), (1_000_001, MAX_FIELDS));
    }
}
