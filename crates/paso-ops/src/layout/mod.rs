//! Where elements lie in memory: layouts of images, views of one and of several images, aligned
//! buffers.
//!
//! [`Plane`] has the conventions: NHWC, and a halo of zeros. [`Image`] and its relatives pair a
//! plane with a slice.

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
