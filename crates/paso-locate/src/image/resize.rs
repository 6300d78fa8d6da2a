//! Scaling of images to the size of a net's input, or of a tile.
//!
//! Catmull-Rom is the cubic filter with `a = -0.5` (Keys, *Cubic Convolution Interpolation for
//! Digital Image Processing*, 1981). When an image is made smaller, the filter is widened by the
//! same factor, as Pillow does and `OpenCV`'s `INTER_LINEAR` does not: without that, fine patterns
//! alias, and a net that was trained on one kind of resizing sees another kind when it is used.

use super::Image;
use fast_image_resize::images::{Image as ResizedImage, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// Scales an image to a square of `size` pixels, each axis on its own, into `3 * size * size`
/// bytes.
///
/// Stretching rather than padding: every pixel of the net's input then shows the image, and the
/// overlap of boxes is the same before and after (see [`crate::BBox`]).
///
/// The filter is Catmull-Rom, widened when shrinking, so that nothing aliases.
///
/// # Panics
///
/// If `size` is 0, or `out` or the image has another length than it should.
#[track_caller]
pub fn resize_into(image: &Image, size: usize, out: &mut [u8]) {
    assert_square(out, size);
    let side = u32::try_from(size).expect("a side fits u32");
    resize_to(image, side, side, out);
}

/// Scales an image to any size, as [`resize_into`] does.
pub(crate) fn resize_to(image: &Image, width: u32, height: u32, out: &mut [u8]) {
    if (image.width, image.height) == (width, height) {
        out.copy_from_slice(&image.rgb);
        return;
    }
    let source = ImageRef::new(image.width, image.height, &image.rgb, PixelType::U8x3)
        .expect("an image has 3 * width * height bytes");
    let mut target = ResizedImage::from_slice_u8(width, height, out, PixelType::U8x3)
        .expect("the caller gives 3 * width * height bytes");
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new()
        .resize(&source, &mut target, &options)
        .expect("both are RGB of 8 bits and neither is empty");
}

/// Panics unless `out` holds the RGB bytes of a square of `size` pixels.
#[track_caller]
pub(crate) fn assert_square(out: &[u8], size: usize) {
    let wanted = 3 * size * size;
    assert_eq!(
        out.len(),
        wanted,
        "out holds {} bytes, {size}x{size} RGB wants {wanted}",
        out.len()
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Orientation;

    #[test]
    fn resizing_keeps_flat_colors_and_edges() {
        let mut rgb = vec![200; 3 * 40 * 20];
        rgb.chunks_exact_mut(3 * 40).for_each(|row| row[..3 * 20].fill(10));
        let image = Image { width: 40, height: 20, rgb, orientation: Orientation::UPRIGHT };
        let mut out = vec![0; 3 * 8 * 8];
        resize_into(&image, 8, &mut out);
        assert_eq!(&out[..3], &[10; 3]);
        assert_eq!(&out[3 * 7..3 * 8], &[200; 3]);
    }

    #[test]
    #[should_panic(expected = "out holds 5 bytes, 2x2 RGB wants 12")]
    fn an_output_of_another_length_is_refused() {
        let orientation = Orientation::UPRIGHT;
        let image = Image { width: 1, height: 1, rgb: vec![0; 3], orientation };
        resize_into(&image, 2, &mut [0; 5]);
    }
}
