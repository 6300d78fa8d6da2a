//! What the metric-driven entries of all libraries have in common.

use paso_schedule::Better;

/// The direction of a `mode`.
pub(super) fn better(mode: &str) -> Better {
    match mode {
        "min" | "auto" => Better::Lower,
        "max" => Better::Higher,
        other => panic!("the mode {other} is unknown"),
    }
}
