//! The instruction sets the kernels are compiled for, and which of them this CPU runs.
//!
//! This is the only file of the crate that names an instruction set. Everything else is written once,
//! over any vector width, and reaches a level through [`Isa::run`].

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use pulp::{Arch, Simd, WithSimd};

/// An instruction set that this CPU was found to have.
///
/// Levels, slowest first: `scalar` (any CPU), `avx2` (x86-64 with AVX2 and FMA), `avx512` (x86-64 with
/// AVX-512 F, BW, CD, DQ and VL), `neon` (aarch64). They differ in speed only: every level gives the same
/// bits.
///
/// ```
/// use paso_adam::Isa;
///
/// println!("{} of {:?}", Isa::best(), Isa::available());
/// assert_eq!(Isa::named("scalar").unwrap().lanes(), 1);
/// ```
#[derive(Clone, Copy)]
pub struct Isa(Arch);

impl Isa {
    /// The fastest level of this CPU.
    #[must_use]
    pub fn best() -> Self {
        Self(Arch::new())
    }

    /// Every level of this CPU, slowest first. The last one is [`Isa::best`].
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut levels = alloc::vec![Self(Arch::Scalar)];
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            levels.extend(pulp::x86::V3::try_new().map(|v3| Self(Arch::V3(v3))));
            levels.extend(pulp::x86::V4::try_new().map(|v4| Self(Arch::V4(v4))));
        }
        #[cfg(target_arch = "aarch64")]
        levels.extend(pulp::aarch64::Neon::try_new().map(|neon| Self(Arch::Neon(neon))));
        levels
    }

    /// The level with this name: `scalar`, `avx2`, `avx512` or `neon`.
    ///
    /// # Errors
    /// When this CPU does not have it or there is no level of that name; the message lists what there is.
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

    /// The level that the environment variable `PASO_ISA` names, or [`Isa::best`] where it is unset or empty.
    ///
    /// # Errors
    /// As [`Isa::named`]: a level that cannot be had is never replaced silently.
    #[cfg(feature = "std")]
    pub fn from_env() -> Result<Self, IsaError> {
        match std::env::var_os("PASO_ISA") {
            Some(name) if !name.is_empty() => Self::named(&name.to_string_lossy()),
            _ => Ok(Self::best()),
        }
    }

    /// `scalar`, `avx2`, `avx512` or `neon`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Arch::V3(_) => "avx2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Arch::V4(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(_) => "neon",
            _ => "scalar",
        }
    }

    /// How many `f32` one vector holds: 1, 4 (`neon`), 8 (`avx2`) or 16 (`avx512`).
    #[must_use]
    pub fn lanes(self) -> usize {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;
            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        self.0.dispatch(Lanes)
    }

    /// Runs an operation compiled for this level.
    ///
    /// Call it once a tensor or chunk, not once a vector: the operation travels through memory.
    #[inline]
    pub(crate) fn run<Op: WithSimd>(self, op: Op) -> Op::Output {
        self.0.dispatch(op)
    }
}

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

/// A wanted instruction set that this CPU does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("instruction set `{wanted}` cannot be had here: this CPU and build offer {}", available.join(", "))]
pub struct IsaError {
    /// The name that was asked for (by the caller or in `PASO_ISA`).
    pub wanted: String,
    /// What could have been asked for.
    pub available: Vec<&'static str>,
}
