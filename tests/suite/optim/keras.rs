//! Keras' optimizers.

#![expect(
    clippy::cast_possible_truncation,
    reason = "recorded whole numbers, and rounding to f32 on purpose"
)]

use super::{Case, Ours};
use paso_adam::{AdamConfig, AmsGrad, Epsilon, Nesterov, Rule, ScheduleFree, WeightDecay};
use paso_tests::number;

pub(super) fn ours(case: Case<'_>) -> Ours {
    let value = |name: &str| Some(case.value(name)).filter(|v| !v.is_null()).map(number);
    let base = AdamConfig {
        beta1: case.f64("beta_1"),
        beta2: case.f64("beta_2"),
        eps: value("epsilon").unwrap_or(1e-7),
        epsilon: Epsilon::Hat,
        decay: value("weight_decay").map_or(WeightDecay::None, WeightDecay::Decoupled),
        ..AdamConfig::default()
    };
    // A running average of the weights does not act on them, unless it overwrites them.
    case.expect_neutral("use_ema", &[false.into()]);
    case.expect_neutral("ema_momentum", std::slice::from_ref(case.value("ema_momentum")));
    for name in ["ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps"] {
        case.expect_neutral(name, &[]);
    }
    let config = match case.optimizer() {
        "Adam" | "AdamW" if case.flag("amsgrad") => {
            AdamConfig { rule: Rule::AmsGrad(AmsGrad::Raw), ..base }
        }
        "Adam" | "AdamW" => base,
        "Nadam" => AdamConfig {
            rule: Rule::NAdam(Nesterov::Warming { decay: 1.0 }),
            epsilon: Epsilon::Corrected,
            ..base
        },
        "Adamax" => AdamConfig { rule: Rule::Adamax, ..base },
        "Lion" => AdamConfig { rule: Rule::Lion, ..base },
        "ScheduleFreeAdamW" => {
            let warmup = case.f64("warmup_steps") as u64;
            let rule = Rule::ScheduleFree(ScheduleFree { warmup, r: 0.0, power: 0.0 });
            AdamConfig { rule, epsilon: Epsilon::Corrected, ..base }
        }
        other => panic!("Keras' {other} has no dialect"),
    };
    Ours::Run(config)
}
