//! The update rules, one a file: the formula, its constants folded once a step, its arithmetic on a vector, and
//! the textbook version that it is tested against.

use pulp::Simd;

use crate::config::{AdamConfig, Rule};

pub(crate) mod adabelief;
pub(crate) mod adam;
pub(crate) mod adamax;
pub(crate) mod adopt;
pub(crate) mod amsgrad;
pub(crate) mod lion;
pub(crate) mod nadam;
pub(crate) mod radam;

/// The kernel of a rule with everything folded that is constant over a step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Folded {
    Adam(adam::Folded),
    AmsGrad(amsgrad::Folded),
    NAdam(nadam::Folded),
    RAdam(radam::Folded),
    Adamax(adamax::Folded),
    AdaBelief(adabelief::Folded),
    Lion(lion::Folded),
    Adopt(adopt::Folded),
}

impl Folded {
    pub(crate) fn new(config: &AdamConfig, t: u64, lr: f64) -> Self {
        match config.rule {
            Rule::Adam => Self::Adam(adam::Folded::new(config, t, lr)),
            Rule::AmsGrad(largest) => Self::AmsGrad(amsgrad::Folded::new(config, largest, t, lr)),
            Rule::NAdam(nesterov) => Self::NAdam(nadam::Folded::new(config, nesterov, t, lr)),
            Rule::RAdam => Self::RAdam(radam::Folded::new(config, t, lr)),
            Rule::Adamax => Self::Adamax(adamax::Folded::new(config, t, lr)),
            Rule::AdaBelief(expected) => {
                Self::AdaBelief(adabelief::Folded::new(config, expected, t, lr))
            }
            Rule::Lion => Self::Lion(lion::Folded::new(config, lr)),
            Rule::Adopt { clip } => Self::Adopt(adopt::Folded::new(config, clip, t, lr)),
        }
    }
}

/// One weight of one step in f64, as the papers write it: what is subtracted from it.
pub(crate) fn textbook(
    config: &AdamConfig,
    t: u64,
    lr: f64,
    g: f64,
    moments: &mut [f64; 3],
) -> f64 {
    match config.rule {
        Rule::Adam => adam::textbook(config, t, lr, g, moments),
        Rule::AmsGrad(largest) => amsgrad::textbook(config, largest, t, lr, g, moments),
        Rule::NAdam(nesterov) => nadam::textbook(config, nesterov, t, lr, g, moments),
        Rule::RAdam => radam::textbook(config, t, lr, g, moments),
        Rule::Adamax => adamax::textbook(config, t, lr, g, moments),
        Rule::AdaBelief(expected) => adabelief::textbook(config, expected, t, lr, g, moments),
        Rule::Lion => lion::textbook(config, lr, g, moments),
        Rule::Adopt { clip } => adopt::textbook(config, clip, t, lr, g, moments),
    }
}

/// The names of a rule's moments, as PyTorch has them where it has them; their number is the number of moments.
pub(crate) fn moment_names(rule: Rule) -> &'static [&'static str] {
    match rule {
        Rule::AmsGrad(_) => &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"],
        Rule::Adamax => &["exp_avg", "exp_inf"],
        Rule::AdaBelief(_) => &["exp_avg", "exp_avg_var"],
        Rule::Lion => &["exp_avg"],
        Rule::Adam | Rule::NAdam(_) | Rule::RAdam | Rule::Adopt { .. } => {
            &["exp_avg", "exp_avg_sq"]
        }
    }
}

/// The magnitude up to which a gradient counts as zero under a rule.
pub(crate) fn faint(config: &AdamConfig) -> f32 {
    match config.rule {
        // No squares that could underflow.
        Rule::Adamax | Rule::Lion => crate::math::DENORMAL,
        _ => crate::math::faint(config.beta2),
    }
}

/// The arithmetic of a rule on one vector of weights, with everything that is constant over a step inside.
///
/// Implementations use only operations that round correctly (add, subtract, multiply, fused multiply-add, divide,
/// square root, comparisons), always in the same order. That is why every level gives the same bits.
pub(crate) trait Kernel: Copy + Send + Sync {
    /// How many moments (buffers of the weights' length) the rule keeps: 1 to 3.
    const MOMENTS: usize;

    /// From the gradient and the old moments (unused ones are zero): the new moments, and what is subtracted
    /// from the weight.
    fn update<S: Simd>(self, simd: S, gradient: S::f32s, moments: [S::f32s; 3]) -> Update<S::f32s>;
}

/// What a [`Kernel`] returns for one vector.
pub(crate) struct Update<V> {
    /// What is subtracted from the weights; the rate is in it.
    pub(crate) step: V,
    /// The new moments; those beyond [`Kernel::MOMENTS`] are ignored.
    pub(crate) moments: [V; 3],
}
