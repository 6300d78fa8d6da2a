//! Invariant: a step allocates nothing.

use paso_adam::{Adam, AdamConfig, AdamGroup};

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
