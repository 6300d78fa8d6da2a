//! Names of classes: a list in a text file, or `names` of `data.yaml`.
//!
//! Text files have a name a line: `classes.txt` (`LabelImg`, Label Studio), `obj.names` (Darknet,
//! CVAT), `_darknet.labels` (Roboflow). `LabelImg` writes one into every folder of labels, and adds
//! classes at the end as they come: lists of which one is the beginning of the other agree. Lists
//! that do not agree are refused, since a number would be two classes.

use std::collections::HashMap;

use super::super::Input;
use super::yaml::{Node, Value};
use crate::folder::names::has_ending;
use crate::folder::{Text, base_name};
use crate::report::{Problem, ProblemKind};

/// Text files that hold names of classes; so do all that end with `.names`.
const LISTS: [&str; 7] = [
    "classes.txt",
    "_darknet.labels",
    "class_names.txt",
    "class-names.txt",
    "names.txt",
    "labels.txt",
    "predefined_classes.txt",
];

/// A line, where there is one, and a sentence about it.
pub(super) type Wrong = (Option<usize>, String);

/// True for a file that holds names of classes by its own name.
pub(super) fn is_list(name: &str) -> bool {
    let base = base_name(name);
    LISTS.iter().any(|list| base.eq_ignore_ascii_case(list)) || has_ending(name, &["names"])
}

/// The names of the text files of a folder, and the file that gave them. What is wrong is among the
/// problems; `Err` if nothing can be believed then.
pub(super) fn from_lists(
    input: &Input<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Option<(String, Vec<String>)>, ()> {
    let mut best: Option<(&str, Vec<String>)> = None;
    let is_here = |name: &&str| is_list(name) && !super::has_rows(&input.files.first_text(name));
    let mut found: Vec<&str> = input.files.names().filter(is_here).collect();
    // What LabelImg proposes for new labels is not what they were made with.
    if found.iter().any(|name| !is_proposal(name)) {
        found.retain(|name| !is_proposal(name));
    }
    for name in found {
        let read = input.files.text(name).and_then(|text| {
            lines(&text).map_err(|(line, message)| {
                Problem::new(ProblemKind::Malformed, input.files.shown(name), line, message)
            })
        });
        let names = match read {
            Ok(names) => names,
            Err(problem) => {
                problems.push(problem);
                return Err(());
            }
        };
        match &mut best {
            None => best = Some((name, names)),
            Some((_, longest)) if longest.starts_with(&names) => {}
            Some((_, longest)) if names.starts_with(longest) => best = Some((name, names)),
            Some((other, _)) => {
                let message = format!(
                    "names other classes than {other}, so that a number would be two classes; \
                     remove the list that does not belong to these labels"
                );
                let file = input.files.shown(name);
                problems.push(Problem::new(ProblemKind::Malformed, file, None, message));
                return Err(());
            }
        }
    }
    Ok(best.map(|(name, names)| (name.to_owned(), names)))
}

fn is_proposal(name: &str) -> bool {
    base_name(name).eq_ignore_ascii_case("predefined_classes.txt")
}

/// A name a line. Blank lines at the end are none.
pub(super) fn lines(text: &Text) -> Result<Vec<String>, Wrong> {
    let lines: Vec<(usize, &str)> = text.lines().map(|(n, line)| (n, line.trim())).collect();
    let end = lines.iter().rposition(|(_, name)| !name.is_empty()).map_or(0, |at| at + 1);
    let named = lines[..end].iter().map(|&(line, name)| (Some(line), name.to_owned()));
    checked(named.collect())
}

/// What `names` of `data.yaml` says.
pub(super) fn from_yaml(node: &Node) -> Result<Vec<String>, Wrong> {
    let names = match &node.value {
        Value::List(items) => {
            let name = |(at, item): (usize, &Node)| match &item.value {
                Value::Scalar(text, _) => Ok((Some(item.line), text.clone())),
                _ => Err((
                    Some(item.line),
                    format!("class {at} of names is {}; it must be a name", item.kind()),
                )),
            };
            items.iter().enumerate().map(name).collect::<Result<Vec<_>, Wrong>>()?
        }
        Value::Map(pairs) => numbered(pairs)?,
        _ => {
            return Err((
                Some(node.line),
                format!(
                    "is not what a data.yaml is: names is {}; it must be a list, such as \
                     [cat, dog], or numbered, such as 0: cat",
                    node.kind()
                ),
            ));
        }
    };
    checked(names)
}

/// Names by their numbers, which may be in any order, but not leave one out.
fn numbered(pairs: &[(Node, Node)]) -> Result<Vec<(Option<usize>, String)>, Wrong> {
    let mut by_number = std::collections::BTreeMap::new();
    for (key, value) in pairs {
        let line = Some(key.line);
        let Value::Scalar(text, _) = &key.value else {
            return Err((line, format!("a key of names is {}; it must be a number", key.kind())));
        };
        let digits = !text.trim().is_empty() && text.trim().bytes().all(|b| b.is_ascii_digit());
        let Some(number) = text.trim().parse::<usize>().ok().filter(|_| digits) else {
            return Err((
                line,
                format!(
                    "a key of names is {}; it must be the number of a class, such as 0: cat",
                    super::shown(text)
                ),
            ));
        };
        let Value::Scalar(name, _) = &value.value else {
            return Err((
                Some(value.line),
                format!("class {number} of names is {}; it must be a name", value.kind()),
            ));
        };
        if let Some((other, _)) = by_number.insert(number, (line, name.clone())) {
            let other: usize = other.unwrap_or_default();
            let message = format!("names class {number} twice, also in line {other}; remove one");
            return Err((line, message));
        }
    }
    if let Some((expected, (found, (line, _)))) =
        by_number.iter().enumerate().find(|(at, (number, _))| at != *number)
    {
        return Err((*line, format!("names class {found}, but not class {expected}; add it")));
    }
    Ok(by_number.into_values().collect())
}

fn checked(names: Vec<(Option<usize>, String)>) -> Result<Vec<String>, Wrong> {
    if names.is_empty() {
        return Err((None, "names no class".into()));
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (number, (line, name)) in names.iter().enumerate() {
        if name.is_empty() {
            return Err((*line, format!("class {number} has no name")));
        }
        if let Some(other) = seen.insert(name, number) {
            let name = super::shown(name);
            let message = format!("two classes have the name {name}, {other} and {number}; rename one");
            return Err((*line, message));
        }
    }
    Ok(names.into_iter().map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    fn names(yaml: &str) -> Result<Vec<String>, Wrong> {
        let root = parse(&Text::new(yaml.into())).expect("YAML").expect("not empty");
        let Value::Map(pairs) = &root.value else { panic!("{root:?}") };
        from_yaml(&pairs[0].1)
    }

    #[test]
    fn names_are_what_is_written() {
        for yaml in [
            "names: [no, ~, 010, 1e3, 0x1F, true, 1.50]",
            "names:\n- no\n- ~\n- 010\n- 1e3\n- 0x1F\n- true\n- 1.50\n",
            "names: {6: 1.50, 0: no, 1: ~, 2: 010, 3: 1e3, 4: 0x1F, '5': true}",
            "names: ['no', \"~\", '010', 1e3, 0x1F, true, 1.50]  # a comment",
            "names:\r\n  0: no\r\n  1: ~\r\n  2: 010\r\n  3: 1e3\r\n  4: 0x1F\r\n  5: true\r\n  6: 1.50",
        ] {
            let read = names(yaml).expect(yaml);
            assert_eq!(read, ["no", "~", "010", "1e3", "0x1F", "true", "1.50"], "{yaml}");
        }
        let odd = "names: [' a ', \"tab\\t\", 'it''s', \"\\u00e9\", null, 'x: y', a b]";
        assert_eq!(names(odd).expect("names"), [" a ", "tab\t", "it's", "é", "null", "x: y", "a b"]);
    }

    #[test]
    fn names_that_cannot_be_are_refused_by_line() {
        for (yaml, line, says) in [
            ("names: []", None, "names no class"),
            ("names:\n- cat\n- cat", Some(3), "two classes have the name \"cat\", 0 and 1"),
            ("names:\n- cat\n- ''", Some(3), "class 1 has no name"),
            ("names:\n- cat\n-", Some(3), "class 1 has no name"),
            ("names:\n  0: cat\n  2: dog", Some(3), "names class 2, but not class 1"),
            ("names:\n  0: cat\n  0: dog", Some(3), "names class 0 twice, also in line 2"),
            ("names:\n  cat: 0", Some(2), "a key of names is \"cat\"; it must be the number"),
            ("names:\n  -1: cat", Some(2), "a key of names is \"-1\""),
            ("names:\n- [cat]", Some(2), "class 0 of names is a list"),
            ("names:\n- name: cat", Some(2), "class 0 of names is a map"),
            ("names: cat, dog", Some(1), "names is \"cat, dog\"; it must be a list"),
            ("names: 7", Some(1), "is not what a data.yaml is: names is \"7\""),
        ] {
            let (at, message) = names(yaml).expect_err(yaml);
            assert!(at == line && message.contains(says), "{yaml}: {at:?} {message}");
        }
    }

    #[test]
    fn a_list_of_lines_ends_with_its_last_name() {
        let read = |text: &str| lines(&Text::new(text.into()));
        assert_eq!(read("cat\r\n dog \r\n\r\n").expect("two"), ["cat", "dog"]);
        assert_eq!(read("cat\n\ndog"), Err((Some(2), "class 1 has no name".into())));
        assert_eq!(read("\n"), Err((None, "names no class".into())));
        assert!(is_list("a/Classes.txt") && is_list("obj.names") && is_list("train/_darknet.labels"));
        assert!(!is_list("s00.txt") && !is_list("names"));
    }
}
