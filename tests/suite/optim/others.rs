//! timm, `pytorch_optimizer` and `schedulefree`: all in PyTorch's form.

#![expect(
    clippy::cast_possible_truncation,
    reason = "recorded whole numbers, and rounding to f32 on purpose"
)]

use super::{Case, Ours};
use paso_adam::{AdamConfig, Adopt, AdoptClip, AmsGrad, Nesterov, Rule, ScheduleFree, WeightDecay};
use paso_tests::number;

pub(super) fn timm(case: Case<'_>) -> Ours {
    let decay = case.f64_or("weight_decay", 0.0);
    let peak = case.f64_or("max_lr_snapshot", 0.0);
    let [caution, amsgrad, corrected, fixed] =
        ["caution", "amsgrad", "corrected_weight_decay", "fixed_decay"].map(|name| case.flag(name));
    // The same switch has two names; LAMB's decay is part of its update either way.
    let coupled = ["decoupled", "decoupled_decay"].map(|name| case.value(name) == false);
    let is_l2 = coupled.contains(&true) && case.optimizer() != "Lamb";
    let config = AdamConfig {
        cautious: caution,
        maximize: case.flag("maximize"),
        decay: match decay {
            0.0 => WeightDecay::None,
            value if is_l2 => WeightDecay::L2(value),
            value if corrected => WeightDecay::Corrected { value, peak },
            value if fixed => WeightDecay::Constant(value),
            value => WeightDecay::Decoupled(value),
        },
        ..case.adam()
    };
    case.expect_neutral("clipping_threshold", &[]);
    let base = if amsgrad { Rule::AmsGrad(AmsGrad::Raw) } else { Rule::Adam };
    assert!(!amsgrad || case.optimizer() == "AdamWLegacy", "{}: amsgrad", case.id());
    match case.optimizer() {
        "AdaBelief" if case.flag("rectify") => Ours::Skip("AdaBelief with RAdam's rectification"),
        "AdaBelief" => {
            // It acts on rectification only.
            case.value("degenerated_to_sgd");
            Ours::Run(AdamConfig { rule: Rule::AdaBelief, eps_root: config.eps, ..config })
        }
        "Adopt" => {
            let power = Some(case.value("clip_exp")).filter(|v| !v.is_null()).map(number);
            let clip = power.map(|power| AdoptClip { power, shift: 1 });
            let rule = Rule::Adopt(Adopt { clip, ..Adopt::default() });
            Ours::Run(AdamConfig { rule, ..config })
        }
        "Lion" => Ours::Run(AdamConfig { rule: Rule::Lion, ..config }),
        "AdamWLegacy" => Ours::Run(AdamConfig { rule: base, ..config }),
        "NAdamW" => Ours::Run(AdamConfig { rule: Rule::NAdam(Nesterov::Simple), ..config }),
        "Lamb" => {
            for (name, only) in [
                ("bias_correction", true),
                ("grad_averaging", true),
                ("trust_clip", false),
                ("decoupled_decay", false),
            ] {
                case.expect_neutral(name, &[only.into()]);
            }
            // Without decay, timm scales a tensor's step only with `always_adapt`.
            let adapts = decay > 0.0 || case.flag("always_adapt");
            assert!(adapts, "{}: LAMB without its trust ratio is not understood", case.id());
            case.value("always_adapt");
            Ours::Run(AdamConfig { rule: Rule::Lamb, ..config })
        }
        other => panic!("timm's {other} has no dialect"),
    }
}

pub(super) fn pytorch_optimizer(case: Case<'_>) -> Ours {
    let [decouple, fixed] = ["weight_decouple", "fixed_decay"].map(|name| case.flag(name));
    let config = AdamConfig {
        maximize: case.flag("maximize"),
        decay: match case.f64("weight_decay") {
            0.0 => WeightDecay::None,
            value if !decouple => WeightDecay::L2(value),
            value if fixed => WeightDecay::Constant(value),
            value => WeightDecay::Decoupled(value),
        },
        ..case.adam()
    };
    for name in ["ams_bound", "rectify", "cautious", "adanorm", "adam_debias", "stable_adamw"] {
        case.expect_neutral(name, &[false.into()]);
    }
    Ours::Run(match case.optimizer() {
        "AdaBelief" => AdamConfig { rule: Rule::AdaBelief, eps_root: config.eps, ..config },
        "ADOPT" => AdamConfig { rule: AdamConfig::pytorch_optimizer_adopt().rule, ..config },
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
