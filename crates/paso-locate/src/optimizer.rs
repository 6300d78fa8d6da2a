//! The optimizer of a run: `AdamW` over the net's tensors, and over those of a body that was trained before.
//!
//! Two groups, because they count their own steps: a body that stays frozen at first begins with the bias corrections of
//! its own first step when it is let go, as PyTorch's parameters without a gradient do.

use crate::{Error, TrainConfig};
use paso_adam::{Adam, AdamConfig, AdamGroup, Audit, Decay, Param};
use paso_tape::{Kind, Params};

/// `AdamW` without decay of biases and norms.
#[derive(Debug)]
pub(crate) struct Optimizer {
    /// The tensors of the body, the first in the arena; without any where the whole net is fresh.
    body: AdamGroup,
    rest: AdamGroup,
    /// Numbers in the arena that belong to the body.
    split: usize,
    /// Steps that the body stays as it is.
    frozen: u64,
}

/// What one update needs: the numbers of the arena and their gradient.
type Arena<'a> = (&'a mut [f32], &'a [f32]);

impl Optimizer {
    /// Before the first step. The first `split` numbers are the body, which stays frozen for so many steps.
    pub(crate) fn new(
        config: &TrainConfig,
        params: &Params,
        split: usize,
        frozen: u64,
    ) -> Result<Self, Error> {
        let adam = Adam::new(AdamConfig {
            decay: Decay::Decoupled(config.weight_decay),
            ..AdamConfig::default()
        })?;
        let group = |is_body: bool| {
            let mine = params.tensors().iter().filter(|t| (t.range.start < split) == is_body);
            let param = |t: &paso_tape::Tensor| Param {
                decay_scale: if t.kind == Some(Kind::Weight) { 1.0 } else { 0.0 },
                rate_scale: if is_body { config.body_rate } else { 1.0 },
                ..Param::new(&t.name, t.range.len())
            };
            AdamGroup::with_params(adam, mine.map(param))
        };
        Ok(Self { body: group(true)?, rest: group(false)?, split, frozen })
    }

    /// Goes on after `steps` steps with these moments, each in the layout of the parameters.
    pub(crate) fn load(&mut self, steps: u64, moments: &[Vec<f32>]) -> Result<(), Error> {
        let own = steps.saturating_sub(self.frozen);
        let (body, rest): (Vec<_>, Vec<_>) = moments.iter().map(|m| m.split_at(self.split)).unzip();
        load(&mut self.body, own, &body)?;
        load(&mut self.rest, steps, &rest)
    }

    /// The moments' names and values in the layout of the parameters.
    pub(crate) fn moments(&self) -> Vec<(String, Vec<f32>)> {
        let both = self.body.state().moments.into_iter().zip(self.rest.state().moments);
        both.map(|(body, rest)| (rest.name, [body.values, rest.values].concat())).collect()
    }

    /// Steps done.
    pub(crate) fn steps(&self) -> u64 {
        self.rest.steps()
    }

    /// Steps that the body has made: its own share of [`steps`](Self::steps).
    pub(crate) fn body_steps(&self) -> u64 {
        self.steps().saturating_sub(self.frozen)
    }

    /// Whether the next step leaves the body alone.
    pub(crate) fn is_frozen(&self) -> bool {
        self.split > 0 && self.steps() < self.frozen
    }

    /// Adam's settings.
    pub(crate) fn config(&self) -> &AdamConfig {
        self.rest.adam().config()
    }

    /// Takes a step; with an audit where one is wanted. Weights are decayed, biases and norms are not.
    pub(crate) fn step(
        &mut self,
        lr: f64,
        (values, gradient): Arena<'_>,
        audited: bool,
    ) -> Option<Audit> {
        let frozen = self.is_frozen();
        let (body, rest) = values.split_at_mut(self.split);
        let (d_body, d_rest) = gradient.split_at(self.split);
        let seen = update(&mut self.rest, lr, (rest, d_rest), audited);
        if frozen || self.split == 0 {
            return seen;
        }
        let of_body = update(&mut self.body, lr, (body, d_body), audited);
        seen.zip(of_body).map(|(a, b)| a.merge(&b))
    }
}

fn load(group: &mut AdamGroup, steps: u64, moments: &[&[f32]]) -> Result<(), Error> {
    let mut state = group.state();
    state.step = steps;
    for (moment, values) in state.moments.iter_mut().zip(moments) {
        moment.values = values.to_vec();
    }
    Ok(group.load(state)?)
}

/// One step of one group, whose tensors lie one after the other.
fn update(
    group: &mut AdamGroup,
    lr: f64,
    (mut values, mut gradient): Arena<'_>,
    audited: bool,
) -> Option<Audit> {
    let mut tensors = Vec::with_capacity(group.lens().len());
    for &len in group.lens() {
        let (mine, others) = values.split_at_mut(len);
        let (d_mine, d_others) = gradient.split_at(len);
        tensors.push((mine, d_mine));
        (values, gradient) = (others, d_others);
    }
    if audited {
        return Some(group.par_step_audited(lr, tensors));
    }
    group.par_step(lr, tensors);
    None
}
