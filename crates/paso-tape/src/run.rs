//! Running a tape: forward pass, backward pass, inference, and reading values.

use paso_ops::{ImageMut, copy_channels};

use crate::graph::Var;
use crate::ops::Op;
use crate::params::Params;
use crate::session::Session;
use crate::tape::Tape;

impl Tape {
    /// Runs all nodes that the given inputs lead to, in training mode, and returns the mean loss of
    /// the batch (NaN where no loss was set or given its inputs). Batch norms use the statistics of
    /// the batch and update the running statistics in `params`.
    ///
    /// Each input is paired with the elements of the whole batch, image after image, NHWC. The
    /// first call with these inputs makes a plan and allocates; later calls allocate nothing until
    /// a batch is larger than any before.
    ///
    /// ```
    /// use paso_tape::{Params, Tape};
    ///
    /// let (mut tape, mut params) = (Tape::new(), Params::new(0));
    /// let (x, target) = (tape.input([1, 1, 1]), tape.input([1, 1, 1]));
    /// let y = tape.linear(&mut params, "y", x, 1);
    /// let loss = tape.mse(y, target);
    /// tape.set_loss(loss);
    /// params.values_mut().copy_from_slice(&[2.0, 1.0]); // y = 2 x + 1
    ///
    /// let batch = [(x, &[1.0, 2.0][..]), (target, &[3.0, 9.0][..])];
    /// assert_eq!(tape.forward(&mut params, &batch), 8.0); // (0^2 + 4^2) / 2
    /// let mut grads = params.zero_grads();
    /// tape.backward(&params, &mut grads);
    /// assert_eq!(grads, [-8.0, -4.0]); // means of 2 (y - t) x and 2 (y - t)
    /// ```
    ///
    /// # Panics
    /// When an input is not of this tape, its length is not a multiple of an image, inputs differ
    /// in their number of images, or there is no input.
    #[track_caller]
    pub fn forward(&mut self, params: &mut Params, inputs: &[(Var, &[f32])]) -> f32 {
        let batch = self.batch_len(inputs);
        let mut session = self.session(true, inputs, params);
        (session.step, session.consumed) = (self.step, false);
        self.graph.in_pool(|graph| {
            session.set_batch(graph, batch);
            session.pack_forward(graph, params);
            session.forward(graph, params, inputs);
            session.update_running_statistics(graph, params);
        });
        self.step += 1;
        let computed = self.graph.loss.filter(|&loss| session.has_value(loss));
        let loss = computed.map_or(f32::NAN, |loss| session.mean(loss));
        self.train = Some(session);
        self.trained_last = true;
        loss
    }

    /// Writes the gradient of the mean loss of the last [`Tape::forward`] to `grads`, in the layout
    /// of [`Params::values`]. `params` must be those of that call, unchanged. A forward pass has
    /// one backward pass: gradients overwrite the values that it kept.
    ///
    /// # Panics
    /// When there was no forward pass with a loss since the last call, or `grads` has not the
    /// length of the parameters.
    #[track_caller]
    pub fn backward(&mut self, params: &Params, grads: &mut [f32]) {
        assert_eq!(
            grads.len(),
            params.values().len(),
            "a gradient has the length of the parameters"
        );
        let loss = self.graph.loss.expect("backward needs a loss: call `set_loss` first");
        let mut session = self.train.take().expect("backward needs a forward pass before it");
        assert!(
            session.has_value(loss),
            "the last forward pass did not have all inputs of the loss"
        );
        assert!(!session.consumed, "backward was already called: it needs a new forward pass");
        session.consumed = true;
        self.graph.in_pool(|graph| session.backward(graph, params, loss, grads));
        self.train = Some(session);
    }

    /// Runs all nodes that the given inputs lead to, in inference mode: batch norms use their
    /// running statistics, and only what [`Tape::value`] can read is kept. Inputs as for
    /// [`Tape::forward`]; the targets of the loss may be left out.
    ///
    /// Running statistics and the number of the step stay as they are, and dropout does nothing. An
    /// inference between [`Tape::forward`] and [`Tape::backward`] is allowed: it has memory of its
    /// own.
    ///
    /// # Panics
    /// As [`Tape::forward`].
    #[track_caller]
    pub fn infer(&mut self, params: &Params, inputs: &[(Var, &[f32])]) {
        let batch = self.batch_len(inputs);
        let mut session = self.session(false, inputs, params);
        self.graph.in_pool(|graph| {
            session.set_batch(graph, batch);
            session.pack_forward(graph, params);
            session.forward(graph, params, inputs);
        });
        self.infer = Some(session);
        self.trained_last = false;
    }

    /// The elements of a node for the batch that ran last, image after image, NHWC.
    ///
    /// # Panics
    /// When nothing ran, the batch's inputs did not lead to `x`, or `x` is an image for which
    /// [`Tape::keep`] was not called.
    #[must_use]
    #[track_caller]
    pub fn value(&self, x: Var) -> Vec<f32> {
        let mut values = vec![0.0; self.images() * self.graph.node(x).plane.len()];
        self.copy_value(x, &mut values);
        values
    }

    /// As [`Tape::value`], into a slice of the right length.
    ///
    /// # Panics
    /// As [`Tape::value`], and when the slice has another length.
    #[track_caller]
    pub fn copy_value(&self, x: Var, values: &mut [f32]) {
        let session = self.last();
        let (node, plane) = (self.graph.node(x), self.graph.node(x).plane);
        assert!(
            node.is_observable(),
            "{} is an image: call `keep` for it before the batch runs",
            node.name
        );
        assert!(session.has_value(x), "the last batch's inputs did not lead to {}", node.name);
        assert_eq!(
            values.len(),
            session.batch * plane.len(),
            "{} needs a slice of another length",
            node.name
        );
        let mut images = values.chunks_exact_mut(plane.len());
        session.for_each_image(x, |image| {
            if let Some(out) = images.next() {
                copy_channels(
                    self.graph.isa,
                    image,
                    0..plane.channels,
                    ImageMut::new(plane, out),
                    0,
                );
            }
        });
    }

    /// Mean over the batch of a node with one value per image, such as a loss.
    ///
    /// # Panics
    /// As [`Tape::value`], and when the node has more than one value per image.
    #[must_use]
    #[track_caller]
    pub fn mean(&self, x: Var) -> f32 {
        assert_eq!(self.shape(x), [1, 1, 1], "{} has more than one value per image", self.name(x));
        let session = self.last();
        assert!(session.has_value(x), "the last batch's inputs did not lead to {}", self.name(x));
        session.mean(x)
    }

    /// Images of the batch that ran last.
    #[must_use]
    pub fn images(&self) -> usize {
        self.last().batch
    }

    #[track_caller]
    fn last(&self) -> &Session {
        let session = if self.trained_last { &self.train } else { &self.infer };
        session.as_ref().expect("no batch ran yet")
    }

    /// The session for these inputs: the one there is, or a new one.
    fn session(&mut self, training: bool, inputs: &[(Var, &[f32])], params: &Params) -> Session {
        let old = if training { self.train.take() } else { self.infer.take() };
        let fits = |s: &Session| {
            s.given.iter().eq(inputs.iter().map(|(x, _)| x)) && s.params == params.values().len()
        };
        old.filter(fits).unwrap_or_else(|| {
            let given: Vec<Var> = inputs.iter().map(|(x, _)| *x).collect();
            Session::new(&self.graph, &given, training, params.values().len())
        })
    }

    /// Images of a batch, after checking the inputs.
    #[track_caller]
    fn batch_len(&self, inputs: &[(Var, &[f32])]) -> usize {
        let mut batch = None;
        for &(x, data) in inputs {
            let node = self.graph.nodes.get(x.0).filter(|node| matches!(node.op, Op::Input(_)));
            let node = node.unwrap_or_else(|| panic!("node {} is no input of this tape", x.0));
            let len = node.plane.len();
            assert!(
                !data.is_empty() && data.len().is_multiple_of(len),
                "{}: {} elements are not a whole number of images of {len}",
                node.name,
                data.len()
            );
            let images = data.len() / len;
            let first = *batch.get_or_insert(images);
            assert_eq!(
                images, first,
                "{} has {images} images, the inputs before it {first}",
                node.name
            );
        }
        batch.expect("a batch needs an input")
    }
}
