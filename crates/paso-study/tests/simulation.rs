//! The error rates of whole studies whose truth is known: the small version of `cargo xtask rigour`.
//!
//! 200 studies a cell, of a part of the cells; about a minute of CPU time. A rate from 200 studies has a
//! standard error of one to three percent, so every bound is widened by three of them. What this
//! finds is a test that is broken, not one that is a little too generous: that takes the whole table.

#![expect(clippy::print_stderr, reason = "rates are shown with --nocapture")]

mod simulated;

use paso_study::{Role, Verdict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use simulated::cells::{first, second};
use simulated::interrupted::{ALL, continued};
use simulated::noise::Noise;
use simulated::rates::{Bound, Rate, Rates};
use simulated::record::Found;

const STUDIES: u64 = 200;

/// Standard errors by which a bound is widened.
const ERRORS: f64 = 3.0;

/// The bounds that the cells with these names miss.
fn missed(names: &[&str], looked: usize) -> Vec<String> {
    let cells = [first(), second()].concat();
    let chosen = names.iter().map(|name| cells.iter().find(|cell| cell.name == *name));
    let rows = chosen.flat_map(|cell| cell.expect("a cell").rows(0..STUDIES, looked, &|| ()));
    rows.flat_map(|row| {
        eprintln!("| {} | {} |{}", row.name, row.pairs, row.rates.row());
        let wrong = row.rates.missed(&row.bounds, ERRORS);
        wrong.into_iter().map(move |why| format!("{}, {} pairs: {why}", row.name, row.pairs))
    })
    .collect()
}

#[test]
fn without_an_effect_studies_rarely_decide() {
    let names = ["0, peaked, normal", "0, peaked, heavy-tailed"];
    assert_eq!(missed(&names, 1), [] as [&str; 0]);
}

#[test]
fn effects_are_found_again_and_again_and_with_the_right_sign() {
    let names =
        ["1, peaked, normal", "1, peaked, normal, arms of unequal effect", "1.5, peaked, normal"];
    assert_eq!(missed(&names, 1), [] as [&str; 0]);
    assert_eq!(missed(&["0.5, peaked, normal"], 2), [] as [&str; 0], "with more pairs");
}

#[test]
fn the_second_question_keeps_its_own_level_after_the_first() {
    assert_eq!(missed(&["decay 1, averaged 1"], 1), [] as [&str; 0]);
}

#[test]
fn a_study_that_was_interrupted_finds_the_same() {
    let truths: Vec<_> = [first(), second()].concat().iter().map(|cell| cell.truth).collect();
    for how in ALL {
        for (number, which) in [3, 9, truths.len() - 1].into_iter().enumerate() {
            let continued = continued(truths[which], number as u64, how);
            assert!(continued.equal && continued.times > 0, "{how:?}: {continued:?}");
        }
    }
}

#[test]
fn rates_are_counted_as_they_say_and_bounds_can_be_missed() {
    let found = |verdict, covered, runs| Found { verdict, covered, runs };
    let rates = Rates(
        [(Verdict::Helps, 10), (Verdict::Harms, 5), (Verdict::Undecided, 85)]
            .into_iter()
            .flat_map(|(verdict, n)| (0..n).map(move |i| found(verdict, i % 10 > 0, i)))
            .collect(),
    );
    assert_eq!((rates.get(Rate::Helps).0, rates.get(Rate::Decided).0), (0.1, 0.15));
    assert!((rates.get(Rate::Helps).1 - 0.03).abs() < 1e-12);
    // Pairs of different verdicts: 10 * 5 + 10 * 85 + 5 * 85 of 100 * 99 / 2.
    assert!((rates.get(Rate::Flip).0 - 1325.0 / 4950.0).abs() < 1e-12);
    let bounds = [
        Bound::AtMost(Rate::Helps, 0.025),
        Bound::AtMost(Rate::Harms, 0.025),
        Bound::AtLeast(Rate::Covered, 0.95),
        Bound::AtMost(Rate::Runs, 10.0),
    ];
    assert_eq!(rates.missed(&bounds, 0.0).len(), 4, "all of them");
    assert_eq!(rates.missed(&bounds[..2], 2.0).len(), 1, "five percent may be chance, ten are not");
}

#[test]
fn noise_of_a_pair_has_a_standard_deviation_of_one() {
    for noise in [Noise::Normal, Noise::Heavy, Noise::Skewed, Noise::Exponential] {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut run = |role| noise.of_run(role, &mut rng);
        let pairs: Vec<f64> =
            (0..200_000).map(|_| run(Role::Decay) - run(Role::Baseline)).collect();
        let mean = paso_study::stats::mean(&pairs);
        let spread = paso_study::stats::standard_deviation(&pairs);
        // The variance of heavy tails converges slowly.
        assert!(mean.abs() < 0.01 && (spread - 1.0).abs() < 0.05, "{noise:?}: {mean}, {spread}");
    }
}
