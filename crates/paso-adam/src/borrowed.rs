//! [`BorrowedGroup`]: steps over moments that the caller keeps, in the buffers of another library.

use alloc::vec;
use alloc::vec::Vec;

use crate::adam::Adam;
use crate::apply::assert_flat;
use crate::chunks::Threads;
use crate::error::Error;
use crate::group::AdamGroup;
use crate::options::{StepOptions, StepReport};
use crate::scalars::Scalars;
use crate::tensors::Flat;

/// An optimizer for a list of tensors whose state is the caller's: as
/// [`AdamGroup`](crate::AdamGroup), which owns it, with the same bits.
///
/// For callers whose moments lie in tensors of their own (PyTorch's `optimizer.state`), so that they
/// are neither copied nor kept twice. A step allocates nothing.
///
/// ```
/// use paso_adam::{Adam, AdamConfig, BorrowedGroup, Scalars, StateMut, StepOptions};
///
/// let mut group = BorrowedGroup::new(Adam::new(AdamConfig::default())?, [2, 1]);
/// let (mut weights, gradient) = ([1.0_f32, 1.0, 0.0], [0.5, -0.5, 20.0]);
/// let (mut steps, mut scalars, mut m, mut v) = (0, Scalars::default(), [0.0; 3], [0.0; 3]);
/// for _ in 0..10 {
///     let state = StateMut {
///         steps: &mut steps,
///         scalars: &mut scalars,
///         moments: [&mut m, &mut v, &mut []],
///     };
///     group.step_flat(1e-3, &StepOptions::default(), &mut weights, &gradient, state)?;
/// }
/// assert_eq!(steps, 10);
/// assert!((weights[2] + 1e-2).abs() < 1e-6);
/// # Ok::<(), paso_adam::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BorrowedGroup {
    /// Without moments of its own.
    group: AdamGroup,
    total: usize,
}

/// The state of a [`BorrowedGroup`], in the caller's memory.
#[derive(Debug)]
pub struct StateMut<'a> {
    /// Steps taken so far, 0 at first. A step that is taken adds 1.
    pub steps: &'a mut u64,
    /// [`Scalars::default`] at first.
    pub scalars: &'a mut Scalars,
    /// The rule's moments ([`BorrowedGroup::moment_names`]) of all tensors, one after the other;
    /// zeros at first, and empty where the rule has fewer than three.
    pub moments: [&'a mut [f32]; 3],
}

impl BorrowedGroup {
    /// An optimizer for tensors of these lengths.
    #[must_use]
    pub fn new(adam: Adam, lens: impl IntoIterator<Item = usize>) -> Self {
        let mut group = AdamGroup::new(adam, []);
        group.lens = lens.into_iter().collect();
        let total = group.lens.iter().sum();
        group.moments = [vec![], vec![], vec![]];
        Self { group, total }
    }

    /// The tensors' lengths.
    #[must_use]
    pub fn lens(&self) -> &[usize] {
        self.group.lens()
    }

    /// The optimizer.
    #[must_use]
    pub fn adam(&self) -> &Adam {
        self.group.adam()
    }

    /// Continues with another optimizer, of any rule: what its moments mean is the caller's to know.
    pub fn set_adam(&mut self, adam: Adam) {
        let lens: Vec<usize> = core::mem::take(&mut self.group.lens);
        *self = Self::new(adam, lens);
    }

    /// PyTorch's names of the moments that a step needs, in their order.
    #[must_use]
    pub fn moment_names(&self) -> &'static [&'static str] {
        self.adam().config().rule.formula().moment_names()
    }

    /// Takes the next step with the learning rate `lr` over tensors that lie one after the other, in
    /// the caller's thread. As [`AdamGroup::step_flat`](crate::AdamGroup::step_flat).
    ///
    /// # Errors
    /// As [`AdamGroup::step_with`](crate::AdamGroup::step_with).
    ///
    /// # Panics
    /// When `weights`, `gradient` or one of the rule's moments has another length than all tensors
    /// together, or `lr` is negative, infinite or NaN. Nothing has been changed then.
    #[track_caller]
    pub fn step_flat(
        &mut self,
        lr: f64,
        options: &StepOptions,
        weights: &mut [f32],
        gradient: &[f32],
        state: StateMut<'_>,
    ) -> Result<StepReport, Error> {
        self.step_in(Threads::One, lr, options, Flat { weights, gradient }, state)
    }

    /// [`BorrowedGroup::step_flat`] on the threads of the current rayon pool: the same bits. Up to
    /// 100,000 weights stay in the caller's thread.
    ///
    /// # Errors
    /// As [`BorrowedGroup::step_flat`].
    ///
    /// # Panics
    /// As [`BorrowedGroup::step_flat`].
    #[cfg(feature = "rayon")]
    #[track_caller]
    pub fn par_step_flat(
        &mut self,
        lr: f64,
        options: &StepOptions,
        weights: &mut [f32],
        gradient: &[f32],
        state: StateMut<'_>,
    ) -> Result<StepReport, Error> {
        let threads = Threads::of_pool(self.total);
        self.step_in(threads, lr, options, Flat { weights, gradient }, state)
    }

    #[track_caller]
    fn step_in(
        &mut self,
        threads: Threads,
        lr: f64,
        options: &StepOptions,
        tensors: Flat<'_>,
        state: StateMut<'_>,
    ) -> Result<StepReport, Error> {
        let StateMut { steps, scalars, moments } = state;
        let n = self.total;
        assert_flat(lr, n, &tensors);
        let names = self.moment_names();
        for (name, moment) in names.iter().zip(&moments) {
            let len = moment.len();
            assert!(len == n, "moment `{name}` has {len} values, the group has {n} weights");
        }
        let [a, b, c] = moments;
        let c = if names.len() < 3 { &mut [] } else { c };
        let b = if names.len() < 2 { &mut [] } else { b };
        (self.group.steps, self.group.scalars) = (*steps, *scalars);
        let report = self.group.flat_over(threads, lr, options, tensors, [a, b, c])?;
        (*steps, *scalars) = (self.group.steps, self.group.scalars);
        Ok(report)
    }
}
