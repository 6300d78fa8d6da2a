//! One test binary for everything that crosses crates: a single link, one place to look.

mod arrows;
mod bad_input;
mod layers;
mod optim;
mod sched;
mod train;
