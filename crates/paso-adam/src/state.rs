//! [`AdamState`]: what a checkpoint holds of an optimizer.

use alloc::string::String;
use alloc::vec::Vec;

/// The format version that this build writes and reads.
pub(crate) const VERSION: u32 = 1;

/// The saved state of an [`AdamGroup`](crate::AdamGroup): plain data, `Serialize` and `Deserialize` with feature
/// `serde`. The settings are not in it; they belong to the run's configuration.
///
/// A file format has to keep every bit of the values, or the resumed run differs from one that never stopped.
/// Binary formats do; JSON does as well, unless a value is NaN or infinite.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdamState {
    /// The version of this format: 1.
    pub version: u32,
    /// Steps taken so far.
    pub step: u64,
    /// The tensors' lengths, in order.
    pub lens: Vec<usize>,
    /// The moments: `exp_avg` (m), then `exp_avg_sq` (v).
    pub moments: Vec<Moment>,
}

/// One moment of all tensors, one after the other.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Moment {
    /// The name that PyTorch gives it.
    pub name: String,
    /// As many values as all tensors have together.
    pub values: Vec<f32>,
}
