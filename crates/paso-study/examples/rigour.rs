//! The table of the study's error rates, by simulation: `cargo xtask rigour` runs it.
//!
//! ```text
//! cargo run --release -p paso-study --example rigour -- [STUDIES [TEXT]]
//! ```
//!
//! STUDIES per cell, 2,000 unless said otherwise; only the cells whose name contains TEXT, of which
//! `interrupted` stands for the studies in files. The table
//! goes to stdout and progress to stderr. It ends with 1 if a bound is missed: with 2,000 studies,
//! measured rates are compared as they are, without allowance for chance.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

#[path = "../tests/simulated/mod.rs"]
mod simulated;

use simulated::cells::{Cell, Row, first as first_cells, parallel, second as second_cells};
use simulated::interrupted::{ALL, continued};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// One in so many studies is also done in files, interrupted.
const IN_FILES: u64 = 20;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let studies = arguments.next().map_or(Ok(2_000), |text| text.parse());
    let Ok(studies) = studies.map(|studies: u64| studies.max(2)) else {
        eprintln!("usage: rigour [STUDIES [TEXT]]");
        return ExitCode::from(2);
    };
    let only = arguments.next().unwrap_or_default();
    let (first, second) = (chosen(first_cells(), &only), chosen(second_cells(), &only));
    let progress = Progress::new((first.len() + second.len()) as u64 * studies);
    println!(
        "{studies} studies a cell; each rate with its standard error, in percent of the studies but for flip and runs.\n"
    );
    let mut missed = table("truth, learning rates, noise", &first, studies, &progress);
    missed.extend(table("second question, peaked, normal", &second, studies, &progress));
    if "interrupted".contains(&only) {
        missed.extend(interruptions(&first_cells(), studies.div_ceil(IN_FILES)));
    }
    for line in &missed {
        println!("MISSED: {line}");
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn chosen(cells: Vec<Cell>, only: &str) -> Vec<Cell> {
    cells.into_iter().filter(|cell| cell.name.contains(only)).collect()
}

/// Prints the rows of the cells, if there are any, as they come; returns the bounds that are missed.
fn table(title: &str, cells: &[Cell], studies: u64, progress: &Progress) -> Vec<String> {
    let mut missed = Vec::new();
    if cells.is_empty() {
        return missed;
    }
    println!("| {title} | pairs | helps % | harms % | flip | covered % | runs |");
    println!("|---|---|---|---|---|---|---|");
    for cell in cells {
        for Row { name, pairs, rates, bounds } in cell.rows(0..studies, 2, &|| progress.step()) {
            let wrong = rates.missed(&bounds, 0.0);
            let mark = if wrong.is_empty() { "" } else { " **missed**" };
            println!("| {name}{mark} | {pairs} |{}", rates.row());
            missed.extend(wrong.into_iter().map(|why| format!("{name}, {pairs} pairs: {why}")));
        }
    }
    println!();
    missed
}

/// Interrupted studies of the cells, each of another one; returns those that found something else.
fn interruptions(cells: &[Cell], studies: u64) -> Vec<String> {
    let mut missed = Vec::new();
    println!("| interrupted and gone on with | studies | gone on | equal |");
    println!("|---|---|---|---|");
    for how in ALL {
        eprintln!("{how:?}: {studies} studies in files");
        let all = parallel(0..studies, |number| {
            let cell = &cells[usize::try_from(number).expect("few") % cells.len()];
            continued(cell.truth, number, how)
        });
        let times: usize = all.iter().map(|continued| continued.times).sum();
        let equal = all.iter().filter(|continued| continued.equal).count();
        println!("| {how:?} | {studies} | {times} times | {equal} |");
        if equal < all.len() {
            missed.push(format!("{how:?}: {equal} of {studies} studies found the same"));
        }
    }
    println!();
    missed
}

/// Counts studies, and says at every hundredth what time is left.
struct Progress {
    total: u64,
    done: AtomicU64,
    start: Instant,
}

impl Progress {
    fn new(total: u64) -> Self {
        Self { total, done: AtomicU64::new(0), start: Instant::now() }
    }

    fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done * 100 / self.total > (done - 1) * 100 / self.total {
            let share = done as f64 / self.total as f64;
            let left = self.start.elapsed().mul_f64((1.0 - share) / share);
            let left = Duration::from_secs(left.as_secs());
            eprintln!("{done} of {} studies, about {left:?} left", self.total);
        }
    }
}
