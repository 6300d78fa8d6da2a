//! Why a file is no JSON, in words for somebody who has edited or exported it.

use serde_json::value::RawValue;

use super::{Fault, Json};

/// What keeps a file from being JSON. The parser's error says only where.
pub(super) fn fault(json: &Json, error: &serde_json::Error) -> Fault {
    let text = json.clean();
    let (at, reason) = if text.trim().is_empty() {
        (text.len(), "the file is empty".to_owned())
    } else if let Some(end) = end_of_first(text) {
        (end, "it goes on after its end; a file holds one value".to_owned())
    } else if error.is_eof() {
        (text.len(), "it ends in the middle; export it again, or close what is open".to_owned())
    } else {
        let at = offset(text, error);
        // The words of the file, and not what masks them.
        (at, reason(json.text.as_str(), at))
    };
    let line_start = json.text.as_str()[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let column = text[line_start..at].chars().count() + 1;
    let message = format!("is not valid JSON at column {column}: {reason}");
    // Here the line is said even if there is only one: it goes with the column.
    Fault { line: Some(json.text.line_at(at)), message }
}

/// Where the text goes on behind a first value that is whole.
fn end_of_first(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.next()?.ok()?;
    let end = values.byte_offset();
    let rest = text[end..].trim_start();
    Some(text.len() - rest.len())
}

/// Where the parser stopped.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    // The parser counts lines by `\n` alone, and columns in bytes.
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    let mut at = (start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn reason(text: &str, at: usize) -> String {
    let is_word = |c: char| c.is_alphanumeric() || "+-._".contains(c);
    let here = text[at..].chars().next().unwrap_or(' ');
    let before = text[..at].chars().next_back().unwrap_or(' ');
    let earlier = text[..at].trim_end().chars().next_back().unwrap_or(' ');
    // The parser stops before a character that a text may not hold, and at any other.
    let next = at + here.len_utf8().min(text.len() - at);
    if text[next..].starts_with(char::is_control) && is_in_text(text, next) {
        return "a text in quotes holds a line break or a tab; write it as \\n or \\t".into();
    }
    match here {
        '\'' => "texts stand in double quotes, not in single ones; write the file as JSON".into(),
        '/' | '#' => "JSON has no comments; remove this one".into(),
        ']' | '}' if earlier == ',' => format!("there is a comma too many before {here}"),
        ',' if ",[{:".contains(earlier) => "there is a comma too many".into(),
        _ if before == '\\' => format!("\\{here} is no character in JSON; a backslash is \\\\"),
        _ => {
            let start = text[..at]
                .rfind(|c: char| !is_word(c))
                .map_or(0, |i| i + text[i..].chars().next().map_or(1, char::len_utf8));
            let word: String = text[start..].chars().take_while(|&c| is_word(c)).take(20).collect();
            let earlier = text[..start].trim_end().chars().next_back().unwrap_or(' ');
            let starts_value =
                word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) || "\"{[".contains(here);
            if starts_value && (is_word(earlier) || "\"]}".contains(earlier)) {
                let what = if word.is_empty() { here.to_string() } else { word };
                format!("a comma or a colon is missing before {what}")
            } else if word.is_empty() {
                format!("{here:?} is not expected here")
            } else {
                format!("{word:?} is no value in JSON")
            }
        }
    }
}

/// True if a place is between the quotes of a text.
fn is_in_text(text: &str, at: usize) -> bool {
    let (mut is_in, mut is_escaped) = (false, false);
    for byte in text.bytes().take(at) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in => is_escaped = true,
            b'"' => is_in = !is_in,
            _ => {}
        }
    }
    is_in
}
