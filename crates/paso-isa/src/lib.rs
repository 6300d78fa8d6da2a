//! The SIMD instruction sets that paso's kernels are compiled for, and which of them this CPU has.
//!
//! A kernel is written once, generic over the vector type, as an implementation of
//! [`pulp::WithSimd`]. [`Isa`] is a value that proves that the CPU has an instruction set;
//! [`Isa::run`] runs a kernel compiled for it.
//!
//! ```
//! use paso_isa::Isa;
//! use paso_isa::pulp::{Simd, WithSimd};
//!
//! struct Sum<'a>(&'a [f32]);
//! impl WithSimd for Sum<'_> {
//!     type Output = f32;
//!     #[inline(always)]
//!     fn with_simd<S: Simd>(self, simd: S) -> f32 {
//!         let (vectors, rest) = S::as_simd_f32s(self.0);
//!         let sum = vectors.iter().fold(simd.splat_f32s(0.0), |sum, &x| simd.add_f32s(sum, x));
//!         simd.reduce_sum_f32s(sum) + rest.iter().sum::<f32>()
//!     }
//! }
//! let x = [1.0; 100];
//! for isa in Isa::available() {
//!     assert_eq!(isa.run(Sum(&x)), 100.0);
//! }
//! ```
//!
//! This is the only file of the workspace that names an instruction set.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use pulp::{Arch, Scalar, Simd, WithSimd};

pub use pulp;

/// An instruction set that this CPU has.
///
/// | name | needs | `f32` lanes |
/// |---|---|---|
/// | `scalar` | any CPU | 1 |
/// | `avx2` | x86-64 with AVX2 and FMA | 8 |
/// | `avx512` | x86-64 with AVX-512 F, BW, CD, DQ and VL | 16 |
/// | `neon` | aarch64 | 4 |
/// | `simd128` | WebAssembly, built with `-C target-feature=+simd128` | 4 |
///
/// ```
/// use paso_isa::Isa;
///
/// println!("{} of {:?}", Isa::best(), Isa::available());
/// assert_eq!(Isa::named("scalar")?.lanes(), 1);
/// # Ok::<(), paso_isa::IsaError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Isa(Arch);

impl Isa {
    /// The fastest instruction set of this CPU.
    #[must_use]
    pub fn best() -> Self {
        Self(Arch::new())
    }

    /// Every instruction set of this CPU, slowest first. The last one is [`Isa::best`].
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut sets = alloc::vec![Self(Arch::Scalar)];
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            sets.extend(pulp::x86::V3::try_new().map(|v3| Self(Arch::V3(v3))));
            sets.extend(pulp::x86::V4::try_new().map(|v4| Self(Arch::V4(v4))));
        }
        #[cfg(target_arch = "aarch64")]
        sets.extend(pulp::aarch64::Neon::try_new().map(|neon| Self(Arch::Neon(neon))));
        #[cfg(target_arch = "wasm32")]
        sets.extend(pulp::wasm::Simd128::try_new().map(|simd| Self(Arch::Simd128(simd))));
        sets
    }

    /// The instruction set with this name: `scalar`, `avx2`, `avx512`, `neon` or `simd128`.
    ///
    /// # Errors
    /// When this CPU does not have it or no instruction set has that name; the message lists those
    /// available.
    pub fn named(name: &str) -> Result<Self, IsaError> {
        let available = Self::available();
        match available.iter().find(|isa| isa.name() == name) {
            Some(&isa) => Ok(isa),
            None => Err(IsaError {
                wanted: name.into(),
                available: available.iter().map(|isa| isa.name()).collect(),
            }),
        }
    }

    /// The instruction set that the environment variable `PASO_ISA` names, or [`Isa::best`] where
    /// it is unset or empty.
    ///
    /// # Errors
    /// As [`Isa::named`]: an instruction set that is not available is never replaced silently.
    #[cfg(feature = "std")]
    pub fn from_env() -> Result<Self, IsaError> {
        match std::env::var_os("PASO_ISA") {
            Some(name) if !name.is_empty() => Self::named(&name.to_string_lossy()),
            _ => Ok(Self::best()),
        }
    }

    /// `scalar`, `avx2`, `avx512`, `neon` or `simd128`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Arch::V3(_) => "avx2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Arch::V4(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(_) => "neon",
            #[cfg(target_arch = "wasm32")]
            Arch::Simd128(_) => "simd128",
            _ => "scalar",
        }
    }

    /// How many `f32` one vector holds: 1, 4 (`neon`, `simd128`), 8 (`avx2`) or 16 (`avx512`).
    #[must_use]
    pub fn lanes(self) -> usize {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;
            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        self.run(Lanes)
    }

    /// Runs an operation compiled for this instruction set.
    ///
    /// Call it once per tensor or chunk, not once per vector: an operation of more than 64 bytes
    /// travels through memory.
    #[inline]
    pub fn run<Op: WithSimd>(self, op: Op) -> Op::Output {
        match self.0 {
            Arch::Scalar => Scalar.vectorize(op),
            arch => arch.dispatch(op),
        }
    }
}

/// [`Isa::best`].
impl Default for Isa {
    fn default() -> Self {
        Self::best()
    }
}

impl PartialEq for Isa {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Isa {}

impl fmt::Debug for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An instruction set that was asked for and that this CPU does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("instruction set `{wanted}` is not available: this CPU and this build have {}", available.join(", "))]
pub struct IsaError {
    /// The name that was asked for, by the caller or in `PASO_ISA`.
    pub wanted: String,
    /// The names that are available.
    pub available: Vec<&'static str>,
}

#[cfg(test)]
mod tests;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
