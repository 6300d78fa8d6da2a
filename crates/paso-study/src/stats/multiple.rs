//! Correction for looking at several arms at once.
//!
//! A study has several decaying arms. Each has a chance of `alpha` to look better by luck; with
//! five of them, one does in more than a fifth of the studies. The verdict avoids the question by
//! fixing its arm in advance; the table of all arms needs the correction.

/// Holm's step-down adjustment of p-values, in the order given.
///
/// The smallest p-value is multiplied by the number of tests, the next by one less, and so on; the
/// results never decrease along that order and never exceed 1. Rejecting where the adjusted value
/// is at most `alpha` keeps the chance of any false rejection at `alpha`, whatever the dependence
/// between the tests (Holm, 1979).
///
/// ```
/// use paso_study::stats::holm;
/// assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
/// ```
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut floor = 0.0f64;
    for (rank, &i) in order.iter().enumerate() {
        floor = floor.max(p_values[i] * (p_values.len() - rank) as f64).min(1.0);
        adjusted[i] = floor;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::holm;

    #[test]
    fn is_monotone_capped_and_keeps_the_order_of_its_input() {
        assert_eq!(holm(&[]), Vec::<f64>::new(), "no tests");
        assert_eq!(holm(&[0.9, 0.02]), [0.9, 0.04], "the larger keeps its own value");
        assert_eq!(holm(&[0.5, 0.6, 0.7]), [1.0, 1.0, 1.0], "capped at 1");
    }
}
