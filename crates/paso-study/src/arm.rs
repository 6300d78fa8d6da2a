//! What is compared: the arms.

use crate::error::Error;
use crate::variant::Variant;
use paso_schedule::Shape;
use serde::{Deserialize, Serialize};

/// One way to train: a schedule's shape, and whether its weights are averaged.
///
/// An arm that only differs from another in [`averaged`](Self::averaged) costs no run of its own where their rates agree:
/// averaged weights ride along with the trained ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// A short name, unique in the study.
    pub name: String,
    /// The schedule as a shape, its peak and its horizon left open: see [`paso_schedule::Shape`].
    pub spec: String,
    /// What the arm is in the comparison.
    pub role: Role,
    /// Whether the arm is judged by averaged weights; the horizon is tuned like a rate.
    #[serde(default)]
    pub averaged: bool,
    /// Anything else that the training loop should do differently, handed through to [`RunSpec::variant`](crate::Run::variant).
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
    /// Something else that may do the same job, such as averaging the weights: compared, but never "decay".
    Alternative,
}

impl Arm {
    /// An arm that is judged by its last weights.
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

    /// The arms of the usual question: constant, constant with averaged weights, exponential to 1 %, linear to 0, cosine to 0,
    /// and constant with a linear end over the last fifth (warm-up/stable/decay).
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

    /// Checks that the schedule can be read, is bound by a peak rate, and fits into `steps`.
    pub(crate) fn validate(&self, peak_lr: f64, steps: u64) -> Result<(), Error> {
        let wrong = |reason: String| Error::Schedule {
            arm: self.name.clone(),
            spec: self.spec.clone(),
            reason,
        };
        let shape: Shape =
            self.spec.parse().map_err(|error: paso_schedule::Error| wrong(error.to_string()))?;
        if !shape.needs_peak() {
            return Err(wrong("its rates are absolute, so there is no peak rate to tune; leave the peak open, as in `cosine(to 1%)`".into()));
        }
        shape.bind(peak_lr, steps).map_err(|error| wrong(error.to_string()))?;
        Ok(())
    }

    /// Whether both arms are trained by the same runs (at the same rate).
    pub(crate) fn trains_like(&self, other: &Self) -> bool {
        self.spec == other.spec && self.variant == other.variant
    }
}
