//! The update rules, one a file: the formula, its constants folded once a step, its arithmetic on a vector, and
//! the textbook version that it is tested against.

use pulp::Simd;

use crate::config::AdamConfig;
use crate::rule::Rule;
use crate::scalars::Scalars;
use crate::step::Visit;

mod adabelief;
mod adam;
mod adamax;
mod adopt;
mod amsgrad;
mod lion;
mod nadam;
mod radam;
mod schedule_free;

pub(crate) use nadam::momentum;
pub(crate) use radam::rectification;

/// The arithmetic of a rule on one vector of weights, with everything that is constant over a step inside.
///
/// Implementations use only operations that round correctly (add, subtract, multiply, fused multiply-add, divide,
/// square root, comparisons), always in the same order. That is why every level gives the same bits.
pub(crate) trait Kernel: Copy + Send + Sync {
    /// How many moments (buffers of the weights' length) the rule keeps: 1 to 3.
    const MOMENTS: usize;

    /// From the weight, the gradient and the old moments (unused ones are zero): the new moments, and what is
    /// subtracted from the weight.
    fn update<S: Simd>(
        self,
        simd: S,
        weight: S::f32s,
        gradient: S::f32s,
        moments: [S::f32s; 3],
    ) -> Update<S::f32s>;

    /// What the denominator divides: `gain / denominator` is a weight's own learning rate.
    fn gain(self) -> f32;
}

/// What a [`Kernel`] returns for one vector.
pub(crate) struct Update<V> {
    /// What is subtracted from the weights; the learning rate is in it.
    pub(crate) step: V,
    /// What the gradient or its mean was divided by.
    pub(crate) denominator: V,
    /// The new moments; those beyond [`Kernel::MOMENTS`] are ignored.
    pub(crate) moments: [V; 3],
}

/// The constants of one step: what every rule folds its own from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepContext<'a> {
    pub(crate) config: &'a AdamConfig,
    /// The number of the step, from 1.
    pub(crate) t: u64,
    /// The learning rate.
    pub(crate) lr: f64,
    /// The rule's numbers after this step.
    pub(crate) scalars: Scalars,
}

/// The folded kernel of any rule.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AnyKernel {
    Adam(adam::AdamKernel),
    AmsGrad(amsgrad::AmsGradKernel),
    NAdam(nadam::NAdamKernel),
    Momentum(radam::MomentumKernel),
    Adamax(adamax::AdamaxKernel),
    AdaBelief(adabelief::AdaBeliefKernel),
    Lion(lion::LionKernel),
    Adopt(adopt::AdoptKernel),
    ScheduleFree(schedule_free::ScheduleFreeKernel),
}

impl AnyKernel {
    pub(crate) fn new(at: StepContext<'_>) -> Self {
        match at.config.rule {
            Rule::Adam => Self::Adam(adam::AdamKernel::new(at, at.lr)),
            // The length comes later, from the norms.
            Rule::Lamb => Self::Adam(adam::AdamKernel::new(at, 1.0)),
            Rule::AmsGrad(kind) => Self::AmsGrad(amsgrad::AmsGradKernel::new(at, kind)),
            Rule::NAdam(kind) => Self::NAdam(nadam::NAdamKernel::new(at, kind)),
            Rule::RAdam => match rectification(at.config.beta2, at.t) {
                Some(r) => Self::Adam(adam::AdamKernel::new(at, at.lr * r)),
                None => Self::Momentum(radam::MomentumKernel::new(at)),
            },
            Rule::Adamax => Self::Adamax(adamax::AdamaxKernel::new(at)),
            Rule::AdaBelief => Self::AdaBelief(adabelief::AdaBeliefKernel::new(at)),
            Rule::Lion => Self::Lion(lion::LionKernel::new(at)),
            Rule::Adopt(clip) => Self::Adopt(adopt::AdoptKernel::new(at, clip)),
            Rule::ScheduleFree(_) => Self::ScheduleFree(schedule_free::ScheduleFreeKernel::new(at)),
        }
    }
}

impl AnyKernel {
    /// Hands the rule's own kernel over.
    pub(crate) fn visit<V: Visit>(self, visitor: V) -> V::Output {
        match self {
            Self::Adam(kernel) => visitor.visit(kernel),
            Self::AmsGrad(kernel) => visitor.visit(kernel),
            Self::NAdam(kernel) => visitor.visit(kernel),
            Self::Momentum(kernel) => visitor.visit(kernel),
            Self::Adamax(kernel) => visitor.visit(kernel),
            Self::AdaBelief(kernel) => visitor.visit(kernel),
            Self::Lion(kernel) => visitor.visit(kernel),
            Self::Adopt(kernel) => visitor.visit(kernel),
            Self::ScheduleFree(kernel) => visitor.visit(kernel),
        }
    }
}

/// One element of one step in f64, as the papers write it: what is subtracted from the weight, with the new moments
/// left in `moments`.
pub(crate) fn textbook(at: StepContext<'_>, w: f64, g: f64, moments: &mut [f64; 3]) -> f64 {
    match at.config.rule {
        Rule::Adam => at.lr * adam::textbook(at, g, moments),
        Rule::Lamb => adam::textbook(at, g, moments),
        Rule::AmsGrad(kind) => amsgrad::textbook(at, kind, g, moments),
        Rule::NAdam(kind) => nadam::textbook(at, kind, g, moments),
        Rule::RAdam => radam::textbook(at, g, moments),
        Rule::Adamax => adamax::textbook(at, g, moments),
        Rule::AdaBelief => adabelief::textbook(at, g, moments),
        Rule::Lion => lion::textbook(at, g, moments),
        Rule::Adopt(clip) => adopt::textbook(at, clip, g, moments),
        Rule::ScheduleFree(_) => schedule_free::textbook(at, w, g, moments),
    }
}
