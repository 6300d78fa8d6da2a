//! Axes: their ends, their ticks, and the labels of the ticks.
//!
//! Ticks are at 1, 2 and 5 times powers of ten, because readers interpolate between round numbers.
//! On a logarithmic axis they are whole decades, and 1, 2, 5 within one.

use crate::text::rate;

/// An axis with its ticks. On a logarithmic one all numbers are decimal logarithms.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) log: bool,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Axis {
    /// An axis that shows all of `values`, with a little room at both ends. Values that are not
    /// finite are ignored.
    pub(super) fn over(label: &str, log: bool, values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|x| x.is_finite());
        let (low, high) =
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        // Equal values still need an axis with a length.
        let room = (0.04 * (high - low)).max(1e-3 * low.abs()).max(1e-12);
        Self { label: label.into(), log, low: low - room, high: high + room }
    }

    /// The same axis beginning exactly there.
    pub(super) fn from(self, low: f64) -> Self {
        Self { low, high: self.high.max(low + 1e-12), ..self }
    }

    /// About `wanted` ticks.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<f64> {
        let span = self.high - self.low;
        if self.log && span < 1.2 {
            // Within a decade: 1, 2, 5.
            let decades = steps(self.low.floor(), self.high, 1.0);
            let marks =
                decades.iter().flat_map(|d| [0.0, 2f64.log10(), 5f64.log10()].map(|m| d + m));
            return marks.filter(|x| (self.low..=self.high).contains(x)).collect();
        }
        let rough = span / wanted.max(2) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough);
        let step = step.unwrap_or(10.0 * power);
        // Whole decades, every one or every second and so on.
        let step = if self.log { rough.round().max(1.0) } else { step };
        steps((self.low / step).ceil() * step, self.high, step)
    }

    /// The label of a tick.
    pub(super) fn text(&self, x: f64) -> String {
        if self.log {
            return rate(10f64.powf(x));
        }
        let span = self.high - self.low;
        if x.abs() < 1e-9 * span {
            return "0".into();
        }
        if !(5e-4..1e6).contains(&span) {
            return format!("{x:.1e}").replace(".0e", "e");
        }
        let decimals = (0..6).find(|d| span * 10f64.powi(*d) >= 20.0).unwrap_or(6);
        let text = format!("{x:.*}", usize::try_from(decimals).unwrap_or(0));
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').into()
        } else {
            text
        }
    }
}

/// `from`, `from + step`, … up to `to`; a hundred at most.
fn steps(from: f64, to: f64, step: f64) -> Vec<f64> {
    let marks = (0..100).map(|i| from + f64::from(i) * step);
    marks.take_while(|x| *x <= to + 1e-9 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::over("x", false, [0.013, 0.047]);
        let texts: Vec<String> = axis.ticks(4).iter().map(|x| axis.text(*x)).collect();
        assert_eq!(texts, ["0.02", "0.03", "0.04"], "linear");
        let axis = Axis::over("x", true, [-7.0, 1.0]);
        let texts: Vec<String> = axis.ticks(4).iter().map(|x| axis.text(*x)).collect();
        assert_eq!(texts, ["1e-6", "1e-4", "1e-2", "1"], "logarithmic");
        let axis = Axis::over("x", true, [-3.0, -2.3]);
        let texts: Vec<String> = axis.ticks(4).iter().map(|x| axis.text(*x)).collect();
        assert_eq!(texts, ["1e-3", "2e-3", "5e-3"], "within a decade");
    }

    #[test]
    fn no_values_or_equal_ones_still_give_an_axis() {
        for values in [vec![], vec![f64::NAN], vec![0.0, 0.0], vec![1e9, 1e9], vec![-3e-20]] {
            let axis = Axis::over("x", false, values.clone());
            assert!(axis.low < axis.high && axis.ticks(4).len() < 100, "{values:?}: {axis:?}");
        }
    }
}
