//! The pixels of demo scenes: textures, marks, sensor noise.

use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

use super::shape::Shape;
use crate::BBox;

/// Something in a scene, in fractions of its side.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) shape: Shape,
    pub(crate) center: [f32; 2],
    /// Half the extent along the shape's own axes.
    pub(crate) half: [f32; 2],
    /// How far the shape's axes are turned, in radians.
    pub(crate) angle: f32,
    pub(crate) texture: Texture,
}

impl Mark {
    /// The box that just holds it.
    pub(crate) fn bbox(&self) -> BBox {
        let (sin, cos) = self.angle.sin_cos();
        let mut bbox = BBox::new(f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        for [x, y] in self.shape.hull() {
            let (x, y) = (x * self.half[0], y * self.half[1]);
            let (x, y) = (cos * x - sin * y + self.center[0], sin * x + cos * y + self.center[1]);
            bbox = BBox::new(
                bbox.x_min.min(x),
                bbox.y_min.min(y),
                bbox.x_max.max(x),
                bbox.y_max.max(y),
            );
        }
        bbox
    }

    fn holds(&self, x: f32, y: f32) -> bool {
        let (sin, cos) = self.angle.sin_cos();
        let (x, y) = (x - self.center[0], y - self.center[1]);
        self.shape.holds((cos * x + sin * y) / self.half[0], (cos * y - sin * x) / self.half[1])
    }
}

/// Two colors, mixed by smooth noise of two sizes.
#[derive(Debug, Clone)]
pub(crate) struct Texture {
    colors: [[f32; 3]; 2],
    /// Waves across the scene of the coarse and the fine noise.
    waves: [f32; 2],
    /// The share of the fine noise.
    fine: f32,
    salt: u32,
}

impl Texture {
    pub(crate) fn draw(rng: &mut ChaCha8Rng, [least, most]: [f32; 2]) -> Self {
        let base: [f32; 3] = std::array::from_fn(|_| rng.random_range(0.1..0.9));
        let other = base.map(|v| (v + rng.random_range(-0.25..0.25_f32)).clamp(0.0, 1.0));
        let coarse = rng.random_range(least..most);
        Self {
            colors: [base, other],
            waves: [coarse, coarse * rng.random_range(2.0..4.0)],
            fine: rng.random_range(0.2..0.6),
            salt: rng.next_u32(),
        }
    }

    /// How far the mean colors are apart, in the one of red, green and blue where it is most.
    pub(crate) fn distance(&self, other: &Self) -> f32 {
        let mean = |t: &Self, c: usize| (t.colors[0][c] + t.colors[1][c]) / 2.0;
        (0..3).map(|c| (mean(self, c) - mean(other, c)).abs()).fold(0.0, f32::max)
    }

    fn color(&self, x: f32, y: f32) -> [f32; 3] {
        let coarse = smooth_noise(x * self.waves[0], y * self.waves[0], self.salt);
        let fine = smooth_noise(x * self.waves[1], y * self.waves[1], self.salt ^ 0x9E37_79B9);
        let mix = coarse + self.fine * (fine - coarse);
        std::array::from_fn(|c| self.colors[0][c] + mix * (self.colors[1][c] - self.colors[0][c]))
    }
}

/// Draws everything: textures at each pixel's center, edges of marks smoothed by 3x3 places a
/// pixel.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a brightness is clamped to 0..=255, a pixel index to 0..=size"
)]
pub(crate) fn paint(
    ground: &Texture,
    marks: &[Mark],
    grain: f32,
    mut random: ChaCha8Rng,
    size: usize,
    out: &mut [u8],
) {
    let side = size as f32;
    let place = |i: usize, part: f32| (i as f32 + part) / side;
    let mut colors = vec![[0.0_f32; 3]; size * size];
    for (row, line) in colors.chunks_exact_mut(size).enumerate() {
        for (column, color) in line.iter_mut().enumerate() {
            *color = ground.color(place(column, 0.5), place(row, 0.5));
        }
    }
    for mark in marks {
        let bbox = mark.bbox().clamped();
        let first = |v: f32| (v * side).floor() as usize;
        let end = |v: f32| ((v * side).ceil() as usize).min(size);
        for row in first(bbox.y_min)..end(bbox.y_max) {
            for column in first(bbox.x_min)..end(bbox.x_max) {
                let parts = [1.0 / 6.0, 0.5, 5.0 / 6.0];
                let inside = parts
                    .iter()
                    .flat_map(|&py| parts.iter().map(move |&px| (px, py)))
                    .filter(|&(px, py)| mark.holds(place(column, px), place(row, py)))
                    .count();
                if inside > 0 {
                    let cover = inside as f32 / 9.0;
                    let new = mark.texture.color(place(column, 0.5), place(row, 0.5));
                    let old = &mut colors[row * size + column];
                    *old = std::array::from_fn(|c| old[c] + cover * (new[c] - old[c]));
                }
            }
        }
    }
    for (color, out) in colors.iter().zip(out.chunks_exact_mut(3)) {
        // Three bytes of one word: a uniform distribution with the standard deviation `grain`.
        let word = random.next_u32().to_le_bytes();
        for c in 0..3 {
            let uniform = f32::from(word[c]) / 127.5 - 1.0;
            let value = color[c] + grain * 3.0_f32.sqrt() * uniform;
            out[c] = (value * 255.0).round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// Value noise, 0 to 1: random at whole numbers, smooth between.
#[expect(clippy::cast_possible_truncation, reason = "a few waves across the scene")]
fn smooth_noise(x: f32, y: f32, salt: u32) -> f32 {
    let (cx, cy) = (x.floor(), y.floor());
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (tx, ty) = (ease(x - cx), ease(y - cy));
    let (cx, cy) = (cx as i32, cy as i32);
    let corner = |dx: i32, dy: i32| hash(cx + dx, cy + dy, salt);
    let top = corner(0, 0) + tx * (corner(1, 0) - corner(0, 0));
    let bottom = corner(0, 1) + tx * (corner(1, 1) - corner(0, 1));
    top + ty * (bottom - top)
}

/// A random number from 0 to 1 for a place of the grid: xxHash's rounds and its final mixing.
fn hash(x: i32, y: i32, salt: u32) -> f32 {
    let mut h = salt;
    for word in [x, y] {
        h = h.wrapping_add(word.cast_unsigned().wrapping_mul(3_266_489_917));
        h = h.rotate_left(17).wrapping_mul(668_265_263);
    }
    h = (h ^ (h >> 15)).wrapping_mul(2_246_822_519);
    h = (h ^ (h >> 13)).wrapping_mul(3_266_489_917);
    ((h ^ (h >> 16)) >> 8) as f32 / (1 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, rng};

    #[test]
    fn noise_fills_its_range_and_is_continuous() {
        let values: Vec<f32> =
            (0..4000).map(|i| smooth_noise(i as f32 * 0.37, i as f32 * 0.11, 5)).collect();
        assert!(values.iter().all(|v| (0.0..=1.0).contains(v)));
        let mean = values.iter().sum::<f32>() / 4000.0;
        assert!((mean - 0.5).abs() < 0.05, "{mean}");
        for i in 0..400 {
            let x = i as f32 / 100.0;
            let step = smooth_noise(x, 0.3, 1) - smooth_noise(x + 0.001, 0.3, 1);
            assert!(step.abs() < 0.01, "{step} at {x}");
        }
    }

    #[test]
    fn what_is_drawn_reaches_as_far_as_the_box() {
        for shape in Shape::ALL {
            let mark = Mark {
                shape,
                center: [0.45, 0.55],
                half: [0.2, 0.25],
                angle: 0.3,
                texture: Texture { colors: [[1.0; 3]; 2], waves: [1.0; 2], fine: 0.0, salt: 0 },
            };
            let ground = Texture { colors: [[0.0; 3]; 2], ..mark.texture.clone() };
            let (size, random) = (200, rng(Purpose::Demo, 0, 0, 1));
            let mut out = vec![0; 3 * size * size];
            paint(&ground, std::slice::from_ref(&mark), 0.0, random, size, &mut out);
            let lit = || (0..size * size).filter(|i| out[3 * i] > 127);
            let columns = || lit().map(|i| i % size);
            let rows = || lit().map(|i| i / size);
            let seen = [
                columns().min().expect("lit"),
                rows().min().expect("lit"),
                columns().max().expect("lit") + 1,
                rows().max().expect("lit") + 1,
            ];
            let seen = BBox::from_xyxy(seen.map(|v| v as f32 / size as f32));
            assert!(seen.iou(&mark.bbox()) > 0.95, "{shape:?}: {seen:?} for {:?}", mark.bbox());
        }
    }
}
