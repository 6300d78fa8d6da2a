//! A fit of one bandwidth, and the place where it falls most steeply.
//!
//! "Steepest" is per factor of the learning rate, so the slope is that of the loss over the
//! logarithm. Per unit of the learning rate, the slope would be largest at the lowest learning
//! rates of any sweep.

use super::fit::{Smoother, least};

/// A fit of one bandwidth, and where it falls.
pub(super) struct Fit {
    pub(super) smoother: Smoother,
    pub(super) height: Vec<f64>,
    pub(super) slope: Vec<f64>,
    /// Two standard errors of each slope.
    pub(super) penalty: Vec<f64>,
    pub(super) lowest: usize,
    pub(super) steepest: usize,
}

impl Fit {
    pub(super) fn new(
        x: &[f64],
        y: &[f64],
        trust: &[f64],
        noise: &[f64],
        places: &[f64],
        bandwidth: f64,
    ) -> Self {
        let smoother = Smoother::new(x, trust, places, bandwidth);
        let (height, slope) = (smoother.heights(y), smoother.slopes(y));
        let penalty: Vec<f64> =
            smoother.slope_errors(noise).iter().map(|error| 2.0 * error).collect();
        let lowest = least(&height);
        let steepest = steepest(&slope[..=lowest], &penalty);
        Self { smoother, height, slope, penalty, lowest, steepest }
    }

    /// The steepest fall in its standard errors.
    pub(super) fn certainty(&self) -> f64 {
        -self.slope[self.steepest] / (0.5 * self.penalty[self.steepest])
    }
}

/// Index of the place whose fall is the steepest that the noise leaves certain.
pub(super) fn steepest(slope: &[f64], penalty: &[f64]) -> usize {
    let certain: Vec<f64> = slope.iter().zip(penalty).map(|(s, p)| s + p).collect();
    least(&certain)
}
