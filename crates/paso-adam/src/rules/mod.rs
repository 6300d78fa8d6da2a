//! The update rules, one a file: the formula, its constants folded once a step, its arithmetic on a
//! vector, and the textbook version that it is tested against.
//!
//! To add a rule, write its file and a line in the list below; `docs/adding/rule.md` walks through
//! an example.

mod bias_correction;
mod formula;
mod moments;

use paso_isa::Isa;

pub(crate) use formula::{Formula, Inputs, Job, Kernel, StepContext, Update, decoupled_decay};

use formula::RunJob;

/// From the list of rules: their modules, the public enum, and the two places that turn a rule into
/// its formula and into its kernel.
macro_rules! rules {
    (
        $(
            $(#[$docs:meta])*
            $module:ident::$kernel:ident: $variant:ident $(($options:ident: $type:ty))? => $rule:expr;
        )*
    ) => {
        $(mod $module;)*

        /// The formula of the update. What a rule means by `beta1`, `beta2`, `eps` and `decay` is
        /// in [`AdamConfig`](crate::AdamConfig).
        ///
        /// | rule | buffers in addition to the weights | paper |
        /// |---|---|---|
        /// | [`Rule::Adam`] | `exp_avg`, `exp_avg_sq` | Kingma & Ba, arXiv 1412.6980, algorithm 1; with [`WeightDecay::Decoupled`](crate::WeightDecay::Decoupled) AdamW, arXiv 1711.05101 |
        /// | [`Rule::AmsGrad`] | and `max_exp_avg_sq` | Reddi et al., arXiv 1904.09237, algorithm 2 |
        /// | [`Rule::NAdam`] | as Adam | Dozat, *Incorporating Nesterov Momentum into Adam*, 2016 |
        /// | [`Rule::RAdam`] | as Adam | Liu et al., arXiv 1908.03265, algorithm 2 |
        /// | [`Rule::Adamax`] | `exp_avg`, `exp_inf` | Kingma & Ba, algorithm 2 |
        /// | [`Rule::AdaBelief`] | `exp_avg`, `exp_avg_var` | Zhuang et al., arXiv 2010.07468, algorithm 2 |
        /// | [`Rule::Lion`] | `exp_avg` | Chen et al., arXiv 2302.06675, program 1 |
        /// | [`Rule::Adopt`] | as Adam | Taniguchi et al., arXiv 2411.02853, algorithm 2 |
        /// | [`Rule::ScheduleFree`] | `z`, `exp_avg_sq` | Defazio et al., arXiv 2405.15682, algorithm 1 |
        /// | [`Rule::Lamb`] | as Adam | You et al., arXiv 1904.00962, algorithm 2 |
        /// | [`Rule::Yogi`] | as Adam | Zaheer et al., NIPS 2018, algorithm 2 |
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$docs])* $variant $(($type))?,)*
        }

        impl Rule {
            /// Every rule, with its default options.
            #[must_use]
            pub fn all() -> alloc::vec::Vec<Self> {
                alloc::vec![$(Self::$variant $((<$type>::default()))?,)*]
            }

            /// What is to be known of the rule outside of the loop over weights.
            pub(crate) fn formula(&self) -> &dyn Formula {
                match self {
                    $(Self::$variant $(($options))? => $rule,)*
                }
            }
        }

        /// The constants of a step of any rule.
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum RuleKernel {
            $($variant($module::$kernel),)*
        }

        impl RuleKernel {
            /// Folds everything that is constant over a step; and what the denominator divides:
            /// `gain / denominator` is the learning rate of a single weight.
            #[inline]
            pub(crate) fn new(rule: &Rule, at: &StepContext) -> (Self, f64) {
                match rule {
                    $(Rule::$variant $(($options))? => {
                        let (kernel, gain) = $rule.kernel(at);
                        (Self::$variant(kernel), gain)
                    })*
                }
            }
        }

        /// Runs a loop over weights, compiled for this instruction set and the rule's kernel.
        #[inline]
        pub(crate) fn run<J: Job>(isa: Isa, kernel: RuleKernel, job: J) -> J::Output {
            match kernel {
                $(RuleKernel::$variant(kernel) => kernel.run_job(isa, job),)*
            }
        }
    };
}

rules! {
    /// Adam and AdamW: which of them depends on [`WeightDecay`](crate::WeightDecay).
    adam::AdamKernel: Adam => &adam::Adam;
    /// The largest second moment so far takes the place of the second moment.
    amsgrad::AmsGradKernel: AmsGrad(options: AmsGrad) => options;
    /// Nesterov's look-ahead, in one of the forms that libraries ship under this name.
    nadam::NAdamKernel: NAdam(options: Nesterov) => options;
    /// The learning rate grows as the variance of the second moment shrinks; momentum alone before
    /// that can be estimated. PyTorch's has [`Epsilon::Hat`](crate::Epsilon::Hat), Optax's
    /// `Corrected`.
    radam::RAdamKernel: RAdam => &radam::RAdam;
    /// The second moment is the largest gradient, which decays by `beta2` a step.
    adamax::AdamaxKernel: Adamax => &adamax::Adamax;
    /// The second moment is that of the gradient's distance from its mean.
    adabelief::AdaBeliefKernel: AdaBelief => &adabelief::AdaBelief;
    /// The sign of a mean of gradients: no denominator. Wants a learning rate 3 to 10 times smaller
    /// than Adam's and a decay larger by as much (paper, section 5). Usual betas: 0.9 and 0.99.
    lion::LionKernel: Lion => &lion::Lion;
    /// The gradient is divided by the second moment *before* it enters that moment. Its first step
    /// only fills the second moment. Usual `beta2`: 0.9999, `eps`: 1e-6.
    adopt::AdoptKernel: Adopt(options: Adopt) => options;
    /// No schedule, no momentum: the gradient is taken between the running average of the weights
    /// and a fast sequence `z`. Evaluate through
    /// [`AdamGroup::evaluate`](crate::AdamGroup::evaluate).
    schedule_free::ScheduleFreeKernel: ScheduleFree(options: ScheduleFree) => options;
    /// AdamW with the step of each tensor as long as the tensor, times the learning rate. Needs a
    /// second pass over memory. Usual `eps`: 1e-6.
    lamb::LambKernel: Lamb => &lamb::Lamb;
    /// The second moment falls slower than it grows. Usual `eps`: 1e-3.
    yogi::YogiKernel: Yogi(options: Yogi) => options;
}

pub use adopt::{Adopt, AdoptClip};
pub use amsgrad::AmsGrad;
pub use nadam::Nesterov;
pub use schedule_free::ScheduleFree;
pub use yogi::Yogi;

#[cfg(test)]
mod tests;
