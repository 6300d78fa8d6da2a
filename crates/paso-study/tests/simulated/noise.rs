//! Noise of runs, such that a paired difference has a standard deviation of 1.

use paso_study::Role;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// The distribution of the noise of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    Normal,
    /// Student's t with three degrees of freedom: its fourth moment is infinite.
    Heavy,
    /// Exponential in the arms that are compared with a constant learning rate, whose runs now and then
    /// go badly; normal in that. Skewness of a paired difference: -0.7.
    Skewed,
    /// As skewed, but without any noise of the constant learning rate: -2.
    Exponential,
}

impl Noise {
    /// The noise of a run of an arm of this role.
    pub fn of_run(self, role: Role, rng: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Normal => normal(rng) * 0.5f64.sqrt(),
            Self::Heavy => {
                let squares: f64 = (0..3).map(|_| normal(rng).powi(2)).sum();
                // Variance 3 before the factor.
                normal(rng) / (squares / 3.0).sqrt() * (0.5f64 / 3.0).sqrt()
            }
            Self::Skewed if role == Role::Baseline => normal(rng) * 0.5f64.sqrt(),
            Self::Skewed => (1.0 + uniform(rng).ln()) * 0.5f64.sqrt(),
            Self::Exponential if role == Role::Baseline => 0.0,
            Self::Exponential => 1.0 + uniform(rng).ln(),
        }
    }
}

/// A number above 0 and at most 1.
pub fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
}

/// Box and Muller's transform.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (-2.0 * uniform(rng).ln()).sqrt() * (std::f64::consts::TAU * uniform(rng)).cos()
}

/// FNV-1a over bytes.
pub fn hash(words: &[u64]) -> u64 {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
