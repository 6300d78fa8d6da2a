//! Where a series of figures changed its level.
//!
//! The series is cut into segments, each as flat as possible: the sum of the distances from the
//! segments' medians is the least there is for that number of segments (dynamic programming, no
//! search). More segments always fit better; their number is the one with the least
//! `ln(mean distance) + penalty * segments`, with a penalty of `4 ln(n) / n` (as asv chooses the
//! weight of its Potts functional). Medians leave outliers alone, and a single figure is no
//! segment: a change at the very end is reported once a second record confirms it.
//!
//! As a formula, for segments `s` with medians `m(s)` of a series `x` of `n` figures:
//!
//! ```text
//! cost(k)      = min over all cuts into k segments of  sum over s  sum over i in s  |x[i] - m(s)|
//! criterion(k) = ln(cost(k) / n + grain) + k * 4 ln(n) / n
//! ```
//!
//! The `k` with the least criterion is chosen, the smaller of two equal ones. The series is one of
//! logarithms of times, so a distance of 0.01 is 1 %, and a change of a fast benchmark counts as
//! much as that of a slow one.
//!
//! `grain` keeps the logarithm finite where the figures are equal, and sets the size of a change
//! that is worth a segment where noise is smaller still. Seeds of a training have a larger one (see
//! `history.rs`).
//!
//! The cost of the computation grows with the cube of `n`. For a few hundred records that is short;
//! for many thousands this would be the wrong method.
//!
//! A segment is a fact about medians, not a test: there is no confidence in it. Use the gate to
//! confirm a change on one machine. Slow trends come out as stairs.

/// No segment is shorter.
const LEAST: usize = 2;

/// Differences of a fifth of a percent are not worth a segment, even where nothing else differs.
/// For series of logarithms.
pub const GRAIN: f64 = 0.002;

/// The first index of every segment; 0 is the first of them. The `grain` is added to the mean
/// distance.
///
/// `series` is in order of time and has no NaN. Fewer than four figures are one segment. `grain` is
/// in the unit of the series and must be above 0 where all figures of a segment may be equal.
#[must_use]
pub fn segments(series: &[f64], grain: f64) -> Vec<usize> {
    let n = series.len();
    if n < 2 * LEAST {
        return vec![0];
    }
    let most = n / LEAST;
    let costs = costs(series);
    // `best[k][end]`: the least distance of `series[..end]` in `k + 1` segments, and where the last
    // one starts.
    let mut best = vec![vec![(f64::INFINITY, 0); n + 1]; most];
    for end in LEAST..=n {
        best[0][end] = (costs[0][end], 0);
    }
    for k in 1..most {
        for end in (k + 1) * LEAST..=n {
            for start in k * LEAST..=end - LEAST {
                let cost = best[k - 1][start].0 + costs[start][end];
                if cost < best[k][end].0 {
                    best[k][end] = (cost, start);
                }
            }
        }
    }
    let length = n as f64;
    let penalty = 4.0 * length.ln() / length;
    let criterion = |k: usize| (best[k][n].0 / length + grain).ln() + penalty * (k + 1) as f64;
    let chosen = (0..most).min_by(|&a, &b| criterion(a).total_cmp(&criterion(b))).unwrap_or(0);

    let (mut starts, mut end) = (Vec::new(), n);
    for k in (0..=chosen).rev() {
        end = best[k][end].1;
        starts.push(end);
    }
    starts.reverse();
    starts
}

/// `costs[start][end]`: the sum of the distances of `series[start..end]` from its median.
///
/// The upper of two middle values serves as median here: the sum of distances is the same for every
/// value between the two. Entries with `end <= start` are 0 and are not read.
fn costs(series: &[f64]) -> Vec<Vec<f64>> {
    let n = series.len();
    let mut costs = vec![vec![0.0; n + 1]; n];
    for (start, costs) in costs.iter_mut().enumerate() {
        let mut sorted: Vec<f64> = Vec::with_capacity(n - start);
        for end in start..n {
            let place = sorted.partition_point(|x| *x < series[end]);
            sorted.insert(place, series[end]);
            let middle = sorted[sorted.len() / 2];
            costs[end + 1] = sorted.iter().map(|x| (x - middle).abs()).sum();
        }
    }
    costs
}

/// The median of a segment.
///
/// It need not be sorted. The mean of the two middle values for an even number; NaN for none.
pub fn median(segment: &[f64]) -> f64 {
    let mut sorted = segment.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n == 0 { f64::NAN } else { f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn cut(series: &[f64]) -> Vec<usize> {
        segments(series, GRAIN)
    }

    /// Levels with noise of 1 % (uniform, so at most 1.7 %) and an outlier of 30 % now and then.
    fn series(rng: &mut ChaCha8Rng, levels: &[(usize, f64)]) -> Vec<f64> {
        let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX);
        let mut all = Vec::new();
        for &(length, level) in levels {
            for _ in 0..length {
                let outlier = if uniform() < 0.03 { 0.26 } else { 0.0 };
                all.push(level + 0.035 * (uniform() - 0.5) + outlier);
            }
        }
        all
    }

    #[test]
    fn steps_are_found_where_they_are() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let levels = [(20, 0.0), (15, 0.08), (25, -0.05)];
        let mut exact = 0;
        for _ in 0..100 {
            let found = cut(&series(&mut rng, &levels));
            let near = |found: usize, at: usize| found.abs_diff(at) <= 1;
            exact += u32::from(found.len() == 3 && near(found[1], 20) && near(found[2], 35));
        }
        assert!(exact >= 95, "only {exact} of 100 series are cut where their level changes");
    }

    #[test]
    fn noise_is_not_cut() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for length in [4, 8, 20, 60, 120] {
            let level = |rng: &mut _| cut(&series(rng, &[(length, 0.0)])).len() > 1;
            let cut = (0..100).filter(|_| level(&mut rng)).count();
            assert!(cut <= 2, "{cut} of 100 level series of {length} are cut");
        }
    }

    #[test]
    fn a_segment_has_two_figures_at_least() {
        assert_eq!(cut(&[]), [0], "nothing");
        assert_eq!(cut(&[0.0, 1.0]), [0], "too short");
        let mut series = vec![0.0; 12];
        series.push(1.0);
        assert_eq!(cut(&series), [0], "one high figure at the end may be an outlier");
        series.push(1.0);
        assert_eq!(cut(&series), [0, 12], "two of them are a level");
    }

    #[test]
    fn a_step_below_the_grain_is_none() {
        let series = [0.0, 0.0, 0.0, 0.0, 0.05, 0.05, 0.05, 0.05];
        assert_eq!(segments(&series, GRAIN), [0, 4]);
        assert_eq!(segments(&series, 0.1), [0]);
    }

    #[test]
    fn no_cut_of_a_short_series_is_better() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let series = series(&mut rng, &[(5, 0.0), (6, 0.1)]);
        let [_, cut] = cut(&series)[..] else { panic!("two segments") };
        let distance = |part: &[f64]| part.iter().map(|x| (x - median(part)).abs()).sum::<f64>();
        let cost = |cut: usize| distance(&series[..cut]) + distance(&series[cut..]);
        let least = (2..=9).map(cost).fold(f64::INFINITY, f64::min);
        assert!(
            (cost(cut) - least).abs() < 1e-12,
            "cut at {cut}: {} instead of {least}",
            cost(cut)
        );
    }

    /// The least sum of distances in `count` segments of two figures at least, by trying all cuts.
    fn least_by_search(series: &[f64], count: usize) -> f64 {
        let distance = |part: &[f64]| part.iter().map(|x| (x - median(part)).abs()).sum::<f64>();
        if count == 1 {
            return if series.len() < LEAST { f64::INFINITY } else { distance(series) };
        }
        (LEAST..series.len())
            .map(|cut| distance(&series[..cut]) + least_by_search(&series[cut..], count - 1))
            .fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn cuts_are_the_best_there_are_for_their_number() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for levels in [&[(4, 0.0), (5, 0.2)][..], &[(3, 0.0), (3, 0.3), (4, 0.1)], &[(9, 0.0)]] {
            let series = series(&mut rng, levels);
            let starts = cut(&series);
            let ends = starts.iter().skip(1).copied().chain([series.len()]);
            let distance =
                |part: &[f64]| part.iter().map(|x| (x - median(part)).abs()).sum::<f64>();
            let found: f64 = starts.iter().zip(ends).map(|(s, e)| distance(&series[*s..e])).sum();
            let least = least_by_search(&series, starts.len());
            assert!((found - least).abs() < 1e-12, "{starts:?}: {found} instead of {least}");
        }
    }

    #[test]
    fn costs_are_distances_from_the_median() {
        let series = [3.0, 1.0, 2.0, 10.0];
        let costs = costs(&series);
        for (start, end, expected) in
            [(0, 1, 0.0), (0, 2, 2.0), (0, 3, 2.0), (0, 4, 10.0), (2, 4, 8.0)]
        {
            assert_eq!(costs[start][end], expected, "{start}..{end}");
        }
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_ones() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[5.0, 1.0, 3.0]), 3.0);
        assert!(median(&[]).is_nan(), "of nothing");
    }

    #[test]
    fn a_shift_of_all_figures_moves_no_cut() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let series = series(&mut rng, &[(12, 0.0), (12, 0.15)]);
        let moved: Vec<f64> = series.iter().map(|x| x + 8.0).collect();
        assert_eq!(cut(&moved), cut(&series));
        let reversed: Vec<f64> = series.iter().rev().copied().collect();
        assert_eq!(cut(&reversed).len(), cut(&series).len(), "nor does the direction of time");
    }
}
