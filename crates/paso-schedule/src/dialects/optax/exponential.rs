//! Optax' `exponential_decay`.

use crate::dialects::build::{Built, checked, constant, decay, delay, every, finish};
use crate::error::Error;
use crate::node::Node;
use crate::spec::Spec;
use alloc::boxed::Box;

/// `exponential_decay`, with Optax' defaults in [`Self::new`].
///
/// ```
/// use paso_schedule::optax::ExponentialDecayArgs;
/// let decay = ExponentialDecayArgs { staircase: true, ..ExponentialDecayArgs::new(0.1, 10, 0.5) };
/// let lr = decay.spec()?;
/// assert_eq!((lr.at(9), lr.at(10)), (0.1, 0.05));
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentialDecayArgs {
    /// The learning rate up to step `transition_begin`.
    pub init_value: f64,
    /// What each `transition_steps` multiply the learning rate by; with 0 Optax stays at
    /// `init_value`.
    pub decay_rate: f64,
    /// With 0 Optax stays at `init_value`.
    pub transition_steps: u64,
    /// Steps before it begins; 0.
    pub transition_begin: u64,
    /// Whether it changes only every `transition_steps`; false.
    pub staircase: bool,
    /// The learning rate that it stops at: from above where `decay_rate` is below 1, else from
    /// below; none.
    pub end_value: Option<f64>,
}

impl ExponentialDecayArgs {
    /// Optax' defaults.
    #[must_use]
    pub fn new(init_value: f64, transition_steps: u64, decay_rate: f64) -> Self {
        Self {
            init_value,
            decay_rate,
            transition_steps,
            transition_begin: 0,
            staircase: false,
            end_value: None,
        }
    }

    /// The schedule.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn spec(&self) -> Result<Spec, Error> {
        finish(self.node())
    }

    pub(super) fn node(&self) -> Built {
        if self.transition_steps == 0 || self.decay_rate == 0.0 {
            return constant(self.init_value);
        }
        let steps = self.transition_steps as f64;
        let smooth = decay(self.init_value, self.decay_rate, steps);
        let curve = if self.staircase { every(smooth, steps) } else { smooth };
        let inner = delay(curve, self.transition_begin as f64)?;
        match self.end_value {
            None => Ok(inner),
            Some(lr) if self.decay_rate < 1.0 => {
                checked(Node::Floor { inner: Box::new(inner), lr })
            }
            Some(lr) => checked(Node::Cap { inner: Box::new(inner), lr }),
        }
    }
}
