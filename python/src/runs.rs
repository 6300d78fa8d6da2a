//! Which neighboring parameters of a block are stepped together: those that have a gradient, and
//! have taken as many steps with the same scalars.

use std::ops::Range;

use paso_adam::Scalars;

/// The values of [`Scalars`] in the order of a row of the array that keeps them.
pub(crate) const SCALARS: usize = 4;

/// Reads a row; a rule without scalars has none.
pub(crate) fn read(row: &[f64]) -> Scalars {
    match *row {
        [mu_product, weight_sum, lr_max, share] => {
            Scalars { mu_product, weight_sum, lr_max, share }
        }
        _ => Scalars::default(),
    }
}

/// Writes a row.
pub(crate) fn write(row: &mut [f64], scalars: Scalars) {
    if let [mu_product, weight_sum, lr_max, share] = row {
        *mu_product = scalars.mu_product;
        *weight_sum = scalars.weight_sum;
        *lr_max = scalars.lr_max;
        *share = scalars.share;
    }
}

/// The ranges of parameters that are stepped together, in order. `active` is empty where all are.
pub(crate) fn runs(active: &[bool], steps: &[f32], scalars: &[f64]) -> Vec<Range<usize>> {
    let is_active = |i: usize| active.get(i).copied().unwrap_or(active.is_empty());
    let row = |i: usize| scalars.get(i * SCALARS..(i + 1) * SCALARS).unwrap_or(&[]);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for i in (0..steps.len()).filter(|&i| is_active(i)) {
        match runs.last_mut() {
            Some(run)
                if run.end == i && steps[run.start] == steps[i] && row(run.start) == row(i) =>
            {
                run.end = i + 1;
            }
            _ => runs.push(i..i + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbors_with_equal_steps_are_one_run() {
        let one = |end| std::iter::once(0..end).collect::<Vec<_>>();
        assert_eq!(runs(&[], &[3.0; 4], &[]), one(4));
        assert_eq!(runs(&[], &[3.0, 3.0, 0.0, 0.0], &[]), [0..2, 2..4]);
        assert_eq!(runs(&[true, false, true, true], &[3.0; 4], &[]), [0..1, 2..4]);
        assert!(runs(&[false, false], &[3.0; 2], &[]).is_empty(), "none has a gradient");
    }

    #[test]
    fn other_scalars_are_another_run() {
        let mut scalars = [0.5; 8];
        assert_eq!(runs(&[], &[1.0, 1.0], &scalars).len(), 1);
        scalars[4] = 0.25;
        assert_eq!(runs(&[], &[1.0, 1.0], &scalars), [0..1, 1..2]);
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let scalars = Scalars { mu_product: 0.5, weight_sum: 3.0, lr_max: 0.1, share: 0.2 };
        let mut row = [0.0; SCALARS];
        write(&mut row, scalars);
        assert_eq!(read(&row), scalars);
        assert_eq!(read(&[]), Scalars::default());
    }
}
