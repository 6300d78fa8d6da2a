//! What an arm changes besides its schedule.
//!
//! A study compares schedules, but some alternatives to decay are other update rules (Schedule-Free
//! averages inside the optimizer) or other couplings (weight decay that does not follow the
//! learning rate). A variant carries such a change through the study to the training loop, and
//! keeps the runs of different loops apart in the journal.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A change to the training loop that is not part of the schedule, such as another update rule.
///
/// The study does not interpret it: it passes it on in
/// [`RunSpec::variant`](crate::RunSpec::variant), and runs of different variants share nothing. A
/// training loop defines its variants as constants and compares with them, so that a misspelled one
/// does not compile.
///
/// ```
/// use paso_study::{Arm, Role, Variant};
/// const SCHEDULE_FREE: Variant = Variant::new("schedule-free");
/// let arm = Arm::new("schedule-free", "constant", Role::Alternative).with_variant(SCHEDULE_FREE);
/// assert!(arm.variant == SCHEDULE_FREE && !arm.variant.is_default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variant(Cow<'static, str>);

impl Variant {
    /// The training loop as it is. In JSON an empty string.
    pub const DEFAULT: Self = Self::new("");

    /// A variant of this name, which appears in the journal, the report and error messages.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name; empty for [`DEFAULT`](Self::DEFAULT).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether this is [`DEFAULT`](Self::DEFAULT).
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.0.is_empty()
    }
}
