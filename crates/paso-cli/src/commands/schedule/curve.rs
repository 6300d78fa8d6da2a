//! The points that a drawing of a schedule goes through.
//!
//! A schedule of millions of steps cannot be drawn point by point. Each pixel column gets the
//! lowest and the highest value of its steps, so that a spike of one step, such as a restart, stays
//! visible.
//!
//! Every step is still evaluated for a drawing, so its time grows with the number of steps, and its
//! size does not. The numbers of `--csv` and `--json` do not come from here: they have every step.

use paso_locate::schedule::Spec;

/// A schedule's points for an image: every step, or the lowest and the highest learning rate of
/// each of 800 stretches, so that no spike is lost.
///
/// Points are in order of their steps; the last one is step `steps - 1`. There are at most 1,601. A
/// stretch of constant learning rate may give the same point twice.
pub(super) fn curve(spec: &Spec, steps: u64) -> Vec<(u64, f64)> {
    const STRETCHES: u64 = 800;
    if steps <= 2 * STRETCHES {
        return (0..steps).map(|step| (step, spec.at(step))).collect();
    }
    let mut points = Vec::new();
    for i in 0..STRETCHES {
        let stretch = || {
            (i * steps / STRETCHES..(i + 1) * steps / STRETCHES).map(|step| (step, spec.at(step)))
        };
        let by_rate = |a: &(u64, f64), b: &(u64, f64)| a.1.total_cmp(&b.1);
        let mut ends = [stretch().min_by(by_rate), stretch().max_by(by_rate)];
        ends.sort_by_key(|point| point.map(|(step, _)| step));
        points.extend(ends.into_iter().flatten());
    }
    points.push((steps - 1, spec.at(steps - 1)));
    points
}

/// A learning rate at a tick of an axis, as people write it: 0, 0.25, 3e-4.
pub(super) fn tick(lr: f64) -> String {
    if lr == 0.0 {
        return "0".into();
    }
    // Three digits: what a division of the axis adds beyond them is rounding.
    let rounded: f64 = format!("{lr:.2e}").parse().unwrap_or(lr);
    if (0.01..1e4).contains(&rounded) { rounded.to_string() } else { format!("{rounded:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_numbers_as_people_write_them() {
        let ticks = [0.0, 0.25, 1.0, 3e-4, 0.000_149_999_9, 0.2 + 0.1].map(tick);
        assert_eq!(ticks, ["0", "0.25", "1", "3e-4", "1.5e-4", "0.3"]);
    }

    #[test]
    fn an_image_of_many_steps_keeps_its_spikes() {
        let spec = "points(0: 0, 50000: 0, 50001: 1, 50002: 0, linear)".parse().expect("a spec");
        let points = curve(&spec, 100_000);
        assert!(points.len() <= 1_601, "few points");
        assert!(
            points.iter().any(|&(step, rate)| step == 50_001 && rate == 1.0),
            "the spike is there"
        );
        assert!(points.is_sorted_by_key(|&(step, _)| step), "in order");
    }
}
