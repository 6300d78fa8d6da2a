//! The recorded graph: nodes in the order of recording, which is an order of computation, and what
//! their values depend on.

use paso_ops::{Isa, Plane};

use crate::ops::Op;

/// A node of a tape: the result of an operation, for every image of a batch.
///
/// A number, to be copied freely. It is valid for the tape that made it;
/// on another one it names another node or none. Later nodes are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var(pub(crate) usize);

/// One recorded operation, as [`Tape::nodes`](crate::Tape::nodes) shows it.
///
/// ```
/// use paso_tape::{Op, Params, Tape};
///
/// let (mut tape, mut params) = (Tape::new(), Params::new(0));
/// let x = tape.input([1, 1, 8]);
/// tape.linear(&mut params, "scores", x, 3);
/// let (_, node) = tape.nodes().last().expect("the linear layer");
/// assert_eq!((node.name(), node.shape()), ("scores", [1, 1, 3]));
/// let Op::Conv(conv) = node.op() else { panic!("a linear layer is a 1 x 1 convolution") };
/// assert_eq!(params.info(conv.weight).shape, [8, 3]);
/// ```
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) op: Op,
    pub(crate) plane: Plane,
    pub(crate) name: String,
    pub(crate) keep: bool,
    /// No gradient reaches this node or passes it.
    pub(crate) frozen: bool,
}

impl Node {
    /// The operation with its settings, inputs and parameters.
    #[must_use]
    pub fn op(&self) -> &Op {
        &self.op
    }

    /// `[height, width, channels]` of one image of the result.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        [self.plane.height, self.plane.width, self.plane.channels]
    }

    /// The name in messages, and the prefix of the parameters' names.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the caller may read the value after the step: it was asked for, or it is a vector,
    /// which costs nothing to keep.
    pub(crate) fn is_observable(&self) -> bool {
        self.keep || self.plane.pixels() == 1
    }
}

/// The nodes of a tape and how to run them.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) loss: Option<Var>,
    pub(crate) isa: Isa,
    /// Whether phases run on the threads of the current rayon pool.
    pub(crate) parallel: bool,
}

impl Graph {
    pub(crate) fn node(&self, x: Var) -> &Node {
        &self.nodes[x.0]
    }

    /// For each node, whether its value can be computed from the `given` inputs.
    pub(crate) fn reachable(&self, given: &[Var]) -> Vec<bool> {
        let mut reachable: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for (n, node) in self.nodes.iter().enumerate() {
            reachable.push(match node.op {
                Op::Input(_) => given.contains(&Var(n)),
                _ => node.op.inputs().iter().all(|x| reachable[x.0]),
            });
        }
        reachable
    }

    /// For each node, whether its value depends on parameters that are trained: on any that a
    /// gradient can reach.
    ///
    /// A frozen node depends on none, whatever lies before it: that is how a gradient stops there.
    pub(crate) fn depends_on_parameters(&self) -> Vec<bool> {
        let mut depends: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let inputs = node.op.inputs();
            let through = |(i, x): (usize, &Var)| node.op.is_differentiable(i) && depends[x.0];
            let any = node.op.has_parameters() || inputs.iter().enumerate().any(through);
            depends.push(any && !node.frozen);
        }
        depends
    }

    /// Runs `f` inside the rayon pool, so that its phases need not enter it one by one.
    pub(crate) fn in_pool(&self, f: impl FnOnce(&Self) + Send) {
        if self.parallel {
            rayon::scope(|_| f(self));
        } else {
            f(self);
        }
    }
}
