//! Optax' schedules.

use super::{Case, Ours};
use paso_schedule::optax::*;
use paso_schedule::{Between, Constant, Error, Schedule, Spec};

pub(super) fn ours(case: Case<'_>) -> Ours {
    match case.schedule() {
        "cosine_decay_schedule" if case.u64("decay_steps") == 0 => {
            Ours::Refused(spec(case), "a length of 0 is refused")
        }
        "reduce_on_plateau" => {
            let plateau = reduce_on_plateau(
                case.f64("factor"),
                case.u64("patience"),
                case.f64("rtol"),
                case.f64("atol"),
                case.u64("cooldown"),
                case.u64("accumulation_size"),
                case.f64("min_scale"),
            );
            let lr = Constant { lr: case.base() }.build();
            Ours::Plateau { lr, plateau, first: 0, before_update: true, until: usize::MAX, why: "" }
        }
        _ => Ours::Whole(spec(case)),
    }
}

fn spec(case: Case<'_>) -> Result<Spec, Error> {
    let (init, peak, end) =
        (|| case.f64("init_value"), || case.f64("peak_value"), || case.f64("end_value"));
    match case.schedule() {
        "constant_schedule" => constant_schedule(case.f64("value")),
        "polynomial_schedule" => polynomial_schedule(
            init(),
            end(),
            case.f64("power"),
            case.u64("transition_steps"),
            case.u64("transition_begin"),
        ),
        "linear_schedule" => linear_schedule(
            init(),
            end(),
            case.u64("transition_steps"),
            case.u64("transition_begin"),
        ),
        "exponential_decay" => decay(case, init()).spec(),
        "cosine_decay_schedule" => cosine_decay_schedule(
            init(),
            case.u64("decay_steps"),
            case.f64("alpha"),
            case.f64("exponent"),
        ),
        "piecewise_constant_schedule" => piecewise_constant_schedule(init(), &scales(case)),
        "piecewise_interpolate_schedule" => {
            let between = match case.text("interpolate_type") {
                "linear" => Between::Linear,
                "cosine" => Between::Cosine,
                other => panic!("{}: interpolate_type = {other} is not understood", case.id()),
            };
            piecewise_interpolate_schedule(between, init(), &scales(case))
        }
        "linear_onecycle_schedule" => linear_onecycle_schedule(
            case.u64("transition_steps"),
            peak(),
            case.f64("pct_start"),
            case.f64("pct_final"),
            case.f64("div_factor"),
            case.f64("final_div_factor"),
        ),
        "cosine_onecycle_schedule" => cosine_onecycle_schedule(
            case.u64("transition_steps"),
            peak(),
            case.f64("pct_start"),
            case.f64("div_factor"),
            case.f64("final_div_factor"),
        ),
        "warmup_constant_schedule" => {
            warmup_constant_schedule(init(), peak(), case.u64("warmup_steps"))
        }
        "warmup_cosine_decay_schedule" => warmup_cosine_decay_schedule(
            init(),
            peak(),
            case.u64("warmup_steps"),
            case.u64("decay_steps"),
            case.f64_or("end_value", 0.0),
            case.f64_or("exponent", 1.0),
        ),
        "warmup_exponential_decay_schedule" => {
            warmup_exponential_decay_schedule(init(), case.u64("warmup_steps"), decay(case, peak()))
        }
        "sgdr_schedule" => {
            let cycles: Vec<_> = case.value("cosine_kwargs").as_array().expect("cycles").iter().map(|kwargs| {
                serde_json::json!({ "id": "optax/cycle", "schedule": "warmup_cosine_decay_schedule", "hyperparameters": kwargs })
            }).collect();
            let mut boundaries: Vec<u64> = Vec::new();
            for cycle in &cycles[..cycles.len() - 1] {
                boundaries
                    .push(boundaries.last().unwrap_or(&0) + case.part(cycle).u64("decay_steps"));
            }
            let specs: Vec<Spec> =
                cycles.iter().map(|cycle| spec(case.part(cycle)).expect("a cycle")).collect();
            join_schedules(&specs, &boundaries)
        }
        "join_schedules" => {
            let parts = case.value("schedules").as_array().expect("schedules");
            let specs: Vec<Spec> =
                parts.iter().map(|part| spec(case.part(part)).expect("a part")).collect();
            join_schedules(&specs, &case.steps("boundaries"))
        }
        name => panic!("{name} has no dialect"),
    }
}

fn decay(case: Case<'_>, init_value: f64) -> ExponentialDecayArgs {
    ExponentialDecayArgs {
        init_value,
        decay_rate: case.f64("decay_rate"),
        transition_steps: case.u64("transition_steps"),
        transition_begin: case.u64("transition_begin"),
        staircase: case.flag("staircase"),
        end_value: case.optional("end_value"),
    }
}

fn scales(case: Case<'_>) -> Vec<(u64, f64)> {
    let map = case.value("boundaries_and_scales").as_object().expect("a map");
    map.iter().map(|(at, scale)| (at.parse().expect("a step"), paso_tests::number(scale))).collect()
}
