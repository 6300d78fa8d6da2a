//! Sign paths and their sums at every look.
//!
//! A path gives every pair a sign. Its sum over the first pairs, after all differences are shifted
//! by `t`, is `sum(s d) - t sum(s)`: two numbers for each path and look are enough for every shift.
//!
//! Path 0 is the observed one, with all signs as they are. Paths are words of bits, one for each
//! pair, and a set bit flips a sign. Sums over up to eight pairs come from a table of 256 entries.

use super::schedule::looks;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Up to this many pairs all sign paths are enumerated.
pub(super) const EXACT_UP_TO: usize = 15;

/// Paths above that, the observed one included.
const SAMPLED: usize = 1 << 16;

/// The paths of some differences, or those of them that matter for a range of shifts.
pub(super) struct Paths {
    /// How many paths there are, those left out included.
    pub(super) total: usize,
    /// The sums at each look, in order.
    pub(super) looks: Vec<Sums>,
    /// Sums that differ by less count as equal: rounding decides nothing.
    pub(super) slack: f64,
}

/// The sums of all paths over the first pairs.
#[derive(Clone, Default)]
pub(super) struct Sums {
    pub(super) pairs: usize,
    /// `sum(s d)` of each path.
    pub(super) signed: Vec<f64>,
    /// `sum(s)` of each path: small whole numbers, in half the memory.
    pub(super) signs: Vec<i32>,
}

impl Paths {
    /// All paths, or a sample of them, at the looks up to the number of differences.
    pub(super) fn new(differences: &[f64]) -> Self {
        let exact = differences.len() <= EXACT_UP_TO;
        let total = if exact { 1 << differences.len() } else { SAMPLED };
        let mut sums = Sums { pairs: 0, signed: vec![0.0; total], signs: vec![0; total] };
        let mut found = Vec::new();
        let mut words = Vec::new();
        for look in looks().take_while(|look| *look <= differences.len()) {
            while sums.pairs < look {
                let (word, bit) = (sums.pairs / 64, sums.pairs % 64);
                if bit == 0 {
                    words = if exact { (0..total as u64).collect() } else { random(total, word) };
                }
                let len = (look - sums.pairs).min(8).min(64 - bit);
                sums.add(&differences[sums.pairs..sums.pairs + len], &words, bit);
            }
            found.push(sums.clone());
        }
        let slack = 1e-12 * differences.iter().map(|d| d.abs()).sum::<f64>();
        Self { total, looks: found, slack }
    }

    /// Every `stride`-th path: a coarse answer at a fraction of the cost.
    pub(super) fn thinned(&self, stride: usize) -> Self {
        self.chosen(self.total.div_ceil(stride), |i| i % stride == 0)
    }

    /// The paths that satisfy `keep`, out of `total`.
    pub(super) fn chosen(&self, total: usize, keep: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.len()).filter(|i| keep(*i)).collect();
        let looks = self.looks.iter().map(|sums| Sums {
            pairs: sums.pairs,
            signed: kept.iter().map(|i| sums.signed[*i]).collect(),
            signs: kept.iter().map(|i| sums.signs[*i]).collect(),
        });
        Self { total, looks: looks.collect(), slack: self.slack }
    }

    /// Pairs at the last look.
    pub(super) fn pairs(&self) -> usize {
        self.looks.last().map_or(0, |sums| sums.pairs)
    }

    /// How many paths are kept here.
    pub(super) fn len(&self) -> usize {
        self.looks.first().map_or(0, |sums| sums.signed.len())
    }
}

impl Sums {
    /// Adds up to eight differences, whose signs are in the words from `bit` on.
    fn add(&mut self, differences: &[f64], words: &[u64], bit: usize) {
        let mask = (1u64 << differences.len()) - 1;
        let sum = |flips: u64| -> f64 {
            let signed = |(i, d): (usize, &f64)| if flips >> i & 1 == 1 { -d } else { *d };
            differences.iter().enumerate().map(signed).sum()
        };
        let table: Vec<f64> = (0..=mask).map(sum).collect();
        let step = |flips: u64| {
            differences
                .iter()
                .enumerate()
                .map(|(i, _)| if flips >> i & 1 == 1 { -1 } else { 1 })
                .sum()
        };
        let step: Vec<i32> = (0..=mask).map(step).collect();
        for ((signed, signs), word) in self.signed.iter_mut().zip(&mut self.signs).zip(words) {
            let flips = word >> bit & mask;
            *signed += table[usize::try_from(flips).expect("eight bits")];
            *signs += step[usize::try_from(flips).expect("eight bits")];
        }
        self.pairs += differences.len();
    }
}

/// One word of 64 signs for each path; the observed path has none flipped. A word depends on its
/// number alone, so that the first signs of a path stay when more pairs come.
fn random(total: usize, word: usize) -> Vec<u64> {
    let mut rng = ChaCha8Rng::seed_from_u64(word as u64);
    std::iter::once(0).chain((1..total).map(|_| rng.next_u64())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_every_sign_pattern() {
        let differences: Vec<f64> = (0..12).map(|i| f64::from((i * 7) % 11) - 4.5).collect();
        let paths = Paths::new(&differences);
        assert_eq!((paths.total, paths.len(), paths.looks.len()), (1 << 12, 1 << 12, 3));
        for sums in &paths.looks {
            for path in 0..paths.len() {
                let sign = |i: usize| if path >> i & 1 == 1 { -1.0 } else { 1.0 };
                let signed: f64 = (0..sums.pairs).map(|i| sign(i) * differences[i]).sum();
                let signs: f64 = (0..sums.pairs).map(sign).sum();
                assert!(
                    (signed - sums.signed[path]).abs() < 1e-9
                        && signs == f64::from(sums.signs[path])
                );
            }
        }
    }

    #[test]
    fn sampled_paths_keep_their_first_signs_and_hold_the_observed_one() {
        let differences: Vec<f64> = (0..101).map(|i| f64::from((i * 37) % 101) - 50.0).collect();
        let (few, many) = (Paths::new(&differences[..70]), Paths::new(&differences));
        assert_eq!((few.total, many.total), (SAMPLED, SAMPLED));
        for (a, b) in few.looks.iter().zip(&many.looks) {
            assert_eq!((a.pairs, &a.signed), (b.pairs, &b.signed));
            let sum: f64 = differences[..a.pairs].iter().sum();
            assert!((a.signed[0] - sum).abs() < 1e-9 && usize::try_from(a.signs[0]) == Ok(a.pairs));
        }
        let last = many.looks.last().expect("a look");
        let mean = last.signs.iter().copied().map(f64::from).sum::<f64>() / SAMPLED as f64;
        assert!(mean.abs() < 0.2, "signs are fair: {mean}");
    }
}
