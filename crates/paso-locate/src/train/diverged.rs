//! Numbers that are not finite: where they began.

use super::Trainer;
use super::batch::Batch;
use crate::Error;

impl Trainer {
    /// Where a step went wrong: the first layer of the forward pass whose numbers are not finite,
    /// or, where they all are, the last one whose gradient is not: gradients go from the end to the
    /// beginning.
    pub(super) fn diverged(&self, step: u64, lr: f64) -> Error {
        let (net, params) = (&self.model.net, &self.model.params);
        let Batch { images, boxes, classes, .. } = &self.batch;
        let inputs = [(net.image, &images[..]), (net.target, boxes), (net.class, classes)];
        let gradient_of = || {
            let broken = |t: &&paso_tape::ParamInfo| {
                self.gradient[t.range.clone()].iter().any(|g| !g.is_finite())
            };
            if let Some(tensor) = params.tensors().iter().rfind(broken) {
                return format!("the gradient of {}", tensor.name);
            }
            let squared = |t: &&paso_tape::ParamInfo| {
                self.gradient[t.range.clone()].iter().any(|g| !(g * g).is_finite())
            };
            let tensor = params.tensors().iter().rfind(squared);
            tensor.map_or_else(
                || "the loss".into(),
                |t| format!("the gradient's square of {}", t.name),
            )
        };
        let place = net.tape.first_non_finite(params, &inputs).unwrap_or_else(gradient_of);
        Error::Diverged { step, lr, place }
    }

    /// Refuses to go on from numbers that are not finite: of the net, or of what it says about the
    /// validation images.
    pub(crate) fn check_finite(&self, val_loss: f64) -> Result<(), Error> {
        let params = &self.model.params;
        let broken = |t: &&paso_tape::ParamInfo| {
            let arena = if t.kind.is_some() { params.values() } else { params.buffers() };
            arena[t.range.clone()].iter().any(|x| !x.is_finite())
        };
        let tensor = params.tensors().iter().chain(params.statistics()).find(broken);
        let place = match tensor {
            Some(tensor) => tensor.name.clone(),
            None if val_loss.is_finite() => return Ok(()),
            None => "the loss of the validation images".into(),
        };
        let step = self.steps().saturating_sub(1);
        Err(Error::Diverged { step, lr: self.lr(step), place })
    }
}
