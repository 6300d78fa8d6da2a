//! The comparison of the finalists: looks, confirmation, limits, runs that diverge.

mod loops;

use loops::{
    BETWEEN, Recorder, TUNING, decades, four, looks, luck, noise, outcome, run, study, two,
};
use paso_study::{
    Arm, Grid, Outcome, Role, RunMonitor, RunSpec, Session, StudyConfig, TrialError, Verdict,
};

fn decays(run: &RunSpec) -> bool {
    run.spec != "constant"
}

#[test]
fn looks_go_by_count_up_to_the_limit() {
    let undecided = |pairs| {
        let trial = Recorder::new(|run: &RunSpec| noise(run, 3));
        let answer = run(StudyConfig { pairs, ..two() }, &trial);
        assert_eq!(answer.verdict, Verdict::Undecided, "{answer}");
        assert_eq!(trial.distinct(), 2 * answer.decay.last().pairs, "two runs a pair");
        assert_eq!(answer.decay.differences.len(), answer.decay.last().pairs);
        looks(&answer)
    };
    assert_eq!(undecided(8), [8]);
    assert_eq!(undecided(26), [8, 10, 12, 15, 18, 22]);
    assert_eq!(undecided(27), [8, 10, 12, 15, 18, 22, 27]);
}

#[test]
fn a_decision_ends_the_comparison_at_its_look() {
    for (gain, verdict) in
        [(0.1, Verdict::Helps), (-0.1, Verdict::Harms), (0.001, Verdict::NoDifference)]
    {
        let trial = Recorder::new(|run: &RunSpec| {
            luck(run) + 0.002 * noise(run, 1) + if decays(run) { gain } else { 0.0 }
        });
        let answer = run(two(), &trial);
        assert_eq!((answer.verdict, looks(&answer)), (verdict, vec![8]), "{answer}");
        assert_eq!(trial.distinct(), 16, "and nothing else is trained");
        assert!(answer.decay.confirmation.is_none(), "nothing was chosen");
        assert_eq!(answer.decay.more_pairs, None);
    }
}

/// Constant is best at 1e-3 and better at 1e-2 than at 1e-4, so it is tried between 1e-3 and 1e-2,
/// where it is second best.
fn tuned(run: &RunSpec) -> f64 {
    let lower = if run.peak_lr < 1e-3 { 0.01 } else { 0.0 };
    0.5 + luck(run) - 0.05 * decades(run.peak_lr, 1e-3) - lower
}

#[test]
fn a_runner_up_is_trained_only_after_a_crossing() {
    let trial = Recorder::new(|run: &RunSpec| tuned(run) + if decays(run) { 0.02 } else { 0.0 });
    let answer = run(four(), &trial);
    let confirmation = answer.decay.confirmation.as_ref().expect("a confirmation");
    assert_eq!((answer.verdict, confirmation.confirmed), (Verdict::Helps, true));
    assert_eq!(
        (confirmation.runner_up.arm.as_str(), confirmation.runner_up.peak_lr),
        ("constant", BETWEEN)
    );
    assert_eq!(confirmation.look.pairs, 8, "on the same seeds");
    let runs = trial.runs();
    let first = runs.iter().position(|run| run.seed < TUNING && run.peak_lr == BETWEEN);
    assert_eq!(first, Some(runs.len() - 8), "after all runs of the pairs");
    assert_eq!(trial.pairs("constant", BETWEEN), (0..8).collect::<Vec<_>>());

    let trial =
        Recorder::new(|run: &RunSpec| if run.seed < TUNING { noise(run, 8) } else { tuned(run) });
    let answer = run(StudyConfig { margin: 0.001, ..four() }, &trial);
    assert_eq!((answer.verdict, looks(&answer).len()), (Verdict::Undecided, 7), "{answer}");
    assert!(answer.decay.confirmation.is_none());
    let others = trial.runs().iter().filter(|run| run.seed < TUNING && run.peak_lr != 1e-3).count();
    assert_eq!(others, 0, "no crossing, no runner-up");
}

#[test]
fn a_runner_up_that_shares_a_trunk_with_a_pair_is_trained_with_it() {
    // The late decay is best at 1e-2, constant at 1e-3 and second at 1e-2: between the two it is worse.
    let config = StudyConfig {
        arms: vec![
            Arm::new("constant", "constant", Role::Baseline),
            Arm::new("late", "constant(for 80%) then linear(to 0)", Role::Decay),
        ],
        ..four()
    };
    let trial = Recorder::new(|run: &RunSpec| {
        let gain = if decays(run) { 0.06 * run.peak_lr.log10() + 0.24 } else { 0.0 };
        let between = if run.peak_lr == BETWEEN { 0.1 } else { 0.0 };
        tuned(run) + gain - between + if run.seed < TUNING { noise(run, 5) } else { 0.0 }
    });
    let answer = run(StudyConfig { pairs: 10, ..config }, &trial);
    assert_eq!((answer.decay.challenger.peak_lr, answer.decay.incumbent.peak_lr), (1e-2, 1e-3));
    assert_eq!(answer.verdict, Verdict::Undecided);
    assert_eq!(trial.pairs("constant", 1e-2).len(), 10, "before any crossing");
    assert_eq!(trial.raced()["constant 3.16228e-3"].len(), 4, "tried, and no finalist");
    assert!(answer.decay.confirmation.is_none(), "it has no say before one");
}

#[test]
fn a_mistuned_constant_does_not_give_helps() {
    // Luck chose one learning rate for the constant; on new seeds that one is bad, and the others are
    // as good as the decay, also the one half way between the best two of the race.
    for (chosen, second) in [(1e-3, BETWEEN), (BETWEEN, 1e-3)] {
        let trial = Recorder::new(|run: &RunSpec| {
            let metric = match (decays(run), run.seed < TUNING) {
                (true, _) => tuned(run) + 0.02,
                (false, true) => 0.52 + luck(run) - if run.peak_lr == chosen { 0.12 } else { 0.0 },
                (false, false) => tuned(run) + if run.peak_lr == chosen { 0.03 } else { 0.0 },
            };
            metric + 0.004 * noise(run, 2)
        });
        let answer = run(four(), &trial);
        assert_eq!(answer.decay.incumbent.peak_lr, chosen);
        assert_eq!(answer.verdict, Verdict::Undecided, "{answer}");
        let crossed = answer.decay.looks.iter().all(|look| look.verdict == Verdict::Helps);
        assert!(crossed, "against the constant that was chosen it crossed at once");
        let confirmation = answer.decay.confirmation.as_ref().expect("a confirmation");
        assert!(!confirmation.confirmed && confirmation.look.pairs == 27, "{confirmation:?}");
        assert_eq!(confirmation.runner_up.peak_lr, second);
        let note = &answer.notes[0];
        let name = if second == 1e-3 { "1e-3" } else { "3.16e-3" };
        let expected = format!("not surely better than constant at {name}");
        assert!(note.contains(&expected), "{note}");
        assert!(!answer.settled.decided, "{:?}", answer.settled);
    }
}

#[test]
fn a_confirmation_may_spend_twice_as_much() {
    // The decay wins every pair against the best constant, and all but one, narrowly lost, against the
    // runner-up: too few for a test at 5 % of eight pairs.
    let answer = |alpha: f64| {
        let trial = Recorder::new(|run: &RunSpec| {
            let gain = if decays(run) { 0.02 } else { 0.0 };
            let late = if run.seed == 3 && run.peak_lr == BETWEEN { 0.046 } else { 0.0 };
            tuned(run) + gain + late
        });
        run(StudyConfig { alpha, pairs: 8, ..four() }, &trial)
    };
    let found = answer(0.05);
    let (first, confirmation) = (found.decay.last(), found.decay.confirmation.as_ref());
    let confirmation = confirmation.expect("a confirmation");
    assert_eq!((first.share_better, confirmation.look.share_better), (1.0, 7.0 / 8.0));
    assert!(first.needed < confirmation.look.p, "the first test would not cross");
    assert_eq!((first.level, confirmation.look.level), (0.95, 0.9));
    assert_eq!((found.verdict, confirmation.confirmed), (Verdict::Helps, true), "{found}");
    let strict = answer(0.025);
    assert_eq!(strict.verdict, Verdict::Undecided, "twice 2.5 % is too little: {strict}");
    // Every level that a study may have, also where twice as much is no level of a test.
    for alpha in [0.2, 0.25, 0.3, 0.49] {
        let found = answer(alpha);
        let level = found.decay.confirmation.as_ref().expect("a confirmation").look.level;
        assert!((level - (1.0 - 2.0 * alpha).max(0.5)).abs() < 1e-12, "{level} at {alpha}");
        assert_eq!(found.verdict, Verdict::Helps, "{found}");
    }
}

#[test]
fn harm_needs_the_runner_up_decay_to_lose_as_well() {
    // The best decay by the race loses on new seeds; its runner-up loses, or does not.
    for (other, verdict) in [(-0.05, Verdict::Harms), (0.0, Verdict::Undecided)] {
        let trial = Recorder::new(|run: &RunSpec| {
            let (linear, cosine) = (run.spec.starts_with("linear"), run.spec.starts_with("cosine"));
            let gain = match (run.seed < TUNING, linear, cosine) {
                (false, true, _) => 0.02,
                (false, _, true) => 0.01,
                (true, true, _) => -0.05,
                (true, _, true) => other,
                _ => 0.0,
            };
            tuned(run) + gain + 0.004 * noise(run, 4)
        });
        let answer = run(four(), &trial);
        assert_eq!(answer.verdict, verdict, "{answer}");
        let confirmation = answer.decay.confirmation.as_ref().expect("a confirmation");
        assert_eq!(confirmation.runner_up.arm, "cosine");
        assert_eq!(confirmation.confirmed, verdict == Verdict::Harms);
        if verdict == Verdict::Undecided {
            assert!(
                answer.notes[0].contains("cosine at 1e-3 is not surely worse"),
                "{:?}",
                answer.notes
            );
        }
        let settled = if verdict == Verdict::Harms {
            "constant"
        } else {
            answer.settled.finalist.arm.as_str()
        };
        assert_eq!(answer.settled.finalist.arm, settled);
    }
}

#[test]
fn no_difference_is_said_against_the_margin_and_never_without_one() {
    let answer = |margin| {
        let trial = Recorder::new(|run: &RunSpec| luck(run) + 0.002 * noise(run, 6));
        run(StudyConfig { margin, ..two() }, &trial)
    };
    let none = answer(0.01);
    assert_eq!((none.verdict, none.decay.last().level), (Verdict::NoDifference, 0.9));
    assert!(none.to_string().starts_with("No difference of 0.0100 or more from decay: "), "{none}");
    assert!(none.settled.decided && none.settled.finalist.arm == "constant", "the simpler one");
    assert_eq!(answer(0.0).verdict, Verdict::Undecided);
}

#[test]
fn a_larger_limit_goes_on_from_the_kept_runs() {
    let trial = || {
        Recorder::new(|run: &RunSpec| {
            let gain = if decays(run) && run.seed < TUNING { 0.5 } else { 0.0 };
            tuned(run) + gain + noise(run, 11)
        })
    };
    let mut config = four();
    config.arms.push(
        Arm::new("free", "constant", Role::Alternative)
            .with_variant(paso_study::Variant::new("free")),
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let session = Session { folder: Some(folder.path()), ..Session::default() };
    let (kept, mut trained) = (trial(), Vec::new());
    for pairs in [8, 10, 18, 48] {
        let config = StudyConfig { pairs, ..config.clone() };
        let alone = run(config.clone(), &trial());
        let answer = study(config).run(&kept, &session).expect("nothing fails");
        assert_eq!(answer, alone, "{pairs} pairs");
        trained.push(kept.distinct());
        if pairs == 8 {
            assert_eq!(answer.verdict, Verdict::Undecided, "or the test tests nothing: {answer}");
            assert!(answer.decay.more_pairs.is_some(), "{answer}");
        }
    }
    assert!(trained.is_sorted() && trained[3] > trained[0], "{trained:?}");
    // And back: a smaller limit gives what it gave.
    let config = StudyConfig { pairs: 8, ..config };
    let again = study(config.clone()).run(&kept, &session).expect("nothing fails");
    assert_eq!(again, run(config, &trial()), "runs beyond the limit do not count");
}

#[test]
fn a_run_that_diverged_counts_as_the_worst_of_the_race_whatever_comes_later() {
    // The worst of the race is exponential at 1e-4; the pairs go below it.
    let trial = Recorder::new(|run: &RunSpec| {
        if run.seed < TUNING {
            match (decays(run), run.seed) {
                (true, 2 | 5) => f64::NEG_INFINITY,
                (true, _) => 0.5 + noise(run, 1),
                _ => -3.0 - noise(run, 2),
            }
        } else {
            0.2 + tuned(run) - if run.spec.starts_with("exp") { 0.3 } else { 0.0 }
        }
    });
    let answer = run(StudyConfig { pairs: 8, ..four() }, &trial);
    let raced = answer.arms.iter().flat_map(|arm| &arm.tuned.tried);
    assert!(raced.clone().all(|point| point.mean.is_some()));
    let worst = 0.2 + 0.5 - 0.05 - 0.01 - 0.3; // of the first tuning seed, whose luck is that of 2^32
    let worst = worst + (TUNING % 7) as f64 / 100.0;
    let decay = answer.arms.iter().find(|arm| arm.name == answer.decay.challenger.arm).expect("it");
    assert_eq!(decay.diverged, 2);
    for seed in [2, 5] {
        assert!(
            (decay.values[seed] - worst).abs() < 1e-12,
            "{} against {worst}",
            decay.values[seed]
        );
    }
    assert!(answer.notes.iter().any(|n| n.contains("2 of 8 runs diverged")), "{:?}", answer.notes);
}

#[test]
fn without_a_race_a_run_that_diverged_counts_as_the_worst_of_the_first_look() {
    // A metric below zero: a run that failed must not count as better than all.
    let trial = Recorder::new(|run: &RunSpec| match (decays(run), run.seed) {
        (true, 3 | 9) => f64::NAN,
        (_, 9) => -100.0,
        _ => -5.0 + luck(run),
    });
    let answer = run(two(), &trial);
    let (constant, linear) = (&answer.arms[0], &answer.arms[1]);
    assert_eq!((constant.values[0], linear.values[3]), (-5.0, -5.0), "the worst of 16 runs");
    assert_eq!(answer.decay.differences[3], -5.0 - constant.values[3]);
    assert!(answer.verdict != Verdict::Helps, "{answer}");
    if let Some(later) = linear.values.get(9) {
        assert_eq!(*later, -5.0, "fixed at the first look");
    }
}

#[test]
fn the_loss_is_a_second_line_and_decides_nothing() {
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let loss = 1.0 + 0.01 * noise(run, 8) - if decays(run) { 0.2 } else { 0.0 };
        Ok(Outcome { loss: Some(loss), ..outcome(run, noise(run, 9)) })
    };
    let answer = run(two(), &trial);
    let loss = answer.decay.loss.expect("runs have a loss");
    assert_eq!((answer.verdict, loss.verdict), (Verdict::Undecided, Verdict::Helps), "{answer}");
    assert!((loss.mean - 0.2).abs() < 0.01 && loss.pairs == 27, "above 0 is better: {loss}");
    let none = run(two(), &Recorder::new(luck));
    assert!(none.decay.loss.is_none());
}

#[test]
fn a_grid_of_one_compares_what_it_has() {
    let config = StudyConfig { grid: Grid::fixed(0.5), ..two() };
    let answer = run(config, &Recorder::new(|run: &RunSpec| f64::from(u8::from(decays(run)))));
    assert_eq!((answer.decay.challenger.peak_lr, answer.decay.incumbent.peak_lr), (0.5, 0.5));
    assert_eq!(answer.verdict, Verdict::Helps);
}

#[test]
fn metrics_at_the_limits_of_an_f64_are_compared_without_a_panic() {
    let trial = Recorder::new(|run: &RunSpec| {
        let sign = if decays(run) == run.seed.is_multiple_of(2) { 1.0 } else { -1.0 };
        sign * f64::MAX
    });
    let answer = run(StudyConfig { pairs: 10, ..two() }, &trial);
    assert_eq!(answer.verdict, Verdict::Undecided, "{answer}");
    let json = serde_json::to_string(&answer).expect("it has JSON");
    serde_json::from_str::<paso_study::Answer>(&json).expect("its own JSON");
    let one = Recorder::new(|run: &RunSpec| if decays(run) { f64::MAX } else { f64::MIN });
    assert_eq!(run(two(), &one).verdict, Verdict::Helps);
}
