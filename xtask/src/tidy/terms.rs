//! Finds the words of `table.rs` in source, documentation and manifests.
//!
//! Skipped are: inline code between backticks, string literals without a space (keys and names that
//! files depend on), and command-line flags.
//!
//! A phrase is compared word by word without regard to case, over the ends of lines and over the
//! marks of comments, so that wrapping a paragraph does not hide one. Names in `snake_case` and
//! `CamelCase` are taken apart into words. A full stop or a comma between two words separates them.
//!
//! Text in backticks is skipped because it may quote; so a word can be named where it is discussed.

use super::table::{Kind, TERMS, Term};
use std::collections::BTreeMap;
use std::path::Path;

/// What git tracks and this module reads.
pub(super) const PATTERNS: &[&str] = &["*.rs", "*.md", "*.toml"];

/// Files that quote what others said or decided, and the table itself.
const EXEMPT: &[&str] = &["CHANGELOG.md", "benches/records", "xtask/src/tidy/"];

/// A word that is found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// Counted from 1; the line of a phrase's first word.
    pub(super) line: usize,
    pub(super) term: &'static Term,
}

/// A word of the text: lower case, with its line, and whether only a space, a hyphen or the like is
/// between it and the word before.
struct Word<'t> {
    text: &'t str,
    line: usize,
    joined: bool,
}

/// Every hit in a file, in order of lines.
pub(super) fn find(path: &Path, text: &str) -> Vec<Hit> {
    if EXEMPT.iter().any(|exempt| path.starts_with(exempt)) {
        return Vec::new();
    }
    let lines: Vec<String> = text.lines().map(without_code_and_keys).collect();
    let words = split(&lines);
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    let mut hits: Vec<Hit> = Vec::new();
    for term in TERMS.iter().filter(|term| path.starts_with(term.within)) {
        let found: Vec<usize> = match term.kind {
            Kind::Words => phrases(&words, term.old),
            Kind::Identifier if is_rust => identifiers(&lines, term.old),
            Kind::Identifier => Vec::new(),
        };
        hits.extend(found.into_iter().map(|line| Hit { line, term }));
    }
    hits.sort_by_key(|hit| (hit.line, hit.term.old));
    hits.dedup_by_key(|hit| (hit.line, hit.term.old));
    hits
}

/// One message for every hit in a file.
pub(super) fn messages(path: &Path, text: &str) -> Vec<String> {
    let line = |hit| format!("{}: {}", path.display(), message(hit));
    find(path, text).iter().map(line).collect()
}

fn message(hit: &Hit) -> String {
    format!("line {}: `{}`; the standard word: {}", hit.line, hit.term.old, hit.term.standard)
}

/// How many hits each package has, for a list of what is left.
pub(super) fn per_package(hits: &[(String, usize)]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (package, count) in hits {
        *counts.entry(package).or_default() += count;
    }
    let total: usize = counts.values().sum();
    let row = |(package, count): (&str, usize)| format!("{count:>6}  {package}\n");
    counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(row)
        .chain([row(("TOTAL", total))])
        .collect()
}

/// The line with what is skipped replaced by a full stop, which joins no words.
fn without_code_and_keys(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['`', '"', '-']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let skipped = skipped(rest);
        if skipped > 0 {
            out.push('.');
            rest = &rest[skipped..];
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out + rest
}

/// How many bytes at the start of `text` are inline code, a quoted key or a flag.
fn skipped(text: &str) -> usize {
    let quoted = |quote: char, fits: fn(&str) -> bool| {
        let inner = text.strip_prefix(quote)?;
        let inner = &inner[..inner.find(quote)?];
        fits(inner).then_some(inner.len() + 2)
    };
    let flag = || {
        let name = text.strip_prefix("--").filter(|name| name.starts_with(char::is_alphabetic))?;
        let end = name.find(|c: char| !(c.is_alphanumeric() || c == '-')).unwrap_or(name.len());
        Some(end + 2)
    };
    let code = quoted('`', |inner| !inner.is_empty());
    let key = || quoted('"', |inner| !inner.contains(' '));
    code.or_else(key).or_else(flag).unwrap_or(0)
}

/// Words of prose, and the parts of `snake_case` and `CamelCase` names.
fn split(lines: &[String]) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut joined = false;
    for (i, line) in lines.iter().enumerate() {
        let mut start = None;
        let mut previous = ' ';
        for (at, c) in line.char_indices().chain([(line.len(), '\n')]) {
            let hump = c.is_uppercase() && previous.is_lowercase();
            if let Some(from) = start.filter(|_| hump || !c.is_alphanumeric()) {
                words.push(Word { text: &line[from..at], line: i + 1, joined });
                joined = true;
                start = None;
            }
            if c.is_alphanumeric() {
                start = start.or(Some(at));
            } else {
                joined &= c.is_whitespace() || "_-'’/!#*".contains(c);
            }
            previous = c;
        }
    }
    words
}

/// The lines where the words of `phrase` follow each other.
fn phrases(words: &[Word<'_>], phrase: &str) -> Vec<usize> {
    let wanted: Vec<&str> = phrase.split([' ', '\'']).collect();
    let is = |window: &&[Word<'_>]| {
        let equal =
            window.iter().zip(&wanted).all(|(word, old)| word.text.eq_ignore_ascii_case(old));
        equal && window[1..].iter().all(|word| word.joined)
    };
    words.windows(wanted.len()).filter(is).map(|window| window[0].line).collect()
}

/// The lines of code, not of comment, that have this identifier.
fn identifiers(lines: &[String], name: &str) -> Vec<usize> {
    let has = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name)
    };
    lines.iter().enumerate().filter(|(_, line)| has(line)).map(|(i, _)| i + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, &'static str)> {
        find(Path::new(path), text).iter().map(|hit| (hit.line, hit.term.old)).collect()
    }

    #[test]
    fn words_are_found_in_prose_and_in_identifiers() {
        for (text, expected) in [
            ("//! The way back.\n", Some("the way back")),
            ("/// On the way\n/// back, it is read.\n", Some("the way back")),
            ("fn judge_all() {}\n", Some("judge")),
            ("struct JudgeAll;\n", Some("judge")),
            ("const JUDGE_ALL: u8 = 1;\n", Some("judge")),
            ("bail!(\"the picture is too small\");\n", Some("picture")),
            ("// Winograd's way\n", Some("winograd's way")),
            ("// first-level cache\n", Some("first level cache")),
            ("fn judgefully() {}\n", None),
            ("// It is used. Up to four are.\n", None),
            ("// A greenhouse is no problem.\n", None),
        ] {
            let found = found("crates/x/src/y.rs", text);
            assert_eq!(found.first().map(|(_, old)| *old), expected, "{text}");
        }
    }

    #[test]
    fn the_line_of_the_first_word_is_named() {
        assert_eq!(found("README.md", "one\ntwo\nis used\nup\n"), [(3, "used up")]);
        assert_eq!(found("a.toml", "# judged, judged\n"), [(1, "judged")], "once per line");
    }

    #[test]
    fn keys_flags_and_inline_code_are_skipped() {
        for text in [
            "#[serde(rename = \"calm\")]\n",
            "See `calm` and `--judge val`.\n",
            "paso settle --judge val\n",
            "{\"judged\": 3, \"calm\":1}\n",
            "{\\\"judged\\\": 3}\n",
        ] {
            assert_eq!(found("README.md", text), [], "{text}");
        }
        assert_eq!(found("README.md", "an open ` and then calm\n"), [(1, "calm")]);
        assert_eq!(found("README.md", "a - calm -- sea\n"), [(1, "calm")], "dashes are no flags");
    }

    #[test]
    fn identifiers_are_found_only_as_a_whole_in_code_of_their_crate() {
        let old = "fn f(x: Spread) {}\n";
        assert_eq!(found("crates/paso-ops/src/a.rs", old), [(1, "Spread")]);
        assert_eq!(found("crates/paso-study/src/a.rs", old), [], "another crate");
        assert_eq!(found("crates/paso-ops/README.md", old), [], "not Rust");
        for text in ["// Spread over threads.\n", "struct SpreadOut;\n", "let spread = 1;\n"] {
            assert_eq!(found("crates/paso-ops/src/a.rs", text), [], "{text}");
        }
    }

    #[test]
    fn history_and_the_table_itself_are_exempt() {
        for path in ["CHANGELOG.md", "benches/records/a/train.md", "xtask/src/tidy/table.rs"] {
            assert_eq!(found(path, "pictures of the house\n"), [], "{path}");
        }
    }

    #[test]
    fn the_message_has_line_word_and_replacement() {
        let hits = find(Path::new("README.md"), "\n\nused up\n");
        assert_eq!(message(&hits[0]), "line 3: `used up`; the standard word: consumed");
    }

    #[test]
    fn messages_name_file_and_line_and_standard_words_have_none() {
        let found = messages(Path::new("docs/a.md"), "# A\n\nIt is used up, for ever.\n");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|line| line.starts_with("docs/a.md: line 3: `")), "{found:?}");
        assert!(found.iter().any(|line| line.ends_with("word: consumed")), "{found:?}");
        assert_eq!(messages(Path::new("docs/a.md"), "It is consumed.\n"), [] as [&str; 0]);
    }

    #[test]
    fn code_and_flags_are_cut_out_of_a_line_and_join_no_words() {
        for (line, expected) in [
            ("plain text", "plain text"),
            ("a `b c` d", "a . d"),
            ("say \"key\" and \"two words\"", "say . and \"two words\""),
            ("use --draw DIR", "use . DIR"),
            ("a - b -- c", "a - b -- c"),
            ("half ` open", "half ` open"),
            ("``", "``"),
            ("--dry-run", "."),
        ] {
            assert_eq!(without_code_and_keys(line), expected, "{line}");
        }
    }

    #[test]
    fn names_are_split_at_humps_and_underscores_and_sentences_end_at_full_stops() {
        let words = |line: &str| -> Vec<(String, bool)> {
            let lines = [line.to_owned()];
            split(&lines).iter().map(|word| (word.text.to_owned(), word.joined)).collect()
        };
        let expect = |list: &[(&str, bool)]| -> Vec<(String, bool)> {
            list.iter().map(|(text, joined)| ((*text).to_owned(), *joined)).collect()
        };
        assert_eq!(words("wayBack"), expect(&[("way", false), ("Back", true)]));
        assert_eq!(words("WAY_BACK"), expect(&[("WAY", false), ("BACK", true)]));
        assert_eq!(words("way. Back"), expect(&[("way", false), ("Back", false)]));
        assert_eq!(words("L1 cache"), expect(&[("L1", false), ("cache", true)]));
        assert_eq!(words("farbe größe"), expect(&[("farbe", false), ("größe", true)]));
        assert_eq!(words(" .. "), expect(&[]));
    }

    #[test]
    fn what_is_left_is_counted_per_package() {
        let hits = [("b", 2), ("a", 1), ("b", 3), ("c", 0)].map(|(name, n)| (name.to_owned(), n));
        assert_eq!(per_package(&hits), "     1  a\n     5  b\n     6  TOTAL\n");
    }

    #[test]
    fn every_term_is_found_in_its_own_place_and_its_replacement_is_not() {
        for term in TERMS {
            let path = Path::new(term.within).join("x.rs");
            let text = format!("let x = ({});\n", term.old);
            assert!(find(&path, &text).iter().any(|hit| hit.term.old == term.old), "{}", term.old);
            let standard = find(Path::new("README.md"), term.standard);
            assert!(standard.is_empty(), "{}: {}", term.old, term.standard);
        }
    }
}
