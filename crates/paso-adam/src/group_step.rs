//! The ways to take a step of an [`AdamGroup`]: plain, audited, with options; over slices, or over
//! a flat arena. How a step is taken is in `apply.rs`.

use crate::audit::StepAudit;
use crate::chunks::Threads;
use crate::error::Error;
use crate::group::AdamGroup;
#[cfg(doc)]
use crate::options::NonFinite;
use crate::options::{StepOptions, StepReport};
use crate::tensors::{Flat, ParamMut};

impl AdamGroup {
    /// Takes the next step with the learning rate `lr`, in the caller's thread. Tensors are pairs
    /// of weights and gradient, in the order of the lengths given to [`AdamGroup::new`]: slices,
    /// vectors, or whatever else gives `f32`s as [`AsMut`] and [`AsRef`] do. All pairs of a call
    /// have one type, so arrays of different lengths are given as slices (`&mut bias[..]`).
    ///
    /// ```
    /// use paso_adam::{Adam, AdamConfig, AdamGroup};
    ///
    /// let mut group = AdamGroup::new(Adam::new(AdamConfig::default())?, [27, 3]);
    /// let (mut kernel, mut bias) = (vec![0.5; 27], vec![0.0; 3]);
    /// let (d_kernel, d_bias) = (vec![0.1; 27], vec![-0.1; 3]);
    /// group.step(1e-3, [(&mut kernel, &d_kernel), (&mut bias, &d_bias)]);
    ///
    /// // A model of any number of tensors.
    /// let (mut model, gradients) = (vec![kernel, bias], vec![d_kernel, d_bias]);
    /// group.step(1e-3, model.iter_mut().zip(&gradients).collect::<Vec<_>>());
    /// assert!(model[0][0] < 0.499 && model[1][2] > 0.001);
    /// # Ok::<(), paso_adam::Error>(())
    /// ```
    ///
    /// # Panics
    /// When the number of tensors or one of their lengths is another than the group's, or `lr` is
    /// negative, infinite or NaN. Nothing has been changed then.
    #[track_caller]
    pub fn step<W, G>(&mut self, lr: f64, mut tensors: impl AsMut<[(W, G)]>)
    where
        W: AsMut<[f32]> + Send,
        G: AsRef<[f32]> + Send,
    {
        self.plain(Threads::One, lr, tensors.as_mut());
    }

    /// [`AdamGroup::step`] on the threads of the current rayon pool (the global one outside of
    /// any): the same bits.
    ///
    /// Small groups stay in the caller's thread: up to 100,000 weights, waking a thread costs more
    /// than it brings. Entering a pool costs 5 to 12 microseconds a time, so wrap the training loop
    /// in `pool.install(…)`, not each step.
    ///
    /// # Panics
    /// As [`AdamGroup::step`].
    #[cfg(feature = "rayon")]
    #[track_caller]
    pub fn par_step<W, G>(&mut self, lr: f64, mut tensors: impl AsMut<[(W, G)]>)
    where
        W: AsMut<[f32]> + Send,
        G: AsRef<[f32]> + Send,
    {
        self.plain(self.pool(), lr, tensors.as_mut());
    }

    /// [`AdamGroup::step`], and what it did. The weights have the same bits.
    ///
    /// # Panics
    /// As [`AdamGroup::step`].
    #[track_caller]
    pub fn step_audited<W, G>(&mut self, lr: f64, mut tensors: impl AsMut<[(W, G)]>) -> StepAudit
    where
        W: AsMut<[f32]> + Send,
        G: AsRef<[f32]> + Send,
    {
        self.audited(Threads::One, lr, tensors.as_mut())
    }

    /// [`AdamGroup::step_audited`] on the threads of the current rayon pool.
    ///
    /// # Panics
    /// As [`AdamGroup::step`].
    #[cfg(feature = "rayon")]
    #[track_caller]
    pub fn par_step_audited<W, G>(
        &mut self,
        lr: f64,
        mut tensors: impl AsMut<[(W, G)]>,
    ) -> StepAudit
    where
        W: AsMut<[f32]> + Send,
        G: AsRef<[f32]> + Send,
    {
        self.audited(self.pool(), lr, tensors.as_mut())
    }

    /// Takes the next step with all that [`StepOptions`] and the tensors ask for: clipping, a
    /// policy for NaN, a running average of the weights, gradients set to zero, an audit.
    ///
    /// ```
    /// use paso_adam::{Adam, AdamConfig, AdamGroup, Clip, Gradient, StepOptions, ParamMut};
    ///
    /// let mut group = AdamGroup::new(Adam::new(AdamConfig::default())?, [3]);
    /// let (mut weights, mut gradient, mut average) = ([1.0; 3], [30.0, 0.0, 40.0], [1.0; 3]);
    /// let options = StepOptions { clip: Clip::global_norm(1.0), ..StepOptions::default() };
    /// let report = group.step_with(1e-3, &options, [ParamMut {
    ///     weights: &mut weights,
    ///     gradient: Gradient::Zero(&mut gradient),
    ///     average: &mut average,
    /// }])?;
    /// assert_eq!(report.norm, Some(50.0));
    /// assert_eq!(gradient, [0.0; 3]);
    /// # Ok::<(), paso_adam::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidValue`] when an option is out of range, [`Error::NonFinite`] under
    /// [`NonFinite::Refuse`]. Nothing has been changed then.
    ///
    /// # Panics
    /// As [`AdamGroup::step`].
    #[track_caller]
    pub fn step_with<'a>(
        &mut self,
        lr: f64,
        options: &StepOptions,
        mut tensors: impl AsMut<[ParamMut<'a>]>,
    ) -> Result<StepReport, Error> {
        self.with_options(Threads::One, lr, options, tensors.as_mut())
    }

    /// [`AdamGroup::step_with`] on the threads of the current rayon pool: the same bits.
    ///
    /// # Errors
    /// As [`AdamGroup::step_with`].
    ///
    /// # Panics
    /// As [`AdamGroup::step`].
    #[cfg(feature = "rayon")]
    #[track_caller]
    pub fn par_step_with<'a>(
        &mut self,
        lr: f64,
        options: &StepOptions,
        mut tensors: impl AsMut<[ParamMut<'a>]>,
    ) -> Result<StepReport, Error> {
        self.with_options(self.pool(), lr, options, tensors.as_mut())
    }

    /// [`AdamGroup::step_with`] for tensors that lie one after the other, in the order of their
    /// lengths: no list of tensors is needed. There is no running average, and the gradient is
    /// kept.
    ///
    /// ```
    /// use paso_adam::{Adam, AdamConfig, AdamGroup, StepOptions};
    ///
    /// let mut group = AdamGroup::new(Adam::new(AdamConfig::default())?, [2, 1]);
    /// let mut weights = [1.0, 1.0, 0.0]; // a tensor of two, and one of one
    /// group.step_flat(1e-3, &StepOptions::default(), &mut weights, &[0.5, -0.5, 20.0])?;
    /// assert!((weights[2] + 1e-3).abs() < 1e-9);
    /// # Ok::<(), paso_adam::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`AdamGroup::step_with`].
    ///
    /// # Panics
    /// When `weights` or `gradient` has another length than all tensors together, or `lr` is
    /// negative, infinite or NaN. Nothing has been changed then.
    #[track_caller]
    pub fn step_flat(
        &mut self,
        lr: f64,
        options: &StepOptions,
        weights: &mut [f32],
        gradient: &[f32],
    ) -> Result<StepReport, Error> {
        self.flat(Threads::One, lr, options, Flat { weights, gradient })
    }

    /// [`AdamGroup::step_flat`] on the threads of the current rayon pool: the same bits.
    ///
    /// # Errors
    /// As [`AdamGroup::step_with`].
    ///
    /// # Panics
    /// As [`AdamGroup::step_flat`].
    #[cfg(feature = "rayon")]
    #[track_caller]
    pub fn par_step_flat(
        &mut self,
        lr: f64,
        options: &StepOptions,
        weights: &mut [f32],
        gradient: &[f32],
    ) -> Result<StepReport, Error> {
        self.flat(self.pool(), lr, options, Flat { weights, gradient })
    }
}
