//! Invariant: a step allocates nothing.

use paso_adam::{
    Adam, AdamConfig, AdamGroup, AmsGrad, Clip, Gradient, Nesterov, NonFinite, Param, ParamMut,
    Rule, ScheduleFree, StepOptions,
};

/// Allocations of `f` in this thread.
fn allocations(f: impl FnOnce()) -> u64 {
    allocation_counter::measure(f).count_total
}

#[test]
fn a_step_allocates_nothing() {
    let adam = Adam::new(AdamConfig::default()).unwrap();
    let mut group = AdamGroup::new(adam, [1000, 3]);
    let (mut a, mut b) = (vec![1.0_f32; 1000], vec![1.0_f32; 3]);
    let (da, db) = (vec![0.1_f32; 1000], vec![0.1_f32; 3]);
    let count = allocations(|| {
        for _ in 0..100 {
            group.step(1e-3, [(&mut a[..], &da[..]), (&mut b[..], &db[..])]);
        }
    });
    assert_eq!(count, 0, "allocations in 100 steps");
}

#[test]
fn no_rule_and_no_option_of_a_step_allocates() {
    let rule = |rule| AdamConfig { rule, ..AdamConfig::torch_adamw() };
    for config in [
        rule(Rule::AmsGrad(AmsGrad::Raw)),
        rule(Rule::NAdam(Nesterov::Warming { decay: 0.004 })),
        rule(Rule::RAdam),
        rule(Rule::Adamax),
        rule(Rule::ScheduleFree(ScheduleFree::default())),
        AdamConfig::adabelief(),
        AdamConfig::lion(),
        AdamConfig::adopt(),
        AdamConfig::lamb(),
        AdamConfig { cautious: true, ..AdamConfig::default() },
    ] {
        let adam = Adam::new(config).unwrap();
        let params = [Param::new("w", 100), Param { lr_scale: 0.5, ..Param::new("b", 3) }];
        let mut group = AdamGroup::with_params(adam, params).unwrap();
        let (mut w, mut g, mut average) = (vec![1.0; 103], vec![0.1; 103], vec![1.0; 103]);
        for clip in [Clip::None, Clip::Value(0.1), Clip::TensorNorm(0.1), Clip::global_norm(0.1)] {
            let options = StepOptions {
                clip,
                non_finite: NonFinite::Skip,
                audit: true,
                ..StepOptions::default()
            };
            let count = allocations(|| {
                let (w0, w1) = w.split_at_mut(100);
                let (g0, g1) = g.split_at_mut(100);
                let (a0, a1) = average.split_at_mut(100);
                let tensor = |weights, gradient, average| ParamMut {
                    weights,
                    gradient: Gradient::Zero(gradient),
                    average,
                };
                let tensors = [tensor(w0, g0, a0), tensor(w1, g1, a1)];
                assert!(group.step_with(1e-3, &options, tensors).unwrap().taken, "not taken");
            });
            assert_eq!(count, 0, "allocations with {config:?} and {clip:?}");
        }
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![0_u8; 10]))), 1, "one vector");
}

#[cfg(feature = "rayon")]
#[test]
fn a_step_on_threads_allocates_nothing_in_the_threads_that_take_it() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let mut group = AdamGroup::new(Adam::new(AdamConfig::default()).unwrap(), [300_000]);
    let (mut w, g) = (vec![1.0_f32; 300_000], vec![0.1_f32; 300_000]);
    pool.install(|| {
        group.par_step(1e-3, [(&mut w[..], &g[..])]); // the pool's own queues grow once
        let count = allocations(|| {
            for _ in 0..100 {
                group.par_step(1e-3, [(&mut w[..], &g[..])]);
            }
        });
        assert_eq!(count, 0, "allocations in 100 steps");
    });
}
