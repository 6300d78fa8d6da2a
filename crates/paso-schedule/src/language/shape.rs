//! A schedule that leaves the peak learning rate and the number of steps to the run.
//!
//! Parsing a shape already binds it once, to a peak of 1 and a very long run, so that numbers out
//! of range are reported when a configuration is read and not when a training begins.

use super::ast::{Item, Sequence};
use super::parse::parse;
use super::run::Run;
use crate::error::Error;
use crate::spec::{PastEnd, Spec};
use crate::validate::invalid;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// A schedule whose learning rates and lengths may be shares of a run's: what a configuration
/// names, and what a study tunes.
///
/// Every text of the [language](crate#the-language) is a shape, also one that leaves nothing open;
/// [`Self::needs_peak`] and [`Self::needs_steps`] say what a run has to give.
///
/// ```
/// use paso_schedule::Shape;
/// let shape: Shape = "warmup(5%) then cosine(to 1%)".parse()?;
/// let lr = shape.bind(3e-4, 10_000)?;
/// assert_eq!(lr.to_string(), "warmup(500) then cosine(3e-4 -> 3e-6, 9500)");
///
/// // The same shape for a run that is too short for it:
/// let error = shape.bind(3e-4, 5).unwrap_err();
/// assert_eq!(error.to_string(), "column 1: `warmup(5%)`: 5% is less than one step of a run of 5 steps");
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    items: Vec<Item>,
    past_end: PastEnd,
}

impl Shape {
    /// The complete schedule of a run with this peak learning rate and number of steps.
    ///
    /// A part without a length takes the steps that the others leave. A schedule that
    /// needs neither number is returned as it is, whatever the run.
    ///
    /// # Errors
    /// [`Error::TooShort`] where the parts do not fit into `steps`, [`Error::InvalidValue`] where a
    /// number leaves its range with this peak.
    pub fn bind(&self, peak: f64, steps: u64) -> Result<Spec, Error> {
        match self.to_spec() {
            Err(Error::Open { .. }) => self.run(Some(peak), Some(steps as f64)),
            absolute => absolute,
        }
    }

    /// The schedule itself, where nothing is open.
    ///
    /// # Errors
    /// [`Error::Open`] with the first part that needs the run's peak learning rate or steps.
    pub fn to_spec(&self) -> Result<Spec, Error> {
        self.run(None, None)
    }

    /// Whether a learning rate is open: a share of the peak, or a first part without a learning
    /// rate.
    #[must_use]
    pub fn needs_peak(&self) -> bool {
        matches!(self.run(None, Some(LONG)), Err(Error::Open { .. }))
    }

    /// Whether a length is open: a share of the run, or a part that takes its rest.
    #[must_use]
    pub fn needs_steps(&self) -> bool {
        matches!(self.run(Some(1.0), None), Err(Error::Open { .. }))
    }

    fn run(&self, peak: Option<f64>, steps: Option<f64>) -> Result<Spec, Error> {
        if let Some(value) = peak.filter(|peak| !(*peak >= 0.0 && peak.is_finite())) {
            return Err(invalid("peak", value, "a finite learning rate of 0 or more"));
        }
        if let Some(value) = steps.filter(|steps| *steps < 1.0) {
            return Err(invalid("steps", value, "1 or more"));
        }
        let spec = Spec { node: Run { peak, steps }.bind(&self.items)?, past_end: self.past_end };
        Ok(spec)
    }
}

/// A run in which every schedule has room.
const LONG: f64 = 1e15;

impl FromStr for Shape {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (items, past_end) = parse(text)?;
        let shape = Self { items, past_end };
        // A number out of range is reported now, not when a run begins.
        match shape.run(Some(1.0), Some(LONG)) {
            Err(Error::TooShort { .. }) | Ok(_) => Ok(shape),
            Err(error) => Err(error),
        }
    }
}

impl FromStr for Spec {
    type Err = Error;

    /// Parses a schedule that leaves nothing open; [`Shape`] parses those that do.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (items, past_end) = parse(text)?;
        Shape { items, past_end }.to_spec()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Sequence(&self.items))?;
        f.write_str(match self.past_end {
            PastEnd::Hold => "",
            PastEnd::Error => " then error",
        })
    }
}
