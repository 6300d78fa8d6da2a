//! The race: who gets how many seeds, where grids widen, and who is compared.

mod loops;

use loops::{BETWEEN, Recorder, TUNING, decades, four, luck, outcome, run, study, tried, two};
use paso_study::{
    Arm, Error, Grid, Outcome, Role, RunMonitor, RunSpec, Session, StudyConfig, TrialError, Verdict,
};
use std::collections::BTreeSet;

/// The best learning rate is 1e-3, a higher one is better than a lower one, and of the decays linear
/// is better than cosine and cosine better than exponential. All ranks are different.
fn ranked(run: &RunSpec) -> f64 {
    let kind = match run.spec.split('(').next() {
        Some("linear") => 0.03,
        Some("cosine") => 0.02,
        Some("exponential") => 0.011,
        _ => 0.0,
    };
    let lower = if run.peak_lr < 1e-3 { 0.004 } else { 0.0 };
    0.5 + kind + luck(run) - 0.05 * decades(run.peak_lr, 1e-3) - lower
}

#[test]
fn every_arm_runs_at_every_learning_rate_once_and_the_better_go_on() {
    let trial = Recorder::new(ranked);
    let answer = run(four(), &trial);
    let runs = trial.runs();
    let (first, others) = runs.split_at(12);
    assert!(first.iter().all(|run| run.seed == TUNING), "the first stage has one seed");
    let each: BTreeSet<String> =
        first.iter().map(|run| format!("{} {:e}", run.spec, run.peak_lr)).collect();
    assert_eq!(each.len(), 12, "four arms at three learning rates");
    assert!(others[..9].iter().all(|run| run.seed == TUNING + 1), "6 and 3 get a second one");
    assert!(others[9..19].iter().all(|run| run.seed > TUNING + 1), "3 and 2 get two more");
    let between = |run: &RunSpec| run.spec == "constant" && run.peak_lr == BETWEEN;
    assert!(
        others[19..23].iter().all(|run| run.seed >= TUNING && between(run)),
        "then one between"
    );
    assert!(others[23..].iter().all(|run| run.seed < 1_000), "then come the pairs");
    for (seeds, candidates) in [
        (4, &["linear(to 0) 1e-3", "cosine(to 0) 1e-3", "exponential(to 1%) 1e-3"][..]),
        (4, &["constant 1e-3", "constant 1e-2", "constant 3.16228e-3"]),
        (2, &["linear(to 0) 1e-2", "linear(to 0) 1e-4", "cosine(to 0) 1e-2", "constant 1e-4"]),
        (1, &["cosine(to 0) 1e-4", "exponential(to 1%) 1e-2", "exponential(to 1%) 1e-4"]),
    ] {
        for candidate in candidates {
            let expected: Vec<u64> = (0..seeds).collect();
            assert_eq!(trial.raced()[*candidate], expected, "{candidate}");
        }
    }
    let seeds = |arm: usize| answer.arms[arm].tuned.tried.iter().map(|t| t.seeds);
    assert!(seeds(1).eq([2, 4, 2]) && seeds(3).eq([1, 4, 1]), "and the answer has them");
    assert!(seeds(0).eq([2, 4, 4, 4]), "of the constant, too");
    assert_eq!(
        (answer.decay.challenger.arm.as_str(), answer.decay.challenger.peak_lr),
        ("linear", 1e-3)
    );
    assert_eq!(answer.decay.incumbent.peak_lr, 1e-3);
}

#[test]
fn a_later_seed_can_change_the_order_and_only_what_got_it_counts() {
    // Cosine is the best on the first seed, linear on all four.
    let trial = Recorder::new(|run: &RunSpec| {
        let cosine = run.spec.starts_with("cosine") && run.seed == TUNING;
        ranked(run) + if cosine { 0.03 } else { 0.0 }
    });
    let answer = run(four(), &trial);
    assert_eq!(answer.decay.challenger.arm, "linear");
    assert_eq!(answer.verdict, Verdict::Helps, "{answer}");
}

#[test]
fn only_winners_widen_until_the_best_lies_inside() {
    let grid = Grid { max_points: 9, ..four().grid };
    for (best, widened, between) in [
        (1e-3, vec![1e-4, 1e-3, 1e-2], 3.16228e-4),
        (1e-2, vec![1e-4, 1e-3, 1e-2, 0.1], 3.16228e-3),
        (1e-6, vec![1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2], 3.16228e-7),
    ] {
        let trial = Recorder::new(|run: &RunSpec| {
            let gain = if run.spec.starts_with("linear") { 0.02 } else { 0.0 };
            // Of the two next to the best, the lower one is better.
            let above = if run.peak_lr > best { 0.01 } else { 0.0 };
            0.5 + gain + luck(run) - 0.1 * decades(run.peak_lr, best) - above
        });
        let answer = run(StudyConfig { grid, ..four() }, &trial);
        let mut constant = [widened.clone(), vec![between]].concat();
        constant.sort_by(f64::total_cmp);
        assert_eq!((tried(&answer, 0), tried(&answer, 1)), (constant, widened), "{best}");
        for arm in [2, 3] {
            assert_eq!(tried(&answer, arm), [1e-4, 1e-3, 1e-2], "{best}: no winner, not widened");
        }
        for arm in &answer.arms[..2] {
            assert_eq!((arm.tuned.peak_lr, arm.tuned.at_edge), (best, false), "{}", arm.name);
        }
        let widened =
            answer.arms[1].tuned.tried.iter().filter(|t| !(1e-4..=1e-2).contains(&t.peak_lr));
        assert!(widened.into_iter().all(|point| point.seeds == 4), "on all seeds of the race");
        assert_eq!(answer.notes, [] as [&str; 0], "nothing to warn of");
        trial.distinct();
    }
}

#[test]
fn a_grid_never_has_more_than_its_limit_and_says_that_the_best_may_lie_outside() {
    let grid = Grid { max_points: 5, ..four().grid };
    for (best, end, word) in [(1e3, 1.0, "highest"), (1e-9, 1e-6, "lowest")] {
        let trial = Recorder::new(|run: &RunSpec| luck(run) - decades(run.peak_lr, best));
        let answer = run(StudyConfig { grid, ..four() }, &trial);
        for comparison in [&answer.decay.challenger, &answer.decay.incumbent] {
            let arm = answer.arms.iter().find(|arm| arm.name == comparison.arm).expect("an arm");
            // The one between two others does not count: it does not make the grid wider.
            let most = if arm.name == "constant" { 6 } else { 5 };
            assert_eq!(arm.tuned.tried.len(), most, "no more than the limit");
            let highest = arm.tuned.tried.iter().map(|t| t.peak_lr).fold(0.0, f64::max);
            assert_eq!(highest, if best == 1e3 { end } else { 1e-2 }, "{}", arm.name);
            assert_eq!((arm.tuned.peak_lr, arm.tuned.at_edge), (end, true), "{}", arm.name);
            let note = answer.notes.iter().find(|note| note.starts_with(&arm.name));
            let note = note.expect("a note about this arm");
            assert!(note.contains(word) && note.contains("may lie outside"), "{note}");
        }
    }
}

#[test]
fn a_single_candidate_runs_no_race() {
    let trial = Recorder::new(|run: &RunSpec| luck(run));
    let answer = run(two(), &trial);
    assert!(trial.raced().is_empty(), "{:?}", trial.raced());
    assert_eq!(answer.arms[0].tuned.tried, []);
    assert!(answer.notes[0].starts_with("no learning rate was tuned"), "{:?}", answer.notes);
    // Two decays at one learning rate: the choice between them is a race, the constant's is none.
    let mut config = two();
    config.arms.push(Arm::new("cosine", "cosine(to 0)", Role::Decay));
    let trial = Recorder::new(ranked);
    let answer = run(config, &trial);
    let raced = trial.raced();
    assert_eq!(raced.keys().collect::<Vec<_>>(), ["cosine(to 0) 1e-3", "linear(to 0) 1e-3"]);
    assert!(raced.values().all(|seeds| *seeds == [0, 1, 2, 3]), "{raced:?}");
    assert_eq!(answer.decay.challenger.arm, "linear");
}

#[test]
fn ties_go_to_the_middle_of_the_grid_and_are_no_reason_to_widen() {
    for points in [3, 5] {
        let grid = Grid { points, max_points: 9, ..four().grid };
        let answer = run(StudyConfig { grid, ..four() }, &Recorder::new(luck));
        let comparison = &answer.decay;
        assert_eq!((comparison.challenger.peak_lr, comparison.incumbent.peak_lr), (1e-3, 1e-3));
        assert!((1..4).all(|arm| tried(&answer, arm).len() == points), "not widened");
        assert_eq!(tried(&answer, 0).len(), points + 1, "only one more, between two others");
        assert_eq!(answer.verdict, Verdict::NoDifference);
    }
}

#[test]
fn learning_rates_that_diverge_go_last_and_the_grid_widens_downwards() {
    let grid = Grid { max_points: 7, ..four().grid };
    // Wants to be high, and trains below 3e-6 only.
    let trial = Recorder::new(|run: &RunSpec| {
        if run.peak_lr < 3e-6 { luck(run) + 0.1 * run.peak_lr.log10() } else { f64::NAN }
    });
    let answer = run(StudyConfig { grid, ..four() }, &trial);
    for side in [&answer.decay.challenger, &answer.decay.incumbent] {
        assert_eq!(side.peak_lr, 1e-6, "the highest that trains");
        let arm = answer.arms.iter().find(|arm| arm.name == side.arm).expect("an arm");
        assert_eq!(arm.diverged, 0, "none of the pairs");
        let means: Vec<_> = arm.tuned.tried.iter().map(|t| (t.peak_lr, t.mean.is_some())).collect();
        let mut expected = vec![
            (1e-7, true),
            (1e-6, true),
            (1e-5, false),
            (1e-4, false),
            (1e-3, false),
            (1e-2, false),
        ];
        if arm.name == "constant" {
            expected.insert(1, (3.16228e-7, true)); // The neighbor that trains is the better one.
        }
        assert_eq!(means, expected, "a point that diverged has no mean");
    }
}

#[test]
fn one_diverged_seed_puts_a_candidate_last() {
    // Linear at 1e-3 is the best on three seeds and diverges on the third.
    let trial = Recorder::new(|run: &RunSpec| {
        let fails = run.spec.starts_with("linear") && run.peak_lr == 1e-3 && run.seed == TUNING + 2;
        if fails { f64::INFINITY } else { ranked(run) }
    });
    let answer = run(four(), &trial);
    assert_eq!(answer.decay.challenger.arm, "cosine");
}

#[test]
fn divergence_everywhere_is_an_error_with_the_learning_rates_that_were_tried() {
    let grid = Grid { max_points: 5, ..four().grid };
    let diverges = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        Ok(outcome(run, f64::NAN))
    };
    for (config, ends) in [(StudyConfig { grid, ..four() }, (1e-6, 1e-2)), (two(), (1e-3, 1e-3))] {
        let error = study(config).run(&diverges, &Session::default()).expect_err("diverges");
        let Error::AllDiverged { lowest, highest } = error else { panic!("{error}") };
        assert_eq!((lowest, highest), ends);
    }
}

#[test]
fn tuning_seeds_are_in_no_pair() {
    for first_seed in [0, 1_000, u64::MAX - 3] {
        let trial = Recorder::new(ranked);
        let config = StudyConfig { first_seed, ..four() };
        let answer = run(config, &trial);
        let pairs: BTreeSet<u64> =
            (0..answer.decay.last().pairs as u64).map(|i| first_seed.wrapping_add(i)).collect();
        let tuning: BTreeSet<u64> =
            (0..4).map(|i| first_seed.wrapping_add(TUNING).wrapping_add(i)).collect();
        let seeds: BTreeSet<u64> = trial.runs().iter().map(|run| run.seed).collect();
        assert!(pairs.is_disjoint(&tuning), "{first_seed}");
        assert_eq!(seeds, pairs.union(&tuning).copied().collect(), "{first_seed}");
    }
}

#[test]
fn an_averaged_arm_chooses_its_horizon() {
    let mut config = two();
    config.arms.push(Arm::new("averaged", "constant", Role::Alternative).averaged());
    config.averaging = vec![0.05, 0.5, 1.0];
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let horizons = &run.averaging;
        assert!(horizons.is_empty() || *horizons == [1, 10, 20], "in steps: {horizons:?}");
        let averaged = horizons.iter().map(|h| if *h == 10 { 0.9 } else { 0.6 } + luck(run));
        Ok(Outcome { averaged: averaged.collect(), ..outcome(run, 0.5 + luck(run)) })
    };
    let answer = run(config, &trial);
    let averaged = &answer.arms[2];
    assert_eq!(averaged.tuned.horizon, Some(10));
    assert_eq!(averaged.tuned.tried.len(), 3, "a point for each horizon");
    assert_eq!(answer.arms[0].tuned.horizon, None, "the last weights have none");
    let second = answer.alternative.expect("an alternative");
    assert_eq!((second.challenger.horizon, second.verdict), (Some(10), Verdict::Helps));
}
