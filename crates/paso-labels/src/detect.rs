//! Which format a folder is in, and why.
//!
//! Every format examines the files that could be its own. Where several find label files (people
//! keep the labels that they converted from), all of them are read, and the one with the most
//! images that are there and have an object is taken; of equals, the first of the list. So a
//! `notes.json` that merely looks like a format does not win over real labels. A format with
//! malformed labels counts by its files instead, where these are more, so that what is wrong is
//! seen. What was not taken is noted, and `--format` chooses.
//!
//! Where no format finds label files, the message lists what was looked at, and what each file
//! lacks.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use crate::folder::Files;
use crate::formats::{Finding, Input};
use crate::raw::RawLabels;
use crate::report::{Evidence, Problem, ProblemKind};
use crate::{Error, Format};

/// Endings of spreadsheets, which hold labels and are not read.
const SPREADSHEETS: [&str; 4] = ["xlsx", "xls", "ods", "numbers"];

/// Files that are named with what they lack, at most.
const SHOWN: usize = 8;

/// The labels of a folder in the format that was asked for or detected, and what was seen.
pub(crate) fn read(
    input: &Input<'_>,
    asked: Option<Format>,
) -> Result<(RawLabels, Vec<Evidence>), Error> {
    let formats = asked.map_or_else(|| Format::ALL.to_vec(), |format| vec![format]);
    let found: Vec<(Format, Finding<'_>)> =
        formats.iter().map(|&format| (format, format.find(input))).collect();
    let here = found.iter().filter(|(_, finding)| !finding.labels.is_empty());
    let mut all: Vec<RawLabels> =
        here.clone().map(|(format, finding)| format.read(input, &finding.labels)).collect();
    // The first of those with the most. What is malformed counts by its files: it has to be seen.
    let files = |i: usize| here.clone().nth(i).map_or(0, |(_, finding)| finding.labels.len());
    let weight = |&i: &usize| match all[i].is_malformed() {
        true => all[i].located().max(files(i)),
        false => all[i].located(),
    };
    let best = (0..all.len()).rev().max_by_key(weight);
    let Some(best) = best else {
        return Err(Error::NotADataset {
            path: input.files.root.clone(),
            message: nothing(input.files, &found),
        });
    };
    let evidence: Vec<Evidence> = here
        .zip(&all)
        .map(|((format, finding), labels)| Evidence {
            format: *format,
            files: finding.labels.len(),
            example: finding.labels[0].to_owned(),
            images: labels.located(),
        })
        .collect();
    let taken = &evidence[best];
    let others = all.iter().zip(&evidence).filter(|(_, other)| other.format != taken.format);
    let notes: Vec<Problem> =
        others.map(|(labels, e)| not_taken(input, labels, e, taken)).collect();
    let mut labels = all.swap_remove(best);
    labels.problems.extend(notes);
    labels.problems.extend(passed_over(input.files, taken.format, &found));
    Ok((labels, evidence))
}

/// A note of labels that were found and not taken; a warning where something is wrong with them.
fn not_taken(input: &Input<'_>, labels: &RawLabels, other: &Evidence, taken: &Evidence) -> Problem {
    let malformed = labels.problems.iter().find(|p| p.kind == ProblemKind::Malformed);
    let wrong =
        malformed.map_or(String::new(), |problem| format!("; they are malformed: {problem}"));
    let message = format!(
        "holds {} labels too ({}, {} usable images); the {} ones are read ({}, {}); --format \
         chooses{wrong}",
        other.format, other.example, other.images, taken.format, taken.example, taken.images
    );
    let kind = if malformed.is_some() { ProblemKind::Warning } else { ProblemKind::Note };
    Problem::new(kind, &*input.files.root, None, message)
}

/// What was looked at, and what it lacks.
fn nothing(files: &Files, found: &[(Format, Finding<'_>)]) -> String {
    let looked_for = found.iter().map(|(format, _)| format!("{format} ({})", format.looked_for()));
    let mut message =
        format!("no labels found; looked for {}", looked_for.collect::<Vec<_>>().join(", "));
    let images = files.images().count();
    write!(message, "\n  {images} images").expect("a string takes it");
    if let Some(image) = files.images().next() {
        write!(message, ", such as {image}").expect("a string takes it");
    }
    for name in files.with_ending(&SPREADSHEETS) {
        write!(message, "\n  {name}: is a spreadsheet; save it as CSV (UTF-8)")
            .expect("a string takes it");
    }
    // One line for each file, with what it lacks for each format.
    let mut lacking: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (format, finding) in found {
        for (file, what) in &finding.lacking {
            lacking.entry(file).or_default().push(format!("no {format}: {what}"));
        }
    }
    for (file, what) in lacking.iter().take(SHOWN) {
        write!(message, "\n  {file}: {}", what.join("; ")).expect("a string takes it");
    }
    if lacking.len() > SHOWN {
        write!(message, "\n  and {} more files", lacking.len() - SHOWN).expect("a string takes it");
    }
    if lacking.is_empty() {
        write!(message, "\n  no file with labels; is the folder one level too high or too low?")
            .expect("a string takes it");
    }
    message
}

/// Notes of files that could have been labels of the format that is read, and are labels of none.
fn passed_over(files: &Files, taken: Format, found: &[(Format, Finding<'_>)]) -> Vec<Problem> {
    let labels: HashSet<&str> = found.iter().flat_map(|(_, f)| f.labels.iter().copied()).collect();
    let Some((_, finding)) = found.iter().find(|(format, _)| *format == taken) else {
        return Vec::new();
    };
    if !taken.notes_others() {
        return Vec::new();
    }
    let others = finding.lacking.iter().filter(|(file, _)| !labels.contains(file));
    let note = |(file, what): &(&str, String)| {
        let message = format!("is no {taken} label: {what}; passed over");
        Problem::new(ProblemKind::Note, files.shown(file), None, message)
    };
    others.take(SHOWN).map(note).collect()
}
