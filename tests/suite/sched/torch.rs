//! PyTorch's schedulers.

use super::adaptive::better;
use super::expression::evaluate;
use super::{Case, Ours};
use paso_schedule::torch::*;
use paso_schedule::{Error, Schedule, Spec, Table};
use serde_json::Value;

const RISES: &str = "compared to its end: the library's cosine rises again after it";
const ONE_CYCLE: &str = "compared to its end: at total_steps the library's rate jumps up or goes below 0, after it it raises";

pub(super) fn ours(case: Case<'_>) -> Ours {
    let base = case.base();
    match case.schedule() {
        name @ ("LambdaLR" | "MultiplicativeLR") => {
            let (steps, multiplied) = (case.record["T"].as_u64().expect("T"), name != "LambdaLR");
            Ours::Whole(lambda(base, case.text("lr_lambda"), steps, multiplied))
        }
        "ConstantLR" if case.f64("factor") == 0.0 => Ours::Until(
            simple(case, base),
            u64::MAX,
            "compared while the library has a rate: it divides by the factor 0 afterwards",
        ),
        "LinearLR" if case.f64("start_factor") == 0.0 => {
            Ours::Refused(simple(case, base), "a start factor of 0 is refused")
        }
        "CosineAnnealingLR" if case.u64("T_max") == 0 => Ours::Refused(
            simple(case, base),
            "a length of 0 is refused; the library divides by it after one step",
        ),
        "CosineAnnealingLR" => Ours::Until(simple(case, base), case.u64("T_max") + 1, RISES),
        "CosineAnnealingWarmRestarts" if !case.record["epochs"].is_null() => {
            Ours::Times(simple(case, base))
        }
        "CyclicLR" => {
            let cycle = cyclic(case);
            if case.text("mode") != "exp_range" {
                case.no_effect(&["gamma"]);
            }
            if case.flag("cycle_momentum") {
                Ours::Pair(cycle.rate(), cycle.momentum(), u64::MAX, "")
            } else {
                Ours::Whole(cycle.rate())
            }
        }
        "OneCycleLR" => {
            let cycle = one_cycle(case);
            if case.series("lr").iter().all(Option::is_none) {
                case.no_effect(&["cycle_momentum"]);
                return Ours::Until(
                    cycle.rate(),
                    u64::MAX,
                    "the library divides by a phase of no length; here that phase is left out",
                );
            }
            if case.flag("cycle_momentum") {
                Ours::Pair(cycle.rate(), cycle.momentum(), cycle.total_steps, ONE_CYCLE)
            } else {
                Ours::Until(cycle.rate(), cycle.total_steps, ONE_CYCLE)
            }
        }
        "ReduceLROnPlateau" => {
            let threshold = match case.text("threshold_mode") {
                "rel" => Threshold::Relative(case.f64("threshold")),
                "abs" => Threshold::Absolute(case.f64("threshold")),
                other => panic!("{}: threshold_mode = {other} is not understood", case.id()),
            };
            let plateau = reduce_lr_on_plateau(
                base,
                better(case.text("mode")),
                case.f64("factor"),
                case.u64("patience"),
                threshold,
                case.u64("cooldown"),
                case.f64("min_lr"),
                case.f64("eps"),
            );
            let below_zero = matches!(threshold, Threshold::Relative(_))
                && case.metrics().iter().any(|metric| *metric < 0.0);
            let (until, why) = if below_zero {
                (
                    first_disputed(case),
                    "compared until the library takes a worse negative value for an improvement",
                )
            } else {
                (usize::MAX, "")
            };
            Ours::Plateau {
                lr: constant(base),
                plateau,
                first: 0,
                before_update: false,
                until,
                why,
            }
        }
        "SequentialLR" => {
            let parts = children(case, base);
            let milestones = case.steps("milestones");
            let cosine = parts.iter().position(|(name, _)| *name == "CosineAnnealingLR");
            let specs: Vec<Spec> = parts.into_iter().map(|(_, spec)| spec).collect();
            match cosine {
                Some(i) => {
                    let start = if i == 0 { 0 } else { milestones[i - 1] as usize };
                    let end = start + specs[i].end().expect("an end") as usize;
                    Ours::Until(sequential_lr(&specs, &milestones), end as u64 + 1, RISES)
                }
                None => Ours::Whole(sequential_lr(&specs, &milestones)),
            }
        }
        "ChainedScheduler" => {
            let parts = children(case, base);
            let end = parts
                .iter()
                .find(|(name, _)| *name == "CosineAnnealingLR")
                .and_then(|(_, spec)| spec.end());
            let specs: Vec<Spec> = parts.into_iter().map(|(_, spec)| spec).collect();
            match end {
                Some(end) => Ours::Until(chained_scheduler(base, &specs), end as u64 + 1, RISES),
                None => Ours::Whole(chained_scheduler(base, &specs)),
            }
        }
        _ => Ours::Whole(simple(case, base)),
    }
}

fn simple(case: Case<'_>, base: f64) -> Result<Spec, Error> {
    match case.schedule() {
        "StepLR" => step_lr(base, case.u64("step_size"), case.f64("gamma")),
        "MultiStepLR" => multi_step_lr(base, &case.steps("milestones"), case.f64("gamma")),
        "ConstantLR" => constant_lr(base, case.f64("factor"), case.u64("total_iters")),
        "LinearLR" => linear_lr(
            base,
            case.f64("start_factor"),
            case.f64("end_factor"),
            case.u64("total_iters"),
        ),
        "ExponentialLR" => exponential_lr(base, case.f64("gamma")),
        "PolynomialLR" => polynomial_lr(base, case.u64("total_iters"), case.f64("power")),
        "CosineAnnealingLR" => cosine_annealing_lr(base, case.u64("T_max"), case.f64("eta_min")),
        "CosineAnnealingWarmRestarts" => cosine_annealing_warm_restarts(
            base,
            case.u64("T_0"),
            case.u64("T_mult"),
            case.f64("eta_min"),
        ),
        "SWALR" => swa_lr(base, case.f64("swa_lr"), case.u64("anneal_epochs"), anneal(case)),
        name => panic!("{name} has no dialect"),
    }
}

fn children<'a>(case: Case<'a>, base: f64) -> Vec<(&'a str, Spec)> {
    let list: &'a Vec<Value> = case.value("schedulers").as_array().expect("schedulers");
    list.iter()
        .map(|child| {
            (case.part(child).schedule(), simple(case.part(child), base).expect("a child"))
        })
        .collect()
}

fn constant(rate: f64) -> Result<Spec, Error> {
    paso_schedule::Constant { lr: rate }.build()
}

fn anneal(case: Case<'_>) -> Anneal {
    match case.text("anneal_strategy") {
        "cos" => Anneal::Cos,
        "linear" => Anneal::Linear,
        other => panic!("{}: anneal_strategy = {other} is not understood", case.id()),
    }
}

fn cyclic(case: Case<'_>) -> CyclicLr {
    let step_size_up = case.f64("step_size_up");
    CyclicLr {
        base_lr: case.f64("base_lr"),
        max_lr: case.f64("max_lr"),
        step_size_up,
        step_size_down: case.f64_or("step_size_down", step_size_up),
        mode: match case.text("mode") {
            "triangular" => Cycle::Triangular,
            "triangular2" => Cycle::Triangular2,
            "exp_range" => Cycle::ExpRange(case.f64("gamma")),
            other => panic!("{}: mode = {other} is not understood", case.id()),
        },
        base_momentum: case.f64("base_momentum"),
        max_momentum: case.f64("max_momentum"),
    }
}

fn one_cycle(case: Case<'_>) -> OneCycleLr {
    let total_steps = case
        .optional("total_steps")
        .map_or_else(|| case.u64("epochs") * case.u64("steps_per_epoch"), |n| n as u64);
    OneCycleLr {
        max_lr: case.f64("max_lr"),
        total_steps,
        pct_start: case.f64("pct_start"),
        anneal: anneal(case),
        base_momentum: case.f64("base_momentum"),
        max_momentum: case.f64("max_momentum"),
        div_factor: case.f64("div_factor"),
        final_div_factor: case.f64("final_div_factor"),
        three_phase: case.flag("three_phase"),
    }
}

/// A schedule by a Python expression: the factor of the base, or (`multiplied`) of the learning rate before.
fn lambda(base: f64, expression: &str, steps: u64, multiplied: bool) -> Result<Spec, Error> {
    let at = |t: u64| evaluate(expression, t as f64);
    let factor = |t: u64| if multiplied { (1..=t).map(at).product() } else { at(t) };
    Table::sample(steps, |t| base * factor(t)).build()
}

/// The first rate that depends on a value which only the library takes for an improvement.
fn first_disputed(case: Case<'_>) -> usize {
    let mut best = f64::INFINITY;
    for (t, metric) in case.metrics().into_iter().enumerate() {
        let bar = best - case.f64("threshold") * if best.is_finite() { best } else { 0.0 };
        if metric < bar && metric >= best {
            return t + 1;
        }
        best = best.min(metric);
    }
    usize::MAX
}
