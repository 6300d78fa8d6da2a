//! The table of `DIALECTS.md`: which settings reproduce which library, and how closely.

use super::Outcome;
use paso_adam::AdamConfig;
use std::fmt::Write as _;

const HEAD: &str = "\
# Adam in other libraries

Which settings reproduce which optimizer of which library, measured: every case below is a run that the library itself
recorded (60 steps; constant, exploding, tiny, dying, alternating and random gradients), compared step by step.
This file is written by a test: `PASO_BLESS=1 cargo test -p paso-tests optim`.

- *f64*: the formulas of `paso_adam::reference`, against the library's float64, in units of 1e-13 of the weight and of the
  sum of the rates. At most 1 is allowed.
- *f32*: the step itself, against the library's float64, in ulp of f32 (1.2e-7) a step, of the weight and of the longest
  step that the rule allows. At most 4 is allowed: one rounding of the weight, and three for the step.

Settings that are not shown are `AdamConfig::default()`'s.

| library's run | settings | f64 | f32 |
|---|---|---|---|
";

/// What differs from the defaults.
fn settings(config: &AdamConfig) -> String {
    let base = AdamConfig::default();
    let mut parts = Vec::new();
    if config.rule != base.rule {
        parts.push(format!("rule: {:?}", config.rule));
    }
    if (config.beta1, config.beta2) != (base.beta1, base.beta2) {
        parts.push(format!("beta1: {:?}, beta2: {:?}", config.beta1, config.beta2));
    }
    if config.eps != base.eps {
        parts.push(format!("eps: {:?}", config.eps));
    }
    if config.epsilon != base.epsilon {
        parts.push(format!("epsilon: {:?}", config.epsilon));
    }
    if config.eps_root != base.eps_root {
        parts.push(format!("eps_root: {:?}", config.eps_root));
    }
    if config.decay != base.decay {
        parts.push(format!("decay: {:?}", config.decay));
    }
    if config.maximize {
        parts.push("maximize".into());
    }
    if config.cautious {
        parts.push("cautious".into());
    }
    if parts.is_empty() { "the defaults".into() } else { format!("`{}`", parts.join(", ")) }
}

pub(super) fn markdown(outcomes: &[Outcome]) -> String {
    let mut text = String::from(HEAD);
    let double = |outcome: &&Outcome| outcome.id.ends_with("/float64");
    for Outcome { id, result } in outcomes.iter().filter(double) {
        let id = id.trim_end_matches("/float64");
        let _ = match result {
            Ok((config, difference)) => writeln!(
                text,
                "| {id} | {} | {:.2} | {:.2} |",
                settings(config),
                difference.textbook,
                difference.ulp
            ),
            Err(why) => writeln!(text, "| {id} | not compared: {why} | | |"),
        };
    }
    text
}
