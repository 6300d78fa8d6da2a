//! Reading JSON value by value, for all formats that are JSON.
//!
//! Label files differ from what their format says in one annotation of thousands: an id in quotes,
//! a `NaN`, a box of three numbers. So nothing is parsed into the types of a format at once. The
//! file is checked to be JSON, and then a reader asks a [`Node`] for what it needs; what is wrong
//! is a [`Fault`] with the line of that value, and the next annotation is read.
//!
//! # What is bounded
//!
//! COCO's own files have 450 MB. A node is a slice of the file's text, lists are walked and not
//! collected, so that memory is the text and a few words for each field of the object at hand.
//! Nothing here recurses: how deep a file is nested does not matter.
//!
//! # Not a number
//!
//! Python writes `NaN`, `Infinity` and `-Infinity`, which JSON does not have. They are masked by
//! texts of the same length before parsing, so that lines, columns and shown values are those of
//! the file. In a field that is not read they do not matter; where a number is wanted they are
//! refused by value.

mod broken;
mod findings;
mod node;
mod object;
mod outline;

pub(crate) use findings::Findings;
pub(crate) use node::Node;
pub(crate) use object::Object;
pub(crate) use outline::{Outline, examine};

use serde_json::value::RawValue;

use crate::folder::Text;
use crate::formats::Input;
use crate::raw::RawLabels;

/// The text of a JSON file.
#[derive(Debug)]
pub(crate) struct Json {
    text: Text,
    /// The text with what is not JSON but harmless masked, if there is any; of the same length.
    masked: Option<String>,
    /// False for a file on one line: its number says nothing.
    has_lines: bool,
}

/// What is wrong at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The line, from 1, unless the file has only one.
    pub(crate) line: Option<usize>,
    /// What is wrong and what to do, in one sentence.
    pub(crate) message: String,
}

impl Fault {
    /// The same fault, with the thing that has it in front of the message.
    pub(crate) fn of(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }
}

impl Json {
    pub(crate) fn new(text: Text) -> Self {
        let masked = masked(text.as_str());
        let has_lines = text.lines().filter(|(_, line)| !line.trim().is_empty()).nth(1).is_some();
        Self { text, masked, has_lines }
    }

    /// The file's value.
    ///
    /// # Errors
    ///
    /// What keeps the file from being JSON, by line and column.
    pub(crate) fn root(&self) -> Result<Node<'_>, Fault> {
        match serde_json::from_str::<&RawValue>(self.clean()) {
            Ok(raw) => Ok(Node::new(self, raw.get())),
            Err(error) => Err(broken::fault(self, &error)),
        }
    }

    /// The text that is parsed.
    fn clean(&self) -> &str {
        self.masked.as_deref().unwrap_or(self.text.as_str())
    }

    /// Where a part of the parsed text begins.
    fn offset(&self, part: &str) -> usize {
        part.as_ptr() as usize - self.clean().as_ptr() as usize
    }

    /// The line of a byte of the text, unless there is only one.
    fn line(&self, byte: usize) -> Option<usize> {
        self.has_lines.then(|| self.text.line_at(byte))
    }
}

/// Reads one label file: `read` gets its value, the labels, and the findings to add to. A file that
/// cannot be read or is no JSON, and the fault that `read` returns, are among the problems.
pub(crate) fn read_file(
    input: &Input<'_>,
    name: &str,
    labels: &mut RawLabels,
    read: impl FnOnce(Node<'_>, &mut RawLabels, &mut Findings<'_>) -> Result<(), Fault>,
) {
    let mut found = Findings::new(input.files, name);
    match input.files.text(name) {
        Err(problem) => labels.problems.push(problem),
        Ok(text) => {
            let json = Json::new(text);
            let done = json.root().and_then(|root| read(root, labels, &mut found));
            if let Err(fault) = done {
                found.malformed(fault);
            }
        }
    }
    labels.problems.append(&mut found.finish());
}

/// The text with `NaN` and infinities outside of texts masked by texts of the same length, if
/// there are any.
fn masked(text: &str) -> Option<String> {
    const CONSTANTS: [(&str, &str); 3] =
        [("NaN", "\"N\""), ("Infinity", "\"      \""), ("-Infinity", "\"       \"")];
    if !text.contains("NaN") && !text.contains("Infinity") {
        return None;
    }
    let (mut masked, mut done) = (String::with_capacity(text.len()), 0);
    let (bytes, mut at, mut in_text) = (text.as_bytes(), 0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'N' | b'I' | b'-' if !in_text => {
                let found =
                    CONSTANTS.iter().find(|(word, _)| bytes[at..].starts_with(word.as_bytes()));
                if let Some((word, mask)) = found {
                    masked.push_str(&text[done..at]);
                    masked.push_str(mask);
                    at += word.len() - 1;
                    done = at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    masked.push_str(&text[done..]);
    Some(masked)
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
