//! What has no dialect because the curves say it as shortly: fastai, and the Transformer's schedule.

use super::{Case, Ours};
use paso_schedule::{Cosine, Exponential, Noam, Schedule, Spec};

const PAST_END: &str = "compared to its end: the library's positions go past 1";

pub(super) fn ours(case: Case<'_>) -> Ours {
    let (base, steps) = (case.base(), case.u64("total_steps"));
    let share = |name: &str| {
        let n = case.f64(name) * steps as f64;
        assert!(n.fract() == 0.0, "{}: a phase of {n} steps", case.id());
        n as u64
    };
    match case.schedule() {
        "fit_one_cycle" => {
            let up = share("pct_start");
            let waves = |first: f64, middle: f64, last: f64| {
                Cosine { from: first, to: middle, steps: up }.then(Cosine {
                    from: middle,
                    to: last,
                    steps: steps - up,
                })
            };
            let rate = waves(base / case.f64("div"), base, base / case.f64("div_final"));
            let moms = case.list("moms");
            Ours::Pair(Ok(rate), Ok(waves(moms[0], moms[1], moms[2])), steps + 1, PAST_END)
        }
        "fit_flat_cos" => {
            let flat = share("pct_start");
            let decay =
                Cosine { from: base, to: base / case.f64("div_final"), steps: steps - flat };
            Ours::Until(Ok(decay.delay(flat)), steps + 1, PAST_END)
        }
        "SchedExp" => Ours::Until(
            Exponential { from: base, to: case.f64("end"), steps }.build(),
            steps + 1,
            PAST_END,
        ),
        "SchedPoly" => {
            let (end, power) = (case.f64("end"), case.f64("power"));
            let text = format!("polynomial({base:e} -> {end:e}, {steps}, power 1, k {power})");
            Ours::Until(text.parse::<Spec>(), steps + 1, PAST_END)
        }
        name => panic!("{name} is unknown"),
    }
}

/// SpeechBrain's: without a width of the model the peak is the base rate.
pub(super) fn noam(case: Case<'_>) -> Ours {
    let warmup = case.u64("n_warmup_steps");
    let model_size = case.optional("model_size").unwrap_or(1.0 / warmup as f64);
    Ours::Whole(Noam { factor: case.base(), model_size, warmup }.build())
}
