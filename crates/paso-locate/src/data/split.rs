//! The validation split where the data set names none, and folds: a seeded choice of the same share
//! of every class.
//!
//! Where no image is for validation, a share of the training images of *each class* becomes it,
//! chosen by the seed from the sorted names. A plain random fifth of 30 images could lack a class.
//! The same dealing cuts folds: sorted by class, shuffled within it, and dealt like cards, so that
//! the sizes of folds differ by at most one, and so do the numbers of each class.
//!
//! Traps: images of one scene (frames of a film, crops of a photograph) that fall into different
//! splits make validation too good. Use split files for such sets.

use std::collections::HashMap;

use rand::seq::SliceRandom;

use super::{LoadOptions, Problem, ProblemKind, Report, Sample, Split};
use crate::Error;
use crate::rng::{Purpose, rng};

/// Takes a validation split from the training split where there is none: of each class the share
/// that the options say, at least one where there are two, chosen by the seed.
pub(crate) fn complete(samples: &mut [Sample], options: &LoadOptions, report: &mut Report) {
    if samples.iter().any(|s| s.split == Split::Val) {
        return;
    }
    let mut chosen = stratified(samples, options.val_fraction, options.split_seed);
    if chosen.is_empty() {
        // Every class has one image: some of them have to be evaluated all the same.
        chosen = of_all(samples, options.val_fraction, options.split_seed);
    }
    report.problems.push(Problem::new(
        ProblemKind::Note,
        report.dir.clone(),
        None,
        format!(
            "names no validation split; {} of {} images were chosen for it by seed {}",
            chosen.len(),
            samples.iter().filter(|s| s.split == Split::Train).count(),
            options.split_seed
        ),
    ));
    for i in chosen {
        samples[i].split = Split::Val;
    }
}

/// Deals things of these classes into `folds` parts, class by class in an order that the seed
/// shuffles, so that each part has the same share of every class. Says of each whether it is in
/// part `fold`.
pub(crate) fn deal(
    classes: &[usize],
    fold: usize,
    folds: usize,
    seed: u64,
) -> Result<Vec<bool>, Error> {
    if folds < 2 || folds > classes.len() {
        return Err(Error::invalid_value("folds", folds, "at least 2, at most one a sample"));
    }
    if fold >= folds {
        return Err(Error::invalid_value("fold", fold, "below the number of folds"));
    }
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.shuffle(&mut rng(Purpose::Split, seed, u64::MAX, 1));
    order.sort_by_key(|&i| classes[i]); // stable: shuffled within a class
    let mut dealt = vec![false; classes.len()];
    order.into_iter().skip(fold).step_by(folds).for_each(|i| dealt[i] = true);
    Ok(dealt)
}

/// The samples of the training split that become validation. Independent of their order.
fn stratified(samples: &[Sample], fraction: f64, seed: u64) -> Vec<usize> {
    let mut classes: HashMap<usize, Vec<usize>> = HashMap::new();
    for (i, sample) in samples.iter().enumerate().filter(|(_, s)| s.split == Split::Train) {
        classes.entry(sample.class).or_default().push(i);
    }
    let mut chosen = Vec::new();
    for (class, mut members) in classes {
        members.sort_by(|a, b| samples[*a].name.cmp(&samples[*b].name));
        members.shuffle(&mut rng(Purpose::Split, seed, class as u64, 0));
        chosen.extend(&members[..share(members.len(), fraction)]);
    }
    chosen
}

/// As [`stratified`], without regard to classes.
fn of_all(samples: &[Sample], fraction: f64, seed: u64) -> Vec<usize> {
    let mut train: Vec<usize> =
        (0..samples.len()).filter(|&i| samples[i].split == Split::Train).collect();
    train.sort_by(|a, b| samples[*a].name.cmp(&samples[*b].name));
    train.shuffle(&mut rng(Purpose::Split, seed, u64::MAX, 0));
    train.truncate(share(train.len(), fraction));
    train
}

/// How many of `n` are the share: rounded, at least 1 and never all where there are two.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of n lies between 0 and n"
)]
fn share(n: usize, fraction: f64) -> usize {
    if n < 2 { 0 } else { ((n as f64 * fraction).round() as usize).clamp(1, n - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_all_and_never_none_of_two() {
        assert_eq!(share(0, 0.2), 0);
        assert_eq!(share(1, 0.9), 0);
        assert_eq!(share(2, 0.01), 1);
        assert_eq!(share(2, 0.99), 1);
        assert_eq!(share(100, 0.2), 20);
    }
}
