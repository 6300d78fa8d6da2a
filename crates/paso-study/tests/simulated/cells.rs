//! The cells of the table: a truth each, and what must hold there.

use super::Truth;
use super::noise::Noise;
use super::rates::{Bound, Rate, Rates};
use super::record::{Record, study};
use paso_study::Verdict;
use std::ops::Range;

use Bound::{AtLeast, AtMost};

/// The limits of pairs at which each study is read: the default, and one look more.
pub const LIMITS: [usize; 2] = [40, 48];

/// A truth with its bounds.
#[derive(Clone, Debug)]
pub struct Cell {
    pub name: &'static str,
    pub truth: Truth,
    /// Bounds at each of [`LIMITS`].
    pub bounds: [Vec<Bound>; 2],
    /// Bounds of the second question at the first limit.
    pub second: Vec<Bound>,
}

/// The question and the studies that a row of the table counts.
#[derive(Clone, Debug)]
pub struct Row {
    pub name: String,
    pub pairs: usize,
    pub rates: Rates,
    pub bounds: Vec<Bound>,
}

const FLAT: Truth =
    Truth { decay: 0.0, unequal: false, averaged: None, peaked: false, noise: Noise::Normal };
const PEAKED: Truth = Truth { peaked: true, ..FLAT };

fn null() -> Vec<Bound> {
    vec![AtMost(Rate::Helps, 0.025), AtMost(Rate::Harms, 0.025), AtLeast(Rate::Covered, 0.95)]
}

fn effect(helps: f64, flip: f64) -> Vec<Bound> {
    vec![
        AtLeast(Rate::Helps, helps),
        AtMost(Rate::Flip, flip),
        AtMost(Rate::Harms, 0.002),
        AtLeast(Rate::Covered, 0.95),
    ]
}

/// The first question, without alternatives.
pub fn first() -> Vec<Cell> {
    let cell = |name, truth, early: Vec<Bound>, late: Vec<Bound>| Cell {
        name,
        truth,
        bounds: [early, late],
        second: Vec::new(),
    };
    let with = |base: Truth, decay, noise| Truth { decay, noise, ..base };
    let skewed = || vec![AtMost(Rate::Decided, 0.06)];
    let small = || vec![AtMost(Rate::Harms, 0.002), AtLeast(Rate::Covered, 0.95)];
    let found = || [vec![AtLeast(Rate::Helps, 0.58)], small()].concat();
    let one = || [effect(0.92, 0.15), vec![AtMost(Rate::Runs, 85.0)]].concat();
    let late = || effect(0.92, 0.15);
    let (normal, heavy) = (Noise::Normal, Noise::Heavy);
    vec![
        cell("0, flat, normal", with(FLAT, 0.0, normal), null(), null()),
        cell("0, flat, heavy-tailed", with(FLAT, 0.0, heavy), null(), null()),
        cell("0, flat, skewed", with(FLAT, 0.0, Noise::Skewed), skewed(), skewed()),
        cell("0, peaked, normal", with(PEAKED, 0.0, normal), null(), null()),
        cell("0, peaked, heavy-tailed", with(PEAKED, 0.0, heavy), null(), null()),
        cell("0, peaked, skewed", with(PEAKED, 0.0, Noise::Skewed), skewed(), skewed()),
        // Nothing is promised of such noise. The table states what happens.
        cell("0, flat, exponential", with(FLAT, 0.0, Noise::Exponential), Vec::new(), Vec::new()),
        cell("0.5, flat, normal", with(FLAT, 0.5, normal), small(), found()),
        cell("0.5, peaked, normal", with(PEAKED, 0.5, normal), small(), found()),
        cell("1, flat, normal", with(FLAT, 1.0, normal), one(), late()),
        cell("1, peaked, normal", with(PEAKED, 1.0, normal), one(), late()),
        cell("1, peaked, heavy-tailed", with(PEAKED, 1.0, heavy), one(), late()),
        cell("1, peaked, skewed", with(PEAKED, 1.0, Noise::Skewed), Vec::new(), Vec::new()),
        cell(
            "1, peaked, normal, arms of unequal effect",
            Truth { unequal: true, ..with(PEAKED, 1.0, normal) },
            effect(0.85, 0.25),
            effect(0.85, 0.25),
        ),
        cell("1.5, flat, normal", with(FLAT, 1.5, normal), effect(0.99, 0.02), effect(0.99, 0.02)),
        cell(
            "1.5, peaked, normal",
            with(PEAKED, 1.5, normal),
            effect(0.99, 0.02),
            effect(0.99, 0.02),
        ),
    ]
}

/// Both questions. A second question without effect is asked of the constant learning rate ("alone")
/// and of a decay that has won ("after the first"), and so is one with an effect of 1.
pub fn second() -> Vec<Cell> {
    let cell = |name, decay, averaged, second: Vec<Bound>| Cell {
        name,
        truth: Truth { decay, averaged: Some(averaged), ..PEAKED },
        bounds: [Vec::new(), Vec::new()],
        second,
    };
    vec![
        cell("decay 0, averaged 0", 0.0, 0.0, null()),
        cell("decay 1, averaged 1", 1.0, 1.0, null()),
        cell("decay 0, averaged 1", 0.0, 1.0, vec![AtLeast(Rate::Covered, 0.95)]),
        cell("decay 1, averaged 2", 1.0, 2.0, vec![AtLeast(Rate::Covered, 0.95)]),
    ]
}

impl Cell {
    /// Runs some studies of the cell with up to as many pairs as the `looked` first limits allow, on
    /// all cores, and counts them: a row for each limit. `done` is called after each study.
    pub fn rows(&self, studies: Range<u64>, looked: usize, done: &(dyn Fn() + Sync)) -> Vec<Row> {
        // The second question is asked at the default limit only.
        let looked = if self.truth.averaged.is_some() { 1 } else { looked };
        let records = parallel(studies, |number| {
            let record = study(self.truth, number, &LIMITS[..looked]);
            done();
            record
        });
        (0..looked).map(|limit| self.row(limit, &records)).collect()
    }

    fn row(&self, limit: usize, records: &[Vec<Record>]) -> Row {
        let pairs = LIMITS[limit];
        let records = records.iter().map(|record| record[limit]);
        if self.truth.averaged.is_none() {
            let rates = Rates(records.map(|record| record.first).collect());
            return Row {
                name: self.name.into(),
                pairs,
                rates,
                bounds: self.bounds[limit].clone(),
            };
        }
        // Only those where the first question had its usual answer: it says who the second is asked of.
        let usual = if self.truth.decay > 0.0 { Verdict::Helps } else { Verdict::Undecided };
        let asked = records.filter(|record| record.first.verdict == usual);
        let rates = Rates(asked.filter_map(|record| record.second).collect());
        let name = format!("{}, after \"{usual}\"", self.name);
        Row { name, pairs, rates, bounds: self.second.clone() }
    }
}

/// Answers in the order of the numbers, from as many threads as there are cores.
pub fn parallel<T: Send>(numbers: Range<u64>, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = std::sync::atomic::AtomicU64::new(numbers.start);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all: Vec<(u64, T)> = std::thread::scope(|scope| {
        let task = || {
            let take = || next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            std::iter::repeat_with(take)
                .take_while(|number| *number < numbers.end)
                .map(|number| (number, work(number)))
                .collect::<Vec<_>>()
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(task)).collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("no panic")).collect()
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, answer)| answer).collect()
}
