//! Whole studies of a loop that trains nothing: tuning, plans, budgets, events, sentences.

mod peaked;

use paso_study::{
    Arm, Event, Grid, Outcome, Role, RunMonitor, RunSpec, Session, Study, StudyConfig, TrialError,
    Variant, Verdict,
};
use peaked::{peaked, run, small, tried};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn a_grid_widens_towards_the_best_and_stops_past_it() {
    let grid = Grid { center: 1e-3, factor: 10.0, points: 3, max_points: 9 };
    for (best, expected) in [
        (1e-3, vec![1e-4, 1e-3, 1e-2]),
        (1e-2, vec![1e-4, 1e-3, 1e-2, 1e-1]),
        (1e-5, vec![1e-6, 1e-5, 1e-4, 1e-3, 1e-2]),
        (1.0, vec![1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]),
    ] {
        let answer = run(StudyConfig { grid, ..small() }, best);
        for (i, arm) in answer.arms.iter().enumerate() {
            assert_eq!(tried(&answer, i), expected, "{}: every arm has the same grid", arm.name);
            assert_eq!((arm.peak_lr, arm.tuned.at_edge), (best, false), "{}", arm.name);
        }
        assert_eq!(answer.notes, [] as [&str; 0], "nothing to warn of");
    }
}

#[test]
fn a_grid_never_has_more_than_its_limit_and_says_that_the_best_may_lie_outside() {
    let grid = Grid { center: 1e-3, factor: 10.0, points: 3, max_points: 5 };
    for (best, end, word) in [(1e3, 1.0, "highest"), (1e-9, 1e-6, "lowest")] {
        let answer = run(StudyConfig { grid, ..small() }, best);
        assert_eq!(tried(&answer, 0).len(), 5, "no more than the limit");
        for arm in &answer.arms {
            assert_eq!((arm.peak_lr, arm.tuned.at_edge), (end, true), "{}", arm.name);
            let note = answer.notes.iter().find(|note| note.starts_with(&arm.name));
            let note = note.expect("a note about this arm");
            assert!(note.contains(word) && note.contains("may lie outside"), "{note}");
        }
    }
}

#[test]
fn among_equal_learning_rates_the_one_nearest_the_center_is_taken() {
    let flat = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        Ok(Outcome { metric: 0.5, averaged: vec![0.5; run.averaging.len()], ..Outcome::default() })
    };
    let grid = Grid { points: 5, max_points: 9, ..Grid::default() };
    let study = Study::new(StudyConfig { grid, ..small() }).expect("valid");
    let answer = study.run(&flat, &Session::default()).expect("nothing fails");
    assert!(answer.arms.iter().all(|arm| arm.peak_lr == 1e-3 && !arm.tuned.at_edge));
    assert_eq!(tried(&answer, 0).len(), 5, "a flat metric is no reason to widen");
}

#[test]
fn divergence_at_high_learning_rates_only_narrows_the_choice() {
    let fragile = |run: &RunSpec, monitor: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let outcome = peaked(1.0)(run, monitor)?;
        let metric = if run.peak_lr > 5e-3 { f64::NAN } else { outcome.metric };
        Ok(Outcome { metric, ..outcome })
    };
    let grid = Grid { center: 1e-3, factor: 3.0, points: 5, max_points: 7 };
    let study = Study::new(StudyConfig { grid, ..small() }).expect("valid");
    let answer = study.run(&fragile, &Session::default()).expect("lower ones train");
    for arm in &answer.arms {
        assert_eq!(arm.peak_lr, 3e-3, "{}: the best that trains", arm.name);
        assert_eq!(arm.diverged, 0, "{}: none of the verdict's", arm.name);
        let last = arm.tuned.tried.last().expect("tried");
        assert_eq!((last.peak_lr, last.mean), (9e-3, None), "a diverged point has no mean");
    }
}

#[test]
fn an_averaged_arm_takes_the_best_horizon_and_shares_its_runs() {
    let config = StudyConfig {
        arms: vec![
            Arm::new("constant", "constant", Role::Baseline),
            Arm::new("averaged", "constant", Role::Alternative).averaged(),
            Arm::new("linear", "linear(to 0)", Role::Decay),
        ],
        steps: 100,
        averaging: vec![0.01, 0.2, 0.5],
        ..small()
    };
    let runs = AtomicUsize::new(0);
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        runs.fetch_add(1, Ordering::Relaxed);
        let horizons = run.averaging.clone();
        assert!(horizons.is_empty() || horizons == [1, 20, 50], "in steps: {horizons:?}");
        let averaged = horizons.iter().map(|h| if *h == 20 { 0.9 } else { 0.6 }).collect();
        Ok(Outcome { metric: 0.5, averaged, ..Outcome::default() })
    };
    let study = Study::new(config).expect("valid");
    let answer = study.run(&trial, &Session::default()).expect("nothing fails");
    let averaged = &answer.arms[1];
    assert_eq!((averaged.tuned.horizon, averaged.mean), (Some(20), 0.9));
    assert_eq!(answer.arms[0].tuned.horizon, None, "the last weights have no horizon");
    // Two different schedules, on one tuning seed and six of the verdict.
    assert_eq!(runs.into_inner(), 2 * 7, "constant and averaged are one run");
    let against = answer.against_alternative.as_ref().expect("there is an alternative");
    assert_eq!(against.alternative, "averaged");
    assert!((against.comparison.diff + 0.4).abs() < 1e-12, "linear is worse: {against:?}");
}

#[test]
fn a_variant_shares_no_run_with_the_same_schedule() {
    const OTHER: Variant = Variant::new("other");
    let mut config = small();
    config.arms.push(Arm::new("other", "constant", Role::Alternative).with_variant(OTHER));
    let seen = Mutex::new(BTreeMap::<String, usize>::new());
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        *seen.lock().expect("no panic").entry(run.variant.name().into()).or_default() += 1;
        let metric = if run.variant == OTHER { 0.7 } else { 0.5 };
        Ok(Outcome { metric, ..Outcome::default() })
    };
    let study = Study::new(StudyConfig { averaging: vec![], ..config }).expect("valid");
    let answer = study.run(&trial, &Session::default()).expect("nothing fails");
    let seen = seen.into_inner().expect("no panic");
    assert_eq!(seen, BTreeMap::from([(String::new(), 14), ("other".into(), 7)]));
    assert!((answer.arms[2].diff - 0.2).abs() < 1e-12, "{:?}", answer.arms[2]);
}

#[test]
fn tuning_and_verdict_share_no_seed() {
    for first_seed in [0, 1000, u64::MAX] {
        let seeds = Mutex::new(BTreeMap::<u64, usize>::new());
        let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| {
            *seeds.lock().expect("no panic").entry(run.seed).or_default() += 1;
            peaked(1e-3)(run, monitor)
        };
        let config = StudyConfig { first_seed, tuning_seeds: 3, ..small() };
        let study = Study::new(config).expect("valid");
        study.run(&trial, &Session::default()).expect("nothing fails");
        let seeds = seeds.into_inner().expect("no panic");
        assert_eq!(seeds.len(), 3 + 6, "{first_seed}: nine different ones: {seeds:?}");
        let verdict = (0..6).map(|i| first_seed.wrapping_add(i));
        assert!(verdict.clone().all(|seed| seeds[&seed] == 2), "{first_seed}: paired: {seeds:?}");
    }
}

#[test]
fn the_plan_has_as_many_runs_as_are_trained() {
    for (points, max_points, tuning_seeds, seeds) in
        [(1, 1, 1, 6), (3, 3, 2, 7), (3, 7, 1, 8), (4, 6, 3, 6)]
    {
        let grid = Grid { points, max_points, ..Grid::default() };
        let config = StudyConfig { grid, tuning_seeds, seeds, arms: Arm::usual(), ..small() };
        let study = Study::new(config).expect("valid");
        let plan = study.plan(&Session::default());
        assert_eq!(plan.lrs.len(), points, "the grid to begin with");
        assert!(plan.lrs.is_sorted() && plan.lrs.contains(&1e-3), "{:?}", plan.lrs);
        for best in [1e-3, 1e-7, 1e3] {
            let runs = AtomicUsize::new(0);
            let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| {
                runs.fetch_add(1, Ordering::Relaxed);
                peaked(best)(run, monitor)
            };
            study.run(&trial, &Session::default()).expect("nothing fails");
            let runs = runs.into_inner();
            assert!((plan.min_runs..=plan.max_runs).contains(&runs), "{runs} runs: {plan:?}");
            if best == 1e-3 && points % 2 == 1 {
                assert_eq!(runs, plan.min_runs, "nothing widened");
            }
        }
    }
}

#[test]
fn a_plan_is_printed_with_what_it_will_cost() {
    let study =
        Study::new(StudyConfig { arms: Arm::usual(), ..StudyConfig::default() }).expect("valid");
    let mut plan = study.plan(&Session { parallel_runs: 4, ..Session::default() });
    let text = plan.to_string();
    assert_eq!(text.lines().count(), 6 + 3, "a line per arm, and three:\n{text}");
    for part in [
        "arm   stable-decay  constant(for 80%) then linear(to 0)",
        "on 2 tuning seeds, for every arm; up to 7 values",
        "seeds 6 for the verdict",
        "the smallest possible p-value is 0.03",
        "runs  60 to 106 of 1000 steps, 4 at a time",
    ] {
        assert!(text.contains(part), "`{part}` is missing:\n{text}");
    }
    assert_eq!(plan.duration_of(60), None, "no run has been timed");
    plan.seconds_per_run = Some(8.0);
    assert_eq!(plan.duration_of(60), Some(Duration::from_secs(120)), "15 rounds of four");
    assert_eq!(plan.duration_of(61), Some(Duration::from_secs(128)), "a round is not shared");
    assert!(plan.to_string().ends_with(": 2 min to 4 min"), "{plan}");
    plan.seconds_per_run = Some(1.0);
    assert!(plan.to_string().ends_with(": 15 s to 27 s"), "{plan}");
    assert_eq!(study.plan(&Session { parallel_runs: 0, ..Session::default() }).parallel_runs, 1);
}

#[test]
fn a_budget_is_kept_and_cuts_tuning_seeds_first() {
    let slow = |run: &RunSpec, monitor: &RunMonitor<'_>| {
        std::thread::sleep(Duration::from_millis(4));
        peaked(1e-3)(run, monitor)
    };
    let config = StudyConfig {
        tuning_seeds: 4,
        seeds: 8,
        grid: Grid { points: 3, max_points: 7, ..Grid::default() },
        ..small()
    };
    let study = Study::new(config.clone()).expect("valid");
    let within = |milliseconds| {
        let budget = Some(Duration::from_millis(milliseconds));
        study.run(&slow, &Session { budget, ..Session::default() }).expect("nothing fails")
    };
    let rich = within(60_000);
    assert_eq!(rich.config, config, "enough for everything");
    assert_eq!(rich.notes, [] as [&str; 0]);
    // 2 * (3 * 4 + 8) = 40 runs of at least 4 ms; with one tuning seed 22.
    let poor = within(120);
    assert_eq!(poor.config.grid.points, config.grid.points.min(poor.config.grid.points));
    assert!(poor.config.tuning_seeds < 4, "cut first: {:?}", poor.config);
    assert!(poor.notes[0].contains("instead of 4 seeds"), "and said first: {:?}", poor.notes);
    let none = within(1);
    let cut = (none.config.tuning_seeds, none.config.grid.points, none.config.seeds);
    assert_eq!(cut, (1, 1, 2), "the smallest study there is");
    assert_eq!(none.verdict, Verdict::Undecided, "two seeds decide nothing");
    assert!(none.notes.iter().any(|n| n.contains("longer than the budget")), "{:?}", none.notes);
}

#[test]
fn events_tell_plan_runs_and_choices_in_this_order() {
    let events = Mutex::new(Vec::new());
    let observe = |event: &Event<'_>| {
        let text = match event {
            Event::Planned(plan) => format!("planned {}", plan.seconds_per_run.is_some()),
            Event::Measured(plan) => format!("measured {}", plan.seconds_per_run.is_some()),
            Event::Widened { peak_lr } => format!("widened {peak_lr:e}"),
            Event::Tuned { arm, peak_lr, at_edge } => format!("tuned {arm} {peak_lr:e} {at_edge}"),
            Event::Finished { progress, .. } => {
                assert!(progress.done <= progress.total, "{progress:?}");
                format!("finished {}", progress.done)
            }
            Event::Steps(steps) => format!("steps {steps}"),
            other => panic!("{other:?}"),
        };
        events.lock().expect("no panic").push(text);
    };
    let grid = Grid { center: 1e-3, factor: 10.0, points: 3, max_points: 5 };
    let study = Study::new(StudyConfig { grid, ..small() }).expect("valid");
    let session = Session { observe: &observe, ..Session::default() };
    let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| {
        monitor.advance(run.steps);
        peaked(1e-2)(run, monitor)
    };
    study.run(&trial, &session).expect("nothing fails");
    let events = events.into_inner().expect("no panic");
    let at = |name: &str| events.iter().position(|event| event == name).expect(name);
    assert_eq!(events[0], "planned false");
    assert!(at("measured true") > at("finished 1") && at("measured true") < at("finished 3"));
    assert!(at("widened 1e-1") > at("finished 6") && at("widened 1e-1") < at("finished 7"));
    assert!(at("tuned constant 1e-2 false") < at("tuned linear 1e-2 false"), "in order");
    assert!(at("tuned linear 1e-2 false") < at("finished 9"), "before the verdict's runs");
    assert_eq!(events.last().map(String::as_str), Some("finished 20"), "8 and 12 runs");
    assert_eq!(events.iter().filter(|event| *event == "steps 10").count(), 20);
}

#[test]
fn diverged_runs_count_as_the_worst_of_the_study_and_are_noted() {
    let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let outcome = peaked(1e-3)(run, monitor)?;
        let fails = run.spec.starts_with("linear") && run.seed == 3;
        Ok(Outcome { metric: if fails { f64::NEG_INFINITY } else { outcome.metric }, ..outcome })
    };
    let study = Study::new(small()).expect("valid");
    let answer = study.run(&trial, &Session::default()).expect("one seed of six");
    let (constant, linear) = (&answer.arms[0], &answer.arms[1]);
    assert_eq!((constant.diverged, linear.diverged), (0, 1));
    let worst = constant.values.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(linear.values[3], worst, "not infinity, which would decide alone");
    assert!(
        answer.notes.iter().any(|n| n.contains("linear: 1 of 6 runs diverged")),
        "{:?}",
        answer.notes
    );
}

#[test]
fn every_verdict_has_its_sentence() {
    let sentence = |gain: f64, noise: f64, margin: f64| {
        let trial = move |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
            let decays = run.spec.starts_with("linear");
            let sign = if run.seed.is_multiple_of(2) { 1.0 } else { -1.0 };
            let metric = if decays { 0.5 + gain + sign * noise } else { 0.5 };
            Ok(Outcome { metric, ..Outcome::default() })
        };
        let config = StudyConfig { margin, metric: "accuracy".into(), ..small() };
        let study = Study::new(config).expect("valid");
        let answer = study.run(&trial, &Session::default()).expect("nothing fails");
        assert_eq!(answer.best().name, "linear");
        (answer.verdict, answer.sentence())
    };
    for (gain, noise, margin, verdict, start) in [
        (
            0.02,
            0.001,
            0.01,
            Verdict::Helps,
            "Decay helps: linear against constant +0.0200 accuracy",
        ),
        (
            -0.02,
            0.001,
            0.01,
            Verdict::Harms,
            "Decay harms: linear against constant -0.0200 accuracy",
        ),
        (
            0.001,
            0.002,
            0.01,
            Verdict::NoDifference,
            "Decay makes no difference (within 0.01): linear",
        ),
        (0.01, 0.02, 0.005, Verdict::Undecided, "Undecided; about "),
        (0.0, 0.02, 0.0, Verdict::Undecided, "Undecided, and more seeds are unlikely to settle it"),
    ] {
        let (found, text) = sentence(gain, noise, margin);
        assert_eq!(found, verdict, "{text}");
        assert!(text.starts_with(start), "{text}");
        assert!(
            text.contains("95 % interval") && text.ends_with("(6 seeds of 10 steps)."),
            "{text}"
        );
    }
}
