//! The Adam family over plain slices: SIMD chosen at run time, the same bits everywhere, no allocation.
//!
//! An optimizer step is a small loop, and yet most libraries make it slow (a dozen tensor operations), tie it to
//! their tensors, or choose the instruction set when they are compiled. This crate is the loop alone: it sees
//! `&mut [f32]` and `&[f32]`, so it fits any model.
//!
//! ```
//! use paso_adam::{Adam, AdamConfig, AdamGroup, Decay};
//!
//! // AdamW. Having an `Adam` proves that its settings were checked.
//! let adam = Adam::new(AdamConfig { decay: Decay::Decoupled(0.01), ..AdamConfig::default() })?;
//! let mut weights = vec![1.0_f32; 1000];
//! let mut group = AdamGroup::new(adam, [weights.len()]);
//! for _ in 0..100 {
//!     let gradient: Vec<f32> = weights.iter().map(|w| 2.0 * w).collect(); // of the sum of squares
//!     group.step(1e-2, [(&mut weights[..], &gradient[..])]);
//! }
//! assert!(weights[0] < 0.3);
//! # Ok::<(), paso_adam::Error>(())
//! ```
//!
//! # What it promises
//!
//! - **The same bits** on every instruction set ([`Isa`]), for every length and any number of threads; a run that is
//!   resumed from its [`AdamState`] has the bits of one that never stopped. (All NaNs count as one.)
//! - **No allocation** in a step, and threads only where asked for: `AdamGroup::par_step`.
//! - **No denormals**: moments of dead gradients become zero, and a step never slows down because of them. The CPU's
//!   control register is left alone.
//! - **Exact constants**: bias corrections are folded once a step in f64, and `1 - beta` keeps all its digits.
//!
//! # Features
//!
//! `std` (default): `PASO_ISA` is read, see [`Adam::new`]. `rayon`: `AdamGroup::par_step`. `serde`: [`AdamState`] can
//! be serialized. Without features the crate needs `alloc` only. No feature changes what a function computes.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod adam;
mod config;
mod denominator;
mod error;
mod group;
mod isa;
mod math;
mod pass;
pub mod reference;
mod rules;
mod state;
#[cfg(feature = "rayon")]
mod threads;

pub use adam::Adam;
pub use config::{AdamConfig, Decay, Epsilon, Expected, Largest, Nesterov, Rule};
pub use error::Error;
pub use group::AdamGroup;
pub use isa::{Isa, IsaError};
pub use state::{AdamState, Moment};
