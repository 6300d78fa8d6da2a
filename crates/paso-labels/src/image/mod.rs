//! Images from outside: decoded by content, bounded before anything is allocated, as upright RGB.
//!
//! A file's name is never believed: the first bytes tell the format. Gray, palette, 16-bit and CMYK
//! images become 8-bit RGB; what is transparent is laid on white; EXIF orientation is applied.
//!
//! # Limits
//!
//! A file of 100 bytes may say that it is 60,000 pixels wide, and a decoder that believes it
//! reserves gigabytes. So the size of the file and the size in its header are compared with
//! [`ImageLimits`] before a pixel is decoded, and the decoder gets a limit of memory as well.
//!
//! # Orientation
//!
//! Cameras store what the sensor saw and write into the file how the camera was held. [`decode`]
//! turns the image upright; [`Image::orientation`] remembers how, for boxes that have to go back to
//! the file as it is.

mod jpeg;
mod kinds;
mod orientation;

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageReader};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::image::jpeg::{check_data, is_complete_jpeg};
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

/// What an image's header says, without a pixel decoded.
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
///
/// ```
/// use paso_labels::image::{Image, Orientation};
/// let (width, height) = (4, 2);
/// let rgb = vec![200; 3 * 4 * 2];
/// let image = Image { width, height, rgb, orientation: Orientation::UPRIGHT };
/// assert_eq!(image.rgb.len(), 3 * 4 * 2);
/// ```
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
    let bytes = read_bounded(path, limits)?;
    open(&bytes, limits).map(|(_, info)| info).map_err(|message| Error::image(path, message))
}

/// Decodes an image to upright RGB.
///
/// ```
/// use paso_labels::image::{ImageLimits, decode};
/// let place = tempfile::tempdir().expect("a temporary folder");
/// let path = place.path().join("a.png");
/// image::RgbImage::new(30, 20).save(&path).expect("it is written");
/// let found = decode(&path, &ImageLimits::default())?;
/// assert_eq!((found.width, found.height, found.rgb.len()), (30, 20, 30 * 20 * 3));
/// let small = ImageLimits { max_pixels: 500, ..ImageLimits::default() };
/// let message = decode(&path, &small).expect_err("600 pixels").to_string();
/// assert!(message.contains("a.png: is 30x20, 600 pixels; the limit is 500 ("), "{message}");
/// # Ok::<(), paso_labels::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be read; [`Error::Image`] if it is no image of a known format
/// (JPEG, PNG, WebP, BMP, GIF and TIFF: the first frame or page), is cut off or broken, or is beyond
/// `limits`.
pub fn decode(path: &Path, limits: &ImageLimits) -> Result<Image, Error> {
    let bytes = read_bounded(path, limits)?;
    decode_bytes(&bytes, limits).map_err(|message| Error::image(path, message))
}

/// As [`decode`], for an image that was decoded before and is compared with what it was then: the
/// data of a JPEG are not checked again, which halves the time.
///
/// # Errors
///
/// As [`decode`]; damaged data of a JPEG may pass.
pub fn decode_again(path: &Path, limits: &ImageLimits) -> Result<Image, Error> {
    let bytes = read_bounded(path, limits)?;
    unchecked(&bytes, limits).map_err(|message| Error::image(path, message))
}

/// Decodes an image in memory. The error is a sentence without the file's name.
///
/// # Errors
///
/// As [`decode`].
pub fn decode_bytes(bytes: &[u8], limits: &ImageLimits) -> Result<Image, String> {
    open(bytes, limits)?;
    if bytes.starts_with(&[0xFF, 0xD8]) {
        check_data(bytes).map_err(|what| {
            format!("is a damaged JPEG: {what}; copy or download it again, or remove it")
        })?;
    }
    unchecked(bytes, limits)
}

fn unchecked(bytes: &[u8], limits: &ImageLimits) -> Result<Image, String> {
    let (decoder, info) = open(bytes, limits)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| undecoded("image", &e))?;
    check_floats(&image)?;
    image.apply_orientation(info.orientation.of_image_crate());
    let (width, height) = (image.width(), image.height());
    let rgb = if image.color().has_alpha() {
        on_white(&image.into_rgba8())
    } else {
        image.into_rgb8().into_raw()
    };
    Ok(Image { width, height, rgb, orientation: info.orientation })
}

/// Reads an image's file, if it is one and within the limits.
fn read_bounded(path: &Path, limits: &ImageLimits) -> Result<Vec<u8>, Error> {
    paso_files::read(path, limits.max_bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::FileTooLarge => {
            Error::image(path, format!("{error} (--max-megapixels raises it)"))
        }
        _ => Error::io(path)(error),
    })
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
    if let Some(message) = kinds::unread(bytes) {
        return Err(message);
    }
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| format!("cannot be read: {e}"))?;
    let Some(format) = reader.format() else {
        return Err("is no JPEG, PNG, WebP, BMP, GIF or TIFF by its first bytes".into());
    };
    let name = format!("{format:?}").to_uppercase();
    let mut decoder = reader.into_decoder().map_err(|e| undecoded(&name, &e))?;
    let (stored_width, stored_height) = decoder.dimensions();
    let pixels = u64::from(stored_width) * u64::from(stored_height);
    if pixels > limits.max_pixels {
        return Err(format!(
            "is {stored_width}x{stored_height}, {pixels} pixels; the limit is {} \
             (--max-megapixels raises it)",
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
    // 16 bits and four channels are 8 bytes a pixel, and the decoder works in such a buffer once
    // more.
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(16 * limits.max_pixels + (64 << 20));
    decoder.set_limits(allowed).map_err(|e| format!("is beyond the limits: {e}"))?;
    let orientation =
        decoder.orientation().map_or(Orientation::UPRIGHT, Orientation::from_image_crate);
    Ok((decoder, ImageInfo { stored_width, stored_height, orientation }))
}

/// Why a decoder gave nothing: the file is broken, or of a kind that is not read.
fn undecoded(name: &str, error: &image::ImageError) -> String {
    match error {
        image::ImageError::Unsupported(_) => {
            format!("is of a kind of {name} that is not read ({error}); convert it to PNG or JPEG")
        }
        image::ImageError::Limits(_) => format!("is beyond the limits: {error}"),
        _ => format!("is a broken {name}: {error}"),
    }
}

/// Refuses pixels beyond 1, which would all become white: what they are measured in is unknown.
fn check_floats(image: &DynamicImage) -> Result<(), String> {
    let values: &[f32] = match image {
        DynamicImage::ImageRgb32F(image) => image.as_raw(),
        DynamicImage::ImageRgba32F(image) => image.as_raw(),
        _ => return Ok(()),
    };
    match values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        Some(value) => Err(format!(
            "has pixels as decimals that are not all from 0 to 1 ({value}); convert it to 8 bits"
        )),
        None => Ok(()),
    }
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
mod tests;
