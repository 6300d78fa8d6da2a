//! What is compared with what: the only file of `peers` that knows this workspace and its peers.
//!
//! A pair is fair when both programs do the same work on the same sizes with the same number of
//! threads; each entry has the arguments of both next to each other, so that this can be checked by
//! reading. Where a peer computes less exactly, its name in the table says so.
//!
//! The names are those of the tables in BENCHMARKING.md.

use cargo_paso_gate::records::Better;
use clap::ValueEnum;

/// A table of BENCHMARKING.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// One step of the optimizer.
    Adam,
    /// One training step of a small net.
    Train,
    /// The forward pass of a trained one.
    Inference,
}

impl Section {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Adam => "adam",
            Self::Train => "train",
            Self::Inference => "inference",
        }
    }

    /// The key that tells the lines of a program apart, and the heading of its column.
    pub(crate) fn group(self) -> (&'static str, &'static str) {
        match self {
            Self::Adam => ("size", "weights"),
            Self::Train | Self::Inference => ("net", "net"),
        }
    }

    /// The key of the figure, which way it gets better, and its unit in words.
    pub(crate) fn figure(self) -> (&'static str, Better, &'static str) {
        match self {
            Self::Adam => ("ns_param", Better::Lower, "ns a weight"),
            Self::Train | Self::Inference => ("images_s", Better::Higher, "images a second"),
        }
    }
}

/// What runs a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// A script of `benches/peers`.
    Python(&'static str),
    /// The same, in an environment that has `DeepSpeed` as well.
    DeepSpeed(&'static str),
    /// The package `benches/peers/rust`.
    Rust,
}

/// A peer's program and ours, which do the same. Both print JSON lines with the same keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) section: Section,
    /// As the table calls it.
    pub(crate) peer: &'static str,
    /// What runs the peer's program.
    pub(crate) host: Host,
    /// Arguments of the peer's program, separated by blanks.
    pub(crate) theirs: &'static str,
    /// Arguments of `paso-speed`.
    pub(crate) ours: &'static str,
}

const fn pair(
    section: Section,
    peer: &'static str,
    host: Host,
    theirs: &'static str,
    ours: &'static str,
) -> Pair {
    Pair { section, peer, host, theirs, ours }
}

const KERNEL: &str = "PyTorch, fused kernel alone";
const TORCH: &str = "PyTorch eager, channels last";
const BFLOAT: &str = "the same in bf16 (paso in f32)";
const RUNTIME: &str = "ONNX Runtime";
const STEPS: Host = Host::Python("adam.py");
const NETS: Host = Host::Python("train.py");
const ADAM: Section = Section::Adam;
const TRAIN: Section = Section::Train;
const INFER: Section = Section::Inference;

/// Every pair, in the order of the tables.
#[rustfmt::skip] // a line a pair
pub(crate) const PAIRS: &[Pair] = &[
    pair(ADAM, KERNEL, STEPS, "--peer torch-kernel --sizes 1e4,1e5,1e6,1e7,1000x1000", "adam --sizes 1e4,1e5,1e6,1e7,1000x1000 --seconds 0.25"),
    pair(ADAM, KERNEL, STEPS, "--peer torch-kernel --sizes 1e6,1e7 --threads 2", "adam --sizes 1e6,1e7 --threads 2 --seconds 0.25"),
    pair(ADAM, "PyTorch, `AdamW(fused=True).step()`", STEPS, "--peer torch-step --sizes 1e6,1000x1000", "adam --sizes 1e6,1000x1000 --seconds 0.25"),
    pair(ADAM, "DeepSpeed CPUAdam, its C++ call", Host::DeepSpeed("adam.py"), "--peer deepspeed --sizes 1e4,1e5,1e6,1e7", "adam --sizes 1e4,1e5,1e6,1e7 --seconds 0.25"),
    pair(ADAM, "candle `AdamW`", Host::Rust, "candle 1e4,1e6,1000x1000 0.25", "adam --sizes 1e4,1e6,1000x1000 --seconds 0.25"),
    pair(ADAM, "burn `AdamW`, flex", Host::Rust, "burn 1e4,1e6,1000x1000 0.25", "adam --sizes 1e4,1e6,1000x1000 --seconds 0.25"),
    pair(TRAIN, TORCH, NETS, "--peer torch --net S --threads 1", "train --net S --threads 1 --seconds 1.5"),
    pair(TRAIN, TORCH, NETS, "--peer torch --net S --threads 2", "train --net S --threads 2 --seconds 1.5"),
    pair(TRAIN, TORCH, NETS, "--peer torch --net M --threads 1", "train --net M --threads 1 --seconds 1.5"),
    pair(TRAIN, TORCH, NETS, "--peer torch --net M --threads 2", "train --net M --threads 2 --seconds 1.5"),
    pair(TRAIN, TORCH, NETS, "--peer torch --net D --threads 1", "train --net D --threads 1 --seconds 1.5"),
    pair(TRAIN, TORCH, NETS, "--peer torch --net D --threads 2", "train --net D --threads 2 --seconds 1.5"),
    pair(TRAIN, "candle", Host::Rust, "train candle 1 1.5", "train --net S --threads 1 --seconds 1.5"),
    pair(TRAIN, "candle", Host::Rust, "train candle 2 1.5", "train --net S --threads 2 --seconds 1.5"),
    pair(TRAIN, "burn, flex", Host::Rust, "train burn 1 1.5", "train --net S --threads 1 --seconds 1.5"),
    pair(TRAIN, "burn, flex", Host::Rust, "train burn 2 1.5", "train --net S --threads 2 --seconds 1.5"),
    pair(TRAIN, BFLOAT, NETS, "--peer torch-bf16 --net S --threads 1", "train --net S --threads 1 --seconds 1.5"),
    pair(TRAIN, BFLOAT, NETS, "--peer torch-bf16 --net S --threads 2", "train --net S --threads 2 --seconds 1.5"),
    pair(TRAIN, BFLOAT, NETS, "--peer torch-bf16 --net M --threads 1", "train --net M --threads 1 --seconds 1.5"),
    pair(TRAIN, BFLOAT, NETS, "--peer torch-bf16 --net D --threads 1", "train --net D --threads 1 --seconds 1.5"),
    pair(INFER, TORCH, NETS, "--peer torch --mode infer --net S --threads 1", "train --mode infer --net S --threads 1 --seconds 1.5"),
    pair(INFER, TORCH, NETS, "--peer torch --mode infer --net S --threads 2", "train --mode infer --net S --threads 2 --seconds 1.5"),
    pair(INFER, TORCH, NETS, "--peer torch --mode infer --net M --threads 1", "train --mode infer --net M --threads 1 --seconds 1.5"),
    pair(INFER, TORCH, NETS, "--peer torch --mode infer --net D --threads 1", "train --mode infer --net D --threads 1 --seconds 1.5"),
    pair(INFER, RUNTIME, NETS, "--peer onnxruntime --mode infer --net S --threads 1", "train --mode infer --net S --threads 1 --seconds 1.5"),
    pair(INFER, RUNTIME, NETS, "--peer onnxruntime --mode infer --net S --threads 2", "train --mode infer --net S --threads 2 --seconds 1.5"),
    pair(INFER, RUNTIME, NETS, "--peer onnxruntime --mode infer --net M --threads 1", "train --mode infer --net M --threads 1 --seconds 1.5"),
    pair(INFER, RUNTIME, NETS, "--peer onnxruntime --mode infer --net D --threads 1", "train --mode infer --net D --threads 1 --seconds 1.5"),
];
