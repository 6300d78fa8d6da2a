//! Evaluating a group's averaged weights.

use alloc::vec::Vec;

use crate::group::AdamGroup;

impl AdamGroup {
    /// Runs `f` on the weights that are to be evaluated: for
    /// [`Rule::ScheduleFree`](crate::Rule::ScheduleFree) the averaged ones, for every other rule
    /// the weights as they are. Afterwards the training weights are back, with the same bits.
    ///
    /// There is no mode that could be forgotten: outside of `f` the weights are always those to
    /// train on. `f` should not change them. Takes a copy of the weights under
    /// [`Rule::ScheduleFree`](crate::Rule::ScheduleFree).
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
        let config = self.adam.config();
        let place = config.rule.formula().evaluated_at(&config.hyper_params());
        let Some(place) = place.filter(|_| self.steps > 0) else { return f(weights) };
        let training: Vec<f32> = weights.iter().flat_map(|tensor| tensor.iter().copied()).collect();
        let place = crate::math::round(place);
        let all = weights.iter_mut().flat_map(|tensor| tensor.iter_mut());
        for (y, z) in all.zip(&self.moments[0]) {
            *y += place * (z - *y);
        }
        let back = Back(weights, training);
        f(back.0)
    }
}
