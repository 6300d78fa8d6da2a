//! PyTorch's `CyclicLR`.

use crate::dialects::build::{Built, below, decay, finish, linear, plus, repeat, then, times};
use crate::error::Error;
use crate::spec::Spec;

/// The modes of [`CyclicLr`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Cycle {
    /// Every cycle as high as the first.
    #[default]
    Triangular,
    /// Each cycle half as high.
    Triangular2,
    /// The height falls by this factor at each step.
    ExpRange(f64),
}

/// `CyclicLR`, with PyTorch's defaults in [`Self::new`].
///
/// [Smith 2017](https://arxiv.org/abs/1506.01186).
///
/// ```
/// use paso_schedule::torch::{Cycle, CyclicLr};
/// let cycle = CyclicLr { step_size_up: 4.0, step_size_down: 4.0, ..CyclicLr::new(0.0, 0.5) };
/// assert_eq!(cycle.rate()?.lrs(10).max_by(f64::total_cmp), Some(0.5));
/// let halved = CyclicLr { mode: Cycle::Triangular2, ..cycle }.rate()?;
/// assert_eq!((halved.at(4), halved.at(12)), (0.5, 0.25));
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CyclicLr {
    /// The lowest learning rate.
    pub base_lr: f64,
    /// The highest learning rate.
    pub max_lr: f64,
    /// Steps of a rise, which may be a fraction; 2000.
    pub step_size_up: f64,
    /// Steps of a fall; as many.
    pub step_size_down: f64,
    /// What happens to the height; triangular.
    pub mode: Cycle,
    /// The momentum, or Adam's `beta1`, at the peak; 0.8.
    pub base_momentum: f64,
    /// The momentum at the lowest learning rate; 0.9.
    pub max_momentum: f64,
}

impl CyclicLr {
    /// PyTorch's defaults.
    #[must_use]
    pub fn new(base_lr: f64, max_lr: f64) -> Self {
        Self {
            base_lr,
            max_lr,
            step_size_up: 2_000.0,
            step_size_down: 2_000.0,
            mode: Cycle::Triangular,
            base_momentum: 0.8,
            max_momentum: 0.9,
        }
    }

    /// The learning rate.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn rate(&self) -> Result<Spec, Error> {
        finish(plus(self.triangles(self.max_lr - self.base_lr), self.base_lr))
    }

    /// The momentum (SGD) or `beta1` (Adam), which goes against the learning rate.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn momentum(&self) -> Result<Spec, Error> {
        finish(below(self.triangles(self.max_momentum - self.base_momentum), self.max_momentum))
    }

    /// Triangles from 0 to `height`.
    fn triangles(&self, height: f64) -> Built {
        let up = linear(0.0, height, self.step_size_up);
        let cycle = then([up, linear(height, 0.0, self.step_size_down)]);
        match self.mode {
            Cycle::Triangular => repeat(cycle, None, 1.0, 1.0),
            Cycle::Triangular2 => repeat(cycle, None, 1.0, 0.5),
            Cycle::ExpRange(gamma) => times(repeat(cycle, None, 1.0, 1.0), decay(1.0, gamma, 1.0)),
        }
    }
}
