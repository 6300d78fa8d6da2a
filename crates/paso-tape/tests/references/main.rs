//! Every operation alone against a formula in f64: its values, and its gradient against central
//! differences of the formula.

mod harness;
mod losses;
mod operations;
