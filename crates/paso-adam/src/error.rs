//! What can be wrong with a configuration or a saved state.

use alloc::string::String;

use paso_isa::IsaError;

/// Everything that `paso-adam` refuses, with the offending value and what would have been right.
///
/// Slices of the wrong length are not in here: they are a programmer's mistake and panic, with both
/// lengths.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field of [`AdamConfig`](crate::AdamConfig), [`StepOptions`](crate::StepOptions) or
    /// [`Param`](crate::Param) is outside its allowed range.
    #[error("{field} is {value}; it must be {allowed}")]
    InvalidValue {
        /// The field's name, as it is written in the configuration.
        field: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed, in words.
        allowed: &'static str,
    },
    /// A switch of [`AdamConfig`](crate::AdamConfig) is on that the rule does not have.
    #[error("{field} is true; it must be false for {rule}")]
    Unsupported {
        /// The field's name, as it is written in the configuration.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// The environment variable `PASO_ISA` names an instruction set that is not available.
    #[error("PASO_ISA: {0}")]
    Isa(#[from] IsaError),
    /// A saved state has a format version that this build does not read.
    #[error(
        "saved optimizer state has format version {found}; this build reads version {expected}"
    )]
    Version {
        /// The version in the saved state.
        found: u32,
        /// The version that this build writes and reads.
        expected: u32,
    },
    /// A saved state does not fit the optimizer that it is loaded into, or contradicts itself.
    #[error("saved optimizer state does not fit: {0}")]
    State(String),
    /// Two tensors of a group have this name.
    #[error("two tensors are named `{0}`: names must be unique in a group")]
    DuplicateName(String),
    /// A gradient is NaN or infinite, or its square is infinite in f32, under
    /// [`NonFinite::Refuse`](crate::NonFinite::Refuse).
    #[error("gradient {index} of tensor `{tensor}` is {value:e}{}; the step was not taken", if value.is_finite() { ", and its square is infinite in f32" } else { "" })]
    NonFinite {
        /// The tensor's name, or its number where it has none.
        tensor: String,
        /// Which of its gradients, from 0.
        index: usize,
        /// The value.
        value: f32,
    },
}
