//! The geometry and the colors of augmentation, and the one loop that applies both.
//!
//! The map goes from the source to the output, since boxes go that way. Pixels go the other way:
//! the inverse says for each pixel of the output where it comes from, so that none is left out.
//!
//! Fractions are of a square image, in which an object of another aspect is stretched. A turn by an
//! angle must look like one in the image as it was, so the angle is applied in its proportions:
//! `stretch^-1 * rotation * stretch`.

use crate::BBox;
use crate::augment::View;
use crate::data::{MEAN, STD};

/// An affine map from places of the source image to places of the output, both in fractions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Map {
    /// Row by row: `out = m * (source - center) + 0.5`.
    m: [[f64; 2]; 2],
    center: [f64; 2],
}

impl Map {
    /// Mirror, then scale each axis, then turn by `angle` as the image looks with its own
    /// `aspect` (width over height). `center` of the source comes to the middle of the output.
    pub(crate) fn new(
        mirror: bool,
        [sx, sy]: [f64; 2],
        angle: f64,
        aspect: f64,
        center: [f64; 2],
    ) -> Self {
        let (sin, cos) = angle.sin_cos();
        let sx = if mirror { -sx } else { sx };
        // In the square, the image's x is 1 / aspect too wide: turn between scaling and unscaling.
        Self { m: [[cos * sx, -sin / aspect * sy], [sin * aspect * sx, cos * sy]], center }
    }

    /// The box around the moved ellipse that the box holds; for maps without a turn, the moved box.
    #[expect(clippy::cast_possible_truncation, reason = "f32 is this crate's precision of boxes")]
    pub(crate) fn bbox(&self, bbox: &BBox) -> BBox {
        let [x0, y0, x1, y1] = bbox.xyxy().map(f64::from);
        let (cx, cy) = ((x0 + x1) / 2.0 - self.center[0], (y0 + y1) / 2.0 - self.center[1]);
        let (hx, hy) = ((x1 - x0) / 2.0, (y1 - y0) / 2.0);
        let axis = |[a, b]: [f64; 2]| {
            let middle = a * cx + b * cy + 0.5;
            let half = (a * hx).hypot(b * hy);
            ((middle - half) as f32, (middle + half) as f32)
        };
        let ((x_min, x_max), (y_min, y_max)) = (axis(self.m[0]), axis(self.m[1]));
        BBox::new(x_min, y_min, x_max, y_max)
    }

    /// The inverse: rows of `source = n * (out - 0.5) + center`.
    fn inverse(&self) -> [[f64; 2]; 2] {
        let [[a, b], [c, d]] = self.m;
        let determinant = a * d - b * c; // the product of the zooms, never 0
        [[d / determinant, -b / determinant], [-c / determinant, a / determinant]]
    }
}

/// A linear change of colors: `own * value + gray * luma + offset`, on fractions of 255.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Color {
    own: f32,
    gray: f32,
    offset: f32,
}

/// How much red, green and blue give to the gray of a pixel (ITU-R BT.601).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

impl Color {
    /// Brightness first, then contrast around the image's mean `gray`, then saturation around each
    /// pixel's gray; three blends, folded into one.
    #[expect(clippy::cast_possible_truncation, reason = "factors near 1")]
    pub(crate) fn new(gray: f64, brightness: f64, contrast: f64, saturation: f64) -> Self {
        let own = brightness * contrast;
        Self {
            own: (own * saturation) as f32,
            gray: (own * (1.0 - saturation)) as f32,
            offset: (brightness * (1.0 - contrast) * gray) as f32,
        }
    }
}

/// The mean gray of RGB bytes, as a fraction.
pub(crate) fn mean_gray(image: &[u8]) -> f64 {
    let mut sums = [0_u64; 3];
    for pixel in image.chunks_exact(3) {
        for c in 0..3 {
            sums[c] += u64::from(pixel[c]);
        }
    }
    let weighted: f64 = sums.iter().zip(LUMA).map(|(&s, l)| s as f64 * f64::from(l)).sum();
    weighted / (255.0 * (image.len() / 3).max(1) as f64)
}

/// Writes the mapped, recolored and normalized image. What lies outside of the source is 0, the
/// mean of the normalized input.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates inside the image, which f32 holds exactly"
)]
pub(crate) fn sample_into(view: &View<'_>, map: &Map, color: &Color, out: &mut [f32]) {
    let (size, image) = (view.size, view.image);
    let side = size as f64;
    let n = map.inverse();
    let (step_x, step_y) = (n[0][0] as f32, n[1][0] as f32); // pixels to the right: same on both sides
    let last = (size - 1) as f32;
    let scale = STD.map(|s| 1.0 / s);
    for (row, out) in out.chunks_exact_mut(3 * size).enumerate() {
        // The source place of this row's first pixel center, in pixels from the first center.
        let (u, v) = (0.5 / side - 0.5, (row as f64 + 0.5) / side - 0.5);
        let x0 = ((n[0][0] * u + n[0][1] * v + map.center[0]) * side - 0.5) as f32;
        let y0 = ((n[1][0] * u + n[1][1] * v + map.center[1]) * side - 0.5) as f32;
        for (column, out) in out.chunks_exact_mut(3).enumerate() {
            let (x, y) = (x0 + column as f32 * step_x, y0 + column as f32 * step_y);
            if !(x >= -0.5 && y >= -0.5 && x <= last + 0.5 && y <= last + 0.5) {
                out.fill(0.0);
                continue;
            }
            // Between the four nearest pixel centers; at the rim the nearest pixel counts for all.
            let (x, y) = (x.clamp(0.0, last), y.clamp(0.0, last));
            let (left, upper) = (x as usize, y as usize);
            let (fx, fy) = (x - left as f32, y - upper as f32);
            let right = (left + 1).min(size - 1);
            let lower = (upper + 1).min(size - 1);
            let pixel = |x: usize, y: usize| -> [f32; 3] {
                let at = 3 * (y * size + x);
                let p = &image[at..at + 3];
                [f32::from(p[0]), f32::from(p[1]), f32::from(p[2])]
            };
            let (a, b) = (pixel(left, upper), pixel(right, upper));
            let (c, d) = (pixel(left, lower), pixel(right, lower));
            let mut rgb = [0.0; 3];
            for i in 0..3 {
                let top = a[i] + fx * (b[i] - a[i]);
                let bottom = c[i] + fx * (d[i] - c[i]);
                rgb[i] = (top + fy * (bottom - top)) * (1.0 / 255.0);
            }
            let gray = LUMA[0] * rgb[0] + LUMA[1] * rgb[1] + LUMA[2] * rgb[2];
            let shared = color.gray * gray + color.offset;
            for i in 0..3 {
                let value = (color.own * rgb[i] + shared).clamp(0.0, 1.0);
                out[i] = (value - MEAN[i]) * scale[i];
            }
        }
    }
}
