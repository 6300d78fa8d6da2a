//! Between one flat arena and the named tensors of a file.
//!
//! Weights, gradients and moments all have the layout of the parameters, so one list of names
//! serves them all; a prefix says which of them a tensor belongs to.
//!
//! A file is read by names and never by order: a net whose layers were recorded in another order
//! reads its old checkpoints. A tensor that is missing or has another shape is named with both
//! shapes, and so is one that the net does not have.
//!
//! Every loader goes through [`Archive`], and so does a run that is resumed from memory: its
//! numbers are looked at here, too.

use crate::checkpoint::{Tensor, check_tensors};
use crate::{Error, TrainConfig};
use paso_tape::Params;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// In front of the names of the trained weights, where averaged ones have the names of the net.
pub(crate) const TRAINED: &str = "trained.";

/// In front of the names of averaged weights in files of before, where the trained ones had the
/// names of the net.
const AVERAGE: &str = "average.";

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
    /// # Errors
    /// When a number is not finite, a mean of squares is below 0, or two tensors have one name.
    pub(crate) fn new(path: &'a Path, tensors: &'a [Tensor]) -> Result<Self, Error> {
        let wrong = |what: String| Error::Checkpoint { path: path.to_owned(), what };
        check_tensors(tensors).map_err(wrong)?;
        let mut by_name = BTreeMap::new();
        for tensor in tensors {
            if by_name.insert(tensor.name.as_str(), tensor).is_some() {
                return Err(wrong(format!("tensor {} is there twice", tensor.name)));
            }
        }
        Ok(Self { path, tensors: by_name })
    }

    /// What the names of the second net begin with, if a run with these settings keeps two:
    /// [`TRAINED`], or in files of before `average.`.
    pub(crate) fn second_net(&self, config: &TrainConfig) -> Option<&'static str> {
        let is_of_before = || self.tensors.keys().any(|name| name.starts_with(AVERAGE));
        let prefix = || if is_of_before() { AVERAGE } else { TRAINED };
        config.averages_weights().then(prefix)
    }

    /// Whether it holds the tensors of a checkpoint of this net and no others: the model, each of
    /// the optimizer's `moments`, and the model once more with the prefix `second`, if any.
    ///
    /// # Errors
    /// The first tensor that is missing, that has another shape, or that the net does not have.
    pub(crate) fn check_complete(
        &self,
        params: &Params,
        moments: &[&str],
        second: Option<&str>,
    ) -> Result<(), Error> {
        let models = std::iter::once("").chain(second).flat_map(|prefix| {
            let all = params.tensors().iter().chain(params.statistics());
            all.map(move |info| (format!("{prefix}{}", info.name), info))
        });
        let moments = moments.iter().flat_map(|moment| {
            params.tensors().iter().map(move |info| (format!("{moment}.{}", info.name), info))
        });
        let mut known = BTreeSet::new();
        for (name, info) in models.chain(moments) {
            self.find(&name, info)?;
            known.insert(name);
        }
        match self.tensors.keys().find(|&&name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => Err(self.wrong(format!(
                "tensor {name} is not one of the net's; the file is damaged or of another version"
            ))),
        }
    }

    fn wrong(&self, what: String) -> Error {
        Error::Checkpoint { path: self.path.to_owned(), what }
    }

    /// The tensor of this name, which has the shape that the net has for it.
    fn find(&self, name: &str, known: &paso_tape::ParamInfo) -> Result<&'a Tensor, Error> {
        let found = self.tensors.get(name).copied();
        let found = found.ok_or_else(|| self.wrong(format!("tensor {name} is missing")))?;
        if found.shape != known.shape {
            return Err(self.wrong(format!(
                "tensor {name} has shape {:?}; the net has {:?}",
                found.shape, known.shape
            )));
        }
        Ok(found)
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
            let found = self.find(&format!("{prefix}{}", t.name), t)?;
            arena[t.range.clone()].copy_from_slice(&found.values);
        }
        Ok(arena)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_tape::{Init, Kind};

    fn params() -> Params {
        let mut params = Params::new(3);
        params.add("a.weight", &[2, 3], Kind::Weight, Init::KaimingNormal { fan_in: 2 });
        params.add("a.bias", &[3], Kind::Bias, Init::Constant(1.0));
        params.add_buffer("a.norm.var", &[3], 1.0);
        params
    }

    fn refused<T: std::fmt::Debug>(result: Result<T, Error>, says: &str) {
        let message = result.expect_err(says).to_string();
        assert!(message.starts_with("x.safetensors: ") && message.contains(says), "{message}");
    }

    #[test]
    fn an_arena_survives_and_a_wrong_tensor_is_named() {
        let params = params();
        let mut tensors = trained(&params, "exp_avg.", params.values());
        let path = Path::new("x.safetensors");
        let read = |tensors: &[Tensor]| {
            Archive::new(path, tensors).and_then(|all| all.trained(&params, "exp_avg."))
        };
        assert_eq!(read(&tensors).expect("all are there"), params.values());
        tensors[1].shape = vec![1, 3];
        refused(read(&tensors), "exp_avg.a.bias has shape [1, 3]; the net has [3]");
        tensors.pop();
        refused(read(&tensors), "exp_avg.a.bias is missing");
        tensors.push(tensors[0].clone());
        refused(read(&tensors), "exp_avg.a.weight is there twice");
        tensors.pop();
        tensors[0].values[4] = f32::NAN;
        refused(read(&tensors), "exp_avg.a.weight holds NaN at index 4");
    }

    #[test]
    fn a_checkpoint_is_complete_with_moments_and_averages_and_nothing_more() {
        let params = params();
        let path = Path::new("x.safetensors");
        let model = |prefix| model(&params, prefix, params.values(), params.buffers());
        let moments = ["exp_avg", "exp_avg_sq"];
        let mut plain = model("");
        for moment in moments {
            plain.extend(trained(
                &params,
                &format!("{moment}."),
                &vec![0.5; params.values().len()],
            ));
        }
        let averaged = [plain.clone(), model(TRAINED)].concat();
        let check = |tensors: &[Tensor], two: bool| {
            let second = two.then_some(TRAINED);
            Archive::new(path, tensors)?.check_complete(&params, &moments, second)
        };
        check(&plain, false).expect("complete");
        check(&averaged, true).expect("complete");
        refused(check(&plain, true), "tensor trained.a.weight is missing");
        refused(check(&averaged, false), "tensor trained.a.bias is not one of the net's");
        for left_out in 0..averaged.len() {
            let mut less = averaged.clone();
            let name = less.remove(left_out).name;
            refused(check(&less, true), &format!("tensor {name} is missing"));
        }
        for renamed in 0..averaged.len() {
            let mut other = averaged.clone();
            other[renamed].name.push('x');
            assert!(check(&other, true).is_err(), "{}", averaged[renamed].name);
        }
    }
}
