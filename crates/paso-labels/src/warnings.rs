//! What makes results worse than they could be, found in classes and splits: for the first screen.

use std::collections::BTreeMap;
use std::path::Path;

use crate::report::{Problem, ProblemKind, one_line};
use crate::{Labels, Split};

/// A validation split with fewer images than this tells little.
const FEW_VAL: usize = 20;

/// Classes whose names differ only in case or in blanks: probably one class, spelled in two ways.
pub(crate) fn alike_classes(labels: &Labels, dir: &Path) -> Vec<Problem> {
    let mut used = vec![false; labels.classes.len()];
    labels.images.iter().flat_map(|i| &i.objects).for_each(|o| used[o.class] = true);
    let mut by_key: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (class, _) in labels.classes.iter().zip(used).filter(|(_, used)| *used) {
        let key: String = class.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        by_key.entry(key).or_default().push(class);
    }
    let several = by_key.into_values().filter(|names| names.len() > 1);
    let warning = |names: Vec<&str>| {
        let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
        let message = format!(
            "the classes {} differ only in case or blanks and count as {} classes; if they are \
             one, spell them alike",
            names.join(" and "),
            names.len()
        );
        Problem::new(ProblemKind::Warning, dir, None, message)
    };
    several.map(warning).collect()
}

/// Warns of splits that tell little, by the class and the split of each sample: a class that is
/// evaluated and never trained on, a validation split that is empty or tiny.
///
/// ```
/// use paso_labels::{Split, split_warnings};
/// let samples = [("cat", Split::Train), ("dog", Split::Val)];
/// let warnings = split_warnings("photos".as_ref(), samples);
/// assert!(warnings[0].message.starts_with("class \"dog\" has 1 images in the val split and none"));
/// assert!(warnings[1].message.starts_with("the val split has 1 images (train: 1 cat; val: 1 dog)"));
/// ```
#[must_use]
pub fn split_warnings<'a>(
    dir: &Path,
    samples: impl IntoIterator<Item = (&'a str, Split)>,
) -> Vec<Problem> {
    let mut counts: Counts<'a> = BTreeMap::new();
    for (class, split) in samples {
        *counts.entry(split).or_default().entry(class).or_default() += 1;
    }
    let of = |split, class: &str| counts.get(&split).and_then(|c| c.get(class)).copied();
    let mut warnings = Vec::new();
    for (class, n) in counts.get(&Split::Val).into_iter().flatten() {
        if of(Split::Train, class).is_none() {
            warnings.push(format!(
                "class {class:?} has {n} images in the val split and none in the train split: the \
                 network cannot learn it; label more images, or choose other splits"
            ));
        }
    }
    let val: usize = counts.get(&Split::Val).into_iter().flatten().map(|(_, n)| n).sum();
    if val < FEW_VAL && !counts.is_empty() {
        let what = match val {
            0 => format!("is empty ({}): nothing can be evaluated", shares(&counts)),
            n => format!("has {n} images ({}): its metrics tell little", shares(&counts)),
        };
        warnings.push(format!(
            "the val split {what}; --folds K --fold I evaluates on each image once, --val-share S \
             chooses another share"
        ));
    }
    let problem = |message| Problem::new(ProblemKind::Warning, dir, None, message);
    warnings.into_iter().map(problem).collect()
}

/// Samples by split and class.
type Counts<'a> = BTreeMap<Split, BTreeMap<&'a str, usize>>;

/// How many images of which class each split has.
fn shares(counts: &Counts<'_>) -> String {
    const SHOWN: usize = 4;
    let of = |(split, classes): (&Split, &BTreeMap<&str, usize>)| {
        let shown = classes.iter().take(SHOWN).map(|(class, n)| format!("{n} {}", one_line(class)));
        let more = if classes.len() > SHOWN { ", ..." } else { "" };
        format!("{split}: {}{more}", shown.collect::<Vec<_>>().join(", "))
    };
    counts.iter().map(of).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warned(samples: &[(&str, Split)]) -> Vec<String> {
        let found = split_warnings(Path::new("dir"), samples.iter().copied());
        found.into_iter().map(|p| p.message).collect()
    }

    #[test]
    fn a_class_that_is_only_evaluated_is_named() {
        let mut samples = vec![("cat", Split::Train); 30];
        samples.extend([("cat", Split::Val); 19]);
        samples.push(("dog", Split::Val));
        let found = warned(&samples);
        assert!(
            found.len() == 1 && found[0].contains("\"dog\" has 1 images in the val"),
            "{found:?}"
        );
        samples.push(("dog", Split::Train));
        assert_eq!(warned(&samples), [""; 0]);
    }

    #[test]
    fn a_val_split_that_is_empty_or_tiny_says_what_it_has_and_the_way_out() {
        let one = warned(&[("cat", Split::Train)]);
        assert!(
            one[0].contains("is empty (train: 1 cat)") && one[0].contains("--folds"),
            "{one:?}"
        );
        let few = warned(&[("cat", Split::Train), ("cat", Split::Val), ("dog", Split::Train)]);
        assert!(few[0].contains("has 1 images (train: 1 cat, 1 dog; val: 1 cat)"), "{few:?}");
        assert!(few[0].contains("--val-share"), "{few:?}");
    }
}
