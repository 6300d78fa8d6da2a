//! Which numbers a checkpoint may hold: the one place that looks at them, for every loader, and
//! before anything is written.
//!
//! A weight that is NaN makes every prediction NaN, and a second moment below 0 makes the next step
//! NaN. Both would be noticed much later than where they came from.

use super::{Meta, Tensor};
use crate::OptimizerName;

/// What to do about a file that is not as it was written.
pub(super) const DAMAGED: &str = "the file is damaged: use another checkpoint";

/// Refuses metadata that no run has, whatever the net.
pub(super) fn check_meta(meta: &Meta) -> Result<(), String> {
    meta.config.check().map_err(|e| e.to_string())?;
    if meta.classes.is_empty() {
        return Err("classes is empty; it must have at least one name".into());
    }
    let (optimizer, has_scalars) = (meta.config.optimizer, meta.schedule_free.is_some());
    if has_scalars != (optimizer == OptimizerName::ScheduleFree) {
        let is = if has_scalars { "there" } else { "missing" };
        return Err(format!("schedule_free is {is} with the optimizer {optimizer}"));
    }
    // Beyond 2^53 steps the bias corrections would be of another step.
    if meta.step > 1 << 53 {
        return Err(format!("step is {}; it must be at most 2^53", meta.step));
    }
    if let Some((best, epoch)) = meta.best
        && !((0.0..=1.0).contains(&best) && epoch >= 1)
    {
        return Err(format!(
            "best is {best} in epoch {epoch}; it must be a mean IoU of 0 to 1, in epoch 1 or later"
        ));
    }
    Ok(())
}

/// Refuses tensors with numbers that no training leaves, by name and place.
pub(crate) fn check_tensors(tensors: &[Tensor]) -> Result<(), String> {
    tensors.iter().try_for_each(check_tensor)
}

fn check_tensor(tensor: &Tensor) -> Result<(), String> {
    let Tensor { name, shape, values } = tensor;
    let count = shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
    if count != Some(values.len()) {
        return Err(format!("tensor {name} has {} values for shape {shape:?}", values.len()));
    }
    let least = if is_mean_of_squares(name) { 0.0 } else { f32::NEG_INFINITY };
    let sound = |x: f32| x.is_finite() && x >= least;
    // Two passes over integers, which compilers turn into vector instructions; the place is looked
    // for only when there is one. As integers, magnitudes have the order of the numbers, then
    // infinity, then NaN. A mean of squares may be -0.
    let largest = values.iter().fold(0, |most, x| most.max(x.to_bits() & MAGNITUDE));
    let finite = largest < f32::INFINITY.to_bits();
    if finite && (least < 0.0 || values.iter().all(|&x| x >= 0.0)) {
        return Ok(());
    }
    let index = values.iter().position(|&x| !sound(x)).unwrap_or(0);
    let (value, why) = match values[index] {
        x if x.is_nan() => ("NaN".into(), ""),
        x if x.is_infinite() => (if x > 0.0 { "infinity" } else { "-infinity" }.into(), ""),
        x => (format!("{x:e}"), ", and a mean of squares is never below 0"),
    };
    Err(format!("tensor {name} holds {value} at index {index}{why}"))
}

/// All bits of an f32 but its sign.
const MAGNITUDE: u32 = u32::MAX >> 1;

/// Adam's second moments, and running variances.
fn is_mean_of_squares(name: &str) -> bool {
    name.starts_with("exp_avg_sq.") || name.ends_with(".var")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(name: &str, values: &[f32]) -> Result<(), String> {
        let shape = vec![values.len()];
        check_tensors(&[Tensor { name: name.into(), shape, values: values.to_vec() }])
    }

    #[test]
    fn the_first_number_that_cannot_be_is_named_with_its_place() {
        for (value, word) in [
            (f32::NAN, "NaN"),
            (-f32::NAN, "NaN"),
            (f32::INFINITY, "infinity"),
            (f32::NEG_INFINITY, "-infinity"),
        ] {
            for name in ["w", "exp_avg.w", "exp_avg_sq.w", "norm.mean", "norm.var", "average.w"] {
                let message = says(name, &[1.0, 0.0, value, value]).expect_err(word);
                assert_eq!(message, format!("tensor {name} holds {word} at index 2"));
            }
        }
    }

    #[test]
    fn a_mean_of_squares_is_never_below_zero_and_everything_else_may_be() {
        for name in ["exp_avg_sq.w", "norm.var", "average.norm.var"] {
            let message = says(name, &[0.5, -1e-30]).expect_err("below 0");
            assert!(message.starts_with(&format!("tensor {name} holds -1e-30 at index 1")));
            says(name, &[0.0, -0.0, 1e-45, f32::MAX]).expect("0 of either sign");
        }
        for name in ["w", "exp_avg.w", "norm.mean", "average.norm.mean", "var.weight"] {
            says(name, &[-1.0, f32::MIN, f32::MAX, -1e-45]).expect(name);
        }
    }

    #[test]
    fn values_that_do_not_fill_their_shape_are_refused_also_when_the_product_overflows() {
        for shape in [vec![2, 2], vec![], vec![usize::MAX, 2], vec![0, 3]] {
            let tensor = Tensor { name: "w".into(), shape, values: vec![0.0; 3] };
            assert!(check_tensors(&[tensor]).expect_err("3 values").contains("has 3 values"));
        }
        let scalar = Tensor { name: "w".into(), shape: vec![], values: vec![0.0] };
        check_tensors(&[scalar]).expect("one value without axes");
    }
}
