//! Boxes and their labels drawn on an image, for people to look at.
//!
//! The line is a 160th of the longer side, between 1 and 12 pixels, so that a box shows in a
//! thumbnail and does not hide the object in a photograph. It lies inside of the box.
//!
//! ```
//! use paso_locate::draw::{LABELED, PREDICTED, draw_box};
//! let mut photo = image::RgbImage::new(64, 48);
//! draw_box(&mut photo, [8.0, 8.0, 40.0, 40.0], LABELED, "");
//! draw_box(&mut photo, [10.0, 9.0, 44.0, 38.0], PREDICTED, "cat 0.93");
//! assert_eq!(photo.get_pixel(8, 30).0, LABELED);
//! ```

use embedded_graphics::mono_font::{MonoFont, MonoTextStyleBuilder, ascii};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{
    DrawTarget, Drawable, OriginDimensions, Pixel, Point, Primitive, RgbColor, Size,
};
use embedded_graphics::primitives::{PrimitiveStyleBuilder, Rectangle, StrokeAlignment};
use embedded_graphics::text::{Baseline, Text};
use image::{ImageFormat, Rgb, RgbImage};
use std::convert::Infallible;
use std::io::Cursor;
use std::path::Path;

use crate::{Error, files};

/// The color of what the net says.
pub const PREDICTED: [u8; 3] = [255, 64, 32];
/// The color of what the label says.
pub const LABELED: [u8; 3] = [64, 220, 96];

/// Draws the outline of a box, in pixels `[x_min, y_min, x_max, y_max]` of the image, with a label
/// in its upper left corner. Whatever lies outside the image is cut off. Letters outside ASCII
/// show as `?`.
pub fn draw_box(image: &mut RgbImage, xyxy: [f64; 4], color: [u8; 3], label: &str) {
    let longer = image.width().max(image.height());
    let stroke = (longer / 160).clamp(1, 12);
    outline(image, xyxy, color, stroke);
    if !label.is_empty() {
        let font = if longer < 480 { &ascii::FONT_6X10 } else { &ascii::FONT_10X20 };
        let place = Point::new(pixel(xyxy[0]).max(0), pixel(xyxy[1]).max(0));
        write(image, place, label, font, [0; 3], color);
    }
}

/// The outline of a box, `stroke` pixels wide, inside of its xyxy.
pub(crate) fn outline(image: &mut RgbImage, xyxy: [f64; 4], color: [u8; 3], stroke: u32) {
    let [x0, y0, x1, y1] = xyxy.map(pixel);
    let style = PrimitiveStyleBuilder::new()
        .stroke_color(rgb(color))
        .stroke_width(stroke)
        .stroke_alignment(StrokeAlignment::Inside)
        .build();
    let Ok(()) = Rectangle::with_corners(Point::new(x0, y0), Point::new(x1, y1))
        .into_styled(style)
        .draw(&mut Canvas(image));
}

/// The width of a letter of [`text`].
pub(crate) const LETTER_WIDTH: u32 = 6;

/// A line of small text, 10 pixels high, its upper left corner at `place`.
pub(crate) fn text(
    image: &mut RgbImage,
    place: [u32; 2],
    text: &str,
    color: [u8; 3],
    ground: [u8; 3],
) {
    let [x, y] = place.map(|v| pixel(v.into()));
    write(image, Point::new(x, y), text, &ascii::FONT_6X10, color, ground);
}

fn write(
    image: &mut RgbImage,
    place: Point,
    text: &str,
    font: &MonoFont<'_>,
    color: [u8; 3],
    ground: [u8; 3],
) {
    let ascii: String =
        text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    let style = MonoTextStyleBuilder::new()
        .font(font)
        .text_color(rgb(color))
        .background_color(rgb(ground))
        .build();
    let Ok(_) = Text::with_baseline(&ascii, place, style, Baseline::Top).draw(&mut Canvas(image));
}

/// Writes an image as a whole PNG file or not at all.
///
/// # Errors
///
/// [`Error::Labels`] if the image is empty, [`Error::Io`] if the folder cannot be written.
pub fn write_png(path: &Path, image: &RgbImage) -> Result<(), Error> {
    let mut png = Cursor::new(Vec::new());
    image
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|e| Error::image(path, format!("cannot be written as PNG: {e}")))?;
    files::write_whole(path, png.get_ref())
}

fn rgb([r, g, b]: [u8; 3]) -> Rgb888 {
    Rgb888::new(r, g, b)
}

/// NaN becomes 0, and a box far outside stays outside without overflowing.
fn pixel(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a small range first")]
    let pixel = value.clamp(-1e6, 1e6).round() as i32;
    pixel
}

/// An image as a drawing surface; pixels outside of it are dropped.
struct Canvas<'a>(&'a mut RgbImage);

impl OriginDimensions for Canvas<'_> {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Canvas<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(point, color) in pixels {
            if let (Ok(x), Ok(y)) = (u32::try_from(point.x), u32::try_from(point.y))
                && let Some(pixel) = self.0.get_pixel_mut_checked(x, y)
            {
                *pixel = Rgb([color.r(), color.g(), color.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outline_is_drawn_inside_and_nothing_around_it() {
        let mut image = RgbImage::new(40, 30);
        draw_box(&mut image, [10.0, 5.0, 20.0, 15.0], PREDICTED, "");
        assert_eq!(image.get_pixel(10, 5).0, PREDICTED);
        assert_eq!(image.get_pixel(20, 15).0, PREDICTED);
        assert_eq!(image.get_pixel(15, 10).0, [0; 3], "the inside stays");
        assert_eq!(image.get_pixel(9, 5).0, [0; 3], "the outside stays");
    }

    #[test]
    fn boxes_outside_the_image_are_cut_off() {
        let mut image = RgbImage::new(16, 16);
        for xyxy in [[-1e300, -5.0, 1e300, f64::INFINITY], [f64::NAN; 4], [20.0, 20.0, 10.0, 10.0]]
        {
            draw_box(&mut image, xyxy, LABELED, "naïve");
        }
    }
}
