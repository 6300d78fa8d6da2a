//! A small reverse-mode autodiff for convolutional networks on CPUs: one arena of parameters, a
//! tape replayed each step.
//!
//! A [`Tape`] is recorded once, with the batch left open. The first batch makes a plan: which ops
//! run image by image, where the whole batch must meet, what is kept and what is scratch. Later
//! batches only compute.
//!
//! ```
//! use paso_tape::{ClassLoss, Params, Sequential, Tape};
//!
//! // A net that says where in an image something is, and what.
//! let (mut tape, mut params) = (Tape::new(), Params::new(1));
//! let images = tape.input([16, 16, 3]);
//! let net = Sequential::new().conv(8, 3).batch_norm().relu().max_pool(2);
//! let net = net.global_avg_pool().linear(4 + 2);
//! let output = net.record(&mut tape, &mut params, images);
//! let (boxes, scores) = (tape.slice_channels(output, 0..4), tape.slice_channels(output, 4..6));
//!
//! // Its loss.
//! let (target, class) = (tape.input([1, 1, 4]), tape.input([1, 1, 1]));
//! let box_loss = tape.smooth_l1(boxes, target, 1.0);
//! let class_loss = tape.cross_entropy(scores, class, ClassLoss::default());
//! let loss = tape.weighted_sum(&[(1.0, box_loss), (0.5, class_loss)]);
//! tape.set_loss(loss);
//!
//! // One step on a batch of two: the gradient has the layout of the parameters.
//! let mut grads = params.zero_grads();
//! let (x, c) = (vec![0.1; 2 * 16 * 16 * 3], [0.0, 1.0]);
//! let t = [0.2, 0.2, 0.6, 0.6, 0.1, 0.3, 0.5, 0.7];
//! let loss = tape.forward(&mut params, &[(images, &x), (target, &t), (class, &c)]);
//! tape.backward(&params, &mut grads);
//! params.values_mut().iter_mut().zip(&grads).for_each(|(w, g)| *w -= 0.01 * g);
//! assert!(loss.is_finite());
//!
//! // Inference, on any number of images.
//! tape.infer(&params, &[(images, &x[..16 * 16 * 3])]);
//! assert_eq!(tape.value(output).len(), 6);
//! ```
//!
//! - A step has the same bits for any number of threads: a batch is always cut into the same
//!   chunks, and sums over chunks are taken in their order. Threads are used only after
//!   [`Tape::set_parallel`].
//! - A step allocates nothing once the plan is made and the batch does not grow.
//! - Many tapes can train side by side on different threads; nothing is shared.
//!
//! # How to read this crate
//!
//! | type | what it is | PyTorch |
//! |---|---|---|
//! | [`Params`] | all weights in one slice, with names | `state_dict`, flattened |
//! | [`Tape`] | what is computed | `torch.fx` graph |
//! | [`Var`] | a node of it: a value for each image of a batch | `Tensor` |
//! | [`Sequential`] | a list of layers, recorded at once | `nn.Sequential` |
//! | [`Op`], [`Node`] | what was recorded, for exporters | `fx.Node` |
//! | [`CustomOp`] | an operation of your own | `autograd.Function` |
//!
//! Reverse-mode differentiation (Baydin et al., *Automatic Differentiation in Machine Learning: a
//! Survey*, arXiv:1502.05767, section 3.2): the forward pass computes every node in the order of
//! recording, the backward pass visits them in reverse and multiplies the gradient of each with the
//! derivative of its operation. Nodes that no parameter leads to, and targets of losses, get no
//! gradient.
//!
//! Shapes are those of one image, `[height, width, channels]`; data is NHWC, image after image. The
//! number of images is open and may change from batch to batch.
//!
//! # Traps
//!
//! - A forward pass has one backward pass: gradients overwrite the values that it kept.
//! - [`Tape::value`] reads vectors, and those images that [`Tape::keep`] was called for before the
//!   batch.
//! - Training with batch norms updates the running statistics, so [`Tape::forward`] takes `&mut`
//!   parameters.
//! - The loss is the mean over the images of a batch, and each image counts the same. Weights of
//!   images are an input that the loss is multiplied with ([`Tape::mul`]).

mod batch_chunks;
mod check;
mod chunk;
mod graph;
mod pack;
mod params;
mod plan;
mod record;
mod run;
mod sequential;
mod session;
mod tape;

pub mod ops;

// A model.
pub use params::{BufferId, Init, Kind, ParamId, ParamInfo, Params};
pub use sequential::Sequential;

// Recording and running.
pub use graph::{Node, Var};
pub use ops::{ClassLoss, CustomOp, Op};
pub use tape::Tape;

// Checking.
pub use check::{GradientError, check_gradient};

// What recording needs from the kernels.
pub use paso_ops::{Activation, BoxLoss, Conv, Isa, Pool};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
