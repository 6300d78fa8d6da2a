//! Reports of simulated studies: a training whose true effects are known.
#![allow(dead_code, reason = "each test file uses a part of it")]

use paso_study::range_test::{Sweep, suggest};
use paso_study::{
    About, Arm, CurvePoint, LrHistogram, Outcome, RangeTestReport, Role, RunAudit, RunMonitor,
    RunSpec, Session, Study, StudyConfig, StudyReport, Trial, TrialError, Variant,
};
use std::sync::{Mutex, OnceLock};

/// What the training is like.
#[derive(Clone, Copy)]
pub(crate) struct Simulated {
    /// What every decay adds to the metric.
    pub(crate) decay: f64,
    /// What Schedule-Free adds.
    pub(crate) schedule_free: f64,
    /// Standard deviation of a run around its seed's mean.
    pub(crate) noise: f64,
    /// Whether constant runs gain at a learning rate other than the tuned one, on the seeds of the
    /// pairs: a mistuned baseline. On those of the race nothing else comes near 1e-3.
    pub(crate) mistuned: bool,
    /// What the audits say about the steps: 0.229 is the noise floor.
    pub(crate) step_rms: f64,
}

impl Default for Simulated {
    fn default() -> Self {
        Self { decay: 0.03, schedule_free: 0.03, noise: 0.01, mistuned: false, step_rms: 0.23 }
    }
}

const SCHEDULE_FREE: Variant = Variant::new("schedule-free");

/// About normal, of variance 1, from a text and a seed.
fn noise(text: &str, seed: u64) -> f64 {
    let mut state = text.bytes().fold(seed.wrapping_add(7), |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
    });
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f64) / f64::from(1 << 24)
    };
    (0..12).map(|_| next()).sum::<f64>() - 6.0
}

impl Trial for Simulated {
    fn train(&self, run: &RunSpec, _: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
        let decays = run.spec != "constant";
        let mut gain = if decays { self.decay } else { 0.0 };
        if run.variant == SCHEDULE_FREE {
            gain = self.schedule_free;
        }
        let tuning = run.seed >= 1 << 32;
        if self.mistuned && !decays && !tuning && run.peak_lr != 1e-3 {
            gain += 0.035;
        }
        let key = format!("{}{}{}", run.spec, run.variant.name(), run.peak_lr);
        let luck = 0.04 * noise("", run.seed);
        let away = (run.peak_lr / 1e-3).log10();
        let peaked = if self.mistuned && !decays && tuning { 0.5 } else { 0.05 };
        let metric = 0.6 + luck + gain + self.noise * noise(&key, run.seed) - peaked * away * away;
        let loss = 2.0 - 2.0 * metric;
        let point = |i: u64| {
            let share = i as f64 / 40.0;
            let end = loss + (2.5 - loss) * (-6.0 * share).exp();
            let metric = i.is_multiple_of(5).then_some(metric - 0.5 * (-5.0 * share).exp());
            CurvePoint { step: i * run.steps / 40, loss: Some(end), metric }
        };
        let audit = RunAudit {
            beta1: 0.9,
            step_rms: self.step_rms,
            largest_over_bound: 0.93,
            share_above_lr: 0.0041,
            sum_sqrt_v: 4.0 * 0.08 / run.peak_lr,
            effective_lrs: ["stem.conv", "head.<b>box</b>"]
                .map(|layer| LrHistogram::new(layer, [1e-3, 2e-3, 5e-2, 0.1, 0.4]))
                .into(),
        };
        Ok(Outcome {
            metric,
            averaged: vec![metric + 0.004; run.averaging.len()],
            loss: Some(loss),
            averaged_loss: vec![loss - 0.008; run.averaging.len()],
            audit: Some(audit),
            curve: (0..=40).map(point).collect(),
            ..Outcome::default()
        })
    }
}

/// Constant, two decays; and the alternatives, if the second question is asked.
pub(crate) fn config(second: bool) -> StudyConfig {
    let mut arms = vec![
        Arm::new("constant", "constant", Role::Baseline),
        Arm::new("linear", "linear(to 0)", Role::Decay),
        Arm::new("cosine", "warmup(5%) then cosine(to 1%)", Role::Decay),
    ];
    if second {
        arms.push(Arm::new("averaged", "constant", Role::Alternative).averaged());
        arms.push(
            Arm::new("schedule-free", "constant", Role::Alternative).with_variant(SCHEDULE_FREE),
        );
    }
    let (pairs, steps) = (27, 2_812);
    StudyConfig { arms, metric: "IoU".into(), margin: 0.01, pairs, steps, ..StudyConfig::default() }
}

pub(crate) fn about() -> About {
    About {
        subject: "boards, 400 images".into(),
        command: "paso settle --data \"a b\" --net small --study runs/study".into(),
        pairs_option: "--pairs".into(),
        train: "paso train --settled runs/study".into(),
        conditions: [
            ("data", "400 images, 80 of them for evaluation"),
            ("net", "small, 96 pixels"),
            ("optimizer", "AdamW, weight decay 0.1"),
            ("machine", "x86_64 linux"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into(),
        range_test: Some(range_test()),
    }
}

fn range_test() -> RangeTestReport {
    let lr: Vec<f64> = (0..80).map(|i| 10f64.powf(-6.0 + 0.08 * f64::from(i))).collect();
    let fall = |lr: &f64| 2.0 - 1.5 / (1.0 + (-(lr.log10() + 3.0) / 0.3).exp());
    let sweeps = vec![Sweep { loss: lr.iter().map(fall).collect(), lr }];
    match suggest(&sweeps) {
        Ok(suggestion) => RangeTestReport { sweeps, suggestion: Some(suggestion), refusal: None },
        Err(refusal) => {
            RangeTestReport { sweeps, suggestion: None, refusal: Some(refusal.to_string()) }
        }
    }
}

pub(crate) fn report(config: StudyConfig, trial: &dyn Trial, about: &About) -> StudyReport {
    let study = Study::new(config).expect("a valid configuration");
    study.report(trial, &Session::default(), about).expect("nothing fails")
}

/// The reports that a study writes on its way.
pub(crate) fn on_the_way(config: StudyConfig, trial: &dyn Trial) -> Vec<StudyReport> {
    let seen = Mutex::new(Vec::new());
    let keep = |report: &StudyReport| seen.lock().expect("no panic").push(report.clone());
    let session = Session { on_report: Some(&keep), ..Session::default() };
    let study = Study::new(config).expect("a valid configuration");
    study.report(trial, &session, &about()).expect("nothing fails");
    seen.into_inner().expect("no panic")
}

/// A study of every kind, by name.
pub(crate) fn gallery() -> &'static [(&'static str, StudyReport)] {
    static GALLERY: OnceLock<Vec<(&str, StudyReport)>> = OnceLock::new();
    GALLERY.get_or_init(studies)
}

fn studies() -> Vec<(&'static str, StudyReport)> {
    let (usual, usual_about) = (Simulated::default(), about());
    let of = |second, trial: Simulated| report(config(second), &trial, &about());
    let undecided = Simulated { decay: 0.012, noise: 0.025, step_rms: 0.5, ..usual };
    let few = |second| StudyConfig { pairs: 12, ..config(second) };
    let mut slow = report(few(false), &undecided, &about());
    slow.runs.iter_mut().for_each(|record| record.outcome.seconds = 85.0);
    let mut shortened = of(false, usual);
    shortened.answer.shortened_from = Some(11_250);
    let hostile = "<script>alert(1)</script> & a name that goes on and on and on";
    let mut named = config(true);
    named.arms[2].name = hostile.into();
    named.arms[1].name = "<b>".into();
    named.metric = "mean <i>average</i> precision".into();
    let mut many = StudyConfig { pairs: 27, display: 8, ..config(true) };
    for share in 2..9 {
        let spec = format!("constant(for {share}0%) then linear(to 0)");
        many.arms.push(Arm::new(&format!("stable for {share}0 %"), &spec, Role::Decay));
    }
    let about = About {
        subject: hostile.into(),
        command: format!("settle {hostile}"),
        train: format!("train {hostile}"),
        conditions: vec![(hostile.into(), hostile.into())],
        ..about()
    };
    vec![
        ("helps", of(false, usual)),
        ("harms", of(false, Simulated { decay: -0.03, ..usual })),
        ("no-difference", of(false, Simulated { decay: 0.0, noise: 0.005, ..usual })),
        ("undecided", slow),
        ("unconfirmed", report(few(false), &Simulated { mistuned: true, ..usual }, &usual_about)),
        ("better-still", of(true, Simulated { schedule_free: 0.06, ..usual })),
        ("as-well", of(true, Simulated { noise: 0.004, ..usual })),
        (
            "only-second",
            report(
                few(true),
                &Simulated { decay: 0.01, noise: 0.02, schedule_free: 0.06, ..usual },
                &usual_about,
            ),
        ),
        ("running", on_the_way(config(true), &undecided).swap_remove(1)),
        ("shortened", shortened),
        ("many", report(many, &undecided, &usual_about)),
        ("hostile", report(named, &usual, &about)),
    ]
}
