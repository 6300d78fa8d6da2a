//! Schedules in files: serde writes and reads the line of text that they print as.
//!
//! The text is the stable format: fields may change, and files stay readable. A `Spec` is written
//! with numbers only and a `Shape` as it was written, with its shares. A text that does not parse
//! is an error of the deserializer, with the text, the column and what is wrong.

use crate::{Shape, Spec};
use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl Serialize for Spec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Line(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Line(PhantomData))
    }
}

/// Reads a string and parses it.
struct Line<T>(PhantomData<T>);

impl<T: FromStr<Err = crate::Error>> Visitor<'_> for Line<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a schedule as text, such as \"warmup(5%) then cosine(to 1%)\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error: crate::Error| {
            E::custom(format_args!("in the schedule `{text}`: {error}"))
        })
    }
}
