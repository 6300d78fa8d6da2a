//! What a schedule is bound to: a run's peak learning rate and its number of steps.

use crate::error::Error;
use crate::node::Node;

/// What a run gives to a schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) peak: Option<f64>,
    pub(crate) steps: Option<f64>,
}

/// The node, if its numbers are in their ranges.
pub(super) fn checked(node: Node, column: usize) -> Result<Node, Error> {
    node.validate().map_err(|error| error.at(column)).map(|()| node)
}
