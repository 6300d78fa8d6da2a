//! The test against plain enumeration, and what it promises.

use super::boundary::{Side, budgets, first_crossing};
use super::paths::Paths;
use super::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A test of these differences, whose last look is that of all of them at once.
fn pushed(differences: &[f64], rule: Rule) -> SequentialTest {
    let mut test = SequentialTest::new(rule).expect("a rule");
    differences.iter().for_each(|d| {
        test.push(*d);
    });
    let last = SequentialTest::last_look(rule, differences).expect("a rule");
    assert_eq!(last.as_ref(), test.looks().last());
    test
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64).sum::<f64>() - 6.0
}

/// Removes paths by sorting all of them, without any of the shortcuts.
fn crosses_by_sorting(differences: &[f64], alpha: f64) -> Option<usize> {
    let n = differences.len();
    let sum = |path: usize, pairs: usize| -> f64 {
        (0..pairs).map(|i| if path >> i & 1 == 1 { -differences[i] } else { differences[i] }).sum()
    };
    let mut left: Vec<usize> = (0..1 << n).collect();
    let mut gone = 0;
    for look in looks().take_while(|look| *look <= n) {
        left.sort_by(|a, b| sum(*b, look).total_cmp(&sum(*a, look)));
        let may = whole(spent(alpha, look) * (1 << n) as f64) - gone;
        let mut cut = may;
        while cut > 0 && (sum(left[cut - 1], look) - sum(left[cut], look)).abs() < 1e-9 {
            cut -= 1;
        }
        if left[..cut].contains(&0) {
            return Some(look);
        }
        left.drain(..cut);
        gone += cut;
    }
    None
}

fn whole(x: f64) -> usize {
    crate::stats::whole(x + 1e-9)
}

#[test]
fn crossings_are_those_of_sorting_every_path() {
    for seed in 0..60 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shift = (seed % 4) as f64 * 0.4;
        // Every third sample has ties.
        let round = |d: f64| if seed % 3 == 0 { d.round() } else { d };
        let differences: Vec<f64> = (0..12).map(|_| round(normal(&mut rng) + shift)).collect();
        let test = pushed(&differences, Rule::default());
        let found = test.looks().iter().find(|l| l.verdict == Verdict::Helps).map(|l| l.pairs);
        assert_eq!(found, crosses_by_sorting(&differences, 0.05), "seed {seed}: {differences:?}");
    }
}

#[test]
fn ends_of_the_interval_separate_what_is_rejected_from_what_is_not() {
    for (seed, n) in [(1, 8), (2, 12), (3, 15), (4, 18), (5, 22), (6, 33)] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let differences: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
        let interval = pushed(&differences, Rule::default()).looks.last().expect("a look").interval;
        let paths = Paths::new(&differences);
        let allowed = budgets(&paths, 0.05, 1.0);
        let rejected = |t: f64, side| first_crossing(&paths, &allowed, t, side).is_some();
        let hair = 1e-4 * (interval.high - interval.low);
        assert!(
            rejected(interval.low - hair, Side::Above)
                && !rejected(interval.low + hair, Side::Above)
        );
        assert!(
            rejected(interval.high + hair, Side::Below)
                && !rejected(interval.high - hair, Side::Below)
        );
    }
}

#[test]
fn a_test_is_symmetric_and_its_first_decision_stands() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let differences: Vec<f64> = (0..22).map(|_| normal(&mut rng) + 1.2).collect();
    let negated: Vec<f64> = differences.iter().map(|d| -d).collect();
    let (better, worse) =
        (pushed(&differences, Rule::default()), pushed(&negated, Rule::default()));
    assert_eq!((better.verdict(), worse.verdict()), (Verdict::Helps, Verdict::Harms));
    for (a, b) in better.looks().iter().zip(worse.looks()).filter(|(a, _)| a.pairs <= 18) {
        assert_eq!((a.p, a.needed, a.mean), (b.p, b.needed, -b.mean), "{a}");
        assert!((a.interval.low + b.interval.high).abs() < 1e-4, "{a} {b}");
    }
    let mut test = pushed(&differences, Rule::default());
    (0..30).for_each(|_| {
        test.push(-5.0);
    });
    assert_eq!(test.verdict(), Verdict::Helps, "whatever comes later");
}

#[test]
fn eight_pairs_decide_only_when_all_agree() {
    let mut eight = [0.02, 0.01, 0.03, 0.02, 0.01, 0.05, 0.02, 0.04];
    assert_eq!(pushed(&eight, Rule::default()).verdict(), Verdict::Helps);
    eight[1] = -0.001;
    let test = pushed(&eight, Rule::default());
    assert_eq!(test.verdict(), Verdict::Undecided);
    let look = test.looks()[0];
    assert_eq!((look.p, look.needed), (4.0 / 256.0, 2.0 / 256.0), "{look}");
    assert!(test.more_pairs().is_some_and(|more| more <= 10));
}

#[test]
fn nothing_differs_and_small_differences_are_none() {
    let rule = Rule { margin: 0.01, ..Rule::default() };
    let same = pushed(&[0.0; 10], rule);
    assert_eq!(same.verdict(), Verdict::NoDifference);
    for equal in [0.0, 0.25, -3.0] {
        let test = pushed(&[equal; 18], Rule::default());
        let ends = test.looks().iter().map(|look| (look.interval.low, look.interval.high));
        assert!(ends.into_iter().all(|ends| ends == (equal, equal)), "{:?}", test.looks());
    }
    assert_eq!(pushed(&[0.0; 10], Rule::default()).verdict(), Verdict::Undecided);
    let tiny = [0.0011, 0.0012, 0.001, 0.0013, 0.0009, 0.0011, 0.001, 0.0012];
    let test = pushed(&tiny, rule);
    let look = test.looks()[0];
    assert_eq!((test.verdict(), look.level), (Verdict::NoDifference, 0.9));
    assert!(look.interval.low > -0.01 && look.interval.high < 0.01, "{look}");
    assert_eq!(pushed(&tiny, Rule::default()).verdict(), Verdict::Helps, "nothing is too small");
}

#[test]
fn rules_out_of_range_are_refused() {
    for (alpha, margin, field) in [
        (0.0, 0.0, "alpha"),
        (0.5, 0.0, "alpha"),
        (f64::NAN, 0.0, "alpha"),
        (0.05, -1.0, "margin"),
        (0.05, f64::INFINITY, "margin"),
    ] {
        let error = SequentialTest::new(Rule { alpha, margin }).expect_err(field).to_string();
        assert!(error.starts_with(field), "{error}");
    }
}

#[test]
#[should_panic(expected = "a difference is finite, got NaN")]
fn a_difference_that_is_no_number_is_refused() {
    let _ = SequentialTest::new(Rule::default()).expect("a rule").push(f64::NAN);
}

#[test]
fn a_long_test_has_an_interval_around_its_mean() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let differences: Vec<f64> = (0..100).map(|_| normal(&mut rng) + 0.1).collect();
    let test = pushed(&differences, Rule::default());
    let last = test.looks().last().expect("looks");
    assert_eq!(last.pairs, 84);
    assert!(last.interval.low < last.mean && last.mean < last.interval.high, "{last}");
    let width = last.interval.high - last.interval.low;
    assert!((0.4..0.9).contains(&width), "about 2 * 2.8 / sqrt(84): {width}");
}

#[test]
fn level_of_one_look_at_small_counts_is_what_may_be_spent() {
    // At a given set of magnitudes, over all sign paths: never more than alpha / 2 a side.
    let magnitudes = [0.3, 1.1, 0.7, 0.2, 0.9, 1.4, 0.6, 0.5, 1.0, 0.8];
    let mut crossed = 0;
    for path in 0..1 << 10 {
        let sign = |i: usize| if path >> i & 1 == 1 { -1.0 } else { 1.0 };
        let differences: Vec<f64> = (0..10).map(|i| sign(i) * magnitudes[i]).collect();
        let paths = Paths::new(&differences);
        let allowed = budgets(&paths, 0.05, 1.0);
        crossed += usize::from(first_crossing(&paths, &allowed, 0.0, Side::Above).is_some());
    }
    let may = whole(spent(0.05, 10) * 1024.0);
    assert!((may - 2..=may).contains(&crossed), "{crossed} of {may}: only ties stay");
}
