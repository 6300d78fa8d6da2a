//! One round of one benchmark: blocks of alternating runs of both programs, until the verdict is
//! clear.
//!
//! A block is `A B N N B A`: base, candidate, and the null control, which is the base under another
//! name. Each program has its runs at the same mean time, as in `A B B A`. A machine that gets warm
//! along a curve would still favor the middle places, so the programs change places from block to
//! block.
//!
//! With blocks, a linear drift of the machine cancels in the sum of the two halves, since the
//! places of each program in a block add up to the same (0 + 5 = 1 + 4 = 2 + 3). Slower changes
//! than a block are shared by all six runs and leave the differences.
//!
//! The control answers what no formula can: how different two equal programs look here and now. It
//! is a copy of the base's file and is measured like the candidate, so it shows effects of the
//! path, of the page cache and of a busy machine.
//!
//! A round ends in one of three ways: a verdict after at least four blocks, forty blocks, or the
//! end of its time. The end of the time is looked at between blocks only, so at least one block
//! always runs and no block is left incomplete.

use crate::Result;
use crate::stats::{Block, Comparison, SlowdownTest, Verdict};

/// Which program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// What is compared with.
    Base,
    /// What is tested.
    Candidate,
    /// The base again.
    Control,
}

/// The first halves of the blocks; the second half is the first one backwards.
const ORDERS: [[Arm; 3]; 3] = [
    [Arm::Base, Arm::Candidate, Arm::Control],
    [Arm::Candidate, Arm::Control, Arm::Base],
    [Arm::Control, Arm::Base, Arm::Candidate],
];

/// Blocks before the first verdict.
///
/// Three blocks are the fewest that have an interval at 95 %; in the fourth, the first order comes
/// again.
const LEAST: usize = 4;

/// Blocks after which a round ends in any case: 240 runs, of which 80 are the candidate's.
/// `simulation_tests.rs` shows that they are enough.
pub const MOST: usize = 40;

/// Of the intervals. Each of the many looks is one more chance to err; margin, control and the
/// second round pay for that, as the simulation shows too.
pub const CONFIDENCE: f64 = 0.95;

/// The test that ends a round. `margin` is a share: 0.01 is 1 %.
#[must_use]
pub fn slowdown_test(margin: f64) -> SlowdownTest {
    SlowdownTest::new(margin.ln_1p(), CONFIDENCE, MOST)
}

/// Runs blocks until the verdict is clear, the most blocks are run, or `late` says that time is
/// over. `time` runs a program once and returns the logarithm of its time.
///
/// The comparison of a round that ended without a verdict has [`Verdict::Unsure`] and the intervals
/// so far. One that is late after three blocks returns their verdict, although it would otherwise
/// have gone on to four.
///
/// # Errors
/// That of the first run that fails; nothing runs after it.
pub fn round<E>(
    test: &SlowdownTest,
    late: impl Fn() -> bool,
    mut time: impl FnMut(Arm) -> Result<f64, E>,
) -> Result<Comparison, E> {
    let mut blocks = Vec::new();
    loop {
        blocks.push(block(ORDERS[blocks.len() % ORDERS.len()], &mut time)?);
        let comparison = test.evaluate(&blocks);
        let clear = comparison.verdict != Verdict::Unsure && blocks.len() >= LEAST;
        if clear || blocks.len() >= MOST || late() {
            return Ok(comparison);
        }
    }
}

/// Runs the three programs in this order and then backwards, six runs, and files each time under
/// its program and half.
fn block<E>(order: [Arm; 3], time: &mut impl FnMut(Arm) -> Result<f64, E>) -> Result<Block, E> {
    let mut block = Block { base: [0.0; 2], control: [0.0; 2], candidate: [0.0; 2] };
    let runs = order.iter().map(|&arm| (0, arm)).chain(order.iter().rev().map(|&arm| (1, arm)));
    for (half, arm) in runs {
        let times = match arm {
            Arm::Base => &mut block.base,
            Arm::Candidate => &mut block.candidate,
            Arm::Control => &mut block.control,
        };
        times[half] = time(arm)?;
    }
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A round in which the candidate takes `slow` more (a logarithm) than the base; and its runs.
    fn simulated(slow: f64, late: impl Fn() -> bool) -> (Comparison, Vec<Arm>) {
        let mut runs = Vec::new();
        let comparison = round(&slowdown_test(0.01), late, |arm| {
            runs.push(arm);
            let noise = 1e-4 * (runs.len() % 7) as f64;
            Ok::<f64, ()>(noise + if arm == Arm::Candidate { slow } else { 0.0 })
        });
        (comparison.expect("nothing fails"), runs)
    }

    #[test]
    fn a_clear_round_ends_after_the_fewest_blocks() {
        for (slow, verdict) in
            [(0.05, Verdict::Slower), (-0.05, Verdict::Faster), (0.0, Verdict::Same)]
        {
            let (comparison, runs) = simulated(slow, || false);
            assert_eq!(comparison.verdict, verdict, "{slow}");
            assert_eq!((comparison.blocks, runs.len()), (LEAST, 6 * LEAST), "{slow}");
        }
    }

    #[test]
    fn a_round_that_stays_unclear_ends_after_the_most_blocks() {
        let (comparison, runs) = simulated(0.01f64.ln_1p(), || false);
        assert_eq!(comparison.verdict, Verdict::Unsure, "exactly the margin");
        assert_eq!((comparison.blocks, runs.len()), (MOST, 6 * MOST));
    }

    #[test]
    fn a_round_that_is_late_ends_with_the_block_that_it_is_in() {
        let (comparison, runs) = simulated(0.05, || true);
        assert_eq!((comparison.blocks, runs.len()), (1, 6));
        assert_eq!(comparison.verdict, Verdict::Unsure, "two differences are too few");
    }

    #[test]
    fn blocks_are_palindromes_in_which_programs_change_places() {
        let (_, runs) = simulated(0.05, || false);
        for block in runs.chunks(6) {
            let reversed: Vec<Arm> = block.iter().rev().copied().collect();
            assert_eq!(block, reversed, "the same mean time for each program");
            for arm in [Arm::Base, Arm::Candidate, Arm::Control] {
                assert_eq!(block.iter().filter(|run| **run == arm).count(), 2, "{arm:?}");
            }
        }
        let firsts: Vec<Arm> = runs.chunks(6).map(|block| block[0]).collect();
        assert_eq!(firsts[..3], [Arm::Base, Arm::Candidate, Arm::Control]);
    }

    #[test]
    fn a_program_that_fails_ends_the_round() {
        let mut runs = 0;
        let error = round(
            &slowdown_test(0.01),
            || false,
            |_| {
                runs += 1;
                if runs == 9 { Err("no such file") } else { Ok(0.0) }
            },
        );
        assert_eq!(error.expect_err("it failed"), "no such file");
        assert_eq!(runs, 9, "nothing runs after it");
    }
}
