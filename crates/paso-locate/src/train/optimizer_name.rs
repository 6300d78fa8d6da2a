//! The optimizers of a run by name.
//!
//! All three are `AdamW` inside; they differ in what a schedule of the learning rate does to the
//! weight decay, and in which weights are used in the end.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// How a run updates its weights.
///
/// ```
/// use paso_locate::{NetName, OptimizerName, TrainConfig};
/// let optimizer: OptimizerName = "schedule-free".parse()?;
/// assert_eq!(optimizer.to_string(), "schedule-free");
/// let config = TrainConfig { optimizer, schedule: "constant".into(), ..TrainConfig::default() };
/// config.check()?;
/// let error = "sgd".parse::<OptimizerName>().expect_err("another name").to_string();
/// assert_eq!(error, "optimizer is sgd; it must be adamw, adamw-constant-decay or schedule-free");
/// # Ok::<(), paso_locate::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OptimizerName {
    /// `AdamW` (Loshchilov & Hutter, arXiv 1711.05101): each step takes
    /// `learning rate * weight_decay` of a weight, so that a schedule of the learning rate schedules
    /// the weight decay as well.
    #[default]
    #[serde(rename = "adamw")]
    AdamW,
    /// `AdamW` whose steps all take [`lr`](crate::TrainConfig::lr) `* weight_decay` of a weight, as
    /// at the peak learning rate, whatever the schedule does.
    #[serde(rename = "adamw-constant-decay")]
    AdamWConstantDecay,
    /// Schedule-Free `AdamW` (Defazio et al., arXiv 2405.15682), which averages its weights in
    /// place of a decaying learning rate. Made for a constant one. The averaged weights are those
    /// that are evaluated and used, see [`Trainer::evaluate`](crate::Trainer::evaluate).
    #[serde(rename = "schedule-free")]
    ScheduleFree,
}

impl OptimizerName {
    /// Every optimizer, the default first.
    pub const ALL: [Self; 3] = [Self::AdamW, Self::AdamWConstantDecay, Self::ScheduleFree];

    /// The name that users write, such as `adamw`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AdamW => "adamw",
            Self::AdamWConstantDecay => "adamw-constant-decay",
            Self::ScheduleFree => "schedule-free",
        }
    }

    /// The moments that a checkpoint holds.
    pub(crate) fn moments(self) -> [&'static str; 2] {
        match self {
            Self::AdamW | Self::AdamWConstantDecay => ["exp_avg", "exp_avg_sq"],
            Self::ScheduleFree => ["z", "exp_avg_sq"],
        }
    }

    /// Settings leave the default out: those of before are the same text.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl std::fmt::Display for OptimizerName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for OptimizerName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        /// `adamw, ... or schedule-free`.
        static NAMES: LazyLock<String> =
            LazyLock::new(|| crate::error::one_of(&OptimizerName::ALL.map(OptimizerName::name)));
        let found = Self::ALL.into_iter().find(|optimizer| optimizer.name() == text);
        found.ok_or_else(|| Error::invalid_value("optimizer", text, &NAMES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_optimizer_has_one_name_in_text_and_in_files() {
        for optimizer in OptimizerName::ALL {
            assert_eq!(optimizer.name().parse::<OptimizerName>().expect("a name"), optimizer);
            let json = serde_json::to_string(&optimizer).expect("JSON");
            assert_eq!(json, format!("\"{optimizer}\""));
            assert_eq!(serde_json::from_str::<OptimizerName>(&json).expect("a name"), optimizer);
        }
    }
}
