//! Learning-rate schedules as pure functions of the step number.
//!
//! A schedule here is a value. `at(step)` gives the learning rate of update number `step`, counted
//! from 0, and changes nothing: the step number is the only state, so resuming a run cannot go
//! wrong, and a whole schedule can be looked at before anybody trains. Learning rates are finite
//! and never negative, and nothing happens past a schedule's end that it does not say.
//!
//! ```
//! use paso_schedule::{Cosine, Schedule, Shape, Spec};
//!
//! // In a program:
//! let lr = Cosine { from: 3e-4, to: 3e-6, steps: 9_500 }.warmup(500);
//! let mut weight = 1.0;
//! for step in 0..10_000 {
//!     let gradient = 2.0 * weight;
//!     weight -= lr.at(step) * gradient;
//! }
//!
//! // The same, from a command line or a configuration file:
//! let spec: Spec = "warmup(500) then cosine(3e-4 -> 3e-6, 9500)".parse()?;
//! assert_eq!(spec, lr);
//!
//! // The same form for any run: the peak learning rate and the number of steps are left open.
//! let shape: Shape = "warmup(5%) then cosine(to 1%)".parse()?;
//! assert_eq!(shape.bind(3e-4, 10_000)?, lr);
//! # Ok::<(), paso_schedule::Error>(())
//! ```
//!
//! # Conventions
//!
//! - `at(0)` is the learning rate of the first update, `at(n)` the learning rate after `n` completed updates. A ramp over
//!   `n` steps has its first learning rate at 0 and reaches its last one at `n`; a run of `n` updates ends one
//!   step before that, so a decay to 0 spends no update at learning rate 0.
//! - At a milestone the new learning rate holds. (Keras keeps the old one for one more step.)
//! - Past its end a schedule holds its last learning rate. `… then repeat` starts anew; `… then error` makes
//!   [`Spec::try_at`] an error. A cosine does not rise again, a line does not go below its end.
//! - A warm-up begins above 0: its line would have been 0 one step before the first update, so
//!   `warmup(500)` gives `1/501` of the peak at step 0 and the peak at step 500. `warmup(500, from 0)`
//!   spends the first update at 0.
//!
//! # The language
//!
//! ```text
//! schedule = item { "then" item } [ "then" ( "hold" | "repeat" | "error" ) ]
//! item     = ( curve | "(" item { "then" item } ")" ) { "." modifier }
//! curve    = NAME [ "(" argument { "," argument } ")" ]
//! rate     = NUMBER | NUMBER "%" | "peak"        a share is one of the run's peak rate
//! length   = NUMBER | NUMBER "%"                 in steps; a share is one of the run's steps
//! ```
//!
#![doc = include_str!("../CURVES.md")]
//!
//! `p` is `t / LENGTH`; the formula is the weight of `FROM`, the rest that of `TO`.
//!
//! | modifier | what it does |
//! |---|---|
//! | `.scale(NUMBER)`, `.plus(RATE)` | multiplies, adds |
//! | `.floor(RATE)`, `.cap(RATE)` | never below, never above |
//! | `.times(schedule)` | the product of two schedules |
//! | `.delay(LENGTH)`, `.skip(LENGTH)` | starts later, leaves out the first steps |
//! | `.take(LENGTH)` | ends there, whatever its own length |
//! | `.stretch(NUMBER)` | takes so many times as long |
//! | `.every(LENGTH)` | changes only every so many steps |
//! | `.repeat`, `.repeat(TIMES, stretch NUMBER, scale NUMBER)` | starts anew; each cycle so much longer and higher |
//!
//! What may be left out, which makes the text a [`Shape`] rather than a [`Spec`]:
//!
//! - the first learning rate of a curve: where the part before it ended, or the peak (first part, or after a
//!   warm-up). `to RATE` then gives the other one; without it a ramp goes to 0;
//! - the length of one part: it takes what the others leave of the run. `for LENGTH` gives a length
//!   where no learning rate stands before it: `constant(for 20%)`.
//!
//! Numbers are written as in most languages, `9_500` and `3e-4` included. Blanks do not matter.
//!
//! # Features
//!
//! `std` (default) uses the processor's square root instead of the crate's own; the bits are the
//! same. `serde` reads and writes [`Spec`] and [`Shape`] as their line of text. Nothing is
//! required; without `std` the crate needs `alloc`. Cosines and powers are computed here, from
//! operations that round alike everywhere, because those of the platforms' C libraries differ: a
//! schedule gives the same bits on every machine.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod curves;
mod cycles;
mod dialects;
mod error;
mod greedy;
mod improvement;
mod language;
mod math;
mod node;
mod plateau;
mod power;
mod schedule;
#[cfg(feature = "serde")]
mod serialize;
mod spec;
mod state;
mod validate;

// Schedules: a value that can be asked, and what is written for it.
pub use language::Shape;
pub use schedule::Schedule;
pub use spec::{PastEnd, Spec};

// Curves: one file each.
pub use curves::*;
// Compositions of curves.
pub use cycles::{CooldownForm, Noam, OneCycle, Triangular, WarmupStableDecay};

// Factors on a schedule that have state: they depend on a metric.
pub use greedy::{Greedy, GreedyConfig, GreedyState};
pub use improvement::Better;
pub use plateau::{Plateau, PlateauConfig, PlateauState};

// The schedules of other libraries; the table of what was compared is in DIALECTS.md.
pub use dialects::{keras, optax, timm, torch, transformers};

pub use error::Error;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
