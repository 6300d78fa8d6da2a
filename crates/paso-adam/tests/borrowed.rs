//! A step over moments that the caller keeps has the bits of one over the group's own, for every
//! rule and with every option.

use paso_adam::{
    Adam, AdamConfig, AdamGroup, BorrowedGroup, Clip, Error, NonFinite, Rule, Scalars, StateMut,
    StepOptions,
};

const LENS: [usize; 3] = [5, 1, 40];

fn gradient(step: usize) -> Vec<f32> {
    (0..46).map(|i| ((i * 7 + step * 13) % 11) as f32 / 5.0 - 1.0).collect()
}

fn config(rule: Rule) -> AdamConfig {
    AdamConfig { rule, eps: 1e-6, ..AdamConfig::default() }
}

#[test]
fn borrowed_moments_give_the_bits_of_owned_ones() -> Result<(), Error> {
    let clipped =
        StepOptions { clip: Clip::global_norm(0.5), audit: true, ..StepOptions::default() };
    for rule in Rule::all() {
        for options in [StepOptions::default(), clipped] {
            let adam = Adam::new(config(rule))?;
            let mut owned = AdamGroup::new(adam, LENS);
            let mut borrowed = BorrowedGroup::new(adam, LENS);
            let (mut left, mut right) = (vec![0.5_f32; 46], vec![0.5_f32; 46]);
            let (mut steps, mut scalars) = (0, Scalars::default());
            let mut moments = [(); 3].map(|()| vec![0.0_f32; 46]);
            for step in 0..12 {
                let gradient = gradient(step);
                let expected = owned.step_flat(1e-2, &options, &mut left, &gradient)?;
                let [a, b, c] = &mut moments;
                let state =
                    StateMut { steps: &mut steps, scalars: &mut scalars, moments: [a, b, c] };
                let got = borrowed.step_flat(1e-2, &options, &mut right, &gradient, state)?;
                assert_eq!(expected, got, "{rule:?}: reports");
            }
            assert_eq!(left, right, "{rule:?}: weights");
            let state = owned.state();
            assert_eq!((state.step, state.scalars), (steps, scalars), "{rule:?}: scalars");
            let names: Vec<&str> = state.moments.iter().map(|m| m.name.as_str()).collect();
            assert_eq!(names, borrowed.moment_names(), "{rule:?}: names");
            for (own, kept) in state.moments.iter().zip(&moments) {
                assert_eq!(own.values, *kept, "{rule:?}: {}", own.name);
            }
        }
    }
    Ok(())
}

#[test]
fn a_step_that_is_not_taken_leaves_the_callers_state_alone() -> Result<(), Error> {
    let mut group = BorrowedGroup::new(Adam::new(AdamConfig::default())?, [2]);
    let (mut steps, mut scalars) = (3, Scalars::default());
    let (mut weights, mut m, mut v) = ([1.0, 1.0], [0.1, 0.1], [0.1, 0.1]);
    for (policy, taken) in [(NonFinite::Skip, true), (NonFinite::Refuse, false)] {
        let options = StepOptions { non_finite: policy, ..StepOptions::default() };
        let state = StateMut {
            steps: &mut steps,
            scalars: &mut scalars,
            moments: [&mut m, &mut v, &mut []],
        };
        let report = group.step_flat(0.1, &options, &mut weights, &[1.0, f32::NAN], state);
        assert_eq!(report.is_ok(), taken, "{report:?}");
        assert_eq!((steps, weights, m, v), (3, [1.0, 1.0], [0.1, 0.1], [0.1, 0.1]), "{policy:?}");
    }
    Ok(())
}

#[test]
#[should_panic(expected = "moment `exp_avg_sq` has 1 values, the group has 2 weights")]
fn a_moment_of_another_length_is_named() {
    let adam = Adam::new(AdamConfig::default()).expect("the defaults are right");
    let (mut m, mut v, mut scalars) = ([0.0; 2], [0.0; 1], Scalars::default());
    let state =
        StateMut { steps: &mut 0, scalars: &mut scalars, moments: [&mut m, &mut v, &mut []] };
    let options = StepOptions::default();
    let _ = BorrowedGroup::new(adam, [2]).step_flat(0.1, &options, &mut [0.0; 2], &[0.0; 2], state);
}
