//! The tensors of a step, in the forms that callers have them: pairs of slices, [`ParamMut`]s, or
//! one flat arena.

/// The gradient of a tensor of a step.
#[derive(Debug)]
pub enum Gradient<'a> {
    /// To be read.
    Keep(&'a [f32]),
    /// To be read and set to zero in the same pass, for a backward pass that adds to it.
    Zero(&'a mut [f32]),
}

impl Gradient<'_> {
    /// The values.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        match self {
            Self::Keep(values) => values,
            Self::Zero(values) => values,
        }
    }

    pub(crate) fn reborrow(&mut self) -> Gradient<'_> {
        match self {
            Self::Keep(values) => Gradient::Keep(values),
            Self::Zero(values) => Gradient::Zero(values),
        }
    }
}

/// A tensor of a step: its weights, its gradient, and what else is to happen to it. All slices have
/// one length.
#[derive(Debug)]
pub struct ParamMut<'a> {
    /// The weights.
    pub weights: &'a mut [f32],
    /// The gradient.
    pub gradient: Gradient<'a>,
    /// A running average of the weights, which
    /// [`StepOptions::average`](crate::StepOptions::average) moves towards them after the step;
    /// empty for none.
    pub average: &'a mut [f32],
}

impl ParamMut<'_> {
    fn reborrow(&mut self) -> ParamMut<'_> {
        ParamMut {
            weights: self.weights,
            gradient: self.gradient.reborrow(),
            average: self.average,
        }
    }
}

/// One tensor of a list of slices.
pub(crate) trait AsParam: Send {
    fn as_param(&mut self) -> ParamMut<'_>;
}

impl AsParam for ParamMut<'_> {
    fn as_param(&mut self) -> ParamMut<'_> {
        self.reborrow()
    }
}

/// A pair of weights and gradient: slices, vectors, and what else gives `f32`s.
impl<W: AsMut<[f32]> + Send, G: AsRef<[f32]> + Send> AsParam for (W, G) {
    fn as_param(&mut self) -> ParamMut<'_> {
        let gradient = Gradient::Keep(self.1.as_ref());
        ParamMut { weights: self.0.as_mut(), gradient, average: &mut [] }
    }
}

/// All tensors of a step, in order.
pub(crate) trait Tensors: Sized + Send {
    /// The same tensors, to be looked at before a step.
    type Reborrowed<'a>: Tensors
    where
        Self: 'a;

    /// Borrows all of them.
    fn reborrow(&mut self) -> Self::Reborrowed<'_>;

    /// The first `count` tensors, which have `weights` weights together, and the others.
    fn split(self, count: usize, weights: usize) -> (Self, Self);

    /// Calls `f` with each of the tensors, which have these lengths, and its place in the list.
    fn for_each(&mut self, lens: &[usize], f: impl FnMut(usize, ParamMut<'_>));
}

impl<T: AsParam> Tensors for &mut [T] {
    type Reborrowed<'a>
        = &'a mut [T]
    where
        Self: 'a;

    fn reborrow(&mut self) -> &mut [T] {
        self
    }

    fn split(self, count: usize, _: usize) -> (Self, Self) {
        self.split_at_mut(count)
    }

    fn for_each(&mut self, _: &[usize], mut f: impl FnMut(usize, ParamMut<'_>)) {
        self.iter_mut().enumerate().for_each(|(i, tensor)| f(i, tensor.as_param()));
    }
}

/// Tensors that lie one after the other: all weights, and all gradients.
pub(crate) struct Flat<'a> {
    pub(crate) weights: &'a mut [f32],
    pub(crate) gradient: &'a [f32],
}

impl Tensors for Flat<'_> {
    type Reborrowed<'a>
        = Flat<'a>
    where
        Self: 'a;

    fn reborrow(&mut self) -> Flat<'_> {
        Flat { weights: self.weights, gradient: self.gradient }
    }

    fn split(self, _: usize, weights: usize) -> (Self, Self) {
        let (w_first, w_rest) = self.weights.split_at_mut(weights);
        let (g_first, g_rest) = self.gradient.split_at(weights);
        (Self { weights: w_first, gradient: g_first }, Self { weights: w_rest, gradient: g_rest })
    }

    fn for_each(&mut self, lens: &[usize], mut f: impl FnMut(usize, ParamMut<'_>)) {
        let mut start = 0;
        for (i, &len) in lens.iter().enumerate() {
            let range = start..start + len;
            start += len;
            let gradient = Gradient::Keep(&self.gradient[range.clone()]);
            f(i, ParamMut { weights: &mut self.weights[range], gradient, average: &mut [] });
        }
    }
}
