//! PyTorch's optimizers.

use super::{Case, Ours};
use paso_adam::{AdamConfig, AmsGrad, Epsilon, Nesterov, Rule, WeightDecay};

pub(super) fn ours(case: Case<'_>) -> Ours {
    let base = AdamConfig {
        maximize: case.flag("maximize"),
        decay: match (case.f64("weight_decay"), case.flag("decoupled_weight_decay")) {
            (0.0, _) => WeightDecay::None,
            (value, true) => WeightDecay::Decoupled(value),
            (value, false) => WeightDecay::L2(value),
        },
        ..case.adam()
    };
    for name in ["foreach", "capturable", "differentiable", "fused"] {
        case.expect_neutral(name, &[false.into(), true.into()]);
    }
    let config = match case.optimizer() {
        "Adam" | "AdamW" if case.flag("amsgrad") => {
            AdamConfig { rule: Rule::AmsGrad(AmsGrad::Raw), ..base }
        }
        "Adam" | "AdamW" => base,
        "NAdam" => {
            let decay = case.f64("momentum_decay");
            AdamConfig { rule: Rule::NAdam(Nesterov::Warming { decay }), ..base }
        }
        "RAdam" => AdamConfig { rule: Rule::RAdam, epsilon: Epsilon::Hat, ..base },
        "Adamax" => AdamConfig { rule: Rule::Adamax, ..base },
        other => panic!("torch's {other} has no dialect"),
    };
    Ours::Run(config)
}
