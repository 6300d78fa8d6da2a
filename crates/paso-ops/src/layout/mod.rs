//! Where elements lie in memory: layouts of images, views of one and of several images, aligned
//! buffers.
//!
//! An image is stored as NHWC: channels are fastest, then columns, then rows, then images. PyTorch
//! calls this `channels_last`; its default NCHW has to be permuted. A vector of adjacent channels
//! is one load, so a kernel can take any number of pixels and never has to gather.
//!
//! ```text
//! 2 x 3 pixels of 2 channels with a halo of 1; a and b are channels, . is zero
//!
//! .. .. .. .. ..
//! .. ab ab ab ..      row 0 begins at origin() = 12
//! .. ab ab ab ..      row 1 begins row_stride() = 10 elements later
//! .. .. .. .. ..
//! ```
//!
//! A halo costs memory, `(h + 2) * (w + 2)` pixels instead of `h * w`, and saves the tests for the
//! border in the innermost loop. Two images of one shape may have different halos, so that a kernel
//! walks them row by row: a range over the whole of one is not a range over the whole of the other.

mod buffer;
mod image;
mod plane;
#[cfg(test)]
mod tests;
mod window;

pub use buffer::Buffer;
pub use image::{Image, ImageMut, Images, ImagesMut};
pub use plane::Plane;
pub(crate) use plane::same_shape;
pub(crate) use window::Window;
