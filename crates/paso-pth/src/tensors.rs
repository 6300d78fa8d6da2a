//! From views of storages to tensors in the order of their shapes.

use crate::container::Saved;
use crate::value::{Numbers, Value, View};
use crate::{Error, Tensor};
use half::{bf16, f16};

/// Dictionaries in dictionaries: deeper is no file of weights.
const DEEPEST: usize = 16;

/// Every tensor of floating-point numbers.
pub(crate) fn of(saved: &Saved<'_>) -> Result<Vec<Tensor>, Error> {
    if let Value::View(view) = &saved.value {
        return Ok(vec![tensor(saved, String::new(), view)?]);
    }
    let mut tensors = Vec::new();
    // Tensors may share a storage, so that a short file could ask for any number of copies.
    let (mut copied, most) = (0_usize, saved.length.saturating_mul(4));
    // Names of dictionaries in dictionaries are joined: with one long one, a short file could ask for
    // any number of bytes.
    let mut left = saved.length.saturating_mul(16);
    within(&saved.value, "", DEEPEST, &mut left, &mut |name, view| {
        if matches!(view.storage.numbers, Numbers::Whole(_)) {
            return Ok(());
        }
        let tensor = tensor(saved, name.to_owned(), view)?;
        copied = copied.saturating_add(tensor.values.len());
        if copied > most {
            return Err(Error::damaged("its tensors have many more numbers than the file"));
        }
        tensors.push(tensor);
        Ok(())
    })?;
    if tensors.is_empty() {
        return Err(Error::not_torch("there is no tensor in it"));
    }
    Ok(tensors)
}

/// Visits the tensors of nested dictionaries with their names. `left` is what the names may still
/// have together, in bytes.
fn within(
    value: &Value,
    name: &str,
    depth: usize,
    left: &mut usize,
    visit: &mut dyn FnMut(&str, &View) -> Result<(), Error>,
) -> Result<(), Error> {
    let too_many = || Error::damaged("names in dictionaries are too deep, too long or too many");
    *left = left.checked_sub(1 + name.len()).ok_or_else(too_many)?;
    if depth == 0 {
        return Err(too_many());
    }
    match value {
        Value::View(view) => visit(name, view),
        Value::Dict(entries) => {
            for (key, value) in entries.items.borrow().iter() {
                let key = match key {
                    Value::Text(key) => key.to_string(),
                    Value::Int(key) => key.to_string(),
                    _ => continue,
                };
                let name = if name.is_empty() { key } else { format!("{name}.{key}") };
                within(value, &name, depth - 1, left, visit)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn tensor(saved: &Saved<'_>, name: String, view: &View) -> Result<Tensor, Error> {
    let bytes = saved.bytes(&view.storage)?;
    let places = places(view)
        .ok_or_else(|| Error::damaged(format!("tensor {name} reaches beyond its storage")))?;
    let size = view.storage.numbers.bytes();
    let number = |place: usize| number(view.storage.numbers, &bytes[place * size..][..size]);
    Ok(Tensor { name, shape: view.shape.clone(), values: places.into_iter().map(number).collect() })
}

/// Where the numbers of a view are in its storage, in the order of its shape. `None` when one is
/// outside, or they are more than the storage has.
fn places(view: &View) -> Option<Vec<usize>> {
    let count = view.shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size))?;
    if count == 0 {
        return Some(Vec::new());
    }
    if count > view.storage.count {
        return None;
    }
    let mut places = vec![view.offset];
    for (&size, &stride) in view.shape.iter().zip(&view.strides) {
        let mut wider = Vec::with_capacity(places.len().checked_mul(size)?.min(count));
        for place in places {
            for i in 0..size {
                wider.push(place.checked_add(i.checked_mul(stride)?)?);
            }
        }
        places = wider;
    }
    places.iter().all(|place| *place < view.storage.count).then_some(places)
}

#[expect(clippy::cast_possible_truncation, reason = "f64 is rounded to f32")]
fn number(numbers: Numbers, bytes: &[u8]) -> f32 {
    match (numbers, bytes) {
        (Numbers::F16, &[a, b]) => f16::from_le_bytes([a, b]).to_f32(),
        (Numbers::Bf16, &[a, b]) => bf16::from_le_bytes([a, b]).to_f32(),
        (Numbers::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
        (Numbers::F64, &[a, b, c, d, e, f, g, h]) => {
            f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32
        }
        // Whole numbers are left out before.
        _ => f32::NAN,
    }
}
