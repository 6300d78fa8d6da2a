//! Programs that print JSON objects, one a line.
//!
//! The protocol is as small as can be: other keys are ignored, so that programs of older commits,
//! which print fewer, can still be measured. Several lines of one run are one figure: their
//! geometric mean. A change by some percent of one line then counts the same whether that line is
//! large or small, and the ratio of two means is the mean of the ratios.

use serde_json::Value;

/// The geometric mean of the key over all lines.
///
/// Blank lines are left out; every other line must be JSON and have the key.
///
/// # Errors
/// When there is no line, or one has no finite number above 0 under the key.
pub fn figure(text: &str, key: &str) -> Result<f64, String> {
    let mut values = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let json: Value =
            serde_json::from_str(line).map_err(|e| format!("no JSON: {line}: {e}"))?;
        let value = json.get(key).and_then(Value::as_f64);
        let value = value.filter(|value| *value > 0.0 && value.is_finite());
        values.push(value.ok_or_else(|| format!("no `{key}` above 0 in: {line}"))?);
    }
    match values[..] {
        [] => Err("printed nothing; each line should be a JSON object".into()),
        [one] => Ok(one),
        _ => Ok((values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_is_found_or_missed_with_a_reason() {
        let one = figure("{\"isa\":\"avx2\",\"x\":3.1}\n", "x").expect("a line with the key");
        assert!((one - 3.1).abs() < 1e-12, "{one}");
        let two = figure("{\"x\":2.0}\n{\"x\":8.0}\n", "x").expect("two lines");
        assert!((two - 4.0).abs() < 1e-12, "the geometric mean is 4, not {two}");
        for (text, reason) in [
            ("", "printed nothing"),
            ("{\"y\":1}", "no `x` above 0"),
            ("{\"x\":0}", "no `x` above 0"),
            ("x = 3", "no JSON"),
        ] {
            let error = figure(text, "x").expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
