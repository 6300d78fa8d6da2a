//! One training over several machines: every rank has all weights and its share of the batch, and the
//! moments of its part of the weights only.
//!
//! `mpirun -n 4 target/release/mpi-sharded [WEIGHTS] [STEPS]` prints a checksum of the trained weights,
//! which is the same for 1, 2 and 4 ranks, and the time of a step next to that of the usual way, in
//! which each rank sums all gradients and keeps all moments.
//!
//! Why the bits do not depend on the number of ranks: the batch is always cut into the same four chunks, and
//! the gradient of a weight is the sum of the chunks in their order. MPI's own reductions add in an
//! order that depends on the number of ranks. So gradients are exchanged as they are (all-to-all),
//! and the rank that owns a weight adds them.

use mpi::collective::SystemOperation;
use mpi::traits::*;
use paso_adam::{Adam, AdamConfig, AdamGroup, Error};
use std::time::{Duration, Instant};

/// Chunks of a batch. The number of ranks has to divide it.
const CHUNKS: usize = 4;

fn main() -> Result<(), Error> {
    let universe = mpi::initialize().expect("MPI starts");
    let world = universe.world();
    let (rank, ranks) = (world.rank() as usize, world.size() as usize);
    assert!(CHUNKS.is_multiple_of(ranks), "1, 2 or 4 ranks, not {ranks}");
    let number = |which| std::env::args().nth(which).and_then(|text| text.parse().ok());
    let weights = number(1).unwrap_or(100_000_usize).next_multiple_of(ranks);
    let steps: u64 = number(2).unwrap_or(50) as u64;

    // Sharded: the moments of `part` weights.
    let part = weights / ranks;
    let mine = rank * part..(rank + 1) * part;
    let mut sharded = vec![1.0_f32; weights];
    let mut moments = AdamGroup::new(adam()?, [part]);
    let mut owned = sharded[mine].to_vec();
    let mut sent = vec![0.0_f32; weights * CHUNKS / ranks];
    let mut received = vec![0.0_f32; CHUNKS * part];
    let mut times = Vec::new();
    for step in 0..steps {
        let gradients = my_chunks(&sharded, step, rank, ranks);
        world.barrier();
        let start = Instant::now();
        pack(&gradients, part, &mut sent);
        world.all_to_all_into(&sent[..], &mut received[..]);
        // The chunks in their order, whoever has sent them.
        let (gradient, others) = received.split_at_mut(part);
        for chunk in others.chunks_exact(part) {
            gradient.iter_mut().zip(chunk).for_each(|(sum, g)| *sum += g);
        }
        gradient.iter_mut().for_each(|g| *g /= CHUNKS as f32);
        moments.step(1e-3, [(&mut owned[..], &*gradient)]);
        world.all_gather_into(&owned[..], &mut sharded[..]);
        times.push(start.elapsed());
    }

    // The usual way: all gradients are summed on all ranks, each of which has all moments.
    let mut whole = vec![1.0_f32; weights];
    let mut all_moments = AdamGroup::new(adam()?, [weights]);
    let mut sum = vec![0.0_f32; weights];
    let mut usual = Vec::new();
    for step in 0..steps {
        let mut gradients = my_chunks(&whole, step, rank, ranks);
        world.barrier();
        let start = Instant::now();
        let (local, others) = gradients.split_first_mut().expect("each rank has a chunk");
        for chunk in others.iter() {
            local.iter_mut().zip(chunk).for_each(|(sum, g)| *sum += g);
        }
        world.all_reduce_into(&local[..], &mut sum[..], SystemOperation::sum());
        sum.iter_mut().for_each(|g| *g /= CHUNKS as f32);
        all_moments.step(1e-3, [(&mut whole[..], &sum[..])]);
        usual.push(start.elapsed());
    }

    let bits = sharded
        .iter()
        .fold(0_u64, |hash, w| (hash ^ u64::from(w.to_bits())).wrapping_mul(0x0100_0000_01b3));
    let furthest = sharded.iter().zip(&whole).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(furthest < 1e-4, "both ways train the same: {furthest}");
    if rank == 0 {
        println!("{ranks} ranks, {weights} weights, {steps} steps");
        println!("weights {bits:016x}, furthest from those of the all-reduce {furthest:.1e}");
        println!("moments on each rank {} KiB instead of {}", 8 * part / 1024, 8 * weights / 1024);
        let (ours, theirs) = (median(times), median(usual));
        println!("step {ours:.1?}, all-reduce and whole moments {theirs:.1?}");
    }
    Ok(())
}

fn adam() -> Result<Adam, Error> {
    Adam::new(AdamConfig::torch_adamw())
}

/// The gradients of this rank's chunks of the batch: here of a quadratic with noise of its own for each
/// step, chunk and weight. A net would run forward and backward.
fn my_chunks(weights: &[f32], step: u64, rank: usize, ranks: usize) -> Vec<Vec<f32>> {
    let each = CHUNKS / ranks;
    let chunks = rank * each..(rank + 1) * each;
    let noise = |chunk: usize, i: usize| {
        let mut x = step ^ (chunk as u64) << 20 ^ (i as u64) << 32;
        x = (x ^ x >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ x >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (x >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    chunks
        .map(|chunk| weights.iter().enumerate().map(|(i, w)| w + noise(chunk, i)).collect())
        .collect()
}

/// Puts this rank's chunks in the order in which they are sent: for each owner its part of each.
fn pack(chunks: &[Vec<f32>], part: usize, sent: &mut [f32]) {
    for (piece, to) in sent.chunks_exact_mut(part).enumerate() {
        let (owner, chunk) = (piece / chunks.len(), piece % chunks.len());
        to.copy_from_slice(&chunks[chunk][owner * part..(owner + 1) * part]);
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
