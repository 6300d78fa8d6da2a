//! The arms of a study: what is compared.
//!
//! An arm names its schedule as a *shape* of `paso-schedule`, without peak and without length: the
//! peak is what the study tunes, the length is the same for all arms. A schedule with absolute
//! learning rates is refused, as there would be nothing to tune.
//!
//! The baseline is usually `constant`, but can be any schedule: "is a cosine better than our step
//! decay?" is the same question with another baseline.

use crate::error::Error;
use crate::variant::Variant;
use paso_schedule::Shape;
use serde::{Deserialize, Serialize};

/// One way to train: a schedule's shape, and whether its weights are averaged.
///
/// Two arms that differ only in [`averaged`](Self::averaged) share their runs at equal learning
/// rates, because one run yields both the last and the averaged weights.
///
/// ```
/// use paso_study::{Arm, Role};
/// let arms = [
///     Arm::new("constant", "constant", Role::Baseline),
///     Arm::new("averaged", "constant", Role::Alternative).averaged(),
///     Arm::new("cosine", "cosine(to 1%)", Role::Decay),
/// ];
/// assert!(arms[1].averaged && arms[0].spec == arms[1].spec);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// A short name, unique in the study.
    pub name: String,
    /// The schedule as a shape, without peak and number of steps: see [`paso_schedule::Shape`].
    pub spec: String,
    /// What the arm is in the comparison.
    pub role: Role,
    /// Whether the arm is evaluated with averaged weights. The averaging horizon is tuned like the
    /// learning rate.
    #[serde(default)]
    pub averaged: bool,
    /// What the arm changes besides the schedule; the trial finds it in
    /// [`RunSpec::variant`](crate::RunSpec::variant).
    #[serde(default)]
    pub variant: Variant,
}

/// What an arm is in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// What the others are compared with. Exactly one arm.
    Baseline,
    /// A decaying schedule: the verdict is about the best of these.
    Decay,
    /// Another way to the same goal without decay, such as averaging the weights. It is compared,
    /// but the verdict is never about it.
    Alternative,
}

impl Arm {
    /// An arm that is evaluated with its last weights.
    #[must_use]
    pub fn new(name: &str, spec: &str, role: Role) -> Self {
        Self {
            name: name.into(),
            spec: spec.into(),
            role,
            averaged: false,
            variant: Variant::DEFAULT,
        }
    }

    /// The same arm with a change to the training loop.
    #[must_use]
    pub fn with_variant(self, variant: Variant) -> Self {
        Self { variant, ..self }
    }

    /// The same arm, evaluated with averaged weights.
    #[must_use]
    pub fn averaged(self) -> Self {
        Self { averaged: true, ..self }
    }

    /// The arms of the usual question: constant, constant with averaged weights, exponential to 1
    /// %, linear to 0, cosine to 0, and constant with a linear end over the last fifth
    /// (warm-up/stable/decay).
    #[must_use]
    pub fn usual() -> Vec<Self> {
        vec![
            Self::new("constant", "constant", Role::Baseline),
            Self::new("averaged", "constant", Role::Alternative).averaged(),
            Self::new("exponential", "exponential(to 1%)", Role::Decay),
            Self::new("linear", "linear(to 0)", Role::Decay),
            Self::new("cosine", "cosine(to 0)", Role::Decay),
            Self::new("stable-decay", "constant(for 80%) then linear(to 0)", Role::Decay),
        ]
    }

    /// Checks that the schedule can be read, is bound by a peak learning rate, and fits into
    /// `steps`.
    pub(crate) fn validate(&self, peak_lr: f64, steps: u64) -> Result<(), Error> {
        let wrong = |reason: String| Error::Schedule {
            arm: self.name.clone(),
            spec: self.spec.clone(),
            reason,
        };
        let shape: Shape =
            self.spec.parse().map_err(|error: paso_schedule::Error| wrong(error.to_string()))?;
        if !shape.needs_peak() {
            return Err(wrong("its learning rates are absolute, so there is no peak to tune; leave the peak open, as in `cosine(to 1%)`".into()));
        }
        shape.bind(peak_lr, steps).map_err(|error| wrong(error.to_string()))?;
        Ok(())
    }

    /// Whether both arms are trained by the same runs, at equal learning rates.
    pub(crate) fn trains_like(&self, other: &Self) -> bool {
        self.spec == other.spec && self.variant == other.variant
    }
}
