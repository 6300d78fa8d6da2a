//! Scalars as written, errors by line, and nothing that multiplies or panics.

use super::*;
use proptest::prelude::*;

fn read(yaml: &str) -> Result<Option<Node>, Wrong> {
    parse(&Text::new(yaml.into()))
}

fn pairs(yaml: &str) -> Vec<(Node, Node)> {
    let root = read(yaml).expect(yaml).expect("not empty");
    let Value::Map(pairs) = root.value else { panic!("{yaml} is no map") };
    pairs
}

#[test]
fn lines_are_those_of_the_file_whatever_ends_them() {
    for end in ["\n", "\r\n", "\r"] {
        let yaml = ["# a comment", "a: 1", "", "b:", "  - c", "  - {d: e}", "f: g"].join(end);
        let lines: Vec<usize> = pairs(&yaml).iter().map(|(key, _)| key.line).collect();
        assert_eq!(lines, [2, 4, 7], "{end:?}");
    }
}

#[test]
fn empty_documents_are_none_and_two_are_one_too_many() {
    for yaml in ["", "\n\n", "# only a comment\n", "---\n", "~\n", "null"] {
        assert_eq!(read(yaml), Ok(None), "{yaml:?}");
    }
    assert_eq!(pairs("---\na: b\n...\n").len(), 1);
    assert_eq!(pairs("%YAML 1.2\n---\na: b\n---\n").len(), 1);
    let (line, message) = read("a: b\n---\nc: d\n").expect_err("two");
    assert!(line == 3 && message.contains("second document"), "{line} {message}");
}

#[test]
fn aliases_of_scalars_are_what_they_stand_for_and_others_are_named() {
    let found = pairs("a: &x train/images\nb: *x\nc: &y [1]\nd: *y\n");
    assert_eq!(found[1].1.stated(), Some("train/images"));
    assert!(found[3].1.kind().contains("alias of a list or map"));
    let bomb = format!("a: &x {}\nb: [{}]\n", "y".repeat(2000), "*x, ".repeat(2000));
    assert!(read(&bomb).expect_err("4 MB").1.contains("more than a data.yaml can need"));
    let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n";
    assert_eq!(pairs(laughs).len(), 4, "lists are never repeated");
}

#[test]
fn what_cannot_be_parsed_is_refused_by_line_in_plain_words() {
    for (yaml, at, says) in [
        ("names: [cat, dog\n", None, "is not what a data.yaml is"),
        ("a: b\nnames: {{ classes }}\n", Some(2), "placeholder of a template"),
        ("{% for c in classes %}\n- {{ c }}\n", Some(1), "placeholder of a template"),
        ("names:\n\t- cat\n", Some(2), "indented with a tab"),
        ("a: *nobody\n", Some(1), "needs its anchor"),
        ("a: 'x\n", None, "check quotes"),
        ("a: b: c\n", Some(1), "check quotes, brackets, colons"),
        ("names:\n  - cat\n - dog\n", Some(3), "the indentation"),
    ] {
        let (line, message) = read(yaml).expect_err(yaml);
        assert!(at.is_none_or(|at| at == line), "{yaml:?}: line {line} {message}");
        assert!(message.contains(says), "{yaml:?}: {message}");
        for word in ["token", "simple key", "scanner", "mapping", "parser"] {
            assert!(!message.contains(word), "{message}");
        }
    }
    // In quotes it is a name.
    assert_eq!(pairs("names: ['{{x}}']").len(), 1);
}

#[test]
fn depth_and_size_are_bounded() {
    for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(5_000), "? ".repeat(5_000)] {
        assert!(read(&deep).is_err());
    }
    assert!(read(&format!("a: {}", "x".repeat(MAX_BYTES))).is_err());
    let many = format!("names: [{}]", "a, ".repeat(100_000));
    let Value::List(names) = &pairs(&many)[0].1.value else { panic!("a list") };
    assert_eq!(names.len(), 100_000);
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}|[-\\[\\]{}:,&*#?|>'\"%@!~a \n\r\t]{0,60}") {
        let _ = read(&text);
    }
}
