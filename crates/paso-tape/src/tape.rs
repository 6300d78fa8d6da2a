//! [`Tape`]: a graph, recorded once, and the sessions that run it.
//!
//! There are two sessions, one for training and one for inference, because they keep different
//! values, fuse different operations, and are often used alternately. Each is made when its first
//! batch runs, and again when the recording or the set of given inputs changes.

use paso_ops::{Isa, Plane};

use crate::graph::{Graph, Node, Var};
use crate::ops::Op;
use crate::session::Session;

/// A network recorded once, with the batch left open, and replayed on every batch.
///
/// ```
/// use paso_tape::{Params, Tape};
///
/// let (mut tape, mut params) = (Tape::new(), Params::new(1));
/// let x = tape.input([1, 1, 2]);
/// let target = tape.input([1, 1, 1]);
/// let y = tape.linear(&mut params, "linear1", x, 1);
/// let loss = tape.mse(y, target);
/// tape.set_loss(loss);
///
/// // Learn to add two numbers, by plain gradient descent.
/// let mut grads = params.zero_grads();
/// let (xs, targets) = ([1.0, 2.0, -1.0, 0.5, 3.0, 1.0, 0.0, 1.0], [3.0, -0.5, 4.0, 1.0]);
/// let mut last = f32::INFINITY;
/// for _ in 0..500 {
///     last = tape.forward(&mut params, &[(x, &xs), (target, &targets)]);
///     tape.backward(&params, &mut grads);
///     params.values_mut().iter_mut().zip(&grads).for_each(|(w, g)| *w -= 0.1 * g);
/// }
/// assert!(last < 1e-4);
///
/// tape.infer(&params, &[(x, &[10.0, 20.0])]);
/// assert!((tape.value(y)[0] - 30.0).abs() < 0.5);
/// ```
#[derive(Debug)]
pub struct Tape {
    pub(crate) graph: Graph,
    /// Whether the session that ran last is the one for training.
    pub(crate) trained_last: bool,
    pub(crate) train: Option<Session>,
    pub(crate) infer: Option<Session>,
    /// Training steps that were run.
    pub(crate) step: u64,
}

impl Default for Tape {
    fn default() -> Self {
        Self::new()
    }
}

impl Tape {
    /// An empty tape that runs on the calling thread, with the fastest instruction set of this CPU
    /// or the one that the environment variable `PASO_ISA` names.
    ///
    /// # Panics
    /// When `PASO_ISA` names an instruction set that is not available; call [`Isa::from_env`] first
    /// to handle that error.
    #[must_use]
    pub fn new() -> Self {
        Self::with_isa(Isa::from_env().unwrap_or_else(|error| panic!("PASO_ISA: {error}")))
    }

    /// An empty tape that runs with this instruction set.
    #[must_use]
    pub fn with_isa(isa: Isa) -> Self {
        Self {
            graph: Graph { nodes: Vec::new(), loss: None, isa, parallel: false },
            trained_last: false,
            train: None,
            infer: None,
            step: 0,
        }
    }

    /// Whether to spread each batch over the current rayon pool. The result has the same bits for
    /// any number of threads. Default: no. Inside `pool.install(…)` that pool is used.
    pub fn set_parallel(&mut self, parallel: bool) {
        self.graph.parallel = parallel;
    }

    fn discard_plans(&mut self) {
        self.train = None;
        self.infer = None;
    }

    pub(crate) fn push(&mut self, op: Op, plane: Plane) -> Var {
        let name = format!("{}{}", op.name(), self.graph.nodes.len());
        self.graph.nodes.push(Node { op, plane, name, keep: false, frozen: false });
        self.discard_plans();
        Var(self.graph.nodes.len() - 1)
    }

    pub(crate) fn plane(&self, x: Var) -> Plane {
        self.graph.nodes[x.0].plane
    }

    /// `[height, width, channels]` of one image of `x`.
    #[must_use]
    pub fn shape(&self, x: Var) -> [usize; 3] {
        let plane = self.plane(x);
        [plane.height, plane.width, plane.channels]
    }

    /// The name of `x` in messages.
    #[must_use]
    pub fn name(&self, x: Var) -> &str {
        &self.graph.nodes[x.0].name
    }

    /// Renames `x`: the name in messages and for exporters. Parameters keep their names.
    pub fn set_name(&mut self, x: Var, name: impl Into<String>) {
        self.graph.nodes[x.0].name = name.into();
    }

    /// Keeps the values of `x`, so that [`Tape::value`] can read them. Nodes of one pixel (vectors
    /// and losses) are always kept; an image is not, because it costs memory.
    ///
    /// ```
    /// use paso_tape::{Params, Tape};
    ///
    /// let mut tape = Tape::new();
    /// let x = tape.input([2, 2, 1]);
    /// let y = tape.relu(x);
    /// tape.keep(y); // an image
    /// let z = tape.global_avg_pool(y); // a vector
    /// tape.infer(&Params::new(0), &[(x, &[-4.0, 1.0, 2.0, 5.0])]);
    /// assert_eq!(tape.value(y), [0.0, 1.0, 2.0, 5.0]);
    /// assert_eq!(tape.value(z), [2.0]);
    /// ```
    pub fn keep(&mut self, x: Var) {
        self.graph.nodes[x.0].keep = true;
        self.discard_plans();
    }

    /// Whether gradients stop at `x`. Parameters that only `x` depends on then get zero gradients,
    /// at no cost: for the frozen part of a network in transfer learning.
    ///
    /// Batch norms below a frozen node still normalize by the batch and update their running
    /// statistics.
    ///
    /// ```
    /// use paso_tape::{Params, Tape};
    ///
    /// let (mut tape, mut params) = (Tape::new(), Params::new(0));
    /// let x = tape.input([1, 1, 2]);
    /// let body = tape.linear(&mut params, "body", x, 2);
    /// let head = tape.linear(&mut params, "head", body, 1);
    /// tape.set_loss(head);
    /// tape.set_frozen(body, true);
    /// let mut grads = params.zero_grads();
    /// tape.forward(&mut params, &[(x, &[1.0, 2.0])]);
    /// tape.backward(&params, &mut grads);
    /// let body = params.tensor("body.weight").expect("recorded").range.clone();
    /// let bias = params.tensor("head.bias").expect("recorded").range.clone();
    /// assert_eq!((&grads[body], &grads[bias]), (&[0.0; 4][..], &[1.0][..]));
    /// ```
    pub fn set_frozen(&mut self, x: Var, frozen: bool) {
        if self.graph.nodes[x.0].frozen != frozen {
            self.graph.nodes[x.0].frozen = frozen;
            self.discard_plans();
        }
    }

    /// Chooses the node that [`Tape::backward`] differentiates: one value per image, of which the
    /// batch mean is the loss.
    ///
    /// Several losses become one by [`Tape::weighted_sum`]. What the loss does not depend on is
    /// computed in the forward pass all the same, and has no gradient.
    ///
    /// # Panics
    /// When the node has more than one value per image.
    #[track_caller]
    pub fn set_loss(&mut self, loss: Var) {
        assert_eq!(self.shape(loss), [1, 1, 1], "a loss has one value per image");
        self.graph.loss = Some(loss);
        self.discard_plans();
    }

    /// The node that [`Tape::set_loss`] chose.
    #[must_use]
    pub fn loss(&self) -> Option<Var> {
        self.graph.loss
    }

    /// The recorded nodes, inputs first, in an order in which they can be computed: what an
    /// exporter walks.
    ///
    /// ```
    /// use paso_tape::{Params, Sequential, Tape};
    ///
    /// let (mut tape, mut params) = (Tape::new(), Params::new(0));
    /// let x = tape.input([8, 8, 3]);
    /// let y = Sequential::new().conv(4, 3).relu().record(&mut tape, &mut params, x);
    /// let names: Vec<&str> = tape.nodes().map(|(_, node)| node.op().name()).collect();
    /// assert_eq!(names, ["input", "conv", "activation"]);
    /// let (last, node) = tape.nodes().last().expect("there are three");
    /// assert_eq!((last, node.shape()), (y, [8, 8, 4]));
    /// ```
    #[must_use]
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (Var, &Node)> + DoubleEndedIterator {
        self.graph.nodes.iter().enumerate().map(|(n, node)| (Var(n), node))
    }
}
