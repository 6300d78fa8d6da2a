//! A line of a label file: a class, then a box, an outline, or a box with keypoints.
//!
//! | fields | what they are |
//! |---|---|
//! | 5 | class, then center x, center y, width, height |
//! | 6 | the same with a confidence or a track: a prediction, refused |
//! | 5 + K * D | the same with K keypoints of D numbers, where `kpt_shape: [K, D]` says so |
//! | 7 or more, odd | class, then the points of an outline (9: an oriented box) |

/// The largest number of a class where nothing says how many there are.
const MOST_CLASSES: f64 = 100_000.0;

/// Numbers of keypoints and of values for each, as `kpt_shape` says.
pub(super) type Keypoints = Option<(usize, usize)>;

/// What one line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) class: usize,
    /// Everything behind the class, finite.
    pub(super) values: Vec<f64>,
    pub(super) line: usize,
}

impl Row {
    /// Reads a line. The error is a sentence.
    pub(super) fn parse(text: &str, line: usize, keypoints: Keypoints) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        if fields.len() == 1 && text.matches([',', ';']).count() >= 4 {
            return Err(format!("{} has no blanks; they separate the fields", super::shown(text)));
        }
        let Some(first) = fields.first() else { return Err("is blank".into()) };
        let class = class(first)?;
        let count = fields.len();
        if count < 5 {
            return Err(format!("has {count} fields; a box has 5 (class x y width height)"));
        }
        let mut values = Vec::with_capacity(count - 1);
        for (field, at) in fields[1..].iter().zip(1..) {
            let name = ["x", "y", "width", "height"].get(at - 1).filter(|_| count == 5);
            let value = field.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| {
                let name = name.map_or_else(|| format!("field {}", at + 1), ToString::to_string);
                format!("{name} is {}, not a finite number", super::shown(field))
            })?;
            values.push(value);
        }
        check_count(&values, keypoints)?;
        Ok(Self { class, values, line })
    }

    /// The box, if the line states one.
    pub(super) fn stated(&self, keypoints: Keypoints) -> Option<[f64; 4]> {
        let has_box = self.values.len() == 4 || keypoints.is_some_and(|(k, _)| k > 0);
        let &[x, y, w, h, ..] = &self.values[..] else { return None };
        has_box.then_some([x, y, w, h])
    }

    /// Refuses a line that is neither a box nor an outline.
    pub(super) fn check(&self, keypoints: Keypoints) -> Result<(), String> {
        if self.stated(keypoints).is_some() || self.values.len().is_multiple_of(2) {
            return Ok(());
        }
        Err(format!(
            "has {} fields; a box has 5 (class x y width height), an outline 7 or more and an odd \
             number, a box with K keypoints 5 + 2 K or 5 + 3 K (say so with kpt_shape: [K, 2] or \
             [K, 3] in data.yaml)",
            self.values.len() + 1
        ))
    }

    /// The box around an outline.
    pub(super) fn around(&self) -> [f64; 4] {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for point in self.values.chunks_exact(2) {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        [low[0], low[1], high[0], high[1]]
    }
}

/// The number of a class: whole, but possibly written as a decimal, as `NumPy` does.
fn class(field: &str) -> Result<usize, String> {
    let shown = super::shown(field);
    let number = field.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    let Some(number) = number.filter(|n| n.fract() == 0.0 && !field.starts_with('-')) else {
        return Err(format!(
            "class {shown} is no number of a class; it must be a whole number from 0"
        ));
    };
    if number >= MOST_CLASSES {
        return Err(format!("class {shown} is beyond {MOST_CLASSES}, the limit"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, 0 to limit")]
    Ok(number as usize)
}

fn check_count(values: &[f64], keypoints: Keypoints) -> Result<(), String> {
    let count = values.len() + 1;
    if count == 5 {
        return Ok(());
    }
    if let Some((k, d)) = keypoints.filter(|(k, _)| *k > 0) {
        let wanted = 5 + k * d;
        return if count == wanted {
            Ok(())
        } else {
            Err(format!("has {count} fields; with kpt_shape [{k}, {d}] a line has {wanted}"))
        };
    }
    let sixth = values.get(4).copied().unwrap_or_default();
    let is_track = |value: f64| value > 1.0 && value.fract() == 0.0;
    match values.len() {
        5 if is_track(sixth) => Err("has 6 fields: the sixth looks like the number of a track; \
                                     remove it (a box has 5: class x y width height)"
            .into()),
        5 => Err("has 6 fields: the sixth looks like the confidence of a prediction, which is no \
                  label; check these boxes and remove it (a box has 5: class x y width height)"
            .into()),
        6 if is_track(values[5]) && (0.0..=1.0).contains(&sixth) => {
            Err("has 7 fields: the last two look like a confidence and the number of a track, of \
                 a prediction and not a label; check these boxes and remove them (a box has 5)"
                .into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_line_panics(
            line in "[^ ]{1,8}( ([0-9.e+-]{1,6}|\\PC{1,3})){0,16}",
            keypoints in prop::option::of((0..4_usize, 2..4_usize)),
        ) {
            if let Ok(row) = Row::parse(&line, 1, keypoints) {
                let _ = (row.check(keypoints), row.stated(keypoints), row.around());
                prop_assert!(row.values.iter().all(|value| value.is_finite()));
            }
        }
    }

    fn values(line: &str, keypoints: Keypoints) -> Result<(usize, Vec<f64>), String> {
        let row = Row::parse(line, 1, keypoints)?;
        row.check(keypoints).map(|()| (row.class, row.values))
    }

    #[test]
    fn lines_are_boxes_or_outlines() {
        assert_eq!(values("3 0.5 0.25 0.5 0.5", None), Ok((3, vec![0.5, 0.25, 0.5, 0.5])));
        let outline = Row::parse("0 0.1 0.2 0.5 0.1 0.3 0.9", 1, None).expect("three points");
        assert_eq!((outline.stated(None), outline.around()), (None, [0.1, 0.1, 0.5, 0.9]));
        let pose = Row::parse("0 .5 .5 .2 .4 .5 .5 2", 1, Some((1, 3))).expect("one keypoint");
        assert_eq!(pose.stated(Some((1, 3))), Some([0.5, 0.5, 0.2, 0.4]));
        assert_eq!(pose.stated(Some((0, 0))), None, "no keypoints, says kpt_shape");
    }

    #[test]
    fn a_class_is_a_whole_number_however_it_is_written() {
        for (text, class) in [("0.0", 0), ("1.000000000e+00", 1), ("7", 7), ("1e1", 10), ("05", 5)]
        {
            assert_eq!(values(&format!("{text} 0 0 1 1"), None).expect(text).0, class);
        }
        for text in ["1.5", "-1", "-0", "nan", "inf", "dog", "0x1", "1,0", "1e-9"] {
            let error = values(&format!("{text} 0 0 1 1"), None).expect_err(text);
            assert!(error.starts_with(&format!("class {text:?} is no number")), "{error}");
        }
        let error = values("100000 0 0 1 1", None).expect_err("the limit");
        assert_eq!(error, "class \"100000\" is beyond 100000, the limit");
        assert!(values("1e300 0 0 1 1", None).is_err());
    }

    #[test]
    fn other_lines_are_refused_with_what_they_probably_are() {
        for (line, keypoints, says) in [
            ("0 0.1 0.2 0.3", None, "has 4 fields"),
            ("0", None, "has 1 fields"),
            ("0 0.1 0.2 0.3 0.4 0.93", None, "has 6 fields: the sixth looks like the confidence"),
            ("0 0.1 0.2 0.3 0.4 17", None, "has 6 fields: the sixth looks like the number of a tr"),
            ("0 0.1 0.2 0.3 0.4 0.9 17", None, "has 7 fields: the last two look like a confidence"),
            ("0 .1 .2 .3 .4 .5 .5 .6", None, "has 8 fields; a box has 5"),
            ("0 .1 .2 .3 .4 .5 .5", Some((3, 2)), "with kpt_shape [3, 2] a line has 11"),
            ("0 0.1 nan 0.3 0.4", None, "y is \"nan\", not a finite number"),
            ("0 0.1 0.2 0.3 1,5", None, "height is \"1,5\""),
            ("0 .1 .2 .3 .4 .5 1e999", None, "field 7 is \"1e999\""),
            ("0,0.1,0.2,0.3,0.4", None, "has no blanks"),
        ] {
            let error = values(line, keypoints).expect_err(line);
            assert!(error.contains(says), "{line}: {error}");
        }
        let long = format!("0 0 0 1 {}", "9".repeat(100_000));
        assert!(values(&long, None).expect_err("infinite").len() < 200, "long values are cut");
    }
}
