//! How much slower, how sure, and when that is enough to say so.
//!
//! Times are compared by the logarithm of their ratio, so that twice as fast and half as fast are
//! equally far from none. The estimate is that of Hodges and Lehmann: the median of the means of
//! all pairs (Walsh averages). It has the efficiency of a mean where noise is normal, and a quarter
//! of the differences may be anything. Its interval needs no normal noise either: it comes from the
//! distribution of the signed-rank statistic (Hollander & Wolfe, "Nonparametric Statistical
//! Methods", section 3.3), which is counted here, not approximated.
//!
//! How the test errs is measured by simulation (`simulation_tests.rs`), on noise that is worse than
//! normal: log-normal, with outliers, drift and busy stretches.
//!
//! The computation, for the differences `d` of logarithms, two from each block, `n` in all:
//!
//! ```text
//! walsh averages   w[i][j] = (d[i] + d[j]) / 2  for i <= j       N = n (n + 1) / 2 of them
//! estimate         the median of w
//! interval         from the (k + 1)-th smallest w to the (k + 1)-th largest
//! k                the largest with P(T <= k) <= (1 - confidence) / 2
//! T                the sum of the ranks 1..n that have a positive sign, each with probability 1/2
//! ```
//!
//! The interval exists from the first `n` where all signs on one side are rare enough: 6
//! differences at 95 %, 5 at 90 %. With fewer it is [`Interval::UNKNOWN`], and the verdict is
//! [`Verdict::Unsure`].
//!
//! Two assumptions do not hold exactly. The differences of the two halves of a block share a drift,
//! so they are not independent; and the test is looked at after every block, which gives chance
//! more than one try. No correction is computed for either. The margin, the control and the second
//! round of the gate make up for them, and the simulation measures how well.
//!
//! Medians of times and the t test are left out: a median of each side ignores which runs were
//! neighbors, and the t test needs normal noise, which the time of a busy machine is not.

/// An estimate and the ends of its interval, in natural logarithms of a ratio of times: above 0 is
/// slower.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The center, in logarithms: `exp(estimate) - 1` is the slowdown as a share.
    pub estimate: f64,
    /// The lower end; minus infinity where it is not known.
    pub low: f64,
    /// The upper end; infinity where it is not known.
    pub high: f64,
}

impl Interval {
    /// Nothing is known: before the first look.
    pub const UNKNOWN: Self = Self { estimate: 0.0, low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// Infinite for an interval that is not known.
    fn width(self) -> f64 {
        self.high - self.low
    }
}

/// The logarithms of the times (any unit) of one block of six runs; see [`super::rounds`] for their
/// order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// The base's run in the first half of the block, and in the second.
    pub base: [f64; 2],
    /// The same program as the base, started from another path.
    pub control: [f64; 2],
    /// The program with the change.
    pub candidate: [f64; 2],
}

impl Block {
    /// How much slower the candidate was, in each half. The control is the base under another name,
    /// so both count as base: that takes a quarter off the variance. A drift of the machine moves
    /// the two halves to opposite sides, and the estimate, which is that of the center of a
    /// symmetric distribution, stays.
    ///
    /// The mean of the halves would have no drift left in it at all, but one outlier among six runs
    /// would spoil it; in the simulation, with an outlier in twenty runs, that takes half of the
    /// power.
    #[must_use]
    pub fn slowdowns(&self) -> [f64; 2] {
        [0, 1].map(|half| self.candidate[half] - f64::midpoint(self.base[half], self.control[half]))
    }

    /// How much slower the base was than itself, in each half.
    ///
    /// Its true center is 0, so its interval shows how far noise alone moves such a difference on
    /// this machine at this time. It uses two runs for each difference and has more variance than
    /// [`Block::slowdowns`], which averages base and control.
    #[must_use]
    pub fn nulls(&self) -> [f64; 2] {
        [0, 1].map(|half| self.control[half] - self.base[half])
    }
}

/// The outcome of the test on the blocks so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Slower by more than the margin, and by more than the base is than itself.
    Slower,
    /// Not slower by more than the margin. The control must be known about as well as this claims
    /// (to twice the margin on each side): where a busy machine makes the base differ from itself,
    /// the candidate is not called the same.
    Same,
    /// Faster by more than the margin, and by more than the base is than itself.
    Faster,
    /// None of these: more blocks are needed.
    Unsure,
}

/// A verdict, with the intervals that it follows from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// What follows from the intervals.
    pub verdict: Verdict,
    /// Candidate over base.
    pub slowdown: Interval,
    /// Base over base.
    pub null: Interval,
    /// How many blocks were measured.
    pub blocks: usize,
}

/// A sequential test for slowdowns, for up to a fixed number of blocks.
///
/// The critical values are computed once, for every number of blocks up to the most. With more
/// blocks than that the intervals are unknown.
#[derive(Clone, Debug)]
pub struct SlowdownTest {
    /// A logarithm: slowdowns up to it are ignored.
    margin: f64,
    /// For each number of differences, how many Walsh averages lie outside the interval on each
    /// side.
    outside: Vec<Option<usize>>,
}

impl SlowdownTest {
    /// `confidence` is that of the intervals.
    ///
    /// `margin` is the logarithm of a ratio, not the ratio itself. `blocks` is the largest number
    /// that [`SlowdownTest::evaluate`] will be given.
    #[must_use]
    pub fn new(margin: f64, confidence: f64, blocks: usize) -> Self {
        Self { margin, outside: outside(2 * blocks, (1.0 - confidence) / 2.0) }
    }

    /// The verdict on all blocks so far, from the two intervals:
    ///
    /// ```text
    /// Slower   slowdown.low  >  max(margin, null.high)
    /// Faster   slowdown.high <  min(-margin, null.low)
    /// Same     slowdown.high <  margin   and   null.high - null.low < 4 margin
    /// Unsure   otherwise
    /// ```
    ///
    /// The first line that holds is the verdict. `Same` is one-sided: it says that there is no
    /// slowdown, and a candidate that is a little faster is `Same`, too.
    pub fn evaluate(&self, blocks: &[Block]) -> Comparison {
        let interval = |differences: fn(&Block) -> [f64; 2]| {
            let differences: Vec<f64> = blocks.iter().flat_map(differences).collect();
            let outside = self.outside.get(differences.len()).copied().flatten();
            outside.map_or(Interval::UNKNOWN, |outside| hodges_lehmann(&differences, outside))
        };
        let (slowdown, null) = (interval(Block::slowdowns), interval(Block::nulls));
        let verdict = if slowdown.low > self.margin.max(null.high) {
            Verdict::Slower
        } else if slowdown.high < (-self.margin).min(null.low) {
            Verdict::Faster
        } else if slowdown.high < self.margin && null.width() < 4.0 * self.margin {
            Verdict::Same
        } else {
            Verdict::Unsure
        };
        Comparison { verdict, slowdown, null, blocks: blocks.len() }
    }
}

/// The estimate of the center of a few differences, and its interval; that is unknown where they
/// are too few to be so sure.
///
/// The critical value is computed for each call, in time that grows with the cube of the number.
/// [`SlowdownTest`] is for callers that look many times.
#[must_use]
pub fn hodges_lehmann_of(differences: &[f64], confidence: f64) -> Interval {
    let outside = outside(differences.len(), (1.0 - confidence) / 2.0);
    let outside = outside.get(differences.len()).copied().flatten();
    outside.map_or(Interval::UNKNOWN, |outside| hodges_lehmann(differences, outside))
}

/// The Hodges-Lehmann estimate of the center of `differences`; the interval leaves `outside` Walsh
/// averages out on each side.
///
/// There must be at least one difference, and `outside` must be less than half of the Walsh
/// averages. Selection finds the three values in linear time without a full sort.
fn hodges_lehmann(differences: &[f64], outside: usize) -> Interval {
    let mut walsh = Vec::with_capacity(differences.len() * (differences.len() + 1) / 2);
    for (i, a) in differences.iter().enumerate() {
        walsh.extend(differences[i..].iter().map(|b| f64::midpoint(*a, *b)));
    }
    let last = walsh.len() - 1;
    let mut at = |place: usize| *walsh.select_nth_unstable_by(place, f64::total_cmp).1;
    Interval {
        estimate: f64::midpoint(at(last / 2), at(last.div_ceil(2))),
        low: at(outside),
        high: at(last - outside),
    }
}

/// For up to `most` differences, how many Walsh averages lie outside the interval on each side: the
/// largest `k` where the signed-rank statistic is at most `k` with a probability of at most `tail`.
/// `None` where there is none.
///
/// The statistic is the sum of the ranks whose difference is positive, each with a probability of
/// one half; its distribution for one difference more follows from that before.
///
/// The result is indexed by the number of differences and has `most + 1` entries; that for none is
/// `None`. Probabilities are sums of halves in f64: exact enough for the 80 differences of a full
/// round, since only their comparison with `tail` counts.
fn outside(most: usize, tail: f64) -> Vec<Option<usize>> {
    let mut probabilities = vec![0.0; most * (most + 1) / 2 + 1];
    probabilities[0] = 1.0;
    let mut all = vec![None];
    for rank in 1..=most {
        for sum in (0..=rank * (rank + 1) / 2).rev() {
            let with = sum.checked_sub(rank).map_or(0.0, |rest| probabilities[rest]);
            probabilities[sum] = f64::midpoint(probabilities[sum], with);
        }
        let mut below = 0.0;
        let within = probabilities.iter().take_while(|&p| {
            below += p;
            below <= tail
        });
        all.push(within.count().checked_sub(1));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_tables() {
        // Hollander & Wolfe, table A.4: P(T <= 0) = 1/64 for n = 6; P(T <= 8) = 0.024 for n = 10;
        // for n = 25 the critical value of a two-sided test at 5 % is 89.
        let found = outside(25, 0.025);
        assert_eq!(found[5], None, "five differences cannot be sure");
        assert_eq!(found[6], Some(0), "n = 6");
        assert_eq!(found[10], Some(8), "n = 10");
        assert_eq!(found[25], Some(89), "n = 25");
    }

    #[test]
    fn outliers_do_not_move_the_estimate() {
        let mut differences: Vec<f64> = (0..20).map(|i| 0.03 + 0.001 * f64::from(i % 5)).collect();
        differences[3] = 5.0;
        differences[11] = 7.0;
        let found = hodges_lehmann(&differences, outside(20, 0.025)[20].expect("20 are enough"));
        assert!((found.estimate - 0.032).abs() < 0.001, "{found:?}");
        assert!(found.low > 0.030 && found.high < 0.035, "{found:?}");
    }

    #[test]
    fn a_drift_moves_the_halves_to_opposite_sides() {
        let at = |position: f64| 0.4 * position;
        let block = Block {
            candidate: [at(0.0) + 0.1, at(5.0) + 0.1],
            base: [at(1.0), at(4.0)],
            control: [at(2.0), at(3.0)],
        };
        let [slowdowns, nulls] =
            [block.slowdowns(), block.nulls()].map(|[a, b]| (a, f64::midpoint(a, b)));
        assert!((slowdowns.1 - 0.1).abs() < 1e-12 && slowdowns.0 < -0.4, "{slowdowns:?}");
        assert!(nulls.1.abs() < 1e-12 && nulls.0 > 0.3, "{nulls:?}");
    }

    #[test]
    fn a_slowdown_exceeds_the_margin_and_the_control() {
        let blocks = |slow: f64, null: f64| -> Vec<Block> {
            let wobble = |i: i32| 1e-4 * f64::from(i % 3);
            let block = |i| Block {
                base: [0.0; 2],
                control: [null + wobble(i); 2],
                candidate: [slow + null / 2.0 + wobble(i); 2],
            };
            (0..12).map(block).collect()
        };
        let test = SlowdownTest::new(0.01, 0.95, 12);
        let verdict = |slow, null| test.evaluate(&blocks(slow, null)).verdict;
        assert_eq!(verdict(0.03, 0.0), Verdict::Slower, "3 %");
        assert_eq!(
            verdict(0.03, 0.04),
            Verdict::Unsure,
            "3 % where the base differs by 4 % from itself"
        );
        assert_eq!(verdict(0.005, 0.0), Verdict::Same, "half a percent");
        assert_eq!(verdict(-0.03, 0.0), Verdict::Faster, "3 % faster");
        assert_eq!(test.evaluate(&blocks(0.03, 0.0)[..2]).verdict, Verdict::Unsure, "2 blocks");
    }

    /// `P(T <= k)` of the signed-rank statistic, by going through all sign patterns.
    fn signed_rank_tail(n: u32, k: u32) -> f64 {
        let sum = |signs: u32| (0..n).filter(|i| signs >> i & 1 == 1).map(|i| i + 1).sum::<u32>();
        let below = (0..1u32 << n).filter(|signs| sum(*signs) <= k).count();
        below as f64 / f64::from(1u32 << n)
    }

    #[test]
    fn the_counts_outside_are_those_of_all_sign_patterns() {
        for tail in [0.2, 0.05, 0.025, 0.005] {
            let found = outside(12, tail);
            for n in 1..=12u32 {
                let most =
                    (0..=n * (n + 1) / 2).take_while(|k| signed_rank_tail(n, *k) <= tail).last();
                let expected = most.map(|k| k as usize);
                assert_eq!(found[n as usize], expected, "{n} differences, tail {tail}");
            }
        }
    }

    #[test]
    fn the_estimate_is_the_median_of_all_pair_means() {
        let differences = [0.3, -0.1, 0.7, 0.2, 0.25, 0.9, -0.4];
        let mut walsh = Vec::new();
        for i in 0..differences.len() {
            for j in i..differences.len() {
                walsh.push(f64::midpoint(differences[i], differences[j]));
            }
        }
        walsh.sort_by(f64::total_cmp);
        assert_eq!(walsh.len(), 28);
        for outside in [0, 1, 5, 13] {
            let found = hodges_lehmann(&differences, outside);
            assert_eq!(found.estimate, f64::midpoint(walsh[13], walsh[14]), "{outside} outside");
            assert_eq!((found.low, found.high), (walsh[outside], walsh[27 - outside]));
        }
    }

    #[test]
    fn an_interval_follows_a_shift_and_a_reflection() {
        let differences: Vec<f64> = (0..10).map(|i| f64::from(i * i % 7)).collect();
        let found = hodges_lehmann_of(&differences, 0.95);
        let shifted: Vec<f64> = differences.iter().map(|d| d + 2.0).collect();
        let moved = hodges_lehmann_of(&shifted, 0.95);
        assert_eq!((moved.estimate, moved.low), (found.estimate + 2.0, found.low + 2.0));
        let reflected: Vec<f64> = differences.iter().map(|d| -d).collect();
        let mirror = hodges_lehmann_of(&reflected, 0.95);
        assert_eq!((mirror.low, mirror.high), (-found.high, -found.low));
    }

    #[test]
    fn too_few_differences_tell_nothing() {
        assert_eq!(hodges_lehmann_of(&[], 0.95), Interval::UNKNOWN);
        assert_eq!(hodges_lehmann_of(&[1.0; 5], 0.95), Interval::UNKNOWN, "2/32 is above 5 %");
        assert_ne!(hodges_lehmann_of(&[1.0; 6], 0.95), Interval::UNKNOWN, "2/64 is not");
        let test = SlowdownTest::new(0.01, 0.95, 4);
        assert_eq!(test.evaluate(&[]).verdict, Verdict::Unsure, "no block");
        let block = Block { base: [0.0; 2], control: [0.0; 2], candidate: [1.0; 2] };
        assert_eq!(test.evaluate(&[block; 2]).verdict, Verdict::Unsure, "four differences");
        assert_eq!(test.evaluate(&[block; 3]).verdict, Verdict::Slower, "six");
    }
}
