//! Speed over time: did it change, by how much, since when.

mod rounds;
#[cfg(test)]
mod simulation;
mod stats;

/// Slowdowns up to this (a ratio minus 1) are not stopped unless `--margin` says otherwise.
const DEFAULT_MARGIN: f64 = 0.01;
