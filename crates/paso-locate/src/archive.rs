//! Between one flat arena and the named tensors of a file.
//!
//! Weights, gradients and moments all have the layout of the parameters, so one list of names
//! serves them all; a prefix says which of them a tensor belongs to.
//!
//! A file is read by names and never by order: a net whose layers were recorded in another order
//! reads its old checkpoints. A tensor that is missing or has another shape is named with both
//! shapes.

use crate::Error;
use crate::checkpoint::Tensor;
use paso_tape::Params;
use std::collections::BTreeMap;
use std::path::Path;

/// `values`, which has the layout of the parameters, as tensors named `PREFIX` + name.
pub(crate) fn trained(params: &Params, prefix: &str, values: &[f32]) -> Vec<Tensor> {
    cut(params.tensors(), prefix, values)
}

/// Parameters and running statistics of a net as tensors named `PREFIX` + name.
pub(crate) fn model(params: &Params, prefix: &str, values: &[f32], buffers: &[f32]) -> Vec<Tensor> {
    let mut tensors = trained(params, prefix, values);
    tensors.extend(cut(params.statistics(), prefix, buffers));
    tensors
}

fn cut(layout: &[paso_tape::ParamInfo], prefix: &str, values: &[f32]) -> Vec<Tensor> {
    let tensor = |t: &paso_tape::ParamInfo| Tensor {
        name: format!("{prefix}{}", t.name),
        shape: t.shape.clone(),
        values: values[t.range.clone()].to_vec(),
    };
    layout.iter().map(tensor).collect()
}

/// The tensors of a file by their names.
#[derive(Debug)]
pub(crate) struct Archive<'a> {
    path: &'a Path,
    tensors: BTreeMap<&'a str, &'a Tensor>,
}

impl<'a> Archive<'a> {
    pub(crate) fn new(path: &'a Path, tensors: &'a [Tensor]) -> Self {
        Self { path, tensors: tensors.iter().map(|t| (t.name.as_str(), t)).collect() }
    }

    /// An arena in the layout of the parameters, from the tensors with this prefix.
    ///
    /// # Errors
    /// When a tensor is missing or has another shape: its name and both shapes.
    pub(crate) fn trained(&self, params: &Params, prefix: &str) -> Result<Vec<f32>, Error> {
        self.join(params.tensors(), prefix)
    }

    /// The same for the running statistics.
    pub(crate) fn statistics(&self, params: &Params, prefix: &str) -> Result<Vec<f32>, Error> {
        self.join(params.statistics(), prefix)
    }

    fn join(&self, layout: &[paso_tape::ParamInfo], prefix: &str) -> Result<Vec<f32>, Error> {
        let mut arena = vec![0.0; layout.last().map_or(0, |t| t.range.end)];
        for t in layout {
            let name = format!("{prefix}{}", t.name);
            let wrong = |what: String| Error::Checkpoint { path: self.path.to_owned(), what };
            let found = self
                .tensors
                .get(name.as_str())
                .ok_or_else(|| wrong(format!("tensor {name} is missing")))?;
            if found.shape != t.shape {
                return Err(wrong(format!(
                    "tensor {name} has shape {:?}; the net has {:?}",
                    found.shape, t.shape
                )));
            }
            arena[t.range.clone()].copy_from_slice(&found.values);
        }
        Ok(arena)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_tape::{Init, Kind};

    #[test]
    fn an_arena_survives_and_a_wrong_tensor_is_named() {
        let mut params = Params::new(3);
        params.add("a.weight", &[2, 3], Kind::Weight, Init::KaimingNormal { fan_in: 2 });
        params.add("a.bias", &[3], Kind::Bias, Init::Constant(1.0));
        let mut tensors = trained(&params, "exp_avg.", params.values());
        let path = Path::new("x.safetensors");
        assert_eq!(
            Archive::new(path, &tensors).trained(&params, "exp_avg.").expect("all are there"),
            params.values()
        );
        tensors[1].shape = vec![1, 3];
        let message = Archive::new(path, &tensors)
            .trained(&params, "exp_avg.")
            .expect_err("a wrong shape")
            .to_string();
        assert!(message.contains("exp_avg.a.bias has shape [1, 3]; the net has [3]"), "{message}");
        tensors.pop();
        let message = Archive::new(path, &tensors)
            .trained(&params, "exp_avg.")
            .expect_err("one is missing")
            .to_string();
        assert!(
            message.contains("x.safetensors") && message.contains("exp_avg.a.bias is missing"),
            "{message}"
        );
    }
}
