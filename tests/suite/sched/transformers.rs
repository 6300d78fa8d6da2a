//! The schedules of transformers.

use super::adaptive::better;
use super::{Case, Ours};
use paso_schedule::transformers::*;
use paso_schedule::{Better, GreedyConfig};

const RISES: &str = "compared to its end: the library's cosine rises again after it";

pub(super) fn ours(case: Case<'_>) -> Ours {
    let base = case.base();
    let (warmup, total) =
        (case.u64_or("num_warmup_steps", 0), case.u64_or("num_training_steps", 0));
    let min_lr = || case.optional("min_lr").unwrap_or_else(|| base * case.f64("min_lr_rate"));
    let cycles = case.f64_or("num_cycles", 0.5);
    Ours::Whole(match case.schedule() {
        "constant" => constant(base),
        "constant_with_warmup" => constant_with_warmup(base, warmup),
        "linear" => linear(base, warmup, total),
        "cosine" => return Ours::Until(cosine(base, warmup, total, cycles), total + 1, RISES),
        "cosine_with_restarts" => {
            cosine_with_restarts(base, warmup, total, case.u64_or("num_cycles", 1))
        }
        "polynomial" => {
            polynomial(base, warmup, total, case.f64_or("lr_end", 1e-7), case.f64_or("power", 1.0))
        }
        "inverse_sqrt" => inverse_sqrt(base, warmup, case.optional("timescale").map(|n| n as u64)),
        "cosine_with_min_lr" => {
            return Ours::Until(
                cosine_with_min_lr(base, warmup, total, cycles, min_lr()),
                total + 1,
                RISES,
            );
        }
        "cosine_warmup_with_min_lr" => {
            let spec = cosine_warmup_with_min_lr(
                base,
                warmup,
                total,
                min_lr(),
                case.optional("warmup_lr_rate"),
            );
            return Ours::Until(spec, total, RISES);
        }
        "warmup_stable_decay" => {
            let form = |name: &str, default: Form| match case.value(name).as_str() {
                None => default,
                Some("linear") => Form::Linear,
                Some("cosine") => Form::Cosine(cycles),
                Some("1-sqrt") => Form::OneMinusSqrt,
                Some(other) => panic!("{}: {name} = {other} is not understood", case.id()),
            };
            let decay = case.u64("num_decay_steps");
            WsdSchedule {
                base,
                warmup,
                stable: case.u64_or("num_stable_steps", total.saturating_sub(warmup + decay)),
                decay,
                min_lr: base * case.f64_or("min_lr_ratio", 0.0),
                warmup_form: form("warmup_type", Form::Linear),
                decay_form: form("decay_type", Form::Cosine(0.5)),
            }
            .spec()
        }
        "reduce_lr_on_plateau" => {
            // The arguments are those of PyTorch's class.
            let amount = case.f64_or("threshold", 1e-4);
            let text = |name: &str, default| case.value(name).as_str().unwrap_or(default);
            let plateau = reduce_lr_on_plateau(
                base,
                better(text("mode", "min")),
                case.f64_or("factor", 0.1),
                case.u64_or("patience", 10),
                match text("threshold_mode", "rel") {
                    "rel" => Threshold::Relative(amount),
                    "abs" => Threshold::Absolute(amount),
                    other => panic!("{}: threshold_mode = {other} is not understood", case.id()),
                },
                case.u64_or("cooldown", 0),
                case.f64_or("min_lr", 0.0),
                case.f64_or("eps", 1e-8),
            );
            return Ours::plateau(base, plateau);
        }
        "greedy" => {
            let defaults = GreedyConfig::default();
            let smooth = case.value("smooth").as_bool() == Some(true);
            let config = GreedyConfig {
                better: Better::Lower,
                factor: case.f64("factor"),
                patience: case.u64("patience") + 1,
                cooldown: case.u64_or("cooldown", 0),
                warmup: case.u64_or("warmup", 0),
                window: if smooth {
                    usize::try_from(case.u64("window_size")).expect("a window")
                } else {
                    1
                },
                reset_after: case.u64_or("reset_start", defaults.reset_after),
                ..defaults
            };
            return Ours::Greedy {
                base,
                greedy: greedy(base, case.f64("min_lr"), case.f64("max_lr"), config),
            };
        }
        name => panic!("{name} has no dialect"),
    })
}
