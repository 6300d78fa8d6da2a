//! Images: decoded by `paso_labels`, and resized here.

mod resize;

pub use paso_labels::image::{
    Image, ImageInfo, ImageLimits, Orientation, decode, decode_again, read_info,
};

pub use resize::resize_into;
pub(crate) use resize::{assert_square, resize_to};
