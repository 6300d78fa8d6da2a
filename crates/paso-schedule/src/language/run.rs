//! What a schedule is bound to: a run's peak learning rate and its number of steps.
//!
//! Either may be missing: a schedule without shares needs none. A part that needs a missing one is
//! an `Error::Open`.

use crate::error::Error;
use crate::node::Node;

/// What a run gives to a schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// The learning rate that 100 % stands for; finite, 0 or more.
    pub(crate) peak: Option<f64>,
    /// The steps that 100 % stands for; 1 or more.
    pub(crate) steps: Option<f64>,
}

/// The node, if its numbers are in their ranges.
pub(super) fn checked(node: Node, column: usize) -> Result<Node, Error> {
    node.validate().map_err(|error| error.at(column)).map(|()| node)
}
