//! Where elements lie in memory: layouts of images, views of one and of several images, aligned buffers.

mod buffer;
mod image;
mod plane;
#[cfg(test)]
mod tests;

pub use buffer::Buffer;
pub use image::{Image, ImageMut, Images, ImagesMut};
pub use plane::Plane;
pub(crate) use plane::same_shape;
