//! What a study says before, while and after it runs: plans, events, sentences.

mod loops;

use loops::{Recorder, decades, four, luck, noise, run, study, two};
use paso_study::{Arm, Event, Grid, Role, RunSpec, Session, StudyConfig, Variant, Verdict};
use std::sync::Mutex;
use std::time::Duration;

#[test]
fn the_plan_has_as_many_runs_as_are_trained_up_to_the_first_look() {
    let averaged = Arm::new("averaged", "constant", Role::Alternative).averaged();
    for (points, arms) in [
        (1, four().arms),
        (3, four().arms),
        (5, four().arms),
        (3, Arm::usual()),
        // The same arms with the alternative first: the baseline still counts its own runs.
        (3, [vec![averaged], four().arms].concat()),
        (1, two().arms),
    ] {
        let grid = Grid { points, max_points: points, ..four().grid };
        let config = StudyConfig { grid, arms, ..four() };
        let plan = study(config.clone()).plan(&Session::default());
        assert_eq!(plan.lrs.len(), points, "the grid");
        assert!(plan.lrs.is_sorted() && plan.lrs.contains(&1e-3), "{:?}", plan.lrs);
        let trial = Recorder::new(|run: &RunSpec| {
            luck(run) + 0.001 * noise(run, 5) - decades(run.peak_lr, 1e-3)
        });
        let planned = Mutex::new(None);
        let observe = |event: &Event<'_>| match event {
            Event::Planned(plan) => *planned.lock().expect("no panic") = Some((*plan).clone()),
            Event::Looked { look, .. } if look.pairs == 8 => {
                let mut planned = planned.lock().expect("no panic");
                if let Some(plan) = planned.take() {
                    assert_eq!(trial.distinct(), plan.min_runs, "{points} points: {plan:?}");
                }
            }
            _ => {}
        };
        let session = Session { observe: &observe, ..Session::default() };
        study(config).run(&trial, &session).expect("nothing fails");
        let runs = trial.distinct();
        assert!((plan.min_runs..=plan.max_runs).contains(&runs), "{runs} runs: {plan:?}");
        assert!(planned.into_inner().expect("no panic").is_none(), "there was a first look");
    }
}

#[test]
fn a_plan_is_printed_with_what_it_will_cost() {
    let study = study(StudyConfig::default());
    let mut plan = study.plan(&Session { parallel_runs: 4, ..Session::default() });
    let text = plan.to_string();
    assert_eq!(text.lines().count(), 6 + 3, "a line per arm, and three:\n{text}");
    for part in [
        "arm   stable-decay  constant(for 80%) then linear(to 0)",
        "race  38 runs choose learning rate and arm: 3.33e-4, 1e-3, 3e-3, up to 7 where",
        "pairs 8 to 40: the best decay against the best constant rate",
        "runs  of 1000 steps, 4 at a time: 54 to the first look, 2",
    ] {
        assert!(text.contains(part), "`{part}` is missing:\n{text}");
    }
    plan.seconds_per_run = Some(8.0);
    assert_eq!(plan.duration_of(54), Some(Duration::from_secs(108)));
    assert!(plan.to_string().contains("; 2 min to "), "{plan}");
    plan.seconds_per_run = Some(3_600.0);
    assert!(plan.to_string().contains("; 13.5 h to "), "{plan}");
    assert_eq!(study.plan(&Session { parallel_runs: 0, ..Session::default() }).parallel_runs, 1);
    let fixed = StudyConfig { grid: Grid::fixed(2e-3), ..two() };
    let text = loops::study(fixed).plan(&Session::default()).to_string();
    assert!(text.contains("lr    2e-3 for every arm, nothing is tuned"), "{text}");
}

#[test]
fn an_estimate_times_a_short_run_once() {
    let trial = Recorder::new(luck);
    let planned = Mutex::new(Vec::new());
    let observe = |event: &Event<'_>| {
        if let Event::Planned(plan) = event {
            planned.lock().expect("no panic").push(plan.seconds_per_run.is_some());
        }
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let session = Session {
        estimate: true,
        observe: &observe,
        folder: Some(folder.path()),
        ..Session::default()
    };
    let config = StudyConfig { steps: 100, ..two() };
    let first = study(config.clone()).run(&trial, &session).expect("nothing fails");
    assert_eq!(trial.runs().iter().filter(|run| run.steps == 5).count(), 1, "5 % of the steps");
    let runs = trial.runs().len();
    assert_eq!(study(config).run(&trial, &session).expect("nothing fails"), first);
    assert_eq!(trial.runs().len(), runs, "the durations of the kept runs are known");
    assert_eq!(planned.into_inner().expect("no panic"), [true, true]);
}

#[test]
fn events_tell_plan_race_looks_and_confirmation_in_this_order() {
    let events = Mutex::new(Vec::new());
    let observe = |event: &Event<'_>| {
        let text = match event {
            Event::Planned(plan) => format!("planned {}", plan.min_runs),
            Event::Raced { question, challenger, incumbent } => {
                format!("raced {question:?} {challenger} against {incumbent}")
            }
            Event::Looked { question, look, next, confirmation } => {
                let by =
                    confirmation.map(|(runner_up, confirmed)| format!("{runner_up} {confirmed}"));
                format!("looked {question:?} {} {next:?} {by:?}", look.pairs)
            }
            Event::Finished { progress, .. } => {
                assert!(progress.done <= progress.total, "{progress:?}");
                "finished".into()
            }
            other => panic!("{other:?}"),
        };
        let mut events = events.lock().expect("no panic");
        if events.last() != Some(&text) || text != "finished" {
            events.push(text);
        }
    };
    let session = Session { observe: &observe, ..Session::default() };
    let trial = Recorder::new(|run: &RunSpec| {
        let gain = if run.spec.starts_with("linear") { 0.02 } else { 0.0 };
        luck(run) + gain - 0.1 * decades(run.peak_lr, 1.5e-3)
    });
    let mut config = four();
    config
        .arms
        .push(Arm::new("free", "constant", Role::Alternative).with_variant(Variant::new("free")));
    study(config.clone()).run(&trial, &session).expect("nothing fails");
    let expected = [
        "planned 51",
        "finished",
        "raced Decay linear at 1e-3 against constant at 1e-3",
        "finished",
        "looked Decay 8 Some(10) Some(\"constant at 3.16e-3 false\")",
        "finished",
        "looked Decay 8 None Some(\"constant at 3.16e-3 true\")",
        "finished",
        "raced Alternative free at 1e-3 against linear at 1e-3",
        "finished",
        "looked Alternative 8 Some(10) Some(\"free at 3.16e-3 false\")",
        "finished",
        "looked Alternative 8 None Some(\"free at 3.16e-3 true\")",
    ];
    assert_eq!(events.into_inner().expect("no panic"), expected);
}

#[test]
fn an_undecided_comparison_reports_each_look_once() {
    let looked = Mutex::new(Vec::new());
    let observe = |event: &Event<'_>| {
        if let Event::Looked { look, next, .. } = event {
            looked.lock().expect("no panic").push((look.pairs, *next));
        }
    };
    let session = Session { observe: &observe, ..Session::default() };
    let trial = Recorder::new(|run: &RunSpec| noise(run, 3));
    study(StudyConfig { pairs: 13, ..two() }).run(&trial, &session).expect("nothing fails");
    let looked = looked.into_inner().expect("no panic");
    assert_eq!(looked, [(8, Some(10)), (10, Some(12)), (12, None)]);
}

#[test]
fn a_report_is_made_after_every_look() {
    let reports = Mutex::new(Vec::new());
    let on_report = |report: &paso_study::StudyReport| {
        reports.lock().expect("no panic").push(report.answer.decay.last().pairs);
    };
    let session = Session { on_report: Some(&on_report), ..Session::default() };
    let trial = Recorder::new(|run: &RunSpec| noise(run, 3));
    let study = study(StudyConfig { pairs: 10, ..two() });
    let about = paso_study::About::default();
    let report = study.report(&trial, &session, &about).expect("nothing fails");
    assert_eq!(*reports.lock().expect("no panic"), [8, 10]);
    assert_eq!(report.answer, study.run(&trial, &session).expect("nothing fails"));
    assert_eq!(reports.into_inner().expect("no panic").len(), 2, "a run makes none");
}

#[test]
fn a_variant_shares_no_run_with_the_same_schedule() {
    const OTHER: Variant = Variant::new("other");
    let mut config = two();
    config.arms.push(Arm::new("other", "constant", Role::Alternative).with_variant(OTHER));
    let trial =
        Recorder::new(|run: &RunSpec| luck(run) + if run.variant == OTHER { 0.2 } else { 0.0 });
    let answer = run(config, &trial);
    let runs = trial.runs();
    let others = runs.iter().filter(|run| run.variant == OTHER).count();
    assert_eq!((others, runs.len()), (8, 24));
    assert!((answer.arms[2].diff.expect("compared") - 0.2).abs() < 1e-12, "{:?}", answer.arms[2]);
}

#[test]
fn every_verdict_has_its_sentence() {
    let answer = |gain: f64, spread: f64, margin: f64| {
        let trial = Recorder::new(move |run: &RunSpec| {
            let sign = if run.seed.is_multiple_of(2) { 1.0 } else { -1.0 };
            if run.spec == "constant" { 0.5 } else { 0.5 + gain + sign * spread }
        });
        run(StudyConfig { margin, metric: "accuracy".into(), pairs: 8, ..two() }, &trial)
    };
    for (gain, spread, margin, verdict, start) in [
        (
            0.02,
            0.001,
            0.01,
            Verdict::Helps,
            "Decay helps: linear at 1e-3 against constant at 1e-3: +0.0200 accuracy (95 % interval ",
        ),
        (
            -0.02,
            0.001,
            0.01,
            Verdict::Harms,
            "Decay harms: linear at 1e-3 against constant at 1e-3: -0.0200 accuracy (95 % interval ",
        ),
        (
            0.001,
            0.002,
            0.01,
            Verdict::NoDifference,
            "No difference of 0.0100 or more from decay: linear at 1e-3 against constant at 1e-3: +0.00100 accuracy (90 % interval ",
        ),
        (
            0.01,
            0.02,
            0.005,
            Verdict::Undecided,
            "Undecided on decay: linear at 1e-3 against constant at 1e-3: +0.0100 accuracy (95 % interval ",
        ),
    ] {
        let answer = answer(gain, spread, margin);
        assert_eq!(answer.verdict, verdict, "{answer}");
        let said = answer.to_string();
        assert!(said.starts_with(start), "{said}");
        assert!(said.ends_with(", 8 pairs). Of a training of 20 steps."), "{said}");
        let json = serde_json::to_string(&answer).expect("it has JSON");
        assert_eq!(serde_json::from_str::<paso_study::Answer>(&json).expect("its own"), answer);
    }
}
