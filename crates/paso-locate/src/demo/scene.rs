//! One scene: what is in it, and its pixels at any size. The data half needs no more of the demo
//! than this.
//!
//! A scene is two numbers, and everything follows from them: shape, place, colors, clutter and
//! noise. So a data set of a million scenes takes no memory until it is drawn, and scene 17 is the
//! same whether 20 or a million of them are made.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::draw::{Mark, Texture, paint};
use super::shape::Shape;
use crate::BBox;
use crate::image::assert_square;
use crate::rng::{Purpose, rng};

/// One scene's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// The data set's seed.
    pub seed: u64,
    /// The scene's number.
    pub index: u64,
}

/// Draws a scene: RGB bytes of a square of `size` pixels, row by row.
///
/// ```
/// use paso_locate::demo::{Scene, draw};
/// let scene = Scene { seed: 1, index: 7 };
/// let mut pixels = vec![0; 3 * 24 * 24];
/// draw(&scene, 24, &mut pixels);
/// let (class, bbox) = scene.truth();
/// assert!(class < 4 && bbox.is_valid());
/// ```
///
/// # Panics
///
/// If `out` is not `3 * size * size` bytes.
#[track_caller]
pub fn draw(scene: &Scene, size: usize, out: &mut [u8]) {
    assert_square(out, size);
    let layout = Layout::new(scene);
    let random = rng(Purpose::Demo, scene.seed, scene.index, 1);
    paint(&layout.ground, &layout.marks, layout.grain, random, size, out);
}

impl Scene {
    /// The object's class and box.
    #[must_use]
    pub fn truth(&self) -> (usize, BBox) {
        let object = Layout::new(self).object;
        (object.shape as usize, object.bbox())
    }
}

/// Everything in a scene, in fractions of its side.
struct Layout {
    ground: Texture,
    /// From back to front; the object is among them.
    marks: Vec<Mark>,
    object: Mark,
    /// Standard deviation of the sensor noise, as a fraction of full brightness.
    grain: f32,
}

/// How far the object's color is from the ground's: below this in all of red, green and blue it is
/// drawn again, so that every object can be seen.
const LEAST_CONTRAST: f32 = 0.25;

impl Layout {
    fn new(scene: &Scene) -> Self {
        let mut rng = rng(Purpose::Demo, scene.seed, scene.index, 0);
        let ground = Texture::draw(&mut rng, [3.0, 12.0]);
        let shape = Shape::ALL[rng.random_range(0..Shape::ALL.len())];
        let object = Self::object(&mut rng, shape, &ground);
        let mut marks: Vec<Mark> =
            (0..rng.random_range(5..=9)).map(|_| Self::clutter(&mut rng)).collect();
        // Some clutter lies in front of nothing: what would cover the object is drawn before it.
        marks.push(object.clone());
        Self { ground, marks, object, grain: rng.random_range(0.01..0.06) }
    }

    fn object(rng: &mut ChaCha8Rng, shape: Shape, ground: &Texture) -> Mark {
        // Half the side of the box is at most 0.28 * 1.15 * 1.37 (a turned square) < 0.45.
        let half = (rng.random_range(0.10_f32.ln()..0.28_f32.ln())).exp();
        let stretch: f32 = rng.random_range(0.87..1.15);
        let mut mark = Mark {
            shape,
            center: [0.5, 0.5],
            half: [half * stretch, half / stretch],
            angle: rng.random_range(-0.5..0.5),
            texture: Texture::draw(rng, [4.0, 16.0]),
        };
        while mark.texture.distance(ground) < LEAST_CONTRAST {
            mark.texture = Texture::draw(rng, [4.0, 16.0]);
        }
        let bbox = mark.bbox();
        let place = |rng: &mut ChaCha8Rng, low: f32, high: f32| {
            // The box, drawn around 0.5, may move until it touches an edge.
            0.5 + rng.random_range(-low..=1.0 - high)
        };
        mark.center = [place(rng, bbox.x_min, bbox.x_max), place(rng, bbox.y_min, bbox.y_max)];
        mark
    }

    fn clutter(rng: &mut ChaCha8Rng) -> Mark {
        let half = rng.random_range(0.05_f32..0.22);
        let bar = rng.random_bool(0.5);
        let slim = if bar { rng.random_range(0.1..0.3) } else { rng.random_range(0.6..1.0) };
        Mark {
            shape: if bar { Shape::Bar } else { Shape::Blob },
            center: [rng.random_range(0.0..1.0), rng.random_range(0.0..1.0)],
            half: [half, half * slim],
            angle: rng.random_range(0.0..std::f32::consts::PI),
            texture: Texture::draw(rng, [4.0, 16.0]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_scene_is_the_same_and_others_differ() {
        let mut images = [(0, 0), (0, 0), (0, 1), (1, 0)].map(|(seed, index)| {
            let mut out = vec![0; 3 * 48 * 48];
            draw(&Scene { seed, index }, 48, &mut out);
            out
        });
        assert_eq!(images[0], images[1]);
        images.sort();
        assert!(images[2] != images[3] && images[0] != images[2]);
    }
}
