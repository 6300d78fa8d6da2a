//! Lines with keypoints that nothing announces: they would be read as outlines, and every box
//! would be wrong.
//!
//! A line of 5 + 2 K fields is as long as one with an outline, and of 5 + 3 K every second one is.
//! What tells them apart is the whole set: with keypoints, all lines are of one length, the first
//! four numbers are a box inside the image, and the points lie in that box. An outline of a point
//! more or less is of another length, and only by chance are its first two points a box around the
//! others.

use super::line::Row;

/// How far a keypoint may lie out of its box, in shares of the box's sides.
const OUTSIDE: f64 = 0.25;
/// How far numbers may be off that were rounded to a few digits.
const ROUNDED: f64 = 2e-3;

/// The `kpt_shape` that all lines with more than a box look like, or `None` if they look like
/// outlines.
pub(super) fn likely_shape<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Option<(usize, usize)> {
    let long = rows.filter(|row| row.values.len() > 4);
    let extra = long.clone().next()?.values.len() - 4;
    if !long.clone().all(|row| row.values.len() == extra + 4) {
        return None;
    }
    // Oriented boxes have four points, and opposite sides of one length.
    if extra == 4 && long.clone().all(|row| is_parallelogram(&row.values)) {
        return None;
    }
    // Three numbers first: where the third is 0, 1 or 2 throughout, that is no chance.
    let shapes = [3, 2].into_iter().filter(|each| extra.is_multiple_of(*each));
    shapes
        .map(|each| (extra / each, each))
        .find(|&(_, each)| long.clone().all(|row| is_pose(&row.values, each)))
}

fn is_parallelogram(values: &[f64]) -> bool {
    (0..2).all(|i| (values[i] + values[i + 4] - values[i + 2] - values[i + 6]).abs() < ROUNDED)
}

fn is_pose(values: &[f64], each: usize) -> bool {
    let [x, y, w, h] = [values[0], values[1], values[2], values[3]];
    let inside = |center: f64, side: f64| {
        side > 0.0 && center - side / 2.0 > -ROUNDED && center + side / 2.0 < 1.0 + ROUNDED
    };
    let near = |value: f64, center: f64, side: f64| {
        (value - center).abs() <= side * (0.5 + OUTSIDE) + ROUNDED
    };
    inside(x, w)
        && inside(y, h)
        && values[4..].chunks_exact(each).all(|point| {
            let visible = point.get(2).copied();
            let unlabeled = point[0] == 0.0 && point[1] == 0.0 && visible.is_none_or(|v| v == 0.0);
            unlabeled
                || visible.is_none_or(|v| [0.0, 1.0, 2.0].contains(&v))
                    && near(point[0], x, w)
                    && near(point[1], y, h)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(lines: &[&str]) -> Option<(usize, usize)> {
        // Numbers only: lines of any length are needed here.
        let row = |line: &&str| {
            let values = line.split_whitespace().map(|v| v.parse().expect("a number")).collect();
            Row { class: 0, values, line: 1 }
        };
        let rows: Vec<Row> = lines.iter().map(row).collect();
        likely_shape(rows.iter())
    }

    #[test]
    fn boxes_with_points_in_them_look_like_keypoints() {
        let three = ".5 .5 .2 .4 .5 .5 .45 .6 .55 .35";
        assert_eq!(shape(&[three, ".3 .3 .2 .2 .3 .3 .25 .35 .38 .3"]), Some((3, 2)));
        assert_eq!(shape(&[three, ".3 .3 .2 .2"]), Some((3, 2)), "one object without keypoints");
        assert_eq!(shape(&[three, ".3 .3 .2 .2 0 0 .25 .35 .38 .3"]), Some((3, 2)), "unlabeled");
        let seen = [".5 .5 .2 .4 .5 .5 2 .45 .6 1", ".3 .3 .2 .2 .3 .3 2 0 0 0"];
        assert_eq!(shape(&seen), Some((2, 3)));
        assert_eq!(shape(&[".5 .5 .2 .4 .5 .5"]), Some((1, 2)));
    }

    #[test]
    fn outlines_do_not() {
        // Lengths differ.
        assert_eq!(shape(&[".6 .6 .8 .6 .8 .8", ".6 .6 .8 .6 .8 .8 .7 .9"]), None);
        // The first two points are no box around the others.
        assert_eq!(shape(&[".1 .1 .6 .1 .6 .6 .1 .6", ".2 .2 .4 .2 .4 .4 .2 .4"]), None);
        assert_eq!(shape(&[".1 .3 .3 .1 .6 .6"]), None);
        // An upright and an oriented box, whose corners happen to lie in such a box.
        assert_eq!(shape(&[".6 .6 .8 .6 .8 .8 .6 .8"]), None);
        assert_eq!(shape(&[".6 .5 .7 .6 .6 .7 .5 .6"]), None);
        assert_eq!(shape(&[".5 .5 .2 .2"]), None, "only boxes");
        assert_eq!(shape(&[]), None);
    }
}
