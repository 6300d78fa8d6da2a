//! The names that the language knows, and the search for what a misspelled one may have meant.
//!
//! Names are compared exactly: upper case is not accepted. Of several names that are equally near,
//! the first in the alphabet is suggested.

use crate::curves::{KINDS, Kind};

/// What can follow a curve or a group after a dot.
pub(crate) const MODIFIERS: &[&str] = &[
    "scale", "plus", "below", "floor", "cap", "delay", "skip", "take", "stretch", "every",
    "repeat", "times",
];

/// The kind of curve of a name.
pub(crate) fn find(name: &str) -> Option<Kind> {
    KINDS.iter().copied().find(|kind| kind.signature().name == name)
}

/// The name among `names` that a person may have meant: at most two letters away.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|known| (distance(name, known), known))
        .filter(|&(d, _)| d <= 2)
        .min()
        .map(|(_, known)| known)
}

/// How many letters have to be changed, added or removed.
///
/// The Levenshtein distance, with one row of its table in memory.
fn distance(a: &str, b: &str) -> usize {
    let b: alloc::vec::Vec<char> = b.chars().collect();
    let mut row: alloc::vec::Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_letters_that_are_changed_added_or_removed() {
        for (a, b, want) in [
            ("cosine", "cosine", 0),
            ("cosin", "cosine", 1),
            ("kosine", "cosine", 1),
            ("csoine", "cosine", 2),
            ("", "rex", 3),
            ("linear", "", 6),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (want, want), "{a} and {b}");
        }
    }

    #[test]
    fn a_misspelled_curve_is_found_and_another_word_is_not() {
        let names = || KINDS.iter().map(|kind| kind.signature().name);
        assert_eq!(nearest("polynomials", names()), Some("polynomial"));
        assert_eq!(nearest("warm_up", names()), Some("warmup"));
        assert_eq!(nearest("schedule", names()), None);
        for name in names() {
            assert_eq!(find(name).map(|kind| kind.signature().name), Some(name));
        }
    }
}
