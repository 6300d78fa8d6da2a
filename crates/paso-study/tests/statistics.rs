//! The statistics against obvious references: enumeration, definitions, tables and formulas.

use paso_study::stats::{
    ConfidenceInterval, bca, holm, interval, mean, seeds_needed, share_better, sign_flip,
    smallest_p, standard_deviation,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Whole numbers from -9 to 9, so that sums are exact and ties are frequent.
fn whole_numbers(rng: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| f64::from(rng.next_u32() % 19) - 9.0).collect()
}

fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    f64::from(rng.next_u32()) / f64::from(u32::MAX)
}

/// The sums of all sign patterns, by recursion.
fn signed_sums(differences: &[f64]) -> Vec<f64> {
    match differences {
        [] => vec![0.0],
        [first, rest @ ..] => {
            signed_sums(rest).into_iter().flat_map(|sum| [sum + first, sum - first]).collect()
        }
    }
}

#[test]
fn the_sign_flip_test_counts_all_patterns() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for count in 1..=12 {
        for _ in 0..20 {
            let differences = whole_numbers(&mut rng, count);
            let observed = differences.iter().sum::<f64>().abs();
            let sums = signed_sums(&differences);
            let extreme = sums.iter().filter(|sum| sum.abs() >= observed).count();
            let expected = extreme as f64 / sums.len() as f64;
            assert_eq!(sign_flip(&differences), expected, "{differences:?}");
        }
    }
}

#[test]
fn p_depends_on_neither_order_nor_direction_nor_unit() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for count in [3, 8, 13] {
        let differences = whole_numbers(&mut rng, count);
        let p = sign_flip(&differences);
        let changed = |change: fn(&f64) -> f64| {
            sign_flip(&differences.iter().map(change).collect::<Vec<_>>())
        };
        assert_eq!(changed(|d| -d), p, "negated");
        assert_eq!(changed(|d| d / 1024.0), p, "in another unit");
        let reversed: Vec<f64> = differences.iter().rev().copied().collect();
        assert_eq!(sign_flip(&reversed), p, "reversed");
        assert!((smallest_p(count)..=1.0).contains(&p), "{p}");
    }
}

#[test]
fn the_smallest_p_halves_with_every_seed() {
    let expected = [1.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125];
    for (seeds, p) in expected.into_iter().enumerate() {
        assert_eq!(smallest_p(seeds), p, "{seeds} seeds");
    }
    assert!(smallest_p(5) > 0.05 && smallest_p(6) <= 0.05, "hence MIN_SEEDS");
    assert_eq!(paso_study::MIN_SEEDS, 6);
}

#[test]
fn the_sampled_test_keeps_its_level_above_twenty_seeds() {
    // 25 symmetric differences: p <= 0.2 in a fifth of the samples. 300 of them: ±0.07 is three
    // standard errors.
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let rejected = (0..300).filter(|_| {
        let differences: Vec<f64> = (0..25).map(|_| uniform(&mut rng) - 0.5).collect();
        sign_flip(&differences) <= 0.2
    });
    let share = rejected.count() as f64 / 300.0;
    assert!((share - 0.2).abs() < 0.07, "rejected in {share}");
}

#[test]
fn intervals_follow_a_shift_and_a_reflection() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for count in [2, 4, 6, 9, 14, 24] {
        let differences = whole_numbers(&mut rng, count);
        let ConfidenceInterval { low, high } = interval(&differences, 0.95);
        let shifted: Vec<f64> = differences.iter().map(|d| d + 4.0).collect();
        let moved = interval(&shifted, 0.95);
        assert!((moved.low - low - 4.0).abs() < 1e-9, "{count}: {moved:?} for {low}");
        assert!((moved.high - high - 4.0).abs() < 1e-9, "{count}: {moved:?} for {high}");
        let reflected: Vec<f64> = differences.iter().map(|d| -d).collect();
        let mirror = interval(&reflected, 0.95);
        assert!((mirror.low + high).abs() < 1e-9, "{count}: {mirror:?} for {high}");
        assert!((mirror.high + low).abs() < 1e-9, "{count}: {mirror:?} for {low}");
    }
}

#[test]
fn a_higher_level_has_a_wider_interval_that_holds_the_narrower() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for count in [8, 12, 22] {
        let differences = whole_numbers(&mut rng, count);
        let levels = [0.5, 0.8, 0.9, 0.95, 0.98];
        for pair in levels.windows(2) {
            let (narrow, wide) = (interval(&differences, pair[0]), interval(&differences, pair[1]));
            assert!(wide.low <= narrow.low && narrow.high <= wide.high, "{count} at {pair:?}");
        }
        let center = mean(&differences);
        let half = interval(&differences, 0.5);
        assert!(half.low <= center && center <= half.high, "{count}: {center} in {half:?}");
    }
}

#[test]
fn six_seeds_at_95_percent_have_their_range_as_interval() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for _ in 0..50 {
        let differences: Vec<f64> = (0..6).map(|_| uniform(&mut rng)).collect();
        let low = differences.iter().copied().fold(f64::INFINITY, f64::min);
        let high = differences.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!(interval(&differences, 0.95), ConfidenceInterval { low, high });
    }
}

#[test]
fn fewer_than_six_seeds_have_students_interval() {
    // Quantiles of Student's t at 97.5 %, as any table has them.
    let table = [(2, 12.706), (3, 4.303), (4, 3.182), (5, 2.776)];
    for (count, t) in table {
        let differences: Vec<f64> = (0..count).map(|i| f64::from(i * i)).collect();
        let half = t * standard_deviation(&differences) / f64::from(count).sqrt();
        let found = interval(&differences, 0.95);
        assert!((found.high - mean(&differences) - half).abs() < 1e-3 * half, "{count}: {found:?}");
        assert!((mean(&differences) - found.low - half).abs() < 1e-3 * half, "{count}: {found:?}");
    }
}

#[test]
fn intervals_from_random_subsets_cover_at_their_level() {
    // 22 seeds, so that subsets are drawn. 200 samples: three standard errors are 0.046.
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let covered = (0..200).filter(|_| {
        let differences: Vec<f64> =
            (0..22).map(|_| 0.3 + uniform(&mut rng) - uniform(&mut rng)).collect();
        let found = interval(&differences, 0.95);
        found.low <= 0.3 && 0.3 <= found.high
    });
    let share = covered.count() as f64 / 200.0;
    assert!((share - 0.95).abs() < 0.047, "covers in {share}");
}

#[test]
fn within_is_strict_on_both_sides() {
    let interval = ConfidenceInterval { low: -0.5, high: 0.25 };
    for (margin, expected) in
        [(0.5, false), (0.500_001, true), (0.25, false), (1.0, true), (0.0, false)]
    {
        assert_eq!(interval.within(margin), expected, "margin {margin}");
    }
    let unknown = ConfidenceInterval { low: f64::NEG_INFINITY, high: f64::INFINITY };
    assert!(!unknown.within(1e300), "an interval without ends is within nothing");
}

/// The means of all `n^n` resamples.
fn all_resamples(differences: &[f64]) -> Vec<f64> {
    let n = differences.len();
    let total = n.pow(u32::try_from(n).expect("a few"));
    let of = |mut which: usize| {
        let mut sum = 0.0;
        for _ in 0..n {
            sum += differences[which % n];
            which /= n;
        }
        sum / n as f64
    };
    let mut means: Vec<f64> = (0..total).map(of).collect();
    means.sort_by(f64::total_cmp);
    means
}

/// Efron's formula (1987) on all resamples instead of random ones, with a jackknife that leaves
/// each difference out.
fn direct_bca(differences: &[f64], level: f64) -> ConfidenceInterval {
    let n = differences.len();
    let (means, normal) = (all_resamples(differences), Normal::standard());
    let center = mean(differences);
    let equal = |m: &&f64| (**m - center).abs() < 1e-12;
    let ties = means.iter().filter(equal).count();
    let below = means.iter().filter(|m| **m < center - 1e-12).count();
    let z0 = normal.inverse_cdf((below as f64 + ties as f64 / 2.0) / means.len() as f64);
    let left_out: Vec<f64> = (0..n)
        .map(|i| (differences.iter().sum::<f64>() - differences[i]) / (n as f64 - 1.0))
        .collect();
    let middle = mean(&left_out);
    let cubes: f64 = left_out.iter().map(|m| (middle - m).powi(3)).sum();
    let squares: f64 = left_out.iter().map(|m| (middle - m).powi(2)).sum();
    let a = cubes / (6.0 * squares.powf(1.5));
    let end = |share: f64| {
        let z = z0 + normal.inverse_cdf(share);
        let at = normal.cdf(z0 + z / (1.0 - a * z)) * (means.len() - 1) as f64;
        let nearest = |i: &usize| (*i as f64 - at).abs() <= 0.5;
        means[(0..means.len()).find(nearest).expect("a share of them")]
    };
    ConfidenceInterval { low: end((1.0 - level) / 2.0), high: end((1.0 + level) / 2.0) }
}

#[test]
fn bca_is_efrons_formula() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for count in [6, 7] {
        for _ in 0..4 {
            // Skewed, so that bias and acceleration matter.
            let differences: Vec<f64> = (0..count).map(|_| uniform(&mut rng).powi(2)).collect();
            let (ours, direct) = (bca(&differences, 0.9), direct_bca(&differences, 0.9));
            // 1,999 resamples have a Monte-Carlo error of a few percent of the width.
            let tolerance = 0.1 * (direct.high - direct.low);
            assert!((ours.low - direct.low).abs() < tolerance, "{ours:?} against {direct:?}");
            assert!((ours.high - direct.high).abs() < tolerance, "{ours:?} against {direct:?}");
        }
    }
}

#[test]
fn bca_is_the_same_every_time_and_lies_within_the_data() {
    let differences = [0.5, -0.1, 0.3, 0.2, 2.0, 0.1, -0.4];
    let found = bca(&differences, 0.95);
    assert_eq!(found, bca(&differences, 0.95), "resampling starts from a fixed seed");
    assert!(-0.4 <= found.low && found.low < found.high && found.high <= 2.0, "{found:?}");
    let narrow = bca(&differences, 0.5);
    assert!(found.low <= narrow.low && narrow.high <= found.high, "{narrow:?} in {found:?}");
}

/// Adjusted p-values by the closure principle: the largest Bonferroni p-value of the sets that a
/// test is in.
fn closed_testing(p_values: &[f64]) -> Vec<f64> {
    let n = p_values.len();
    (0..n)
        .map(|i| {
            (1u32..1 << n)
                .filter(|set| set >> i & 1 == 1)
                .map(|set| {
                    let members = (0..n).filter(|j| set >> j & 1 == 1).map(|j| p_values[j]);
                    let least = members.fold(f64::INFINITY, f64::min);
                    (f64::from(set.count_ones()) * least).min(1.0)
                })
                .fold(0.0, f64::max)
        })
        .collect()
}

#[test]
fn holm_is_closed_testing_with_bonferroni() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for count in 1..=6 {
        for _ in 0..20 {
            // Sixteenths, so that products are exact and ties occur.
            let p: Vec<f64> = (0..count).map(|_| f64::from(rng.next_u32() % 17) / 16.0).collect();
            assert_eq!(holm(&p), closed_testing(&p), "{p:?}");
        }
    }
}

#[test]
fn adjusted_p_values_are_never_below_the_raw_ones() {
    let p = [0.04, 0.01, 0.01, 0.9, 0.2];
    let adjusted = holm(&p);
    for (raw, adjusted) in p.iter().zip(&adjusted) {
        assert!(raw <= adjusted && *adjusted <= 1.0, "{raw} became {adjusted}");
    }
    assert_eq!(adjusted[1], adjusted[2], "equal ones stay equal");
    assert_eq!(holm(&[0.03]), [0.03], "one test needs no correction");
}

/// Whether a study of `n` seeds would be decided, if mean and spread stay as they are.
fn decided(center: f64, spread: f64, n: usize, level: f64, margin: f64) -> bool {
    let t = StudentsT::new(0.0, 1.0, n as f64 - 1.0).expect("at least two seeds");
    let half = |quantile: f64| t.inverse_cdf(quantile) * spread / (n as f64).sqrt();
    center.abs() > half(0.5 + level / 2.0) || center.abs() + half(level) < margin
}

#[test]
fn the_advice_is_the_first_number_of_seeds_that_decides() {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let mut some = 0;
    for _ in 0..60 {
        let differences: Vec<f64> = (0..6).map(|_| uniform(&mut rng) - 0.4).collect();
        let (center, spread) = (mean(&differences), standard_deviation(&differences));
        let Some(n) = seeds_needed(&differences, 0.95, 0.05, 6) else { continue };
        some += 1;
        assert!(n > differences.len(), "more than there are");
        assert!(decided(center, spread, n, 0.95, 0.05), "{n} seeds decide: {differences:?}");
        let earlier = (7..n).find(|n| decided(center, spread, *n, 0.95, 0.05));
        assert_eq!(earlier, None, "fewer than {n} seeds do not: {differences:?}");
    }
    assert!(some > 30, "most of them can be decided, {some} of 60");
}

#[test]
fn the_advice_is_never_below_the_least() {
    for least in [6, 10, 50] {
        assert_eq!(seeds_needed(&[1.0, 1.01, 0.99], 0.95, 0.0, least), Some(least));
    }
    assert_eq!(seeds_needed(&[1.0; 8], 0.95, 0.0, 6), Some(9), "at least one more");
    assert_eq!(seeds_needed(&[1e-9, -1e-9, 2e-9], 0.95, 1.0, 6), Some(6), "all within the margin");
}

#[test]
fn means_deviations_and_shares_are_those_of_a_textbook() {
    // Mean 5, and a sum of squares of 32 over 7.
    let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
    assert_eq!(mean(&values), 5.0);
    assert!((standard_deviation(&values) - (32.0f64 / 7.0).sqrt()).abs() < 1e-12);
    assert!(mean(&[]).is_nan() && standard_deviation(&[1.0]).is_nan(), "undefined");
    assert_eq!(share_better(&[1.0, -1.0, 0.0, 0.0]), 0.5, "a tie counts half");
    assert_eq!(share_better(&[-1.0, -2.0]), 0.0);
    assert_eq!(share_better(&[1e-300]), 1.0, "however small");
}

#[test]
fn what_has_no_answer_is_refused() {
    type Call = fn();
    let calls: [(&str, Call); 8] = [
        ("at least one", || {
            let _ = sign_flip(&[]);
        }),
        ("finite", || {
            let _ = sign_flip(&[f64::INFINITY]);
        }),
        ("finite", || {
            let _ = interval(&[], 0.95);
        }),
        ("finite", || {
            let _ = interval(&[f64::NAN], 0.95);
        }),
        ("between 0 and 1", || {
            let _ = interval(&[1.0, 2.0], 1.0);
        }),
        ("between 0 and 1", || {
            let _ = interval(&[1.0, 2.0], 0.0);
        }),
        ("finite", || {
            let _ = bca(&[], 0.95);
        }),
        ("between 0 and 1", || {
            let _ = bca(&[1.0], f64::NAN);
        }),
    ];
    for (i, (part, call)) in calls.into_iter().enumerate() {
        let panic = std::panic::catch_unwind(call).expect_err("refused");
        let message = panic.downcast_ref::<String>().cloned();
        let message = message.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        let message = message.expect("a message");
        assert!(message.contains(part), "call {i}: {message}");
    }
}
