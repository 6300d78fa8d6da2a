//! What is measured: the list that `cargo-paso-gate` gets from this workspace.
//!
//! Three lists: [`SUITE`] is timed, [`COUNTED`] has its instructions counted, and [`QUALITY`] is
//! trained. The names in them are keys of the records, so that renaming one ends its history.
//!
//! Most runs take a few tenths of a second. The gate makes up to 240 of them per round, and it is
//! the number of alternations that takes noise out, not the length of one run.
//!
//! Sizes: 1e3 and 1e4 weights stay in the caches of a core, where arithmetic bounds a step; 1e6 and
//! 1e7 do not, and memory bounds it. A thousand tensors of a thousand weights show what a tensor
//! costs in addition to its weights.

use cargo_paso_gate::harness::Harness;
use cargo_paso_gate::records::Better;

/// The package with the program.
pub(crate) const PACKAGE: &str = "paso-benches";

/// The program. It binds its threads to CPUs itself and checks its results before it times.
pub(crate) const PROGRAM: &str = "paso-speed";

/// Arguments and key of a line that names the instruction set level.
pub(crate) const LEVEL: (&str, &str) =
    ("train --net S --mode infer --batch 2 --seconds 0.01", "isa");

/// One figure of the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Benchmark {
    /// Also its name in records: a record from years ago is compared by it.
    pub(crate) name: &'static str,
    /// Arguments, separated by blanks. One run should take a few tenths of a second: many short
    /// alternating runs see more than few long ones.
    pub(crate) arguments: &'static str,
    /// The key of the figure in the JSON lines that the program prints. Of several lines, the
    /// geometric mean counts.
    pub(crate) key: &'static str,
    /// Whether a smaller or a larger figure is the better one.
    pub(crate) better: Better,
    /// What the machine could do at most, for `run` and `record`.
    pub(crate) limit: Limit,
    /// Whether the quick suite has it too: what the gate runs.
    pub(crate) quick: bool,
}

impl Benchmark {
    /// As `cargo-paso-gate` runs it.
    pub(crate) fn generic(&self, margin: f64) -> cargo_paso_gate::Benchmark {
        cargo_paso_gate::Benchmark {
            name: self.name.into(),
            id: self.name.into(),
            program: PROGRAM.into(),
            harness: Harness::Json { key: self.key.into() },
            args: self.arguments.split_whitespace().map(str::to_owned).collect(),
            better: self.better,
            margin,
        }
    }
}

/// What bounds a benchmark. A share of it means the same on every machine, where a time does not.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// Nothing that is measured.
    None,
    /// A loop over the same arrays without arithmetic: the same arguments and `--stream`; both
    /// print [`BYTES`].
    Stream,
    /// The multiply-adds of so many cores, [`FMA`]; the benchmark prints its GFLOP/s under this
    /// key.
    Fma(&'static str, u32),
}

/// The key of the bytes that were moved, in GB/s.
pub(crate) const BYTES: &str = "gb_s";

/// Arguments and key of the GFLOP/s that one core can do.
pub(crate) const FMA: (&str, &str) = ("peak --seconds 0.02", "peak");

/// Arguments of every convolution, and the keys of each one's GFLOP/s: a record has them all. Each
/// line also names the net and the convolution, and has the peak.
pub(crate) const CONVOLUTIONS: (&str, [&str; 3]) =
    ("conv --seconds 0.02", ["forward", "input_grad", "weight_grad"]);

/// Nanoseconds a weight of one optimizer step.
///
/// Its limit is the memory traffic, also in the cache.
const fn adam(name: &'static str, quick: bool, arguments: &'static str) -> Benchmark {
    let limit = Limit::Stream;
    Benchmark { name, arguments, key: "ns_param", better: Better::Lower, limit, quick }
}

/// Images a second of a net on so many threads.
const fn train(
    name: &'static str,
    quick: bool,
    threads: u32,
    arguments: &'static str,
) -> Benchmark {
    let limit = Limit::Fma("gflops", threads);
    Benchmark { name, arguments, key: "images_s", better: Better::Higher, limit, quick }
}

/// Anything else.
///
/// It belongs to the quick suite and has no limit.
const fn other(
    name: &'static str,
    key: &'static str,
    better: Better,
    arguments: &'static str,
) -> Benchmark {
    Benchmark { name, arguments, key, better, limit: Limit::None, quick: true }
}

/// GFLOP/s of the convolutions of a net.
///
/// The geometric mean over the shapes of the net. Not in the quick suite: nets contain them.
const fn conv(name: &'static str, key: &'static str, arguments: &'static str) -> Benchmark {
    let limit = Limit::Fma(key, 1);
    Benchmark { name, arguments, key, better: Better::Higher, limit, quick: false }
}

/// The most memory that a process had, in MiB.
///
/// Not in the quick suite, so the gate does not see it.
const fn memory(name: &'static str, arguments: &'static str) -> Benchmark {
    let (limit, quick) = (Limit::None, false);
    Benchmark { name, arguments, key: "rss_peak_mib", better: Better::Lower, limit, quick }
}

/// Every benchmark, from small to large.
pub(crate) const SUITE: &[Benchmark] = &[
    adam("adam-1e3", false, "adam --sizes 1e3 --seconds 0.05"),
    adam("adam-1e4", true, "adam --sizes 1e4 --seconds 0.05"),
    adam("adam-1e6", true, "adam --sizes 1e6 --seconds 0.1"),
    adam("adam-1e7", false, "adam --sizes 1e7 --seconds 0.2"),
    adam("adam-1000x1000", true, "adam --sizes 1000x1000 --seconds 0.05"),
    adam("adam-1e6-2threads", false, "adam --sizes 1e6 --threads 2 --seconds 0.1"),
    adam("adam-1e6-audit", true, "adam --sizes 1e6 --audit --seconds 0.1"),
    adam("amsgrad-1e4", false, "adam --sizes 1e4 --rule amsgrad --seconds 0.05"),
    adam("nadam-1e4", false, "adam --sizes 1e4 --rule nadam --seconds 0.05"),
    adam("radam-1e4", false, "adam --sizes 1e4 --rule radam --seconds 0.05"),
    adam("adamax-1e4", false, "adam --sizes 1e4 --rule adamax --seconds 0.05"),
    adam("adabelief-1e4", true, "adam --sizes 1e4 --rule adabelief --seconds 0.05"),
    adam("lion-1e4", true, "adam --sizes 1e4 --rule lion --seconds 0.05"),
    adam("adopt-1e4", false, "adam --sizes 1e4 --rule adopt --seconds 0.05"),
    adam("schedulefree-1e4", true, "adam --sizes 1e4 --rule schedulefree --seconds 0.05"),
    adam("lamb-1e4", true, "adam --sizes 1e4 --rule lamb --seconds 0.05"),
    adam("cautious-1e4", false, "adam --sizes 1e4 --rule cautious --seconds 0.05"),
    other("schedules", "ns_rate", Better::Lower, "schedule --seconds 0.03"),
    train("train-S", true, 1, "train --net S --mode train --batch 8 --seconds 0.1"),
    train("infer-S", true, 1, "train --net S --mode infer --batch 8 --seconds 0.1"),
    train(
        "train-S-2threads",
        true,
        2,
        "train --net S --mode train --batch 16 --threads 2 --seconds 0.1",
    ),
    train("train-D", true, 1, "train --net D --mode train --batch 4 --seconds 0.1"),
    train("infer-D", true, 1, "train --net D --mode infer --batch 4 --seconds 0.1"),
    train(
        "train-D-2threads",
        false,
        2,
        "train --net D --mode train --batch 8 --threads 2 --seconds 0.1",
    ),
    train("train-M", false, 1, "train --net M --mode train --batch 4 --seconds 0.1"),
    train("infer-M", false, 1, "train --net M --mode infer --batch 4 --seconds 0.1"),
    // Augmented batches and plain ones; the geometric mean of both.
    other("load-64", "images_s", Better::Higher, "load --size 64 --threads 1 --seconds 0.1"),
    other("settle", "seconds", Better::Lower, "settle --seconds 0.1"),
    memory("memory-S", "train --net S --mode train --batch 32 --seconds 0.05"),
    memory("memory-M", "train --net M --mode train --batch 32 --seconds 0.05"),
    conv("conv-S-forward", "forward", "conv --net S --seconds 0.02"),
    conv("conv-S-input-grad", "input_grad", "conv --net S --seconds 0.02"),
    conv("conv-S-weight-grad", "weight_grad", "conv --net S --seconds 0.02"),
    conv("conv-D-forward", "forward", "conv --net D --seconds 0.02"),
    conv("conv-D-input-grad", "input_grad", "conv --net D --seconds 0.02"),
    conv("conv-D-weight-grad", "weight_grad", "conv --net D --seconds 0.02"),
];

/// The package and the program whose size and build time a record has: what people install.
pub(crate) const SHIPPED: (&str, &str) = ("paso-cli", "paso");

/// What a fixed training learns: the arguments before its seed, and the keys of its figures. The
/// same seed gives the same figures, so that two builds are compared seed by seed.
pub(crate) const QUALITY: &str = "quality --seed";

/// See [`QUALITY`].
pub(crate) const QUALITY_FIGURES: &[(&str, Better)] =
    &[("loss", Better::Lower), ("iou", Better::Higher)];

/// Something whose instructions are counted; the program takes `--steps N` and does exactly so
/// much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static str,
    /// It runs for so many steps and for twice as many; all after the first so many count.
    pub(crate) steps: u64,
}

/// The level that instructions are counted at, as `PASO_ISA` names it.
pub(crate) const COUNTED_AT: &str = "avx2";

/// One entry of [`COUNTED`]. Steps are few, because valgrind is much slower than the CPU.
const fn counted(name: &'static str, steps: u64, arguments: &'static str) -> Counted {
    Counted { name, arguments, steps }
}

/// What is counted.
pub(crate) const COUNTED: &[Counted] = &[
    counted("adam-1e4", 10, "adam --sizes 1e4"),
    counted("adam-1000x1000", 2, "adam --sizes 1000x1000"),
    counted("adam-1e4-audit", 10, "adam --sizes 1e4 --audit"),
    counted("amsgrad-1e4", 10, "adam --sizes 1e4 --rule amsgrad"),
    counted("nadam-1e4", 10, "adam --sizes 1e4 --rule nadam"),
    counted("radam-1e4", 10, "adam --sizes 1e4 --rule radam"),
    counted("adamax-1e4", 10, "adam --sizes 1e4 --rule adamax"),
    counted("adabelief-1e4", 10, "adam --sizes 1e4 --rule adabelief"),
    counted("lion-1e4", 10, "adam --sizes 1e4 --rule lion"),
    counted("adopt-1e4", 10, "adam --sizes 1e4 --rule adopt"),
    counted("schedulefree-1e4", 10, "adam --sizes 1e4 --rule schedulefree"),
    counted("lamb-1e4", 10, "adam --sizes 1e4 --rule lamb"),
    counted("cautious-1e4", 10, "adam --sizes 1e4 --rule cautious"),
    counted("schedules", 1, "schedule"),
    counted("settle", 1, "settle"),
    counted("conv-S", 2, "conv --net S"),
    counted("conv-D", 1, "conv --net D"),
    counted("train-S", 2, "train --net S --mode train --batch 2"),
    counted("train-D", 1, "train --net D --mode train --batch 1"),
    counted("infer-S", 2, "train --net S --mode infer --batch 2"),
];

/// Figures that are no speed: a change makes them better or worse, not faster or slower.
pub(crate) const NOT_SPEED: &[&str] = &["rss_peak_mib", "bytes", "loss", "iou"];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_fit_a_table() {
        let names: BTreeSet<&str> = SUITE.iter().map(|benchmark| benchmark.name).collect();
        assert_eq!(names.len(), SUITE.len(), "two benchmarks of one name");
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(names.iter().all(|name| name.len() <= 20 && name.chars().all(plain)), "{names:?}");
    }
}
