//! Images from outside: decoded by content, bounded before anything is allocated, as upright RGB.
//!
//! A file's name is never believed: the first bytes tell the format. Gray, palette, 16-bit and CMYK
//! images become 8-bit RGB; what is transparent is laid on white; EXIF orientation is applied.

mod jpeg;
mod orientation;

use std::io::{Cursor, Read};
use std::path::Path;

use fast_image_resize::images::{Image as ResizedImage, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageDecoder, ImageReader};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::image::jpeg::is_complete_jpeg;
pub use crate::image::orientation::Orientation;

/// How large an image may be. Both are checked before memory is reserved for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageLimits {
    /// Width times height, at most. Default 50 million, 150 MB as RGB.
    pub max_pixels: u64,
    /// Bytes of the file, at most. Default 256 MiB.
    pub max_bytes: u64,
}

impl Default for ImageLimits {
    fn default() -> Self {
        Self { max_pixels: 50_000_000, max_bytes: 256 << 20 }
    }
}

/// What an image's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageInfo {
    /// Width in pixels as stored, before the orientation is applied.
    pub stored_width: u32,
    /// Height in pixels as stored.
    pub stored_height: u32,
    /// How to turn it upright.
    pub orientation: Orientation,
}

impl ImageInfo {
    /// Width and height of the upright image.
    #[must_use]
    pub fn upright_size(&self) -> (u32, u32) {
        self.orientation.upright_size(self.stored_width, self.stored_height)
    }
}

/// An upright image in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Red, green, blue, row by row from the top left: `3 * width * height` bytes.
    pub rgb: Vec<u8>,
    /// How the stored image was turned to become this one.
    pub orientation: Orientation,
}

/// Reads an image's header, and checks that the file is whole as far as that is cheap.
///
/// # Errors
///
/// [`Error::Io`] and [`Error::Image`], as [`decode`].
pub fn read_info(path: &Path, limits: &ImageLimits) -> Result<ImageInfo, Error> {
    let bytes = read_bounded(path, limits.max_bytes)?;
    open(&bytes, limits).map(|(_, info)| info).map_err(|message| Error::image(path, message))
}

/// Decodes an image.
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be read; [`Error::Image`] if it is no image of a known format
/// (JPEG, PNG, WebP, BMP, GIF: the first frame), is cut off or broken, or is beyond `limits`.
pub fn decode(path: &Path, limits: &ImageLimits) -> Result<Image, Error> {
    let bytes = read_bounded(path, limits.max_bytes)?;
    decode_bytes(&bytes, limits).map_err(|message| Error::image(path, message))
}

/// Decodes an image in memory. The error is a sentence without the file's name.
pub(crate) fn decode_bytes(bytes: &[u8], limits: &ImageLimits) -> Result<Image, String> {
    let (decoder, info) = open(bytes, limits)?;
    let mut image =
        DynamicImage::from_decoder(decoder).map_err(|e| format!("cannot be decoded: {e}"))?;
    image.apply_orientation(info.orientation.of_image_crate());
    let (width, height) = (image.width(), image.height());
    let rgb = if image.color().has_alpha() {
        on_white(&image.into_rgba8())
    } else {
        image.into_rgb8().into_raw()
    };
    Ok(Image { width, height, rgb, orientation: info.orientation })
}

/// Scales an image to a square of `size` pixels, each axis on its own, into `3 * size * size` bytes.
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
    assert_eq!(
        out.len(),
        3 * size * size,
        "out holds {} bytes, {size}x{size} RGB wants {}",
        out.len(),
        3 * size * size
    );
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

/// Reads a file of at most `max` bytes.
pub(crate) fn read_bounded(path: &Path, max: u64) -> Result<Vec<u8>, Error> {
    let file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mut bytes = Vec::new();
    // The limit is on what is read, not on what the system says the length is: that may be a pipe.
    file.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::io(path))?;
    if bytes.len() as u64 > max {
        return Err(Error::image(path, format!("has more than {max} bytes, the limit")));
    }
    Ok(bytes)
}

/// A decoder whose header was read and found within the limits. The error is a sentence without the
/// file's name.
fn open<'a>(
    bytes: &'a [u8],
    limits: &ImageLimits,
) -> Result<(impl ImageDecoder + 'a, ImageInfo), String> {
    if bytes.is_empty() {
        return Err("is empty".into());
    }
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| format!("cannot be read: {e}"))?;
    let Some(format) = reader.format() else {
        return Err("is no JPEG, PNG, WebP, BMP or GIF by its first bytes".into());
    };
    let mut decoder = reader.into_decoder().map_err(|e| format!("is a broken {format:?}: {e}"))?;
    let (stored_width, stored_height) = decoder.dimensions();
    let pixels = u64::from(stored_width) * u64::from(stored_height);
    if pixels > limits.max_pixels {
        return Err(format!(
            "is {stored_width}x{stored_height}, {pixels} pixels; the limit is {}",
            limits.max_pixels
        ));
    }
    if pixels == 0 {
        return Err(format!("is {stored_width}x{stored_height}, without a pixel"));
    }
    // The JPEG decoder fills what is missing with gray and says nothing.
    if format == image::ImageFormat::Jpeg && !is_complete_jpeg(bytes) {
        return Err("is a JPEG that ends before its end marker: the file is cut off".into());
    }
    // 16 bits and four channels are 8 bytes a pixel, and the decoder works in such a buffer once more.
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(16 * limits.max_pixels + (64 << 20));
    decoder.set_limits(allowed).map_err(|e| format!("is beyond the limits: {e}"))?;
    let orientation =
        decoder.orientation().map_or(Orientation::UPRIGHT, Orientation::from_image_crate);
    Ok((decoder, ImageInfo { stored_width, stored_height, orientation }))
}

/// Lays an image with transparency on white.
fn on_white(rgba: &image::RgbaImage) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(rgba.as_raw().len() / 4 * 3);
    for pixel in rgba.as_raw().chunks_exact(4) {
        let alpha = u16::from(pixel[3]);
        for &value in &pixel[..3] {
            let mixed = (u16::from(value) * alpha + 255 * (255 - alpha) + 127) / 255;
            rgb.push(u8::try_from(mixed).expect("a weighted mean of bytes is a byte"));
        }
    }
    rgb
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage};

    fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).expect("encodes");
        bytes.into_inner()
    }

    fn photo() -> DynamicImage {
        RgbImage::from_fn(13, 7, |x, y| {
            Rgb([19 * x, 31 * y, 90].map(|v| u8::try_from(v).expect("small")))
        })
        .into()
    }

    #[test]
    fn every_format_is_known_by_its_bytes() {
        let limits = ImageLimits::default();
        let want = photo().into_rgb8().into_raw();
        for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP] {
            let got = decode_bytes(&encode(&photo(), format), &limits).expect("decodes");
            assert_eq!((got.width, got.height), (13, 7));
            assert_eq!(got.rgb, want, "{format:?}");
        }
        for format in [ImageFormat::Jpeg, ImageFormat::Gif] {
            let got = decode_bytes(&encode(&photo(), format), &limits).expect("decodes");
            assert_eq!((got.width, got.height, got.rgb.len()), (13, 7, want.len()));
        }
    }

    #[test]
    fn gray_alpha_and_16_bits_become_rgb() {
        let limits = ImageLimits::default();
        for image in [
            DynamicImage::from(photo().to_luma8()),
            DynamicImage::from(photo().to_luma16()),
            DynamicImage::from(photo().to_luma_alpha8()),
            DynamicImage::from(photo().to_rgb16()),
            DynamicImage::from(photo().to_rgba16()),
        ] {
            let got = decode_bytes(&encode(&image, ImageFormat::Png), &limits).expect("decodes");
            assert_eq!(got.rgb, image.to_rgb8().into_raw(), "{:?}", image.color());
        }
        let mut clear = photo().to_rgba8();
        clear.pixels_mut().for_each(|p| p.0[3] = 0);
        let got = decode_bytes(&encode(&clear.into(), ImageFormat::Png), &limits).expect("decodes");
        assert!(got.rgb.iter().all(|&v| v == 255), "clear pixels are white");
    }

    #[test]
    fn too_large_is_refused_by_the_header() {
        let small = ImageLimits { max_pixels: 90, ..ImageLimits::default() };
        let error =
            decode_bytes(&encode(&photo(), ImageFormat::Png), &small).expect_err("91 pixels");
        assert!(error.contains("13x7") && error.contains("90"), "{error}");
    }

    #[test]
    fn cut_off_files_are_refused() {
        for format in [
            ImageFormat::Png,
            ImageFormat::Jpeg,
            ImageFormat::Gif,
            ImageFormat::Bmp,
            ImageFormat::WebP,
        ] {
            let bytes = encode(&photo(), format);
            for length in [0, 1, 2, 10, bytes.len() / 2, bytes.len() - 5] {
                let got = decode_bytes(&bytes[..length], &ImageLimits::default());
                assert!(got.is_err(), "{format:?} cut to {length} of {}", bytes.len());
            }
        }
    }

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
}
