//! PyTorch's optimizers.

use super::{Case, Ours};
use paso_adam::{AdamConfig, Decay};
use paso_tests::number;

pub(super) fn ours(case: Case<'_>) -> Ours {
    if case.flag("amsgrad") {
        return Ours::Skip("AMSGrad");
    }
    if !case.value("per_step_beta1").is_null() {
        return Ours::Skip("another beta1 every step");
    }
    if !case.0["param_groups"].is_null() {
        return Ours::Skip("parameter groups");
    }
    let betas = case.value("betas");
    let decay = match (case.f64("weight_decay"), case.flag("decoupled_weight_decay")) {
        (0.0, _) => Decay::None,
        (value, true) => Decay::Decoupled(value),
        (value, false) => Decay::L2(value),
    };
    Ours::Run(AdamConfig {
        beta1: number(&betas[0]),
        beta2: number(&betas[1]),
        eps: case.f64("eps"),
        decay,
        maximize: case.flag("maximize"),
        ..AdamConfig::default()
    })
}
