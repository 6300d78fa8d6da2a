//! Averaged weights, kept in addition to the trained ones: what a decaying rate does to noise, for
//! free.
//!
//! `average <- average + (weights - average) * (1 - decay_t)` after every step, where `decay_t` is
//! the lesser of the decay and `(1 + t) / (10 + t)`, so that the start is soon forgotten (the
//! warm-up of TensorFlow's `ExponentialMovingAverage`). Running statistics are averaged alike.
//!
//! Why: with a constant learning rate the weights wander around a minimum because of the gradient's
//! noise. Their mean lies closer to it than any of them (Polyak & Juditsky 1992). What an average
//! gives, decay of the learning rate gives too; having both says how much of it was noise.
//!
//! An average that remembers `1 / (1 - decay)` steps lags by as many: at 0.999 it is of little use
//! in a run of 500 steps.

use super::weights::Weights;
use paso_tape::Params;

/// One exponential moving average of a model.
#[derive(Debug, Clone)]
pub(crate) struct Average {
    decay: f64,
    pub(crate) weights: Weights,
}

impl Average {
    /// An average that starts as the model is now. `decay` a step, in 0..1.
    pub(crate) fn new(decay: f64, params: &Params) -> Self {
        Self { decay, weights: Weights::of(params) }
    }

    /// An average that goes on from these averaged weights.
    pub(crate) fn resumed(decay: f64, weights: Weights) -> Self {
        Self { decay, weights }
    }

    /// Begins anew as the model is now.
    pub(crate) fn restart(&mut self, params: &Params) {
        self.weights = Weights::of(params);
    }

    /// Takes in the model after step `t` (the first is 1).
    pub(crate) fn update(&mut self, t: u64, params: &Params) {
        let warm = (1.0 + t as f64) / (10.0 + t as f64);
        #[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
        let share = (1.0 - self.decay.min(warm)) as f32;
        mix(&mut self.weights.values, params.values(), share);
        mix(&mut self.weights.buffers, params.buffers(), share);
    }
}

fn mix(average: &mut [f32], new: &[f32], share: f32) {
    average.iter_mut().zip(new).for_each(|(a, n)| *a += share * (n - *a));
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_tape::{Init, Kind};

    #[test]
    fn a_constant_model_is_its_own_average_and_a_jump_is_approached() {
        let mut params = Params::new(0);
        params.add("w", &[2], Kind::Weight, Init::Constant(1.0));
        let mut average = Average::new(0.9, &params);
        average.update(1, &params);
        assert_eq!(average.weights.values, [1.0, 1.0]);
        params.values_mut().fill(2.0);
        for t in 100..110 {
            average.update(t, &params);
        }
        let expected = 2.0 - 0.9_f32.powi(10);
        assert!(
            (average.weights.values[0] - expected).abs() < 1e-5,
            "{} is not {expected}",
            average.weights.values[0]
        );
    }

    /// The formula of this file's head in f64, for a model whose weights follow a known course.
    #[test]
    fn an_average_follows_its_formula_step_by_step() {
        for decay in [0.0, 0.5, 0.99, 0.999_999] {
            let mut params = Params::new(0);
            params.add("w", &[3], Kind::Weight, Init::Constant(0.25));
            let mut average = Average::new(decay, &params);
            let mut expected = [0.25_f64; 3];
            for t in 1..=200_u64 {
                // Quarters, which f32 holds exactly.
                let course = |i: usize| ((t * 7 + i as u64) % 13) as f32 / 4.0;
                for (i, w) in params.values_mut().iter_mut().enumerate() {
                    *w = course(i);
                }
                average.update(t, &params);
                let now = f64::min(decay, (1.0 + t as f64) / (10.0 + t as f64));
                for (i, a) in expected.iter_mut().enumerate() {
                    *a = now * *a + (1.0 - now) * f64::from(course(i));
                }
            }
            for (found, wanted) in average.weights.values.iter().zip(expected) {
                assert!((f64::from(*found) - wanted).abs() < 1e-5, "{decay}: {found} {wanted}");
            }
        }
    }
}
