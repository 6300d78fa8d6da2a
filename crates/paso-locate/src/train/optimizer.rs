//! The optimizer of a run, over the net's tensors and over those of a body that was trained before.
//!
//! Two groups, because they count their own steps: a body that is unfrozen after some steps begins
//! with the bias corrections of its own first step then, as PyTorch's parameters without a gradient
//! do.
//!
//! What differs between tensors is in [`Param`]: biases and norms do not decay, and the body's
//! learning rate is a share of the net's. Clipping is over both groups, as `clip_grad_norm_` of all
//! parameters is: clipping each by itself would change the direction of the step.

use crate::{Error, OptimizerName, TrainConfig};
use paso_adam::{
    Adam, AdamConfig, AdamGroup, ClipNorm, Param, Rule, Scalars, ScheduleFree, StepAudit,
    StepOptions, WeightDecay, grad_norm,
};
use paso_tape::{Kind, Params};

/// The optimizer of the settings, without decay of biases and norms.
#[derive(Debug, Clone)]
pub(crate) struct Optimizer {
    name: OptimizerName,
    /// The tensors of the body, the first in the arena; without any where the whole net is fresh.
    body: AdamGroup,
    rest: AdamGroup,
    /// Values of the arena that belong to the body.
    split: usize,
    /// Steps that the body stays as it is.
    frozen: u64,
    clip: Option<ClipNorm>,
}

/// What one update needs: the values of the arena and their gradient.
type Arena<'a> = (&'a mut [f32], &'a [f32]);

impl Optimizer {
    /// Before the first step. The first `split` values are the body, which is unfrozen after so
    /// many steps.
    pub(crate) fn new(
        config: &TrainConfig,
        params: &Params,
        split: usize,
        frozen: u64,
    ) -> Result<Self, Error> {
        let name = config.optimizer;
        let constant = name == OptimizerName::AdamWConstantDecay;
        let decay = if constant {
            WeightDecay::Constant(config.lr * config.weight_decay)
        } else {
            WeightDecay::Decoupled(config.weight_decay)
        };
        let rule = match name {
            OptimizerName::ScheduleFree => Rule::ScheduleFree(ScheduleFree::default()),
            OptimizerName::AdamW | OptimizerName::AdamWConstantDecay => Rule::Adam,
        };
        let adam = Adam::new(AdamConfig { decay, rule, ..AdamConfig::default() })?;
        let group = |is_body: bool| {
            let mine = params.tensors().iter().filter(|t| (t.range.start < split) == is_body);
            let lr_scale = if is_body { config.body_rate } else { 1.0 };
            // Other decay follows the learning rate of the tensor by itself.
            let decay_scale = if constant { lr_scale } else { 1.0 };
            let param = |t: &paso_tape::ParamInfo| Param {
                decay_scale: if t.kind == Some(Kind::Weight) { decay_scale } else { 0.0 },
                lr_scale,
                ..Param::new(&t.name, t.range.len())
            };
            AdamGroup::with_params(adam, mine.map(param))
        };
        let (body, rest) = (group(true)?, group(false)?);
        let clip = config.clip_norm.map(ClipNorm::new);
        Ok(Self { name, body, rest, split, frozen, clip })
    }

    /// How it updates.
    pub(crate) fn name(&self) -> OptimizerName {
        self.name
    }

    /// The weights to evaluate, from those that are trained: different ones under
    /// [`OptimizerName::ScheduleFree`] only.
    pub(crate) fn evaluated(&self, values: &mut [f32]) -> Vec<f32> {
        let (body, rest) = values.split_at_mut(self.split);
        let all = |tensors: &[&mut [f32]]| -> Vec<f32> {
            tensors.iter().flat_map(|t| t.to_vec()).collect()
        };
        let mut evaluated = self.body.evaluate(tensors(&self.body, body), all);
        evaluated.extend(self.rest.evaluate(tensors(&self.rest, rest), all));
        evaluated
    }

    /// Continues after `steps` steps with these moments, each in the layout of the parameters, and
    /// with the scalars of [`Optimizer::scalars`].
    pub(crate) fn load(
        &mut self,
        steps: u64,
        moments: &[Vec<f32>],
        scalars: Option<[Scalars; 2]>,
    ) -> Result<(), Error> {
        let own = steps.saturating_sub(self.frozen);
        let (body, rest): (Vec<_>, Vec<_>) = moments.iter().map(|m| m.split_at(self.split)).unzip();
        let [of_body, of_rest] = scalars.unwrap_or_default();
        load(&mut self.body, own, &body, of_body)?;
        load(&mut self.rest, steps, &rest, of_rest)
    }

    /// What [`OptimizerName::ScheduleFree`] keeps in addition to its moments, of the body and of the
    /// rest: it depends on all learning rates so far. Others keep nothing.
    pub(crate) fn scalars(&self) -> Option<[Scalars; 2]> {
        let kept = [self.body.scalars(), self.rest.scalars()];
        (self.name == OptimizerName::ScheduleFree).then_some(kept)
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

    /// The L2 norm of a gradient over both groups. Finite exactly when all of its values are.
    pub(crate) fn norm(&self, gradient: &[f32]) -> f64 {
        grad_norm(self.rest.adam().isa(), [gradient], 2.0)
    }

    /// What a gradient of this norm is multiplied with, so that its norm is
    /// [`TrainConfig::clip_norm`] at most: 1 without a bound. Here and not in the groups, since the
    /// norm is that of both.
    pub(crate) fn clip(&self, norm: f64) -> f64 {
        self.clip.map_or(1.0, |clip| clip.factor(norm))
    }

    /// Takes a step with the gradient times `scale`; with an audit where one is wanted. Weights are
    /// decayed, biases and norms are not.
    pub(crate) fn step(
        &mut self,
        lr: f64,
        (values, gradient): Arena<'_>,
        scale: f64,
        audited: bool,
    ) -> Result<Option<StepAudit>, Error> {
        let frozen = self.is_frozen();
        let (body, rest) = values.split_at_mut(self.split);
        let (d_body, d_rest) = gradient.split_at(self.split);
        let options = StepOptions { unscale: scale, audit: audited, ..StepOptions::default() };
        let audit = self.rest.par_step_flat(lr, &options, rest, d_rest)?.audit;
        if frozen || self.split == 0 {
            return Ok(audit);
        }
        let of_body = self.body.par_step_flat(lr, &options, body, d_body)?.audit;
        Ok(audit.zip(of_body).map(|(a, b)| a.merge(&b)))
    }
}

/// The tensors of a group, which lie one after the other.
fn tensors<'v>(group: &AdamGroup, mut values: &'v mut [f32]) -> Vec<&'v mut [f32]> {
    let cut = |&len: &usize| {
        let (mine, others) = std::mem::take(&mut values).split_at_mut(len);
        values = others;
        mine
    };
    group.lens().iter().map(cut).collect()
}

fn load(
    group: &mut AdamGroup,
    steps: u64,
    moments: &[&[f32]],
    scalars: Scalars,
) -> Result<(), Error> {
    let mut state = group.state();
    (state.step, state.scalars) = (steps, scalars);
    for (moment, values) in state.moments.iter_mut().zip(moments) {
        moment.values = values.to_vec();
    }
    Ok(group.restore(state)?)
}

#[cfg(test)]
mod tests {
    use crate::data::{PrepareOptions, Prepared, Split};
    use crate::demo::{self, DemoOptions};
    use crate::{NetName, OptimizerName, TrainConfig, Trainer};
    use paso_tape::Kind;
    use std::path::Path;
    use std::sync::Arc;

    /// A run of 8 steps, the first 4 with a frozen body.
    fn run(clip_norm: Option<f64>) -> Trainer {
        run_with(OptimizerName::AdamW, clip_norm)
    }

    fn run_with(optimizer: OptimizerName, clip_norm: Option<f64>) -> Trainer {
        let dataset = demo::dataset(&DemoOptions { train: 8, val: 1, seed: 1 }).expect("scenes");
        let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
        let images = Prepared::new(&dataset, &dataset.indices(Split::Train), &options);
        let config = TrainConfig {
            net: NetName::Squeezenet,
            size: 32,
            batch: 4,
            steps: Some(8),
            frozen: 0.5,
            optimizer,
            clip_norm,
            ..TrainConfig::default()
        };
        Trainer::new(&config, dataset.classes, Arc::new(images.expect("images").0)).expect("a run")
    }

    fn steps(run: &mut Trainer, count: usize) {
        (0..count).for_each(|_| assert!(run.step().expect("a step").loss.is_finite()));
    }

    /// The values of the body, and all others.
    fn parts(run: &Trainer) -> (Vec<f32>, Vec<f32>) {
        let length = run.model().net.body.expect("a body").params;
        let (body, rest) = run.model().params.values().split_at(length);
        (body.to_vec(), rest.to_vec())
    }

    #[test]
    fn a_long_gradient_is_clipped_over_the_whole_net_and_a_short_one_is_left() {
        let gradient: Vec<f32> = (0..37).map(|i| if i % 2 == 0 { 3.0 } else { -4.0 }).collect();
        // A bound that is never reached changes no bit; one that is reached changes the run, and
        // says what it clipped.
        let (mut free, mut loose, mut tight) = (run(None), run(Some(1e6)), run(Some(1e-3)));
        let optimizer = free.optimizer();
        let length = optimizer.norm(&gradient);
        assert!((length - (19.0_f64 * 9.0 + 18.0 * 16.0).sqrt()).abs() < 1e-12, "{length}");
        assert!(!optimizer.norm(&[1.0, f32::NAN]).is_finite());
        assert!(optimizer.norm(&[f32::MAX; 40]).is_finite(), "no square overflows");
        assert_eq!([&free, &loose].map(|run| run.optimizer().clip(length)), [1.0, 1.0]);
        assert!((tight.optimizer().clip(length) * length - 1e-3).abs() < 1e-9);

        for step in 0..6 {
            let reports = [&mut free, &mut loose, &mut tight].map(|r| r.step().expect("a step"));
            assert_eq!(reports[0], reports[1], "step {step}");
            assert!(reports.iter().all(|r| r.gradient_norm > 1e-3), "{reports:?}");
        }
        assert_eq!(free.model().params.values(), loose.model().params.values());
        assert_ne!(free.model().params.values(), tight.model().params.values());
        let moment = |run: &Trainer| run.optimizer().norm(&run.optimizer().moments()[0].1);
        assert!(moment(&tight) <= 1e-3, "the norm over both groups: {}", moment(&tight));
    }

    #[test]
    fn every_optimizer_branches_with_the_same_bits() {
        for optimizer in OptimizerName::ALL {
            let mut run = run_with(optimizer, None);
            steps(&mut run, 5);
            let mut branch = run.branch(run.model().config().seed).expect("a branch");
            steps(&mut run, 2);
            steps(&mut branch, 2);
            assert_eq!(parts(&run), parts(&branch), "{optimizer}");
        }
    }

    #[test]
    fn the_decay_that_no_schedule_scales_is_that_of_the_highest_rate() {
        // At a learning rate of 0 nothing moves but by decay: weights shrink, biases and norms
        // stay.
        let mut run = run_with(OptimizerName::AdamWConstantDecay, None);
        steps(&mut run, 5);
        let before = run.model().params.values().to_vec();
        run.step_at_rate(0.0).expect("a step");
        let config = run.model().config();
        let length = run.model().net.body.expect("a body").params;
        for tensor in run.model().params.tensors() {
            let share = if tensor.range.start < length { config.body_rate } else { 1.0 };
            let decays = if tensor.kind == Some(Kind::Weight) { 1.0 } else { 0.0 };
            let keep = 1.0 - decays * share * config.lr * config.weight_decay;
            let after = &run.model().params.values()[tensor.range.clone()];
            for (a, b) in after.iter().zip(&before[tensor.range.clone()]) {
                let difference = (f64::from(*a) - keep * f64::from(*b)).abs();
                assert!(difference <= 1.2e-7 * f64::from(b.abs()), "{}: {a} {b}", tensor.name);
            }
        }
    }

    #[test]
    fn schedule_free_is_evaluated_by_its_average_and_goes_on_from_where_it_was() {
        let mut run = run_with(OptimizerName::ScheduleFree, None);
        steps(&mut run, 7);
        let before = (parts(&run), run.model().params.buffers().to_vec());
        let data = Arc::clone(&run.data);
        let evaluated = run.evaluate(&data).expect("images").loss;
        assert_eq!((parts(&run), run.model().params.buffers().to_vec()), before);
        let as_trained = run.model.evaluate(&data).expect("images").loss;
        assert!(evaluated.is_finite() && evaluated != as_trained, "{evaluated} {as_trained}");
    }

    #[test]
    fn a_body_stays_until_it_is_unfrozen() {
        let mut run = run(None);
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
        let kept = |run: &mut Trainer| run.checkpoint(None).expect("in memory");
        for optimizer in OptimizerName::ALL {
            let mut whole = run_with(optimizer, None);
            steps(&mut whole, 8);
            for stop in [2, 4, 6] {
                let mut first = run_with(optimizer, None);
                steps(&mut first, stop);
                let (meta, tensors) = kept(&mut first);
                let data = Arc::clone(&first.data);
                let resumed = Trainer::resume(Path::new("x"), &meta, &tensors, data);
                let mut resumed = resumed.expect("it goes on");
                assert_eq!(kept(&mut resumed), (meta, tensors), "{optimizer} after {stop}");
                steps(&mut resumed, 8 - stop);
                assert_eq!(kept(&mut resumed), kept(&mut whole), "{optimizer} after {stop}");
            }
        }
    }
}
