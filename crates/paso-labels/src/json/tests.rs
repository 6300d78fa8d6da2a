//! Values as people and tools write them; files that are no JSON; nothing that hurts.

use super::*;
use crate::report::ProblemKind;
use proptest::prelude::*;

/// What `ask` says of the value of `"a"` in an object.
fn ask<T>(value: &str, ask: impl Fn(Node<'_>) -> T) -> T {
    let json = Json::new(Text::new(format!("{{\"a\": {value}}}")));
    let root = json.root().unwrap_or_else(|fault| panic!("{value}: {fault:?}"));
    ask(root.object().expect("an object").get("a").expect("it is there"))
}

fn fault(text: &str) -> String {
    let json = Json::new(Text::new(text.to_owned()));
    let fault = json.root().expect_err(text);
    format!("line {}: {}", fault.line.expect("a line"), fault.message)
}

#[test]
fn one_id_has_many_spellings() {
    for (written, id) in [
        ("1", Some("1")),
        ("1.0", Some("1")),
        ("\"1\"", Some("1")),
        ("\"1.0\"", Some("1")),
        ("\" 1 \"", Some("1")),
        ("1e0", Some("1")),
        ("-0", Some("0")),
        ("-0.0", Some("0")),
        ("-7", Some("-7")),
        ("1.5", Some("1.5")),
        ("\"007\"", Some("007")),
        ("\"a b\"", Some("a b")),
        ("\"1e3\"", Some("1e3")),
        ("12345678901234567890123", Some("12345678901234567890123")),
        ("9007199254740993", Some("9007199254740993")),
        ("1e308", Some("1e308")),
        ("\"\"", None),
        ("\" \"", None),
        ("null", None),
        ("true", None),
        ("NaN", None),
        ("[1]", None),
        ("{}", None),
    ] {
        assert_eq!(ask(written, |n| n.id()).as_deref(), id, "{written}");
    }
}

#[test]
fn numbers_may_stand_in_quotes_and_are_finite() {
    for (written, number) in [
        ("12.5", Some(12.5)),
        ("\"12.5\"", Some(12.5)),
        ("\" 12 \"", Some(12.0)),
        ("1e308", Some(1e308)),
        ("1e309", None),
        ("-1e999", None),
        ("\"inf\"", None),
        ("\"NaN\"", None),
        ("NaN", None),
        ("-Infinity", None),
        ("\"\"", None),
        ("\"1,5\"", None),
        ("true", None),
        ("null", None),
        ("[1]", None),
    ] {
        assert_eq!(ask(written, |n| n.number()), number, "{written}");
    }
    let third = format!("{}", 1.0 / 3.0);
    assert_eq!(ask(&third, |n| n.number()), Some(1.0 / 3.0), "to the last bit");
}

#[test]
fn names_are_texts_or_words_as_they_are_written() {
    for (written, name) in [
        ("\"cat\"", Some("cat")),
        ("\" a, \\\"b\\\" \\\\ \\n\"", Some(" a, \"b\" \\ \n")),
        ("\"\\u00e9\\ud83d\\ude00\"", Some("é😀")),
        ("\"\\ud83d\"", None),
        ("true", Some("true")),
        ("1.0", Some("1.0")),
        ("\" \"", None),
        ("null", None),
        ("NaN", None),
        ("[\"cat\"]", None),
    ] {
        assert_eq!(ask(written, |n| n.name().map(String::from)).as_deref(), name, "{written}");
    }
}

#[test]
fn sizes_that_are_not_known_are_none() {
    let side = |written: &str| {
        let json = Json::new(Text::new(format!("{{\"width\": {written}}}")));
        let root = json.root().expect("JSON").object().expect("an object");
        root.side("width").map_err(|fault| fault.message)
    };
    for (written, expected) in [
        ("64", Ok(Some(64))),
        ("64.0", Ok(Some(64))),
        ("\"64\"", Ok(Some(64))),
        ("0", Ok(None)),
        ("-1", Ok(None)),
        ("null", Ok(None)),
        ("\"\"", Ok(None)),
        ("64.5", Err("width is 64.5; it must be a whole number of pixels")),
        ("NaN", Err("width is NaN; it must be a whole number of pixels")),
        ("1e300", Err("width is 1e300; it must be a whole number of pixels")),
        ("[64]", Err("width is [64]; it must be a whole number of pixels")),
    ] {
        assert_eq!(side(written), expected.map_err(String::from), "{written}");
    }
}

#[test]
fn python_s_constants_leave_lines_and_values_as_they_are() {
    let text =
        "{\"s\": \"NaN \\\" -Infinity\",\n \"a\": NaN, \"b\": [-Infinity, Infinity],\r\"c\": 3}";
    let json = Json::new(Text::new(text.to_owned()));
    let root = json.root().expect("it is read").object().expect("an object");
    let get = |key: &str| root.get(key).expect("it is there");
    assert_eq!(get("s").text().expect("a text"), "NaN \" -Infinity");
    assert_eq!((get("a").shown(), get("a").line()), ("NaN".into(), Some(2)));
    assert_eq!(get("b").shown(), "[-Infinity, Infinity]");
    assert_eq!(get("c").line(), Some(3));
    let wrong = root.wrong("a", "a number");
    assert_eq!(wrong.message, "a is NaN; it must be a number");
    // Inside of a word they are no constant.
    assert!(fault("{\"a\": xNaN}").contains("xNaN"), "{}", fault("{\"a\": xNaN}"));
}

#[test]
fn a_key_that_is_there_twice_is_refused_by_line() {
    let text = "{\"a\": {\"b\": 1, \"b\": 2},\n \"c\": 1,\n \"\\u0063\": 2}";
    let json = Json::new(Text::new(text.to_owned()));
    let fault = json.root().expect("JSON").object().expect_err("c is there twice");
    assert_eq!(fault.line, Some(3));
    assert_eq!(fault.message, "\"c\" is there twice (first on line 2); remove one of them");
    // Long objects, too.
    let many: Vec<String> = (0..40).map(|i| format!("\"k{}\": 0", i % 39)).collect();
    let json = Json::new(Text::new(format!("{{{}}}", many.join(",\n"))));
    let fault = json.root().expect("JSON").object().expect_err("k0 is there twice");
    assert_eq!(fault.line, Some(40));
    assert_eq!(fault.message, "\"k0\" is there twice (first on line 1); remove one of them");
    // What is not read does not matter.
    assert!(ask("{\"b\": 1, \"b\": 2}", |n| n.is_object()));
}

#[test]
fn broken_files_are_explained_by_line_and_column() {
    for (text, says) in [
        ("", "line 1: is not valid JSON at column 1: the file is empty"),
        (" \n ", "the file is empty"),
        ("{\"a\": [1, 2", "column 12: it ends in the middle; export it again"),
        ("{\n\"a\": \"cat", "line 2: is not valid JSON at column 10: it ends in the middle"),
        ("{\"a\": 1,}", "column 9: there is a comma too many before }"),
        ("[1, 2, ]", "column 8: there is a comma too many before ]"),
        ("[1,, 2]", "column 4: there is a comma too many"),
        ("{\"a\": 1 // one\n}", "column 9: JSON has no comments; remove this one"),
        ("# one\n{}", "line 1: is not valid JSON at column 1: JSON has no comments"),
        ("{'a': 1}", "column 2: texts stand in double quotes, not in single ones"),
        ("{\"a\": 'b'}", "column 7: texts stand in double quotes"),
        ("{\"a\": 1\n \"b\": 2}", "line 2: is not valid JSON at column 2: a comma or a colon is"),
        ("[1 2]", "a comma or a colon is missing before 2"),
        ("{\"a\" 1}", "a comma or a colon is missing before 1"),
        ("{\"a\": None}", "\"None\" is no value in JSON"),
        ("{\"a\": nul}", "\"nul\" is no value in JSON"),
        ("{\"a\": 01}", "\"01\" is no value in JSON"),
        ("{\"a\": .5}", "\".5\" is no value in JSON"),
        ("{\"é\": \"é\", b}", "column 12: \"b\" is no value in JSON"),
        ("{a: 1}", "\"a\" is no value in JSON"),
        ("{\"a\": \"x\ny\"}", "a text in quotes holds a line break or a tab"),
        ("{\"a\": \"C:\\xy\"}", "\\x is no character in JSON; a backslash is \\\\"),
        ("{} {}", "column 4: it goes on after its end; a file holds one value"),
        ("{\"a\": 1}\r{\"a\": 2}", "line 2: is not valid JSON at column 1: it goes on after its"),
        ("\0", "is not valid JSON at column 1"),
        ("{\"a\": NaN, \"b\": }", "column 17: '}' is not expected here"),
    ] {
        let message = fault(text);
        assert!(message.contains(says), "{text:?}: {message}");
        for word in ["EOF", "expected value", "serde", "at line"] {
            assert!(!message.contains(word), "the parser's words: {message}");
        }
    }
}

#[test]
fn depth_and_length_do_not_matter() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let (shown, is_list) = ask(&deep, |n| (n.shown(), n.is_list()));
    assert!(is_list && shown.len() <= 63, "{shown}");
    let open = "{\"a\":".repeat(1_000_000);
    assert!(fault(&open).contains("it ends in the middle"));
    assert!(Outline::new(&open).is_some());
    let digits = "9".repeat(100_000);
    assert_eq!(ask(&digits, |n| n.number()), None, "beyond all floats");
    assert_eq!(ask(&digits, |n| n.shown()).len(), 63);
    assert_eq!(ask("[1,\n   2]", |n| n.shown()), "[1, 2]");
}

#[test]
fn findings_are_named_up_to_a_bound_and_counted_beyond() {
    let folder = crate::testing::Folder::new(&[]);
    let files = crate::folder::Files::scan(folder.path(), &mut Vec::new()).expect("a folder");
    let mut found = Findings::new(&files, "x.json");
    for number in 0..1234 {
        found.add(ProblemKind::NoBox, Fault { line: Some(number), message: "no".into() });
    }
    found.malformed(Fault { line: None, message: "bad".into() });
    let problems = found.finish();
    assert_eq!(problems.len(), 1002);
    let last = &problems[1001];
    assert_eq!(last.kind, ProblemKind::NoBox);
    assert!(last.message.starts_with("234 more of this kind"), "{last}");
}

#[test]
fn an_outline_has_the_keys_of_its_level_and_of_two_below() {
    let outline = Outline::new(
        r#"{"info": {"images": 1}, "note": "\"shapes\": [",
        "images": [{"bbox": 1}], "assets" : {"x": {"asset": {"regions": 1}}}}"#,
    );
    let outline = outline.expect("JSON");
    assert!(outline.has("images") && outline.has_as("images", b"[") && outline.has_inner("bbox"));
    assert!(outline.has_as("assets", b"{") && outline.has_inner("asset"));
    assert!(!outline.has("shapes") && !outline.has_inner("regions") && !outline.is_list);
    let list = Outline::new(r#" [{"image": "a", "annotations": [{"label": "x"}]}"#).expect("JSON");
    assert!(list.is_list && list.has("image") && list.has_inner("label"));
    assert!(Outline::new("images").is_none() && Outline::new("").is_none());
    let python = Outline::new("{'images': [], # it's\n 'annotations': []}").expect("nearly JSON");
    assert!(python.has("images") && python.has("annotations"));
}

proptest! {
    #[test]
    fn whatever_a_file_holds_it_is_read_or_refused(text in r#"[\[\]{}:,"'\\ \n\rNaInfty0-9.eE+é#/-]{0,60}"#) {
        let _ = Outline::new(&text);
        let json = Json::new(Text::new(text.clone()));
        let valid = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        match json.root() {
            Ok(root) => {
                let mut count = 0;
                root.each(|node| { let _ = (node.id(), node.number(), node.name(), node.shown()); count += 1; });
                let _ = root.object().map(|object| object.fields().count());
                prop_assert!(count <= text.len());
            }
            Err(fault) => {
                prop_assert!(!valid, "{text:?} is JSON: {fault:?}");
                prop_assert!(fault.message.starts_with("is not valid JSON at column"));
            }
        }
    }
}
