//! `paso-speed train`: a training step, or inference, of the small localization nets S, M and D.
//!
//! The keys of the line, with medians over the steps that were timed one by one:
//!
//! * `ms_step`, `ms_min`: milliseconds of the median step and of the fastest.
//! * `images_s`, `images_s_max`: images a second of these.
//! * `gflops`: 1e9 floating-point operations a second, from the operations that the formulas of the
//!   layers need (`train_nets.rs`) and the median.
//! * `cpus_used`: processor time over wall clock time during the timed steps.
//! * `first_step_s`: seconds from making the net to the end of its first step.
//! * `loss0`, `loss`: of the first step and of the last; the first output in inference mode.
//! * `rss_before_mib`, `rss_peak_mib`: memory before the net is made, and the largest that the
//!   process ever had.
//!
//! A step trains on the same batch every time, so the data loader is not in it; see
//! `paso-speed load`. Four steps come before the timed ones, as buffers are made in the first.
//!
//! Memory and processor time are read from `/proc` and are `null` on other systems. At most 2000
//! steps are timed.

use std::time::{Duration, Instant};

use paso_adam::{Adam, AdamConfig, AdamGroup};

use crate::timing;
use crate::train_nets::{Model, NetName};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// S: 64 px, four convolutions with pooling; M: 128 px, residual; D: 128 px,
    /// depthwise-separable.
    #[arg(long, value_enum, default_value = "S", ignore_case = true)]
    net: NetName,
    /// Threads, each bound to a CPU.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Images in a batch.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// A whole training step (forward, loss, backward, Adam), or the forward pass alone.
    #[arg(long, value_enum, default_value = "train")]
    mode: Mode,
    /// Seconds to sample for, after warming up; at least 7 steps are taken.
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
    /// Take so many steps on one thread and time nothing: for counting instructions.
    #[arg(long, conflicts_with = "threads", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Mode {
    Train,
    Infer,
}

/// Prints one line with the keys of the scripts for other libraries.
pub(crate) fn run(args: &Args) {
    match args.steps {
        Some(steps) => untimed(args, steps),
        None => timing::pool(args.threads.into()).install(|| run_inside(args)),
    }
}

/// So many steps, without a clock and without the check.
fn untimed(args: &Args, steps: u32) {
    let mut model = Model::new(args.net, args.batch.into(), false);
    let mut adam = adam(&model);
    for _ in 0..steps {
        match args.mode {
            Mode::Train => drop(std::hint::black_box(model.step(&mut adam))),
            Mode::Infer => drop(std::hint::black_box(model.infer())),
        }
    }
}

/// Within a pool of threads. The check runs first, on a net of its own.
fn run_inside(args: &Args) {
    check(args.net, args.threads > 1);
    let rss_before = memory_mib("VmRSS:");
    let start = Instant::now();
    let mut model = Model::new(args.net, args.batch.into(), args.threads > 1);
    let mut adam = adam(&model);
    let mut step = || match args.mode {
        Mode::Train => model.step(&mut adam),
        Mode::Infer => model.infer()[0],
    };
    let first_loss = step();
    let first_step = start.elapsed().as_secs_f64();
    let mut loss = (0..3).map(|_| step()).last();
    let (mut times, begin, busy) = (Vec::new(), Instant::now(), cpu_seconds());
    while times.len() < 7
        || (begin.elapsed() < Duration::from_secs_f64(args.seconds) && times.len() < 2000)
    {
        let start = Instant::now();
        loss = Some(step());
        times.push(start.elapsed().as_secs_f64());
    }
    let used =
        cpu_seconds().zip(busy).map(|(now, then)| (now - then) / begin.elapsed().as_secs_f64());
    times.sort_by(f64::total_cmp);
    let (median, best) = (times[times.len() / 2], times[0]);
    let batch = f64::from(args.batch);
    let [forward, training] = args.net.mflop_per_image();
    let mflop = if args.mode == Mode::Train { training } else { forward };
    let line = serde_json::json!({
        "peer": "paso",
        "isa": paso_tape::Isa::from_env().map_or("?", paso_tape::Isa::name),
        "net": format!("{:?}", args.net),
        "mode": if args.mode == Mode::Train { "train" } else { "infer" },
        "threads": args.threads,
        "batch": args.batch,
        "ms_step": rounded(median * 1e3, 1e3),
        "ms_min": rounded(best * 1e3, 1e3),
        "images_s": rounded(batch / median, 10.0),
        "images_s_max": rounded(batch / best, 10.0),
        "cpus_used": used.map(|used| rounded(used, 100.0)),
        "gflops": rounded(mflop * 1e6 * batch / median / 1e9, 10.0),
        "steps": times.len(),
        "first_step_s": rounded(first_step, 100.0),
        "loss0": rounded(first_loss.into(), 1e4),
        "loss": loss.map(|loss| rounded(loss.into(), 1e4)),
        "rss_before_mib": rss_before,
        "rss_peak_mib": memory_mib("VmHWM:"),
    });
    #[expect(clippy::print_stdout, reason = "the program's output")]
    {
        println!("{line}");
    }
}

/// All parameters of the net as one tensor.
fn adam(model: &Model) -> AdamGroup {
    let adam = Adam::new(AdamConfig::default()).unwrap_or_else(|e| panic!("{e}"));
    AdamGroup::new(adam, [model.params.values().len()])
}

/// Compares the first steps with those of `PyTorch` in f64, so that nothing wrong is timed.
///
/// The reference is `train_reference.json`, which `train_reference.py` made: losses of four steps
/// on a batch of 4, and the outputs in inference after them. A difference beyond the tolerance is a
/// panic.
fn check(net: NetName, parallel: bool) {
    #[derive(serde::Deserialize)]
    struct Reference {
        losses: Vec<f64>,
        eval: Vec<f64>,
    }
    let all: serde_json::Value = serde_json::from_str(include_str!("train_reference.json"))
        .unwrap_or_else(|e| panic!("train_reference.json: {e}"));
    let reference: Reference = serde_json::from_value(all[format!("{net:?}")].clone())
        .unwrap_or_else(|e| panic!("train_reference.json, net {net:?}: {e}"));
    let mut model = Model::new(net, 4, parallel);
    let mut adam = adam(&model);
    // Adam divides by the root of the second moment, so f32 rounding of tiny gradients grows from
    // step to step.
    let close = |what: &str, got: f32, want: f64, tolerance: f64| {
        let error = (f64::from(got) - want).abs() / want.abs().max(1.0);
        assert!(
            error < tolerance,
            "net {net:?}, {what}: {got} instead of {want}, off by {error:.1e}"
        );
    };
    for (i, &want) in reference.losses.iter().enumerate() {
        let tolerance = if i == 0 { 1e-5 } else { 2e-3 };
        close(&format!("loss of step {i}"), model.step(&mut adam), want, tolerance);
    }
    // Of the largest output: after these steps PyTorch's own f32 is 6e-2 of one of M's outputs,
    // 2e-2 of its largest, away from its f64.
    let out = model.infer();
    let largest = reference.eval.iter().fold(1.0_f64, |max, out| max.max(out.abs()));
    for (i, &want) in reference.eval.iter().enumerate() {
        let error = (f64::from(out[i]) - want).abs() / largest;
        assert!(
            error < 5e-2,
            "net {net:?}, output {i} in inference: {} instead of {want}, off by {error:.1e}",
            out[i]
        );
    }
}

fn rounded(x: f64, digits: f64) -> f64 {
    (x * digits).round() / digits
}

/// A figure of this process in MiB, where the system tells.
///
/// `key` is the start of a line of `/proc/self/status`, with its colon; the file counts in KiB.
fn memory_mib(key: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(rounded(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0, 10.0))
}

/// Processor time of this process, where the system tells (in the hundredths of a second that Linux
/// counts in).
///
/// The sum of the time in the program and in the system for it, over all threads: fields 14 and 15
/// of `/proc/self/stat`.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |i: usize| fields.get(i)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
