//! XML that is broken, hostile, or written by unusual tools.

use super::*;

fn fault(source: &str) -> (usize, String) {
    let text = Text::new(source.to_owned());
    let fault = parse(&text).expect_err(source);
    (text.line_at(fault.byte), fault.message)
}

#[test]
fn the_root_is_found_behind_whatever_may_stand_before_it() {
    for (source, name) in [
        ("<annotation>", Some("annotation")),
        (
            "\u{feff}<?xml version=\"1.0\"?>\r\n<!-- <a> --> <?pi <b> ?>\n<annotation/>",
            Some("annotation"),
        ),
        ("<!DOCTYPE a [<!ENTITY b \"<c>\">]>\n<annotation x='1'>", Some("annotation")),
        ("<!DOCTYPE annotation SYSTEM 'x.dtd'><annotation\n>", Some("annotation")),
        ("<v:annotation xmlns:v='x'>", Some("annotation")),
        ("", None),
        ("plain text", None),
        ("<!-- never closed <annotation>", None),
        ("<annotation", None),
    ] {
        assert_eq!(root_name(source), name, "{source}");
    }
}

#[test]
fn broken_xml_is_refused_by_line_in_plain_words() {
    for (source, line, says) in [
        ("<a>\n<b>\n</a>", 3, "</a> stands where <b> should be closed"),
        ("<a>\n<b>1", 2, "ends before its elements do"),
        ("<a>\n<b", 2, "not well-formed XML"),
        ("<a>\n<b c='1' c='2'/></a>", 2, "has the attribute c twice"),
        ("<a>\n\n<b>&wat;</b></a>", 3, "&wat; is no entity that XML has"),
        ("<a>\r<b>\r<c>\r</b></a>", 4, "</b> stands where <c>"),
        ("<a>\u{1}</a>", 1, "U+0001"),
        ("\n<a/>\n<a/>", 3, "not well-formed XML"),
        ("\n<?xml version=\"1.0\"?><a/>", 2, "must be the first thing in the file"),
        ("", 1, "it has no element"),
        ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", 1, "document type (DTD)"),
    ] {
        let (at, message) = fault(source);
        assert!(at == line && message.contains(says), "{source:?}: line {at}: {message}");
    }
}

#[test]
fn what_would_take_too_much_time_or_stack_is_refused_before_it_is_parsed() {
    let deep = "<a>".repeat(1_000_000);
    assert!(fault(&deep).1.contains("more than 256 elements inside of each other"));
    let wide: String = (0..1_000_000).map(|i| format!(" a{i}='1'")).collect();
    assert!(fault(&format!("<a{wide}/>")).1.contains("more than 256 attributes"));
    let spaces: String = (0..1000).map(|i| format!("<a xmlns:n{i}='u'/>")).collect();
    assert!(fault(&format!("<r>{spaces}</r>")).1.contains("more than 256 name spaces"));
    // Depth is counted by elements that are open, not by how many there are.
    let flat = format!("<r>{}</r>", "<a b='>'><!-- <x> --><c/><![CDATA[<y>]]></a>".repeat(2000));
    assert!(parse(&Text::new(flat)).is_ok());
    for odd in ["<", "<a b='", "<a><!--", "<![CDATA[", "<?", "</", "</a>", "a<b", "\0", "<a\0/>"] {
        fault(odd);
    }
}

#[test]
fn an_element_that_is_there_twice_is_refused_at_the_second() {
    let text = Text::new("<a>\n<b>1</b>\n<c/>\n<B>2</B></a>".into());
    let document = parse(&text).expect("XML");
    let fault = child(document.root_element(), "b").expect_err("two");
    assert_eq!(text.line_at(fault.byte), 4);
    assert_eq!(fault.message, "<a> has a second <b>; remove one");
    assert!(child(document.root_element(), "c").expect("one").is_some());
    assert!(child(document.root_element(), "d").expect("none").is_none());
}

#[test]
fn blanks_of_the_layout_are_dropped_and_those_of_the_text_are_kept() {
    for (inner, content_is) in [
        ("\n\t cat \r\n", "cat"),
        ("<![CDATA[cat]]>", "cat"),
        ("\r\n<![CDATA[ cat ]]>\n", " cat "),
        ("\n &#32;cat&#9; \n", " cat\t"),
        ("c<!-- comment -->at", "cat"),
        ("<!-- comment --> cat", "cat"),
        ("a &amp; b", "a & b"),
        ("", ""),
        ("&#32;", " "),
        ("x<![CDATA[<y>]]>&gt;", "x<y>>"),
    ] {
        let text = Text::new(format!("<a b='1 > 0'>{inner}</a>"));
        let document = parse(&text).expect("XML");
        assert_eq!(content(document.root_element()).expect("text"), content_is, "{inner:?}");
    }
    let text = Text::new("<a>\n<b/></a>".into());
    let fault = content(parse(&text).expect("XML").root_element()).expect_err("an element");
    assert_eq!(fault.message, "<a> holds <b>; it must be a text");
}

#[test]
fn a_text_that_was_escaped_is_read_back_whole() {
    for name in [
        "cat",
        " cat ",
        "  two  ",
        "\tcat\n",
        "a\r\nb",
        "\r",
        "]]>",
        "<&>\"'",
        "&amp;",
        "&#32;",
        "é狗🐕",
        "\u{a0}cat\u{2003}",
        " ",
        "",
        "a,b;c|d",
        "100 %",
        "\\n",
    ] {
        let escaped = escaped(name).expect("XML can hold it");
        let text = Text::new(format!("<a b=\"{escaped}\">{escaped}</a>"));
        let document = parse(&text).expect("XML");
        let root = document.root_element();
        assert_eq!(content(root).expect("text"), name, "{escaped}");
        assert_eq!(root.attribute("b"), Some(name), "{escaped}");
    }
    for c in ['\0', '\u{1}', '\u{1f}', '\u{ffff}'] {
        assert_eq!(escaped(&format!("a{c}")), Err(c));
    }
    assert!(not_in_xml("a\u{1}", '\u{1}').contains("U+0001"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(500))]

    /// Pieces of XML in any order: a document or a fault within the file, never a panic.
    #[test]
    fn no_xml_panics(pieces in proptest::collection::vec(0..PIECES.len(), 0..30)) {
        let text = Text::new(pieces.iter().map(|&piece| PIECES[piece]).collect());
        root_name(text.as_str());
        match parse(&text) {
            Ok(document) => {
                for node in document.descendants().filter(Node::is_element) {
                    content(node).ok();
                    child(node, "a").ok();
                }
            }
            Err(fault) => proptest::prop_assert!(fault.byte <= text.as_str().len()),
        }
    }
}

const PIECES: [&str; 24] = [
    "<a>",
    "</a>",
    "<a",
    "b='1'",
    "b=\"2\"",
    " ",
    ">",
    "/>",
    "<",
    "&",
    "&#32;",
    "&#0;",
    "&amp;",
    "&x;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?xml version='1.0'?>",
    "<!DOCTYPE a [",
    "é狗",
    "\r\n",
    "\0",
    "x",
];
