//! One test binary for everything that crosses crates: a single link, one place to look.

#![expect(clippy::cast_possible_truncation, reason = "recorded numbers of known size")]

mod arrows;
mod bad_input;
mod citation;
mod findability;
mod formats;
mod layers;
mod layouts;
mod optim;
mod sched;
mod train;
