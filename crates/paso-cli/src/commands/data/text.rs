//! The one screen of `paso data`.

use super::advice::advice;
use super::{Found, evidence};
use paso_locate::data::{Effect, ProblemKind, Split};
use paso_locate::labels::{Spread, one_line};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of classes that are shown; more are counted.
const CLASSES: usize = 20;

pub(super) fn print(found: &Found, all: bool) {
    let (s, report) = (&found.summary, &found.report);
    println!(
        "{}: {}, {} labeled images, {} usable, {} objects",
        report.dir.display(),
        report.format,
        report.labeled,
        s.usable_images,
        s.objects
    );
    println!("  found: {}", evidence(&report.evidence));
    if s.usable_images > 0 {
        classes(found);
    }
    for (name, spread, digits) in [
        ("image width, px", &s.width, 0),
        ("image height, px", &s.height, 0),
        ("box width, share", &s.box_width, 3),
        ("box height, share", &s.box_height, 3),
        ("box area, share", &s.box_area, 3),
    ] {
        if let Some(Spread { min, median, max }) = spread {
            println!("  {name}: {min:.digits$} to {max:.digits$}, median {median:.digits$}");
        }
    }
    let objects = s.images_by_objects.iter().map(|(n, images)| match n {
        1 => format!("{images} with 1 object"),
        n => format!("{images} with {n} objects"),
    });
    if s.usable_images > 0 {
        println!("  images: {}", objects.collect::<Vec<_>>().join(", "));
    }
    let used = |split| found.training.get(&split).copied().unwrap_or(0);
    println!(
        "  training would use {} train, {} val and {} test images of one object",
        used(Split::Train),
        used(Split::Val),
        used(Split::Test)
    );
    problems(found, all);
}

/// A table of classes and splits.
fn classes(found: &Found) {
    let s = &found.summary;
    let splits: BTreeSet<&String> = s.images_per_split.keys().collect();
    // In the order in which they are used.
    let mut splits: Vec<&String> = splits.into_iter().collect();
    splits.sort_by_key(|split| ["train", "val", "test", "none"].iter().position(|s| s == split));
    let width = s
        .objects_per_class
        .keys()
        .map(|c| one_line(c).chars().count())
        .max()
        .unwrap_or(0)
        .clamp(8, 32);
    let row = |name: &str, counts: &BTreeMap<String, usize>| {
        let count = |split: &&String| counts.get(*split).copied().unwrap_or(0);
        let counts: String = splits.iter().map(count).map(|n| format!("{n:>9}")).collect();
        println!("  {name:<width$}{counts}");
    };
    let shown = |split: &str| if split == "none" { "no split".into() } else { split.to_owned() };
    let heads: String = splits.iter().map(|split| format!("{:>9}", shown(split))).collect();
    println!("  {:<width$}{heads}", "");
    row("images", &s.images_per_split);
    for (class, counts) in s.objects_per_class_and_split.iter().take(CLASSES) {
        row(&one_line(class), counts);
    }
    if s.objects_per_class.len() > CLASSES {
        println!("  and {} more classes (--json has all)", s.objects_per_class.len() - CLASSES);
    }
}

/// Everything wrong, grouped by kind, with an example of each and the way out.
fn problems(found: &Found, all: bool) {
    let report = &found.report;
    for (kind, n) in report.counts() {
        let effect = match kind.effect() {
            Effect::Refused => ", and training refuses the folder",
            Effect::LeftOut => ", left out",
            Effect::Noted => "",
        };
        println!("{kind}: {n}{effect}");
        // Warnings and notes differ from each other; the others are one mistake, many times.
        let shown = match kind {
            _ if all => n,
            ProblemKind::Warning | ProblemKind::Note | ProblemKind::Malformed => 5,
            _ => 1,
        };
        let of_kind = report.problems.iter().filter(|p| p.kind == kind);
        of_kind.take(shown).for_each(|problem| println!("  {problem}"));
        if n > shown {
            println!("  and {} more (--all lists them)", n - shown);
        }
        if let Some(advice) = advice(kind, &report.dir) {
            println!("  -> {advice}");
        }
    }
    if report.problems.is_empty() {
        println!("nothing is wrong");
    }
}
