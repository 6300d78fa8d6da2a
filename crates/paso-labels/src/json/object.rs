//! An object of a JSON file.
//!
//! A key that an object has twice is an error, since parsers take the last of the two and people
//! read the first.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Fault, Node};

/// Up to so many fields are searched one by one.
const FEW: usize = 16;

/// An object's fields. No key is there twice.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    node: Node<'a>,
    fields: Vec<(Cow<'a, str>, Node<'a>)>,
}

impl<'a> Node<'a> {
    /// The fields, if it is an object.
    ///
    /// # Errors
    ///
    /// By line if it is something else, or has a key twice.
    pub(crate) fn object(self) -> Result<Object<'a>, Fault> {
        if !self.is_object() {
            return Err(self.fault(format!("is {}; it must be an object", self.shown())));
        }
        let mut keys = Vec::new();
        let mut parser = serde_json::Deserializer::from_str(self.raw);
        let walked = parser.deserialize_map(Fields(&mut keys));
        debug_assert!(walked.is_ok(), "all of the file was checked");
        let mut fields: Vec<(Cow<'a, str>, Self)> = Vec::with_capacity(keys.len());
        // Annotations have a handful of fields: a map for each would take longer than reading it.
        let mut seen = (keys.len() > FEW).then(HashSet::new);
        for &(key, value) in &keys {
            let (key, value) = (Self::new(self.json, key), Self::new(self.json, value));
            // A key with half of a character is none that is looked for.
            let name = key.text().unwrap_or(Cow::Borrowed(key.raw));
            let is_new = match &mut seen {
                Some(seen) => seen.insert(name.clone()),
                None => !fields.iter().any(|(other, _)| *other == name),
            };
            if !is_new {
                let first = fields.iter().position(|(other, _)| *other == name);
                let first = first.map(|first| Self::new(self.json, keys[first].0));
                let first = first.and_then(Self::line);
                let first = first.map_or(String::new(), |line| format!(" (first on line {line})"));
                return Err(
                    key.fault(format!("{name:?} is there twice{first}; remove one of them"))
                );
            }
            fields.push((name, value));
        }
        Ok(Object { node: self, fields })
    }
}

impl<'a> Object<'a> {
    /// The value of a field, if it is there and not `null`.
    pub(crate) fn value(&self, key: &str) -> Option<Node<'a>> {
        self.get(key).filter(|value| !value.is_null())
    }

    /// The value of a field, if it is there.
    pub(crate) fn get(&self, key: &str) -> Option<Node<'a>> {
        self.fields.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    /// All fields, in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, Node<'a>)> {
        self.fields.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    pub(crate) fn node(&self) -> Node<'a> {
        self.node
    }

    /// That a field is missing, or its value none of those allowed.
    pub(crate) fn wrong(&self, field: &str, allowed: &str) -> Fault {
        match self.get(field) {
            Some(value) => value.wrong(field, allowed),
            None => self.node.fault(format!("{field} is missing; it must be {allowed}")),
        }
    }

    /// A field's whole number of pixels; none if it is missing, empty, 0 or less: tools write these
    /// where they do not know the size.
    pub(crate) fn side(&self, field: &str) -> Result<Option<u32>, Fault> {
        let Some(value) = self.value(field) else { return Ok(None) };
        if value.text().is_some_and(|text| text.trim().is_empty()) {
            return Ok(None);
        }
        let wrong = || value.wrong(field, "a whole number of pixels");
        let number = value.number().filter(|n| n.fract() == 0.0).ok_or_else(wrong)?;
        if number <= 0.0 {
            return Ok(None);
        }
        // Images are at most as large as their files' headers can say: 32 bits.
        format!("{number}").parse().map(Some).map_err(|_| wrong())
    }
}

/// Collects keys and values as they are written.
struct Fields<'v, 'de>(&'v mut Vec<(&'de str, &'de str)>);

impl<'de> Visitor<'de> for Fields<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
            self.0.push((key.get(), value.get()));
        }
        Ok(())
    }
}
