//! [`Adam`]: checked settings, and the step over plain slices.

use crate::checks::assert_lr;
use crate::chunks::{Chunk, Threads};
use crate::config::AdamConfig;
use crate::error::Error;
use crate::scalars::Scalars;
use crate::step::{GradScale, Setting, Step};
use crate::tensors::Gradient;
use paso_isa::Isa;

/// An optimizer whose settings were checked, and the instruction set it runs on. It holds no
/// moments: it is a small value to copy and share.
///
/// [`Adam::step`] works on slices that the caller owns; [`AdamGroup`](crate::AdamGroup) keeps
/// moments and the count of steps for many tensors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    config: AdamConfig,
    isa: Isa,
}

impl Adam {
    /// Checks the settings. Steps run on the instruction set that `PASO_ISA` names (feature `std`),
    /// or else on the fastest of this CPU.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] names the field, its value and the allowed range; [`Error::Isa`]
    /// when `PASO_ISA` names an instruction set that is not available.
    pub fn new(config: AdamConfig) -> Result<Self, Error> {
        config.validate()?;
        #[cfg(feature = "std")]
        let isa = Isa::from_env()?;
        #[cfg(not(feature = "std"))]
        let isa = Isa::best();
        Ok(Self { config, isa })
    }

    /// The same optimizer on another instruction set. It gives the same bits.
    #[must_use]
    pub fn with_isa(self, isa: Isa) -> Self {
        Self { isa, ..self }
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &AdamConfig {
        &self.config
    }

    /// The instruction set that steps run on.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The longest step that any gradients can make of step `t`, in units of the learning rate,
    /// without decoupled decay; `None` for rules without such a bound, and where
    /// `beta1^2 >= beta2`.
    ///
    /// For Adam it is, with `q = beta1^2 / beta2`,
    ///
    /// ```text
    /// sqrt(1 - beta2^t) / (1 - beta1^t) * (1 - beta1) / sqrt(1 - beta2) * sqrt((1 - q^t) / (1 - q))
    /// ```
    ///
    /// by the inequality of Cauchy and Schwarz on the two moving averages: 1 at first, 7.27 in the
    /// end at the default betas. Gradients that grow as `(beta2 / beta1)^t` reach it. So the paper's
    /// `(1 - beta1) / sqrt(1 - beta2) = 3.16` (section 2.1) is not a bound.
    ///
    /// ```
    /// # use paso_adam::{Adam, AdamConfig};
    /// let adam = Adam::new(AdamConfig::default())?;
    /// assert_eq!(adam.longest_step(1), Some(1.0));
    /// assert!((adam.longest_step(100).unwrap() - 2.243).abs() < 1e-3);
    /// # Ok::<(), paso_adam::Error>(())
    /// ```
    #[must_use]
    pub fn longest_step(&self, t: u64) -> Option<f64> {
        self.config.longest_step(t.max(1))
    }

    /// Takes step number `t` (the first is 1) with the learning rate `lr`: updates `weights` and
    /// both moments, all of one length. Moments start as zeros. Allocates nothing and starts no
    /// thread.
    ///
    /// Rules with three moments, or with scalars to carry from step to step, need an
    /// [`AdamGroup`](crate::AdamGroup); [`Rule::Lion`](crate::Rule::Lion) leaves `v` alone.
    ///
    /// ```
    /// use paso_adam::{Adam, AdamConfig};
    ///
    /// let adam = Adam::new(AdamConfig::default())?;
    /// let (mut w, mut m, mut v) = ([1.0_f32], [0.0], [0.0]);
    /// for t in 1..=1000 {
    ///     let gradient = [2.0 * w[0]]; // of w^2
    ///     adam.step(t, 1e-2, &mut w, &gradient, &mut m, &mut v);
    /// }
    /// assert!(w[0].abs() < 1e-3);
    /// # Ok::<(), paso_adam::Error>(())
    /// ```
    ///
    /// # Panics
    /// When a slice has another length than `weights`, when `t` is 0, when `lr` is negative,
    /// infinite or NaN, or when the rule is [`Rule::AmsGrad`](crate::Rule::AmsGrad),
    /// [`Rule::ScheduleFree`](crate::Rule::ScheduleFree) or the warming
    /// [`Rule::NAdam`](crate::Rule::NAdam).
    #[track_caller]
    pub fn step(
        &self,
        t: u64,
        lr: f64,
        weights: &mut [f32],
        gradient: &[f32],
        m: &mut [f32],
        v: &mut [f32],
    ) {
        let n = weights.len();
        assert!(gradient.len() == n, "gradient has {} values, weights have {n}", gradient.len());
        assert!(m.len() == n, "first moment has {} values, weights have {n}", m.len());
        assert!(v.len() == n, "second moment has {} values, weights have {n}", v.len());
        assert!(t > 0, "step number 0: the first step is 1");
        assert_lr(lr);
        let (rule, formula) = (self.config.rule, self.config.rule.formula());
        let moments = formula.moment_names().len();
        let fits = moments <= 2 && !formula.has_scalars();
        assert!(fits, "{rule:?} carries more than two moments: step an AdamGroup");
        let setting = Setting::new(self.config, 1.0);
        let step = Step::new(&setting, self.isa, t, lr, Scalars::default(), GradScale::NONE);
        let v = if moments < 2 { &mut [] } else { v };
        let gradient = Gradient::Keep(gradient);
        let chunk = Chunk { weights, gradient, average: &mut [], moments: [m, v, &mut []] };
        step.tensor(Threads::One, chunk);
    }
}
