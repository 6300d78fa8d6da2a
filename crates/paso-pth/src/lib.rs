//! The tensors of a file that `torch.save` wrote, without running the code that such a file can
//! hold.
//!
//! A `.pth` file is a pickle: a program for a stack machine, which may call any Python function. So
//! opening one with Python can do anything ("only load data you trust", says the documentation of
//! `torch.load`). This crate has the part of that machine that weights need: it builds dictionaries,
//! lists and tensors, and [refuses](Error::Code) a file that names any other function, before a
//! number of it is read.
//!
//! ```no_run
//! let file = std::fs::read("squeezenet1_1-b8a52dc0.pth")?;
//! for tensor in paso_pth::read(&file)? {
//!     println!("{} {:?}: {} numbers", tensor.name, tensor.shape, tensor.values.len());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Both forms are read: the zip archive that PyTorch writes since 1.6, and the chain of pickles from
//! before (both are described in `torch/serialization.py`). Nested dictionaries give names with dots:
//! `{"state_dict": {"conv.weight": …}}` has `state_dict.conv.weight`.
//!
//! | stored as | read as |
//! |---|---|
//! | `float32`, `float16`, `bfloat16`, `float64` | `f32`, in the order of the shape whatever the strides are |
//! | integers, booleans | left out, such as `num_batches_tracked` |
//! | anything else in the dictionaries (numbers, text, lists) | left out |
//!
//! A file is untrusted: it leads to an [`Error`] or to tensors, never to a panic, and what it makes
//! this crate allocate is bounded by a multiple of its length.

mod container;
mod error;
mod pickle;
mod tensors;
mod value;

pub use container::member;
pub use error::Error;

/// A tensor of floating-point numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its key, with those of the dictionaries around it before a dot.
    pub name: String,
    /// As PyTorch has it: a convolution's weights are `[out, in, height, width]`. Empty for a single
    /// number.
    pub shape: Vec<usize>,
    /// In the order of the shape, the last index fastest.
    pub values: Vec<f32>,
}

/// The tensors of a file of `torch.save`, in its order.
///
/// # Errors
/// [`Error::NotTorch`] when it is another kind of file, [`Error::Code`] when it names a function that
/// weights do not need, [`Error::Damaged`] when it is cut or contradicts itself.
pub fn read(file: &[u8]) -> Result<Vec<Tensor>, Error> {
    let saved = container::open(file)?;
    tensors::of(&saved)
}
