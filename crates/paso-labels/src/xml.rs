//! XML for label files: parsed within bounds, one element of each name, text as it was written.
//!
//! What is here and not in the parser:
//!
//! - **Bounds.** Depth, attributes of an element, and name spaces are counted before parsing: the
//!   parser needs quadratic time for some of them. A document type is refused, since entities are
//!   how a small file becomes gigabytes.
//! - **Never the first of two.** [`child`] refuses an element that is there twice.
//! - **Blanks.** [`content`] drops the blanks around a text, which editors add for layout, and
//!   keeps those that are written as `&#32;` or in CDATA: [`escaped`] writes them so.
//! - **Lines are the file's**, also where a carriage return alone ends them.
//! - **Messages are in words of this crate.**

mod bounds;

use roxmltree::{Document, Error, Node, ParsingOptions};

use crate::folder::{Files, Text};
use crate::number::shown;
use bounds::{check_bounds, tag};

/// Nodes of a file, at most: several million boxes, and some 2 GB of memory.
const MAX_NODES: u32 = 20_000_000;

/// Something wrong at a byte of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) byte: usize,
    pub(crate) message: String,
}

impl Fault {
    /// A fault of this element.
    pub(crate) fn new(node: Node<'_, '_>, message: impl Into<String>) -> Self {
        Self { byte: node.range().start, message: message.into() }
    }
}

/// The text of a file to tell what it is: its beginning, or all of it where the beginning does not
/// show it.
pub(crate) fn to_examine(files: &Files, name: &str, shows: impl Fn(&str) -> bool) -> String {
    let first = files.first_text(name);
    if shows(&first) {
        return first;
    }
    files.text(name).map_or(first, |text| text.as_str().to_owned())
}

/// The name of the first element, without its name space; what may stand before it is skipped.
pub(crate) fn root_name(text: &str) -> Option<&str> {
    let mut rest = text.trim_start_matches(['\u{feff}', '\0']).trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = after(comment, "-->")?;
        } else if let Some(instruction) = rest.strip_prefix("<?") {
            rest = after(instruction, "?>")?;
        } else if let Some(doctype) = rest.strip_prefix("<!") {
            // Definitions stand in brackets, and `>` in them ends nothing.
            let end = doctype.find(['[', '>'])?;
            rest = &doctype[end..];
            rest = if rest.starts_with('[') { after(after(rest, "]")?, ">")? } else { &rest[1..] };
        } else {
            let name = rest.strip_prefix('<')?;
            let end = name.find(|c: char| c.is_whitespace() || "/>".contains(c))?;
            return name[..end].rsplit(':').next().filter(|name| !name.is_empty());
        }
        rest = rest.trim_start();
    }
}

fn after<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    text.find(end).map(|at| &text[at + end.len()..])
}

/// Parses a file that has no document type and stays within bounds.
pub(crate) fn parse(text: &Text) -> Result<Document<'_>, Fault> {
    let source = text.as_str();
    check_bounds(source)?;
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(source, options).map_err(|error| {
        let byte = match &error {
            Error::UnclosedRootNode | Error::UnexpectedEndOfStream | Error::NodesLimitReached => {
                source.trim_end().len().saturating_sub(1)
            }
            error => byte_at(source, error.pos()),
        };
        Fault { byte, message: format!("is not well-formed XML: {}", words(&error)) }
    })
}

/// Where the parser's row and column are: it counts rows by `\n` only.
fn byte_at(source: &str, pos: roxmltree::TextPos) -> usize {
    let rows = source.split_inclusive('\n').take(pos.row.saturating_sub(1) as usize);
    let start: usize = rows.map(str::len).sum();
    let column = source[start..].char_indices().nth(pos.col.saturating_sub(1) as usize);
    start + column.map_or(source.len() - start, |(at, _)| at)
}

fn words(error: &Error) -> String {
    match error {
        Error::UnexpectedCloseTag(open, close, _) => {
            format!("</{close}> stands where <{open}> should be closed")
        }
        Error::DuplicatedAttribute(name, _) => {
            format!("an element has the attribute {name} twice; remove one")
        }
        Error::UnknownEntityReference(name, _) => {
            format!("&{name}; is no entity that XML has; write & as &amp;")
        }
        Error::MalformedEntityReference(_) => "& begins no entity; write it as &amp;".into(),
        Error::InvalidAttributeValue(_) => "an attribute holds <; write it as &lt;".into(),
        Error::NoRootNode => "it has no element".into(),
        Error::UnclosedRootNode | Error::UnexpectedEndOfStream => {
            "the file ends before its elements do; it may be cut off".into()
        }
        Error::NodesLimitReached => format!("it has more than {MAX_NODES} parts; divide it"),
        Error::NonXmlChar(c, _) => {
            format!("the character U+{:04X} is not allowed; remove it", u32::from(*c))
        }
        Error::UnknownNamespace(prefix, _) => format!("the prefix {prefix}: is not declared"),
        Error::UnexpectedDeclaration(_) => {
            "<?xml ...?> must be the first thing in the file; remove what stands before it".into()
        }
        _ => "its markup is broken here".into(),
    }
}

/// True if an element has this name, in any name space and case.
pub(crate) fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name().eq_ignore_ascii_case(name)
}

/// The child of a name, or none. Two are a fault at the second one.
pub(crate) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Result<Option<Node<'a, 'i>>, Fault> {
    let mut found = node.children().filter(|child| is(*child, name));
    let first = found.next();
    match found.next() {
        Some(second) => {
            let parent = node.tag_name().name();
            Err(Fault::new(second, format!("<{parent}> has a second <{name}>; remove one")))
        }
        None => Ok(first),
    }
}

/// The text of an element, without the blanks around it that are there for layout.
pub(crate) fn content(node: Node<'_, '_>) -> Result<String, Fault> {
    if let Some(inner) = node.children().find(Node::is_element) {
        let (name, inner_name) = (node.tag_name().name(), inner.tag_name().name());
        return Err(Fault::new(inner, format!("<{name}> holds <{inner_name}>; it must be a text")));
    }
    let text: String =
        node.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect();
    let raw = raw_content(node);
    if !raw.contains("&#") && !raw.contains("<![CDATA[") {
        return Ok(text.trim().to_owned());
    }
    // Only blanks that stand in the file as they are are layout.
    let before = raw.len() - raw.trim_start().len();
    let after = raw.len() - raw.trim_end().len();
    let characters = |blanks: &str| blanks.replace("\r\n", "\n").chars().count();
    let (before, after) = (characters(&raw[..before]), characters(&raw[raw.len() - after..]));
    let all = text.chars().count();
    Ok(text.chars().take(all.saturating_sub(after)).skip(before).collect())
}

/// What stands between the tags of an element, as in the file.
fn raw_content<'a>(node: Node<'a, '_>) -> &'a str {
    let element = &node.document().input_text()[node.range()];
    let start = tag(element).length;
    element.rfind("</").filter(|end| *end >= start).map_or("", |end| &element[start..end])
}

/// A text as XML has it, in elements and in attributes alike, so that [`content`] gives the same
/// text again. The error is a character that XML cannot hold.
pub(crate) fn escaped(text: &str) -> Result<String, char> {
    let mut out = String::with_capacity(text.len());
    let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
    for (at, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(c))),
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => return Err(c),
            // The outermost blank keeps those further in from being layout.
            c if c.is_whitespace() && (at == 0 || at == last) => {
                out.push_str(&format!("&#{};", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

/// What to say of a name that cannot be written.
pub(crate) fn not_in_xml(text: &str, c: char) -> String {
    format!(
        "the name {} holds the character U+{:04X}, which XML cannot hold; rename it, or write \
         another format",
        shown(text),
        u32::from(c)
    )
}

#[cfg(test)]
mod tests;
