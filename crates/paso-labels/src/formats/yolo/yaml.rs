//! YAML as data sets use it: maps, lists and scalars *as they are written*, with their lines.
//!
//! YAML 1.1 reads `no` as false, `010` as 8 and `1e3` as 1000, and libraries guess the same way.
//! Here these are names of classes, so a scalar is its text and nothing else.
//!
//! What could multiply or nest without end is bounded: depth, nodes, and the text that aliases
//! repeat. An alias of a list or map is kept as such and refused only where it would be read, as is
//! everything else that this program does not read.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::folder::Text;

/// Lists and maps in each other, at most.
const MAX_DEPTH: usize = 32;
/// Scalars, lists and maps, at most.
const MAX_NODES: usize = 1_000_000;
/// Bytes of a file, at most: 100,000 names of classes are about 2 MB.
const MAX_BYTES: usize = 16 << 20;
/// Bytes that aliases repeat, at most.
const MAX_REPEATED: usize = 1 << 20;

/// A value and the line where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Its text, and whether it was in quotes.
    Scalar(String, bool),
    List(Vec<Node>),
    /// Keys and values, in order. A key may be there twice.
    Map(Vec<(Node, Node)>),
    /// An alias of a list or map.
    Alias,
}

/// A line and a sentence about it.
pub(super) type Wrong = (usize, String);

impl Node {
    /// The text of a scalar that says something: not empty, and neither `~` nor `null` plainly.
    pub(super) fn stated(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, true) => Some(text),
            Value::Scalar(text, false) if !matches!(&text[..], "" | "~" | "null" | "Null") => {
                Some(text)
            }
            _ => None,
        }
    }

    /// True for an empty value, `~` and `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(..)) && self.stated().is_none()
    }

    /// What it is, for messages.
    pub(super) fn kind(&self) -> String {
        match &self.value {
            Value::Scalar(text, _) => super::shown(text),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
            Value::Alias => "an alias of a list or map (write it out)".into(),
        }
    }
}

/// A list or map that is not closed yet.
struct Open {
    line: usize,
    is_map: bool,
    anchor: usize,
    nodes: Vec<Node>,
}

impl Open {
    fn closed(self) -> Node {
        let Self { line, is_map, mut nodes, .. } = self;
        let value = if is_map {
            let mut pairs = Vec::with_capacity(nodes.len() / 2);
            let mut rest = nodes.drain(..);
            while let (Some(key), Some(value)) = (rest.next(), rest.next()) {
                pairs.push((key, value));
            }
            drop(rest);
            Value::Map(pairs)
        } else {
            Value::List(nodes)
        };
        Node { line, value }
    }
}

/// The one document of a file; `None` if it is empty.
pub(super) fn parse(text: &Text) -> Result<Option<Node>, Wrong> {
    if text.as_str().len() > MAX_BYTES {
        return Err((1, format!("has more than {MAX_BYTES} bytes, the limit of a data.yaml")));
    }
    if let Some((line, _)) = text.lines().find(|(_, line)| is_template(line)) {
        return Err((line, template()));
    }
    let mut parser = Parser::new_from_str(text.as_str());
    let mut open: Vec<Open> = Vec::new();
    let mut scalars: HashMap<usize, String> = HashMap::new();
    let (mut nodes, mut repeated) = (0, 0);
    let mut document: Option<Node> = None;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| not_yaml(text, error.marker().line()))?;
        let line = span.start.line();
        let node = match event {
            Event::StreamEnd => break,
            Event::Scalar(value, style, anchor, _) => {
                let value = Cow::into_owned(value);
                if anchor > 0 {
                    scalars.insert(anchor, value.clone());
                }
                Node { line, value: Value::Scalar(value, style != ScalarStyle::Plain) }
            }
            Event::Alias(anchor) => match scalars.get(&anchor) {
                Some(value) => {
                    repeated += value.len();
                    Node { line, value: Value::Scalar(value.clone(), true) }
                }
                None => Node { line, value: Value::Alias },
            },
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                let is_map = matches!(event, Event::MappingStart(..));
                open.push(Open { line, is_map, anchor, nodes: Vec::new() });
                if open.len() > MAX_DEPTH {
                    let message = format!("has lists in lists beyond {MAX_DEPTH} levels");
                    return Err((line, message));
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(closed) => {
                    scalars.remove(&closed.anchor);
                    closed.closed()
                }
                None => return Err(not_yaml(text, line)),
            },
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {
                continue;
            }
        };
        nodes += 1;
        if nodes > MAX_NODES || repeated > MAX_REPEATED {
            return Err((line, "repeats or holds more than a data.yaml can need".into()));
        }
        match (open.last_mut(), &document) {
            (Some(open), _) => open.nodes.push(node),
            // `---` at the end begins a document of nothing.
            (None, Some(_)) if node.is_null() => {}
            (None, Some(first)) if !first.is_null() => {
                let message = "begins a second document; a data set has one: remove the other";
                return Err((node.line, message.into()));
            }
            (None, _) => document = Some(node),
        }
    }
    Ok(document.filter(|node| !node.is_null()))
}

/// A line of a template of Jinja and the like that nobody filled in. In quotes it may be a name.
fn is_template(line: &str) -> bool {
    let value = line.split_once(": ").map_or(line, |(_, value)| value).trim_start();
    let value = value.trim_start_matches("- ").trim_start_matches(['[', ' ']);
    ["{{", "{%"].iter().any(|mark| value.starts_with(mark) || line.trim().starts_with(mark))
}

fn template() -> String {
    "has a placeholder of a template ({{ }} or {% %}), which was never filled in; write the values \
     themselves"
        .into()
}

/// Says of a line that cannot be parsed what is the most likely reason.
fn not_yaml(text: &Text, line: usize) -> Wrong {
    let lines = || text.lines().take(line.max(1));
    let (_, found) = lines().last().unwrap_or_default();
    let why = if found.contains("{{") || found.contains("{%") {
        return (line, template());
    } else if let Some((line, _)) = lines().filter(|(_, l)| has_tab(l)).last() {
        let message = "is not what a data.yaml is: it is indented with a tab; YAML takes blanks only";
        return (line, message.into());
    } else if found.contains('*') && !found.contains('&') {
        "an alias (*name) needs its anchor (&name) before it, and a name that begins with * quotes"
    } else {
        "check quotes, brackets, colons and the indentation, also of the lines before"
    };
    (line, format!("is not what a data.yaml is: {} does not fit in; {why}", super::shown(found)))
}

fn has_tab(line: &str) -> bool {
    line[..line.len() - line.trim_start().len()].contains('\t')
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
