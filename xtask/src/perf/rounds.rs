//! One round of one benchmark: blocks of runs of both programs in turn, until the verdict is clear.
//!
//! A block is `A B N N B A`: base, candidate, and the null control, which is the base under another name. Each program
//! has its runs at the same mean time, as in `A B B A`. A machine that gets warm along a curve would still favour
//! the middle places, so the three programs take turns in them from block to block.

use super::stats::{self, Block, Judgement};
use anyhow::Result;

/// Which program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arm {
    Base,
    Candidate,
    /// The base again.
    Control,
}

/// The first halves of the blocks; the second half is the first one backwards.
const TURNS: [[Arm; 3]; 3] = [
    [Arm::Base, Arm::Candidate, Arm::Control],
    [Arm::Candidate, Arm::Control, Arm::Base],
    [Arm::Control, Arm::Base, Arm::Candidate],
];

/// When to stop, and what counts as a slowdown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Slowdowns up to this are nobody's concern; the logarithm of a ratio.
    pub(crate) margin: f64,
    /// Of the intervals.
    pub(crate) confidence: f64,
    /// Blocks before the first look at the result.
    pub(crate) least: usize,
    /// Blocks after which a round ends in any case.
    pub(crate) most: usize,
}

impl Rules {
    /// A full round has 40 blocks: 240 runs, of which 80 are the candidate's. `simulation.rs` shows that this is enough.
    /// Each of the many looks is one more chance to err; margin, control and the second round pay for that, as it
    /// shows too.
    pub(crate) fn new(margin: f64) -> Self {
        Self { margin, confidence: 0.95, least: 4, most: 40 }
    }
}

/// Runs blocks until the verdict is clear, the most blocks are run, or `late` says that time is over. `time` runs a program
/// once and returns the logarithm of its time.
pub(crate) fn round(
    rules: Rules,
    late: impl Fn() -> bool,
    mut time: impl FnMut(Arm) -> Result<f64>,
) -> Result<Judgement> {
    let mut blocks = Vec::new();
    loop {
        blocks.push(block(TURNS[blocks.len() % TURNS.len()], &mut time)?);
        let judgement = stats::judge(&blocks, rules.margin, rules.confidence);
        let clear = judgement.verdict != stats::Verdict::Unsure && blocks.len() >= rules.least;
        if clear || blocks.len() >= rules.most || late() {
            return Ok(judgement);
        }
    }
}

fn block(turn: [Arm; 3], time: &mut impl FnMut(Arm) -> Result<f64>) -> Result<Block> {
    let mut block = Block { base: [0.0; 2], control: [0.0; 2], candidate: [0.0; 2] };
    let there_and_back =
        turn.iter().map(|&arm| (0, arm)).chain(turn.iter().rev().map(|&arm| (1, arm)));
    for (half, arm) in there_and_back {
        let times = match arm {
            Arm::Base => &mut block.base,
            Arm::Candidate => &mut block.candidate,
            Arm::Control => &mut block.control,
        };
        times[half] = time(arm)?;
    }
    Ok(block)
}
