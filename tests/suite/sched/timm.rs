//! timm's schedules.

use super::adaptive::better;
use super::{Case, Ours};
use paso_schedule::timm::*;
use paso_schedule::{Constant, Schedule};

pub(super) fn ours(case: Case<'_>) -> Ours {
    let base = case.base();
    let warmup = Warmup {
        steps: case.u64("warmup_t"),
        init: case.f64("warmup_lr_init"),
        prefix: case.value("warmup_prefix").as_bool().unwrap_or(true),
    };
    let cycles = || Cycles {
        lr_min: case.f64("lr_min"),
        cycle_mul: case.f64("cycle_mul"),
        cycle_decay: case.f64("cycle_decay"),
        cycle_limit: u32::try_from(case.u64("cycle_limit")).expect("few cycles"),
    };
    Ours::Whole(match case.schedule() {
        "CosineLRScheduler" => {
            cosine_lr(base, case.u64("t_initial"), cycles(), warmup, case.f64("k_decay"))
        }
        "TanhLRScheduler" => {
            let spec = tanh_lr(
                base,
                case.u64("t_initial"),
                cycles(),
                warmup,
                case.f64("lb"),
                case.f64("ub"),
            );
            if !case.record["lr_formula_at_0"].is_null() {
                let ours = spec.as_ref().expect("a schedule").at(0);
                let formula = paso_tests::number(&case.record["lr_formula_at_0"]);
                assert!(
                    (ours - formula).abs() <= 1e-12 * formula,
                    "{}: {ours} at 0, its formula gives {formula}",
                    case.id()
                );
                return Ours::Until(
                    skip_first(case, spec),
                    u64::MAX,
                    "at 0 the library's formula is compared, which its constructor does not apply",
                );
            }
            spec
        }
        "PolyLRScheduler" => poly_lr(
            base,
            case.u64("t_initial"),
            cycles(),
            warmup,
            case.f64("power"),
            case.f64("k_decay"),
        ),
        "StepLRScheduler" => step_lr(base, case.f64("decay_t"), case.f64("decay_rate"), warmup),
        "MultiStepLRScheduler" => {
            multi_step_lr(base, &case.steps("decay_t"), case.f64("decay_rate"), warmup)
        }
        "WSDLRScheduler" => {
            let power = |power: f64| StableFn::Power {
                timescale: case.f64_or("stable_timescale", case.f64("warmup_t")),
                power,
            };
            let spec = WsdLr {
                base,
                t_initial: case.u64("t_initial"),
                decay_t: case.u64("decay_t"),
                lr_min: case.f64("lr_min"),
                stable_fn: match case.text("stable_fn") {
                    "constant" => {
                        case.no_effect(&["stable_timescale", "stable_power"]);
                        StableFn::Constant
                    }
                    "rsqrt" => {
                        case.no_effect(&["stable_power"]);
                        power(0.5)
                    }
                    "power" => power(case.f64("stable_power")),
                    other => panic!("{}: stable_fn = {other} is not understood", case.id()),
                },
                decay_fn: match case.text("decay_fn") {
                    "linear" => DecayFn::Linear,
                    "1-sqrt" => DecayFn::OneMinusSqrt,
                    "cosine" => DecayFn::Cosine,
                    "power" => DecayFn::Power(case.f64("decay_power")),
                    "exp" => DecayFn::Exp(case.f64("decay_ratio")),
                    other => panic!("{}: decay_fn = {other} is not understood", case.id()),
                },
                warmup_t: warmup.steps,
                warmup_lr_init: warmup.init,
            }
            .spec();
            case.no_effect(match case.text("decay_fn") {
                "power" => &["decay_ratio"],
                "exp" => &["decay_power"],
                _ => &["decay_ratio", "decay_power"],
            });
            if case.u64("decay_t") > case.u64("t_initial") {
                return Ours::Refused(spec, "a decay longer than the run is refused");
            }
            spec
        }
        "PlateauLRScheduler" => {
            let plateau = plateau_lr(
                base,
                better(case.text("mode")),
                case.f64("decay_rate"),
                case.u64("patience_t"),
                case.f64("threshold"),
                case.u64("cooldown_t"),
                case.f64("lr_min"),
            );
            let constant = Constant { lr: base };
            let lr = if warmup.steps == 0 {
                constant.build()
            } else {
                Ok(constant.warmup_from(warmup.init, warmup.steps))
            };
            let first = usize::try_from(warmup.steps).expect("few steps");
            return Ours::Plateau {
                lr,
                plateau,
                first,
                before_update: false,
                until: usize::MAX,
                why: "",
            };
        }
        name => panic!("{name} has no dialect"),
    })
}

/// The schedule with the first rate that the library's constructor leaves in place.
fn skip_first(
    case: Case<'_>,
    spec: Result<paso_schedule::Spec, paso_schedule::Error>,
) -> Result<paso_schedule::Spec, paso_schedule::Error> {
    Ok(Constant { lr: case.base() }.take(1).then(spec?.skip(1)))
}
