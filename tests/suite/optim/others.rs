//! timm, `pytorch_optimizer` and `schedulefree`: all in PyTorch's form.

#![expect(
    clippy::cast_possible_truncation,
    reason = "recorded whole numbers, and rounding to f32 on purpose"
)]

use super::{Case, Ours};
use paso_adam::{AdamConfig, AdoptClip, Nesterov, Rule, ScheduleFree, WeightDecay};
use paso_tests::number;

pub(super) fn timm(case: Case<'_>) -> Ours {
    let decay = case.f64_or("weight_decay", 0.0);
    let peak = case.f64_or("max_lr_snapshot", 0.0);
    let config = AdamConfig {
        cautious: case.flag("caution"),
        maximize: case.flag("maximize"),
        decay: match decay {
            0.0 => WeightDecay::None,
            value if case.flag("corrected_weight_decay") => WeightDecay::Corrected { value, peak },
            value => WeightDecay::Decoupled(value),
        },
        ..case.adam()
    };
    match case.optimizer() {
        "AdaBelief" if case.flag("rectify") => Ours::Skip("AdaBelief with RAdam's rectification"),
        "AdaBelief" => {
            Ours::Run(AdamConfig { rule: Rule::AdaBelief, eps_root: config.eps, ..config })
        }
        "Adopt" => {
            let power = Some(case.value("clip_exp")).filter(|v| !v.is_null()).map(number);
            let clip = power.map(|power| AdoptClip { power, shift: 1 });
            Ours::Run(AdamConfig { rule: Rule::Adopt(clip), ..config })
        }
        "Lion" => Ours::Run(AdamConfig { rule: Rule::Lion, ..config }),
        "AdamWLegacy" => Ours::Run(config),
        "NAdamW" => Ours::Run(AdamConfig { rule: Rule::NAdam(Nesterov::Simple), ..config }),
        "Lamb" => Ours::Run(AdamConfig { rule: Rule::Lamb, ..config }),
        other => panic!("timm's {other} has no dialect"),
    }
}

pub(super) fn pytorch_optimizer(case: Case<'_>) -> Ours {
    let config = AdamConfig {
        maximize: case.flag("maximize"),
        decay: match (case.f64("weight_decay"), case.flag("weight_decouple")) {
            (0.0, _) => WeightDecay::None,
            (value, true) => WeightDecay::Decoupled(value),
            (value, false) => WeightDecay::L2(value),
        },
        ..case.adam()
    };
    Ours::Run(match case.optimizer() {
        "AdaBelief" => AdamConfig { rule: Rule::AdaBelief, eps_root: config.eps, ..config },
        "ADOPT" => {
            let clip = AdoptClip { power: 0.25, shift: 0 };
            AdamConfig { rule: Rule::Adopt(Some(clip)), ..config }
        }
        "Lion" => AdamConfig { rule: Rule::Lion, ..config },
        other => panic!("pytorch_optimizer's {other} has no dialect"),
    })
}

pub(super) fn schedulefree(case: Case<'_>) -> Ours {
    if case.optimizer() == "RAdamScheduleFree" {
        return Ours::Skip("Schedule-Free over RAdam is not offered");
    }
    let average = ScheduleFree {
        warmup: case.f64("warmup_steps") as u64,
        r: case.f64("r"),
        power: case.f64("weight_lr_power"),
    };
    Ours::Run(AdamConfig {
        rule: Rule::ScheduleFree(average),
        decay: WeightDecay::Decoupled(case.f64("weight_decay")),
        ..case.adam()
    })
}
