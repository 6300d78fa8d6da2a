//! Keras' schedules.

use super::adaptive::better;
use super::{Case, Ours};
use paso_schedule::keras::*;

pub(super) fn ours(case: Case<'_>) -> Ours {
    let initial = || case.f64("initial_learning_rate");
    Ours::Whole(match case.schedule() {
        "ExponentialDecay" => exponential_decay(
            initial(),
            case.u64("decay_steps"),
            case.f64("decay_rate"),
            case.flag("staircase"),
        ),
        "InverseTimeDecay" => inverse_time_decay(
            initial(),
            case.u64("decay_steps"),
            case.f64("decay_rate"),
            case.flag("staircase"),
        ),
        "PolynomialDecay" => {
            let (end, power) = (case.f64("end_learning_rate"), case.f64("power"));
            polynomial_decay(initial(), case.u64("decay_steps"), end, power, case.flag("cycle"))
        }
        "CosineDecay" => {
            if case.value("warmup_target").is_null() {
                case.no_effect(&["warmup_steps"]);
            }
            let warmup =
                case.optional("warmup_target").map(|target| (target, case.u64("warmup_steps")));
            let spec = cosine_decay(initial(), case.u64("decay_steps"), case.f64("alpha"), warmup);
            if case.u64("decay_steps") == 0 {
                return Ours::Refused(spec, "a length of 0 is refused");
            }
            spec
        }
        "CosineDecayRestarts" => {
            let (t_mul, m_mul) = (case.f64("t_mul"), case.f64("m_mul"));
            cosine_decay_restarts(
                initial(),
                case.u64("first_decay_steps"),
                t_mul,
                m_mul,
                case.f64("alpha"),
            )
        }
        "PiecewiseConstantDecay" => {
            piecewise_constant_decay(&case.steps("boundaries"), &case.list("values"))
        }
        "ReduceLROnPlateau" => {
            let base = case.base();
            let plateau = reduce_lr_on_plateau(
                base,
                better(case.text("mode")),
                case.f64("factor"),
                case.u64("patience"),
                case.f64("min_delta"),
                case.u64("cooldown"),
                case.f64("min_lr"),
            );
            return Ours::plateau(base, plateau);
        }
        name => panic!("{name} has no dialect"),
    })
}
