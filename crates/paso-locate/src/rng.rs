//! Random numbers by address: the same (purpose, seed, a, b) gives the same stream, always.
//!
//! So nothing random has to be saved to resume a run, and the order of threads does not matter.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are for. Streams of different purposes are independent; the numbers are part
/// of every result that can be repeated, so they stay.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Split = 1,
    Augment = 2,
    Demo = 3,
    Bootstrap = 4,
    Order = 5,
}

/// The generator of one address.
pub(crate) fn rng(purpose: Purpose, seed: u64, a: u64, b: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (part, word) in key.chunks_exact_mut(8).zip([purpose as u64, seed, a, b]) {
        part.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn every_part_of_the_address_matters_and_nothing_else() {
        let first = |p, s, a, b| rng(p, s, a, b).next_u64();
        let base = first(Purpose::Split, 1, 2, 3);
        assert_eq!(base, first(Purpose::Split, 1, 2, 3));
        for other in [
            first(Purpose::Augment, 1, 2, 3),
            first(Purpose::Split, 0, 2, 3),
            first(Purpose::Split, 1, 0, 3),
            first(Purpose::Split, 1, 2, 0),
        ] {
            assert_ne!(base, other);
        }
    }
}
