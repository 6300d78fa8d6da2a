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

#[cfg(test)]
mod tests {
    use crate::data::{PrepareOptions, Prepared, Split};
    use crate::demo::{self, DemoOptions};
    use crate::{NetName, TrainConfig, Trainer};
    use std::path::Path;
    use std::sync::Arc;

    /// A run of 8 steps, the first 4 with a frozen body.
    fn run() -> Trainer {
        let dataset = demo::dataset(&DemoOptions { train: 8, val: 1, seed: 1 }).expect("scenes");
        let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
        let images = Prepared::new(&dataset, &dataset.indices(Split::Train), &options);
        let config = TrainConfig {
            net: NetName::Squeezenet,
            size: 32,
            batch: 4,
            steps: Some(8),
            frozen: 0.5,
            ..TrainConfig::default()
        };
        Trainer::new(&config, dataset.classes, Arc::new(images.expect("images").0)).expect("a run")
    }

    fn steps(run: &mut Trainer, count: usize) {
        (0..count).for_each(|_| assert!(run.step().expect("a step").loss.is_finite()));
    }

    /// The numbers of the body, and all others.
    fn parts(run: &Trainer) -> (Vec<f32>, Vec<f32>) {
        let (_, length) = run.model().net.body.expect("a body");
        let (body, rest) = run.model().params.values().split_at(length);
        (body.to_vec(), rest.to_vec())
    }

    #[test]
    fn a_body_stays_until_it_is_let_go() {
        let mut run = run();
        let start = parts(&run);
        steps(&mut run, 4);
        let frozen = parts(&run);
        assert_eq!(frozen.0, start.0, "not even its decay");
        assert_ne!(frozen.1, start.1);
        steps(&mut run, 1);
        let free = parts(&run);
        let moved =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // Its first step is as long as any first step, by its share of the rate.
        let expected = run.lr(4) * run.model().config().body_rate;
        let longest = f64::from(moved(&free.0, &frozen.0));
        assert!((0.9..1.2).contains(&(longest / expected)), "{longest} instead of {expected}");
    }

    #[test]
    fn a_run_that_stops_before_or_after_that_goes_on_with_the_same_bits() {
        let mut whole = run();
        steps(&mut whole, 8);
        for stop in [2, 4, 6] {
            let mut first = run();
            steps(&mut first, stop);
            let (meta, tensors) = first.checkpoint(None);
            let data = Arc::clone(&first.data);
            let resumed = Trainer::resume(Path::new("x"), &meta, &tensors, data);
            let mut resumed = resumed.expect("it goes on");
            steps(&mut resumed, 8 - stop);
            assert_eq!(resumed.checkpoint(None), whole.checkpoint(None), "stopped after {stop}");
        }
    }
}
