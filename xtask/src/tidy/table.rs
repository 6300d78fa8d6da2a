//! The words that this project does not use, and the standard word for each.
//!
//! A line here is a decision that a word has one standard name. The check knows no grammar: a word
//! with a second, usual meaning would need exceptions, and is not listed. An identifier can be
//! limited to the files of one crate.

/// Where a word is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Consecutive words of prose or parts of an identifier, in any case: `a word` is in
    /// `A_WORD` and `aWord`.
    Words,
    /// A whole identifier in Rust code, in this case.
    Identifier,
}

/// A word and the one to use instead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) old: &'static str,
    pub(super) kind: Kind,
    /// Only files whose path starts with this.
    pub(super) within: &'static str,
    pub(super) standard: &'static str,
}

const fn words(old: &'static str, standard: &'static str) -> Term {
    Term { old, kind: Kind::Words, within: "", standard }
}

const fn name(within: &'static str, old: &'static str, standard: &'static str) -> Term {
    Term { old, kind: Kind::Identifier, within, standard }
}

const ADAM: &str = "crates/paso-adam";
const OPS: &str = "crates/paso-ops";
const TAPE: &str = "crates/paso-tape";
const LOCATE: &str = "crates/paso-locate";
const CLI: &str = "crates/paso-cli";

/// Only words without a second, standard meaning, so that no exception is needed.
#[rustfmt::skip] // one line per term
pub(super) const TERMS: &[Term] = &[
    // Training.
    words("the way there", "forward pass"),
    words("the way back", "backward pass"),
    words("used up", "consumed"),
    words("portion", "batch chunk"),
    words("portions", "batch chunks"),
    words("most modest", "minimum over"),
    words("calm", "close_augment (Ultralytics: close_mosaic)"),
    words("let go", "unfrozen"),
    words("frozen at first", "unfrozen after"),
    // Kernels.
    words("winograd's way", "Winograd F(4x4, 3x3)"),
    words("turned round", "transposed"),
    words("first level cache", "L1"),
    name(OPS, "Spread", "InputTransform"),
    name(OPS, "Gather", "OutputTransform"),
    name(OPS, "Widen", "OutputGradTransform"),
    name(OPS, "Minimal", "WinogradTransform"),
    name(OPS, "Filtering", "WinogradTransform"),
    name(OPS, "Walk", "ConvGeometry"),
    name(OPS, "Finish", "the epilogue's name"),
    name(OPS, "Tail", "NormEpilogue"),
    // The tape.
    name("", "together", "preferred_batch"),
    name(TAPE, "Worker", "ChunkState"),
    name(TAPE, "columns", "slice_channels"),
    name(TAPE, "Corners", "CxcywhToXyxy"),
    words("written twice", "recomputed (rematerialization)"),
    words("written again", "recomputed (rematerialization)"),
    words("take turns", "share a slot; alternate"),
    words("takes turns", "shares a slot; alternates"),
    name(TAPE, "Lives", "live intervals"),
    name(TAPE, "Place", "BufferSlot"),
    name(TAPE, "is_seen", "is_observable"),
    name(TAPE, "waits", "needs_batch_barrier"),
    name(TAPE, "emits", "GradWrite"),
    name(TAPE, "find_folds", "fuse_conv_bn_relu"),
    name(TAPE, "find_pairs", "fuse_separable"),
    name(TAPE, "turn", "pack_backward"),
    name(TAPE, "folds", "the name of the fused op"),
    // The optimizer.
    words("faint", "flush_threshold; denormal"),
    name(ADAM, "towards", "ema_weight"),
    name(ADAM, "Beside", "StepExtras"),
    name(ADAM, "company", "side outputs"),
    name(ADAM, "Looking", "a job of `rules::run`"),
    name(ADAM, "Taking", "a job of `rules::run`"),
    name(ADAM, "TakingWith", "a job of `rules::run`"),
    name(ADAM, "Visit", "a job of `rules::run`"),
    // Evaluation and data.
    words("judge", "evaluate"),
    words("judges", "evaluates"),
    words("judged", "evaluated"),
    words("judging", "evaluating"),
    words("judgement", "evaluation"),
    words("judgements", "evaluations"),
    words("picture", "image"),
    words("pictures", "images"),
    name(LOCATE, "noise", "second_moment_stats"),
    name(CLI, "going", "BranchState"),
    name(CLI, "go_on", "run_branches"),
    // Prose.
    words("rooms", "modules"),
    words("house", "project"),
    words("manners", "conventions"),
    words("chore", "task"),
    words("chores", "tasks"),
    words("doers", "the name of the op or phase"),
    words("nobody's concern", "ignored"),
    words("told", "reported"),
    words("beats", "exceeds"),
    words("beside", "next to; as well as"),
    words("for ever", "without limit"),
    words("in turn", "alternately"),
    words("be had", "available"),
];
