//! The multiply-adds that one core can do: what a convolution is measured against.
//! `paso-speed peak` prints them.
//!
//! The loop has twelve sums in registers, each `sum = a * sum + b`, and no memory access. The
//! result is `2 * 12 * rounds * lanes / seconds`, since a multiply-add is two operations, with the
//! time of the fastest sample: a limit is what the core can do, not what it usually does.
//!
//! It is measured and not looked up, as clocks depend on the level, on temperature and on what
//! neighbors of a virtual machine do. The keys are `isa` and `peak`.

use std::hint::black_box;

use paso_ops::Isa;
use pulp::{Simd, WithSimd};

use crate::timing;

/// Independent sums: enough to hide the latency of a multiply-add on every CPU so far, few enough
/// for 16 registers.
const SUMS: usize = 12;
/// Multiply-adds of each sum in one call.
const ROUNDS: usize = 10_000;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds to sample for.
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
}

/// Prints the GFLOP/s of one thread at the level in force.
pub(crate) fn run(args: &Args) {
    let isa = Isa::from_env().unwrap_or_else(|e| panic!("PASO_ISA: {e}"));
    let peak = timing::pool(1).install(|| gflops(isa, args.seconds));
    let line = serde_json::json!({ "isa": isa.name(), "peak": (peak * 10.0).round() / 10.0 });
    #[expect(clippy::print_stdout, reason = "the program's output")]
    {
        println!("{line}");
    }
}

/// GFLOP/s of the calling thread.
pub(crate) fn gflops(isa: Isa, seconds: f64) -> f64 {
    let (_, best) = timing::sample(timing::Effort::Seconds(seconds), || {
        black_box(sums(isa));
    });
    (2 * SUMS * ROUNDS * isa.lanes()) as f64 / best / 1e9
}

/// pulp dispatches to the best level of the CPU; a lower one that `PASO_ISA` asks for has to be
/// chosen here.
fn sums(isa: Isa) -> f32 {
    match (pulp::Arch::new(), isa.name()) {
        #[cfg(target_arch = "x86_64")]
        (pulp::Arch::V4(simd), "avx2") => Simd::vectorize(*simd, MulAdd),
        (_, "scalar") => pulp::Scalar.vectorize(MulAdd),
        (arch, _) => arch.dispatch(MulAdd),
    }
}

/// The loop, generic over the level.
struct MulAdd;

impl WithSimd for MulAdd {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (a, b) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(0.001)));
        let mut sums = [simd.splat_f32s(black_box(1.0)); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(a, *sum, b);
            }
        }
        let all = sums.into_iter().fold(simd.splat_f32s(0.0), |all, x| simd.add_f32s(all, x));
        simd.reduce_sum_f32s(all)
    }
}
