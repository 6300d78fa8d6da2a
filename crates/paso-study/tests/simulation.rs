//! The error rates of the verdict, measured on simulated studies whose truth is known.
//!
//! Every figure in here is a frequency out of `STUDIES` simulated ones; its standard error is
//! stated with it. Run with `cargo test -p paso-study --test simulation -- --nocapture` to see the
//! figures.

use paso_study::stats::{ConfidenceInterval, bca, interval};
use paso_study::{
    Grid, Outcome, RunMonitor, RunSpec, Session, Study, StudyConfig, TrialError, Verdict, compare,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const STUDIES: u64 = 2_000;

/// A number of mean 0 and variance 1, more or less normal: a sum of twelve uniform ones.
fn bell(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| uniform(rng)).sum::<f64>() - 6.0
}

/// A skewed number of mean 0 and variance 1: exponential, as a run that now and then goes badly.
fn skewed(rng: &mut ChaCha8Rng) -> f64 {
    1.0 + (1.0 - uniform(rng)).ln()
}

fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// The share of `STUDIES` in which `question` says yes, with its standard error; both cores work.
fn share(question: impl Fn(u64) -> bool + Sync) -> (f64, f64) {
    let half = |studies: std::ops::Range<u64>| studies.filter(|study| question(*study)).count();
    let yes = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(STUDIES / 2..STUDIES));
        half(0..STUDIES / 2) + other.join().expect("no panic")
    });
    let share = yes as f64 / STUDIES as f64;
    (share, (share * (1.0 - share) / STUDIES as f64).sqrt())
}

fn differences(
    study: u64,
    seeds: usize,
    shift: f64,
    noise: fn(&mut ChaCha8Rng) -> f64,
) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(study);
    (0..seeds).map(|_| shift + noise(&mut rng) - noise(&mut rng)).collect()
}

#[test]
fn whole_studies_without_a_difference_rarely_say_helps() {
    // Every metric is noise, its own for arm, learning rate and seed: tuning picks the luckiest of
    // everything, as it does in real life.
    for (name, noise) in [("normal", bell as fn(&mut ChaCha8Rng) -> f64), ("skewed", skewed)] {
        let verdict = |study: u64| {
            let trial = move |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
                let label = format!("{study} {run}");
                let key = label
                    .bytes()
                    .fold(0u64, |key, byte| key.wrapping_mul(1_000_003) ^ u64::from(byte));
                let mut rng = ChaCha8Rng::seed_from_u64(key);
                let metric = noise(&mut rng);
                let averaged = run.averaging.iter().map(|_| noise(&mut rng)).collect();
                Ok(Outcome { metric, averaged, ..Outcome::default() })
            };
            let grid = Grid { max_points: 3, ..Grid::default() };
            let config =
                StudyConfig { margin: 0.1, tuning_seeds: 1, grid, ..StudyConfig::default() };
            let study = Study::new(config).expect("a valid configuration");
            study.run(&trial, &Session::default()).expect("the trial never fails").verdict
        };
        let (helps, error) = share(|study| verdict(study) == Verdict::Helps);
        eprintln!("no difference, {name}: helps in {:.2} % ± {:.2}", 100.0 * helps, 100.0 * error);
        assert!(helps <= 0.05, "{name}: helps in {helps} of the studies without a difference");
    }
}

#[test]
fn intervals_cover_at_their_level() {
    // Paired differences of normal and of very skewed metrics. The exact interval cannot cover with
    // less than its level, and with six seeds 96.9 % is the nearest it can have; the bootstrap is
    // printed next to it, and asserted to be what the docs say: too short.
    for seeds in [6, 8, 12] {
        for (name, noise) in [("normal", bell as fn(&mut ChaCha8Rng) -> f64), ("skewed", skewed)] {
            let covers = |interval: ConfidenceInterval| interval.low <= 0.3 && 0.3 <= interval.high;
            let (exact, error) =
                share(|study| covers(interval(&differences(study, seeds, 0.3, noise), 0.95)));
            let (boot, _) =
                share(|study| covers(bca(&differences(study, seeds, 0.3, noise), 0.95)));
            eprintln!(
                "{seeds} seeds, {name}: covers in {:.1} % ± {:.1}, BCa in {:.1} %",
                100.0 * exact,
                100.0 * error,
                100.0 * boot
            );
            let nominal = if seeds == 6 { 62.0 / 64.0 } else { 0.95 };
            assert!(
                (exact - nominal).abs() < 3.0 * error,
                "{seeds} seeds, {name}: covers in {exact}, not {nominal}"
            );
            assert!(
                boot < exact,
                "{seeds} seeds, {name}: the bootstrap covers in {boot}, more than {exact}"
            );
        }
    }
}

#[test]
fn a_difference_as_large_as_the_margin_is_rarely_called_none() {
    for seeds in [6, 12] {
        let (none, error) = share(|study| {
            compare(&differences(study, seeds, 0.5, bell), 0.5, 0.05).verdict
                == Verdict::NoDifference
        });
        eprintln!(
            "{seeds} seeds, difference = margin: none in {:.1} % ± {:.1}",
            100.0 * none,
            100.0 * error
        );
        assert!(none <= 0.05 + 2.0 * error, "{seeds} seeds: called none in {none}");
    }
}

#[test]
fn a_large_difference_is_found() {
    let (found, error) = share(|study| {
        compare(&differences(study, 8, 3.0, bell), 0.1, 0.05).verdict == Verdict::Helps
    });
    eprintln!(
        "8 seeds, difference twice its spread: helps in {:.1} % ± {:.1}",
        100.0 * found,
        100.0 * error
    );
    assert!(found > 0.9, "found in only {found}");
}
