//! [`Adam`]: checked settings, and the step over plain slices.

use crate::config::{AdamConfig, Decay};
use crate::error::Error;
use crate::isa::Isa;
use crate::math;
use crate::pass::{Frame, Pass};
use crate::rules::{self, Folded, Kernel};

/// An optimizer whose settings were checked, and the instruction set it runs on. It holds no moments: it is a
/// small value to copy and share.
///
/// [`Adam::step`] works on slices that the caller owns; [`AdamGroup`](crate::AdamGroup) keeps moments and the
/// count of steps for many tensors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    config: AdamConfig,
    isa: Isa,
}

impl Adam {
    /// Checks the settings. The step runs on the level that `PASO_ISA` names (feature `std`), or else on the
    /// fastest of this CPU.
    ///
    /// # Errors
    /// [`Error::Config`] names the field, its value and the allowed range; [`Error::Isa`] tells that `PASO_ISA`
    /// asks for what cannot be had.
    pub fn new(config: AdamConfig) -> Result<Self, Error> {
        config.check()?;
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

    /// Takes step number `t` (the first is 1) with the rate `lr`: updates `weights` and both moments, all of one
    /// length. Moments start as zeros. Allocates nothing and starts no thread.
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
    /// When a slice has another length than `weights`, when `t` is 0, when `lr` is negative, infinite or NaN, or when
    /// the rule has another number of moments than two: [`Adam::step_with`] takes any.
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
        self.step_with(t, lr, weights, gradient, &mut [m, v]);
    }

    /// [`Adam::step`] with the moments that the rule has, in the order of [`Adam::moments`].
    ///
    /// # Panics
    /// As [`Adam::step`].
    #[track_caller]
    pub fn step_with(
        &self,
        t: u64,
        lr: f64,
        weights: &mut [f32],
        gradient: &[f32],
        moments: &mut [&mut [f32]],
    ) {
        let (n, names) = (weights.len(), self.moments());
        let (given, known) = (moments.len(), names.len());
        assert!(
            given == known,
            "{given} moments given, the rule has {known}: {}",
            names.join(", ")
        );
        assert!(gradient.len() == n, "gradient has {} values, weights have {n}", gradient.len());
        for (moment, name) in moments.iter().zip(names) {
            assert!(moment.len() == n, "{name} has {} values, weights have {n}", moment.len());
        }
        let mut slots: [&mut [f32]; 3] = Default::default();
        for (slot, moment) in slots.iter_mut().zip(moments) {
            *slot = moment;
        }
        self.at(t, lr).apply(weights, gradient, slots);
    }

    /// The names of the rule's moments, in order: PyTorch's (`exp_avg`, `exp_avg_sq`) where it has the rule.
    #[must_use]
    pub fn moments(&self) -> &'static [&'static str] {
        rules::moment_names(self.config.rule)
    }

    /// Folds everything that is constant over step `t`.
    #[track_caller]
    pub(crate) fn at(&self, t: u64, lr: f64) -> Step {
        assert!(t > 0, "step number 0: the first step is 1");
        assert!(lr >= 0.0 && lr.is_finite(), "rate {lr}: must be finite and at least 0");
        let config = &self.config;
        let (l2, keep) = match config.decay {
            Decay::None => (0.0, 1.0),
            Decay::L2(value) => (value, 1.0),
            Decay::Decoupled(value) => (0.0, 1.0 - lr * value),
        };
        let frame = Frame {
            scale: if config.maximize { -1.0 } else { 1.0 },
            l2: math::round(l2),
            faint: rules::faint(config),
            keep: math::round(keep),
        };
        Step { isa: self.isa, frame, folded: Folded::new(config, t, lr) }
    }
}

/// One step with all its constants folded, ready to be applied to any part of the weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    isa: Isa,
    frame: Frame,
    folded: Folded,
}

impl Step {
    /// Applies the step to slices of one length; moments that the rule does not have are empty.
    pub(crate) fn apply(&self, weights: &mut [f32], gradient: &[f32], moments: [&mut [f32]; 3]) {
        match self.folded {
            Folded::Adam(kernel) => self.run(kernel, weights, gradient, moments),
            Folded::AmsGrad(kernel) => self.run(kernel, weights, gradient, moments),
            Folded::NAdam(kernel) => self.run(kernel, weights, gradient, moments),
            Folded::RAdam(kernel) => self.run(kernel, weights, gradient, moments),
            Folded::Adamax(kernel) => self.run(kernel, weights, gradient, moments),
            Folded::AdaBelief(kernel) => self.run(kernel, weights, gradient, moments),
            Folded::Lion(kernel) => self.run(kernel, weights, gradient, moments),
            Folded::Adopt(kernel) => self.run(kernel, weights, gradient, moments),
        }
    }

    fn run<K: Kernel>(
        &self,
        kernel: K,
        weights: &mut [f32],
        gradient: &[f32],
        moments: [&mut [f32]; 3],
    ) {
        self.isa.run(Pass { frame: self.frame, kernel, weights, gradient, moments });
    }
}
