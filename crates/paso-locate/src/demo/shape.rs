//! The shapes of demo scenes: what is inside, and how far they reach.
//!
//! Each lives in its own frame, from -1 to 1 on both axes, y down.

/// A shape. The first four are classes, in the order of their names; the others are clutter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Cross,
    Ring,
    Star,
    Triangle,
    Bar,
    Blob,
}

/// Half the width of the cross's arms.
const ARM: f32 = 0.33;
/// The ring's inner radius.
const HOLE: f32 = 0.55;
/// The star's inner radius; its outer one is 1.
const NOTCH: f32 = 0.42;

impl Shape {
    /// The classes.
    pub(crate) const ALL: [Self; 4] = [Self::Cross, Self::Ring, Self::Star, Self::Triangle];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cross => "cross",
            Self::Ring => "ring",
            Self::Star => "star",
            Self::Triangle => "triangle",
            Self::Bar => "bar",
            Self::Blob => "blob",
        }
    }

    /// True if a place is inside.
    pub(crate) fn holds(self, x: f32, y: f32) -> bool {
        match self {
            Self::Cross => x.abs().max(y.abs()) <= 1.0 && x.abs().min(y.abs()) <= ARM,
            Self::Ring => (HOLE * HOLE..=1.0).contains(&(x * x + y * y)),
            Self::Star => {
                // Fold the angle into half a point; the edge from tip to notch is a line.
                const HALF_POINT: f32 = std::f32::consts::PI / 5.0;
                let angle = x.atan2(-y).abs() % (2.0 * HALF_POINT);
                let angle = angle.min(2.0 * HALF_POINT - angle);
                let (sin, cos) = angle.sin_cos();
                let radius = x.hypot(y);
                let (along, across) = (radius * cos, radius * sin);
                let (notch_along, notch_across) =
                    (NOTCH * HALF_POINT.cos(), NOTCH * HALF_POINT.sin());
                (1.0 - along) * notch_across >= across * (1.0 - notch_along)
            }
            Self::Triangle => (-1.0..=1.0).contains(&y) && x.abs() <= (y + 1.0) / 2.0,
            Self::Bar => x.abs().max(y.abs()) <= 1.0,
            Self::Blob => x * x + y * y <= 1.0,
        }
    }

    /// Points whose hull is the shape's hull: under an affine map, their extent is the shape's.
    pub(crate) fn hull(self) -> Vec<[f32; 2]> {
        let circle = |n: u16| {
            (0..n)
                .map(|k| {
                    let (sin, cos) =
                        (f32::from(k) / f32::from(n) * std::f32::consts::TAU).sin_cos();
                    [sin, -cos]
                })
                .collect::<Vec<_>>()
        };
        match self {
            Self::Cross => [[ARM, 1.0], [1.0, ARM]]
                .into_iter()
                .flat_map(|[x, y]| [[x, y], [-x, y], [x, -y], [-x, -y]])
                .collect(),
            Self::Ring | Self::Blob => circle(180),
            Self::Star => circle(5),
            Self::Triangle => vec![[0.0, -1.0], [-1.0, 1.0], [1.0, 1.0]],
            Self::Bar => vec![[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hull_is_as_wide_as_what_is_inside() {
        for shape in
            [Shape::Cross, Shape::Ring, Shape::Star, Shape::Triangle, Shape::Bar, Shape::Blob]
        {
            let mut seen = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
            for i in -150..=150_i16 {
                for j in -150..=150_i16 {
                    let (x, y) = (f32::from(i) / 100.0, f32::from(j) / 100.0);
                    if shape.holds(x, y) {
                        seen = [seen[0].min(x), seen[1].min(y), seen[2].max(x), seen[3].max(y)];
                    }
                }
            }
            let hull = shape
                .hull()
                .into_iter()
                .fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |h, [x, y]| {
                    [h[0].min(x), h[1].min(y), h[2].max(x), h[3].max(y)]
                });
            for (a, b) in seen.iter().zip(hull) {
                assert!((a - b).abs() < 0.03, "{shape:?}: {seen:?} but hull {hull:?}");
            }
        }
    }
}
