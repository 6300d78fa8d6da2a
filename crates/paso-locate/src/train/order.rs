//! In which order the samples are seen: a pure function of the seed and the position.
//!
//! Training reads one endless stream: the samples of pass 0 in a shuffled order, then those of pass
//! 1 in another, and so on. Batch `t` of size `b` holds positions `t*b .. (t+1)*b`, so that every
//! batch is full, and whoever resumes needs nothing but the step number.
//!
//! A pass is a permutation drawn by the seed and the number of the pass. Samples are not drawn with
//! replacement: each is seen once per pass, which is what an epoch means, and gives less noise.

use crate::rng::{Purpose, rng};
use rand::seq::SliceRandom;

/// The shuffled order of `samples` samples, one pass at a time.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    seed: u64,
    pass: Option<u64>,
    shuffled: Vec<usize>,
}

impl Order {
    /// The order that belongs to a seed. `samples` must not be 0.
    ///
    /// # Panics
    /// When there are no samples.
    #[must_use]
    #[track_caller]
    pub(crate) fn new(seed: u64, samples: usize) -> Self {
        assert!(samples > 0, "there is nothing to order: no samples");
        Self { seed, pass: None, shuffled: (0..samples).collect() }
    }

    /// The sample at a position of the stream, and the pass that it belongs to.
    pub(crate) fn at(&mut self, position: u64) -> (usize, u64) {
        let samples = self.shuffled.len() as u64;
        let pass = position / samples;
        if self.pass != Some(pass) {
            self.shuffle(pass);
        }
        #[expect(clippy::cast_possible_truncation, reason = "smaller than the number of samples")]
        let index = (position % samples) as usize;
        (self.shuffled[index], pass)
    }

    /// Each pass starts from the sorted order, so that it does not depend on the ones before.
    fn shuffle(&mut self, pass: u64) {
        self.shuffled.iter_mut().enumerate().for_each(|(i, s)| *s = i);
        self.shuffled.shuffle(&mut rng(Purpose::Order, self.seed, pass, 0));
        self.pass = Some(pass);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pass_sees_every_sample_once_in_its_own_order() {
        let mut order = Order::new(7, 10);
        let passes: Vec<Vec<usize>> = (0..3)
            .map(|p| {
                (0..10)
                    .map(|i| order.at(p * 10 + i))
                    .map(|(s, q)| (q == p).then_some(s).expect("the pass"))
                    .collect()
            })
            .collect();
        for pass in &passes {
            let mut sorted = pass.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<_>>());
        }
        assert_ne!(passes[0], passes[1]);
    }

    #[test]
    fn a_position_is_the_same_whatever_was_asked_before() {
        let mut forward = Order::new(1, 13);
        let there: Vec<_> = (0..100).map(|k| forward.at(k)).collect();
        for k in (0..100).rev() {
            assert_eq!(Order::new(1, 13).at(k), there[usize::try_from(k).expect("small")]);
        }
    }

    #[test]
    fn seeds_and_passes_have_orders_of_their_own_and_one_sample_is_always_it() {
        let pass = |seed: u64, pass: u64| -> Vec<usize> {
            let mut order = Order::new(seed, 40);
            (0..40).map(|i| order.at(40 * pass + i).0).collect()
        };
        let mut all: Vec<Vec<usize>> = (0..5)
            .flat_map(|seed| (0..5).map(move |p| (seed, p)))
            .map(|(s, p)| pass(s, p))
            .collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 25, "25 different orders of 40 samples");
        let mut one = Order::new(3, 1);
        assert!((0..9).all(|k| one.at(k) == (0, k)));
    }

    #[test]
    fn every_sample_comes_equally_often_at_every_place() {
        // 2000 passes over 5 samples: each is expected 400 times at each place, with a standard
        // deviation of 18.
        let mut order = Order::new(11, 5);
        let mut counts = [[0_u32; 5]; 5];
        for k in 0..10_000 {
            counts[usize::try_from(k % 5).expect("small")][order.at(k).0] += 1;
        }
        assert!(counts.iter().flatten().all(|&n| (320..=480).contains(&n)), "{counts:?}");
    }

    #[test]
    #[should_panic(expected = "no samples")]
    fn there_is_no_order_of_nothing() {
        let _ = Order::new(0, 0);
    }
}
