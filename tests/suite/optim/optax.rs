//! Optax' optimizers.

use super::{Case, Ours};
use paso_adam::{AdamConfig, Adopt, AdoptClip, AmsGrad, Nesterov, Rule, WeightDecay, Yogi};
use paso_tests::number;

pub(super) fn ours(case: Case<'_>) -> Ours {
    let value =
        |name: &str, or: f64| Some(case.value(name)).filter(|v| !v.is_null()).map_or(or, number);
    let base = AdamConfig {
        beta1: case.f64("b1"),
        beta2: case.f64("b2"),
        eps: value("eps", 0.0),
        eps_root: value("eps_root", 0.0),
        decay: match value("weight_decay", 0.0) {
            0.0 => WeightDecay::None,
            value => WeightDecay::Decoupled(value),
        },
        ..AdamConfig::default()
    };
    case.expect_neutral("threshold", &[5.0.into()]);
    for name in ["bias_correction_mu", "bias_correction_nu"] {
        case.expect_neutral(name, &[true.into()]);
    }
    let nesterov = case.flag("nesterov");
    let rule = match case.optimizer() {
        "adam" | "adamw" | "nadam" | "nadamw" if nesterov => Rule::NAdam(Nesterov::Constant),
        other if nesterov => panic!("{}: {other} with nesterov is not understood", case.id()),
        "adam" | "adamw" => Rule::Adam,
        "amsgrad" => Rule::AmsGrad(AmsGrad::BiasCorrected),
        "adabelief" => Rule::AdaBelief,
        "lion" => Rule::Lion,
        "radam" => Rule::RAdam,
        "adopt" => {
            let clip = case.flag("use_clipping").then(AdoptClip::default);
            Rule::Adopt(Adopt { clip, ..Adopt::default() })
        }
        "lamb" => Rule::Lamb,
        "adamax" | "adamaxw" => Rule::Adamax,
        "yogi" => Rule::Yogi(Yogi::default()),
        other => panic!("Optax' {other} has no dialect"),
    };
    Ours::Run(AdamConfig { rule, ..base })
}
