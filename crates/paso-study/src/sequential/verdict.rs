//! The four answers of a comparison.

use serde::{Deserialize, Serialize};

/// The answer to "is it better?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Better, and not by a negligible amount for sure.
    Helps,
    /// Worse, and not by a negligible amount for sure.
    Harms,
    /// Equivalent: both tests against the margin reject.
    NoDifference,
    /// These pairs cannot tell.
    Undecided,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Helps => "helps",
            Self::Harms => "harms",
            Self::NoDifference => "no difference",
            Self::Undecided => "undecided",
        })
    }
}
