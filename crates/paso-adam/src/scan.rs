//! Looking at the gradients of a whole group before a step, and evaluating a group's averaged weights.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::chunks::{Chunk, Source, Threads};
use crate::error::Error;
use crate::group::AdamGroup;
use crate::measure::{Gradient, Size};
use crate::rule::Rule;

impl AdamGroup {
    /// The size of all gradients together.
    pub(crate) fn measure<T: Source>(&mut self, threads: Threads, tensors: &mut [T]) -> Size {
        let isa = self.adam.isa();
        let [a, b, c] = &mut self.moments;
        let leaf = |chunk: Chunk<'_>| isa.run(Gradient(chunk.gradient.values()));
        let each = |_: usize, chunk: Chunk<'_>| threads.chunks(chunk, &leaf, &Size::merge);
        threads.tensors(0, tensors, [a, b, c], &each, &Size::merge)
    }

    /// The error that names the first NaN or infinity.
    pub(crate) fn first_non_finite<T: Source>(&self, tensors: &mut [T]) -> Error {
        for (i, tensor) in tensors.iter_mut().enumerate() {
            let (_, gradient, _) = tensor.parts();
            let found = gradient.values().iter().enumerate().find(|(_, x)| !x.is_finite());
            if let Some((index, &value)) = found {
                return Error::NonFinite { tensor: self.name(i), index, value };
            }
        }
        Error::State("a gradient is not finite".into())
    }

    /// The name of tensor `i`, or its number where it has none.
    pub(crate) fn name(&self, i: usize) -> String {
        self.names.get(i).cloned().unwrap_or_else(|| format!("{i}"))
    }

    /// Runs `f` on the weights that are to be evaluated: for [`Rule::ScheduleFree`] the averaged ones, for every other
    /// rule the weights as they are. Afterwards the training weights are back, with the same bits.
    ///
    /// There is no mode that could be forgotten: outside of `f` the weights are always those to train on. `f` should
    /// not change them. Takes a copy of the weights under [`Rule::ScheduleFree`].
    ///
    /// ```
    /// use paso_adam::{Adam, AdamConfig, AdamGroup, Rule, ScheduleFree};
    ///
    /// let rule = Rule::ScheduleFree(ScheduleFree::default());
    /// let mut group = AdamGroup::new(Adam::new(AdamConfig { rule, ..AdamConfig::default() })?, [2]);
    /// let mut weights = [1.0, -1.0];
    /// for _ in 0..500 {
    ///     let gradient = weights.map(|w| 2.0 * w);
    ///     group.step(0.05, [(&mut weights[..], &gradient[..])]);
    /// }
    /// let loss = group.evaluate([&mut weights[..]], |weights| weights[0].iter().map(|w| w * w).sum::<f32>());
    /// assert!(loss < 1e-3);
    /// # Ok::<(), paso_adam::Error>(())
    /// ```
    ///
    /// # Panics
    /// When the number of tensors or one of their lengths is another than the group's.
    #[track_caller]
    pub fn evaluate<'w, R>(
        &self,
        mut weights: impl AsMut<[&'w mut [f32]]>,
        f: impl FnOnce(&[&'w mut [f32]]) -> R,
    ) -> R {
        /// Puts the training weights back, even when `f` panics.
        struct Back<'a, 'w>(&'a mut [&'w mut [f32]], Vec<f32>);
        impl Drop for Back<'_, '_> {
            fn drop(&mut self) {
                let mut rest = &self.1[..];
                for tensor in self.0.iter_mut() {
                    let (here, others) = rest.split_at(tensor.len());
                    tensor.copy_from_slice(here);
                    rest = others;
                }
            }
        }

        let weights = weights.as_mut();
        let (given, known) = (weights.len(), self.lens.len());
        assert!(given == known, "{given} tensors given, the group has {known}");
        for (i, (tensor, &len)) in weights.iter().zip(&self.lens).enumerate() {
            let n = tensor.len();
            assert!(n == len, "tensor {i} has {n} weights, the group has {len} for it");
        }
        if !matches!(self.adam.config().rule, Rule::ScheduleFree(_)) || self.steps == 0 {
            return f(weights);
        }
        let training: Vec<f32> = weights.iter().flat_map(|tensor| tensor.iter().copied()).collect();
        let beyond = crate::math::round(1.0 - 1.0 / self.adam.config().beta1);
        let all = weights.iter_mut().flat_map(|tensor| tensor.iter_mut());
        for (y, z) in all.zip(&self.moments[0]) {
            *y += beyond * (z - *y);
        }
        let back = Back(weights, training);
        f(back.0)
    }
}
