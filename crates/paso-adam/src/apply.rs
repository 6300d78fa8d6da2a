//! How a step of an [`AdamGroup`] is taken: checks, the norm of all gradients where one is needed,
//! and then each tensor's [`Step`](crate::step::Step).

use crate::audit::StepAudit;
use crate::checks::assert_lr;
use crate::chunks::{Chunk, Threads};
use crate::clip_norm::{GradSize, square_overflows};
use crate::error::Error;
use crate::group::AdamGroup;
use crate::options::{Clip, NonFinite, StepOptions, StepReport};
use crate::step::{GradScale, StepExtras, measure};
use crate::tensors::{AsParam, Flat, ParamMut, Tensors};

impl AdamGroup {
    /// The pool, unless the group is so small that waking a thread costs more than it brings.
    #[cfg(feature = "rayon")]
    pub(crate) fn pool(&self) -> Threads {
        let small = self.moments[0].len() <= crate::chunks::SERIAL;
        if small { Threads::One } else { Threads::Pool }
    }

    #[track_caller]
    pub(crate) fn plain<T: AsParam>(&mut self, threads: Threads, lr: f64, tensors: &mut [T]) {
        self.assert_fits(lr, tensors);
        self.apply_plain(threads, lr, tensors);
    }

    #[track_caller]
    pub(crate) fn audited<T: AsParam>(
        &mut self,
        threads: Threads,
        lr: f64,
        tensors: &mut [T],
    ) -> StepAudit {
        self.assert_fits(lr, tensors);
        let extras = StepExtras { ema_weight: 0.0, tensor_norm: f64::INFINITY, audit: true };
        self.apply_extras(threads, lr, GradScale::NONE, extras, tensors)
    }

    #[track_caller]
    pub(crate) fn with_options<T: AsParam>(
        &mut self,
        threads: Threads,
        lr: f64,
        options: &StepOptions,
        tensors: &mut [T],
    ) -> Result<StepReport, Error> {
        self.assert_fits(lr, tensors);
        self.apply_options(threads, lr, options, tensors)
    }

    #[track_caller]
    pub(crate) fn flat(
        &mut self,
        threads: Threads,
        lr: f64,
        options: &StepOptions,
        tensors: Flat<'_>,
    ) -> Result<StepReport, Error> {
        assert_lr(lr);
        let (n, w, g) = (self.moments[0].len(), tensors.weights.len(), tensors.gradient.len());
        assert!(w == n, "{w} weights, the group has {n}");
        assert!(g == n, "{g} gradients, the group has {n} weights");
        if *options != StepOptions::default() {
            return self.apply_options(threads, lr, options, tensors);
        }
        self.apply_plain(threads, lr, tensors);
        Ok(StepReport { taken: true, norm: None, audit: None })
    }

    #[track_caller]
    fn assert_fits<T: AsParam>(&self, lr: f64, mut tensors: &mut [T]) {
        assert_lr(lr);
        let (given, known) = (tensors.len(), self.lens.len());
        assert!(given == known, "{given} tensors given, the group has {known}");
        tensors.for_each(&[], |i, ParamMut { weights, gradient, average }| {
            let len = self.lens[i];
            let (w, g, a) = (weights.len(), gradient.values().len(), average.len());
            assert!(w == len, "tensor {i} has {w} weights, the group has {len} for it");
            assert!(g == len, "tensor {i} has {g} gradients and {len} weights");
            assert!(a == len || a == 0, "tensor {i} has {a} averages and {len} weights");
        });
    }

    /// A plain step: no options, no audit.
    fn apply_plain(&mut self, threads: Threads, lr: f64, tensors: impl Tensors) {
        self.fold(lr, GradScale::NONE);
        let (folded, setting_of) = (&self.folded, &self.setting_of);
        let [a, b, c] = &mut self.moments;
        let each = |i: usize, chunk: Chunk<'_>| {
            folded[setting_of.get(i).copied().unwrap_or(0)].tensor(threads, chunk);
        };
        threads.tensors((0, &self.lens), tensors, [a, b, c], &each, &|(), ()| ());
    }

    /// A step with options.
    fn apply_options(
        &mut self,
        threads: Threads,
        lr: f64,
        options: &StepOptions,
        mut tensors: impl Tensors,
    ) -> Result<StepReport, Error> {
        options.validate()?;
        let (mut scale, mut norm) = (options.unscale, None);
        let clip_value = if let Clip::Value(max) = options.clip { max } else { f64::INFINITY };
        if let Some(clip) = options.global_norm() {
            let size = self.measure(threads, &mut tensors, clip.norm_type);
            let length = size.norm(clip.norm_type) * options.unscale;
            scale *= clip.factor(length);
            norm = Some(length);
            let finite = size.squares.is_finite();
            if options.non_finite != NonFinite::Pass
                && (!finite || size.overflows(scale, clip_value))
            {
                let wrong =
                    |x: f32| !x.is_finite() || finite && square_overflows(x, scale, clip_value);
                return match options.non_finite {
                    NonFinite::Refuse => Err(self.non_finite(&mut tensors, &wrong)),
                    _ => Ok(StepReport { taken: false, norm: None, audit: None }),
                };
            }
        }
        let extras = StepExtras {
            ema_weight: crate::math::round(1.0 - options.average),
            tensor_norm: if let Clip::TensorNorm(max) = options.clip { max } else { f64::INFINITY },
            audit: options.audit,
        };
        let audit =
            self.apply_extras(threads, lr, GradScale { scale, clip: clip_value }, extras, tensors);
        Ok(StepReport { taken: true, norm, audit: options.audit.then_some(audit) })
    }

    /// A step with its extras.
    fn apply_extras(
        &mut self,
        threads: Threads,
        lr: f64,
        gradient: GradScale,
        extras: StepExtras,
        tensors: impl Tensors,
    ) -> StepAudit {
        self.fold(lr, gradient);
        let (folded, setting_of) = (&self.folded, &self.setting_of);
        let [a, b, c] = &mut self.moments;
        let each = |i: usize, chunk: Chunk<'_>| {
            let step = &folded[setting_of.get(i).copied().unwrap_or(0)];
            step.tensor_with(threads, chunk, extras)
        };
        let merge = |a: StepAudit, b| a.merge(&b);
        let audit = threads.tensors((0, &self.lens), tensors, [a, b, c], &each, &merge);
        let longest = if extras.audit { self.longest_step() } else { None };
        StepAudit { longest_step: longest.unwrap_or(0.0), ..audit }
    }

    /// The longest step of any tensor; `None` when one of them has no bound.
    fn longest_step(&self) -> Option<f64> {
        let bounds = self.settings.iter().map(|setting| setting.config.longest_step(self.steps));
        bounds.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b))).flatten()
    }

    /// The size of all gradients together.
    fn measure(
        &mut self,
        threads: Threads,
        tensors: &mut impl Tensors,
        norm_type: f64,
    ) -> GradSize {
        let isa = self.adam.isa();
        let each = |_: usize, chunk: Chunk<'_>| measure(isa, threads, chunk, norm_type);
        let [a, b, c] = &mut self.moments;
        let tensors = tensors.reborrow();
        threads.tensors((0, &self.lens), tensors, [a, b, c], &each, &GradSize::merge)
    }

    /// The error that names the first gradient that is `wrong`.
    fn non_finite(&self, tensors: &mut impl Tensors, wrong: &dyn Fn(f32) -> bool) -> Error {
        let mut found = None;
        tensors.for_each(&self.lens, |i, ParamMut { gradient, .. }| {
            let mut values = gradient.values().iter().enumerate();
            let first = values.find(|&(_, &value)| wrong(value));
            found = found.or(first.map(|(index, &value)| (i, index, value)));
        });
        let (tensor, index, value) = found.unwrap_or((0, 0, f32::NAN));
        Error::NonFinite { tensor: self.name(tensor), index, value }
    }
}
