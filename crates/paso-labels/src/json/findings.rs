//! What is found in one file with many annotations, without ever growing beyond bounds.
//!
//! A file of 600,000 captions has no box at all. Saying so 600,000 times helps nobody and takes
//! more memory than the file: of each kind the first are named, and the rest is counted.

use std::collections::BTreeMap;

use super::Fault;
use crate::folder::Files;
use crate::report::{Problem, ProblemKind};

/// Problems of a kind that are named, of each file.
const NAMED: usize = 1000;

/// The problems of one file.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    files: &'a Files,
    name: &'a str,
    problems: Vec<Problem>,
    counts: BTreeMap<ProblemKind, usize>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(files: &'a Files, name: &'a str) -> Self {
        Self { files, name, problems: Vec::new(), counts: BTreeMap::new() }
    }

    pub(crate) fn malformed(&mut self, fault: Fault) {
        self.add(ProblemKind::Malformed, fault);
    }

    /// Something about the file as a whole.
    pub(crate) fn of_file(&mut self, kind: ProblemKind, message: String) {
        self.add(kind, Fault { line: None, message });
    }

    pub(crate) fn add(&mut self, kind: ProblemKind, fault: Fault) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= NAMED {
            let file = self.files.shown(self.name);
            self.problems.push(Problem::new(kind, file, fault.line, fault.message));
        }
    }

    /// All problems, in the order in which they were found.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        for (&kind, &count) in self.counts.iter().filter(|(_, count)| **count > NAMED) {
            let message = format!("{} more of this kind ({kind}) are not named", count - NAMED);
            self.problems.push(Problem::new(kind, self.files.shown(self.name), None, message));
        }
        self.problems
    }
}
