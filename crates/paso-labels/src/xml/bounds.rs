//! Bounds of XML that is read, counted before it is parsed: one pass, without recursion.

use super::{Fault, after};

/// Elements inside of each other, at most; labels have about six.
const MAX_DEPTH: usize = 256;

/// Attributes of an element, at most; labels have about ten.
const MAX_ATTRIBUTES: usize = 256;

/// Declarations of name spaces in a file, at most; labels have none.
const MAX_NAMESPACES: usize = 256;

/// Refuses what the parser would need too much time, memory or stack for.
pub(super) fn check_bounds(source: &str) -> Result<(), Fault> {
    let (mut at, mut depth, mut namespaces) = (0, 0_usize, 0);
    let fault = |byte, message: String| Err(Fault { byte, message });
    while let Some(open) = source[at..].find('<').map(|found| at + found) {
        let rest = &source[open..];
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("</", ">")];
        if let Some((start, end)) = skipped.iter().find(|(start, _)| rest.starts_with(start)) {
            depth = depth.saturating_sub(usize::from(*start == "</"));
            let Some(behind) = after(&rest[start.len()..], end) else { return Ok(()) };
            at = source.len() - behind.len();
            continue;
        }
        if rest.starts_with("<!") {
            return fault(
                open,
                "has a document type (DTD), which a label has no use for; remove it".into(),
            );
        }
        let tag = tag(rest);
        if tag.attributes > MAX_ATTRIBUTES {
            return fault(
                open,
                format!("has an element with more than {MAX_ATTRIBUTES} attributes; no label has"),
            );
        }
        namespaces += rest[..tag.length].matches("xmlns").count();
        if namespaces > MAX_NAMESPACES {
            return fault(
                open,
                format!("declares more than {MAX_NAMESPACES} name spaces; no label does"),
            );
        }
        depth += usize::from(!rest[..tag.length].ends_with("/>"));
        if depth > MAX_DEPTH {
            return fault(
                open,
                format!("has more than {MAX_DEPTH} elements inside of each other; no label has"),
            );
        }
        at = open + tag.length;
    }
    Ok(())
}

/// A start tag.
pub(super) struct Tag {
    /// From `<` to `>`, or to the end of the file.
    pub(super) length: usize,
    attributes: usize,
}

/// The start tag that a text begins with. A `>` in quotes ends none.
pub(super) fn tag(text: &str) -> Tag {
    let (mut quote, mut attributes) = (None, 0);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => attributes += 1,
            (None, b'>') => return Tag { length: at + 1, attributes },
            (None, _) => {}
        }
    }
    Tag { length: text.len(), attributes }
}
