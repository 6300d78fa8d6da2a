//! A value of a JSON file, and what a reader may ask of it.
//!
//! Numbers may stand in quotes and ids may be numbers or texts: tools and spreadsheets do not keep
//! them apart.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Fault, Json};

/// Values longer than this are shown without their end.
const SHOWN_CHARS: usize = 60;

/// Whole numbers below this are exact in 64 bits of a float: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    pub(super) json: &'a Json,
    pub(super) raw: &'a str,
}

impl<'a> Node<'a> {
    pub(super) fn new(json: &'a Json, raw: &'a str) -> Self {
        Self { json, raw }
    }

    /// Its line, unless the file has only one.
    pub(crate) fn line(self) -> Option<usize> {
        self.json.line(self.json.offset(self.raw))
    }

    /// The value as the file has it, on one line, without its end if it is long.
    pub(crate) fn shown(self) -> String {
        let at = self.json.offset(self.raw);
        let value = &self.json.text.as_str()[at..at + self.raw.len()];
        let mut shown = String::new();
        // What is longer is long because it is something else: its end is not even looked at.
        let mut chars = value.chars().take(8 * SHOWN_CHARS).filter(|c| !c.is_control());
        for c in chars.by_ref() {
            if shown.chars().count() == SHOWN_CHARS {
                return shown + "...";
            }
            if c != ' ' || !shown.ends_with(' ') {
                shown.push(c);
            }
        }
        if value.len() > 8 * SHOWN_CHARS { shown + "..." } else { shown }
    }

    pub(crate) fn is_null(self) -> bool {
        self.raw == "null"
    }

    pub(crate) fn is_list(self) -> bool {
        self.raw.starts_with('[')
    }

    pub(crate) fn is_object(self) -> bool {
        self.raw.starts_with('{')
    }

    /// True for a value in quotes. `NaN` is none, although it is masked as one.
    fn is_text(self) -> bool {
        let at = self.json.offset(self.raw);
        self.raw.starts_with('"') && self.json.text.as_str()[at..].starts_with('"')
    }

    pub(crate) fn is_number(self) -> bool {
        self.raw.starts_with(|c: char| c == '-' || c.is_ascii_digit())
    }

    /// The text, if it is one. None also for one that holds half of a character (`\ud83d` alone).
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        if !self.is_text() {
            return None;
        }
        let inner = &self.raw[1..self.raw.len() - 1];
        if inner.contains('\\') {
            return serde_json::from_str(self.raw).ok().map(Cow::Owned);
        }
        Some(Cow::Borrowed(inner))
    }

    /// A text, or a number, `true` or `false` as it is written: what a class or a file may be
    /// called. None for an empty text.
    pub(crate) fn name(self) -> Option<Cow<'a, str>> {
        if self.is_number() || matches!(self.raw, "true" | "false") {
            return Some(Cow::Borrowed(self.raw));
        }
        self.text().filter(|text| !text.trim().is_empty())
    }

    /// The finite number, which may stand in quotes.
    pub(crate) fn number(self) -> Option<f64> {
        let number = if self.is_number() {
            self.raw.parse::<f64>().ok()
        } else {
            self.text()?.trim().parse::<f64>().ok()
        };
        number.filter(|number| number.is_finite())
    }

    /// An id in one spelling: `1`, `1.0` and `"1"` are the same.
    pub(crate) fn id(self) -> Option<String> {
        let text = if self.is_number() { Cow::Borrowed(self.raw) } else { self.text()? };
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let is_decimal =
            text.strip_prefix('-').unwrap_or(text).split_once('.').is_some_and(|(whole, part)| {
                !whole.is_empty()
                    && whole.bytes().all(|b| b.is_ascii_digit())
                    && part.bytes().all(|b| b == b'0')
            });
        // Texts such as "007" are no numbers, and whole numbers of any length are kept as digits.
        let is_float = self.is_number() && text.contains(['.', 'e', 'E']) || is_decimal;
        match text.parse::<f64>() {
            Ok(number) if is_float && number.fract() == 0.0 && number.abs() < EXACT => {
                Some(format!("{}", number + 0.0))
            }
            _ if text == "-0" => Some("0".to_owned()),
            _ => Some(text.to_owned()),
        }
    }

    /// Calls `each` with every value of a list; with nothing if it is no list.
    pub(crate) fn each(self, mut each: impl FnMut(Self)) {
        if self.is_list() {
            let mut parser = serde_json::Deserializer::from_str(self.raw);
            let walked = parser.deserialize_seq(Items(&mut |raw| each(Self::new(self.json, raw))));
            debug_assert!(walked.is_ok(), "all of the file was checked");
        }
    }

    pub(crate) fn fault(self, message: impl Into<String>) -> Fault {
        Fault { line: self.line(), message: message.into() }
    }

    /// That the value of a field is none of those allowed.
    pub(crate) fn wrong(self, field: &str, allowed: &str) -> Fault {
        self.fault(format!("{field} is {}; it must be {allowed}", self.shown()))
    }
}

/// Hands on every value of a list.
struct Items<'v, 'de>(&'v mut dyn FnMut(&'de str));

impl<'de> Visitor<'de> for Items<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<&'de RawValue>()? {
            (self.0)(value.get());
        }
        Ok(())
    }
}
