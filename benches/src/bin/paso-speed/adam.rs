//! `paso-speed adam`: one `AdamW` step, from a thousand weights to ten million, and a thousand
//! small tensors.
//!
//! The keys of a line, which is one size:
//!
//! * `peer`: `paso`, or `stream` for the loop that is the limit; `size` and `threads` as asked for.
//! * `ns_param`: median nanoseconds of a step per weight; `ns_param_best`: of the fastest sample.
//! * `gb_s`: bytes that a step must move, in 1e9 a second, from the median.
//! * `us_step`: median microseconds of a step.
//!
//! The bytes per weight are `12 + 8 * moments`: the weight is read and written, the gradient is
//! read, each moment is read and written, at 4 bytes each. What caches save is not taken off, so
//! that in a cache the figure can exceed the bandwidth of the memory.
//!
//! The gradient is the same in every step. The time does not depend on values, except for
//! denormals; `--dead` looks for those: without gradients the moments decay to 0, and a CPU that
//! computes denormals slowly would show it.
//!
//! The result is checked for the rule `adamw` on every run, whatever rule is timed. The other rules
//! have their tests in `paso-adam`.

use paso_adam::{
    Adam, AdamConfig, AdamGroup, AmsGrad, Nesterov, Rule as Formula, ScheduleFree, WeightDecay,
};
use rayon::prelude::*;

use crate::timing::{self, Effort};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Sizes: a number of weights, or `TENSORSxWEIGHTS`.
    #[arg(long, value_delimiter = ',', default_value = "1e3,1e4,1e5,1e6,1e7,1000x1000", value_parser = size)]
    sizes: Vec<Size>,
    /// Threads, each bound to a CPU.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Seconds to sample for, each size.
    #[arg(long, default_value_t = 0.6)]
    seconds: f64,
    /// Take so many steps on one thread and time nothing: for counting instructions.
    #[arg(long, conflicts_with = "threads", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
    /// Time a loop with the same memory traffic and one addition an array instead: the limit from
    /// 1e6 on.
    #[arg(long)]
    stream: bool,
    /// The rule of the update; also what the stream's traffic is that of.
    #[arg(long, value_enum, default_value = "adamw")]
    rule: Rule,
    /// Audit every step.
    #[arg(long)]
    audit: bool,
    /// Let every gradient die for 100,000 steps, and time steps before, in between and after.
    #[arg(long)]
    dead: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Rule {
    Adamw,
    Amsgrad,
    Nadam,
    Radam,
    Adamax,
    Adabelief,
    Lion,
    Adopt,
    Schedulefree,
    Lamb,
    Cautious,
}

impl Rule {
    /// The optimizer, all with a decay of 0.01.
    fn adam(self) -> Adam {
        let base = AdamConfig::torch_adamw();
        let rule = |rule| AdamConfig { rule, ..base };
        let decay = WeightDecay::Decoupled(0.01);
        let config = match self {
            Self::Adamw => base,
            Self::Amsgrad => rule(Formula::AmsGrad(AmsGrad::Raw)),
            Self::Nadam => rule(Formula::NAdam(Nesterov::Constant)),
            Self::Radam => rule(Formula::RAdam),
            Self::Adamax => rule(Formula::Adamax),
            Self::Adabelief => AdamConfig { decay, ..AdamConfig::adabelief() },
            Self::Lion => AdamConfig { decay, ..AdamConfig::lion() },
            Self::Adopt => AdamConfig { decay, ..AdamConfig::adopt() },
            Self::Schedulefree => rule(Formula::ScheduleFree(ScheduleFree::default())),
            Self::Lamb => AdamConfig { decay, ..AdamConfig::lamb() },
            Self::Cautious => AdamConfig { cautious: true, ..base },
        };
        Adam::new(config).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Buffers in addition to the weights.
    ///
    /// They are what a step moves in addition to weights and gradients; see the formula at the top.
    fn moments(self) -> usize {
        match self {
            Self::Lion => 1,
            Self::Amsgrad => 3,
            _ => 2,
        }
    }
}

impl Args {
    /// Seconds of sampling for each size, or a number of steps.
    fn effort(&self) -> Effort {
        Effort::new(self.seconds, self.steps)
    }
}

/// So many tensors with so many weights each.
#[derive(Clone)]
struct Size {
    /// As it was written in the arguments.
    name: String,
    /// 1 where only a number of weights was given.
    tensors: usize,
    /// Of each tensor.
    weights: usize,
}

/// Parses `1e6` or `1000x1000`.
///
/// Exponents are allowed; fractions, 0 and numbers of 1e10 or more are not.
fn size(text: &str) -> Result<Size, String> {
    let count = |part: &str| match part.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "checked: a whole number below 1e10")]
        #[expect(clippy::cast_sign_loss, reason = "checked: at least 1")]
        Ok(n) if (1.0..1e10).contains(&n) && n.fract() == 0.0 => Ok(n as usize),
        _ => Err(format!("`{part}`: must be a whole number from 1 to 1e10, as 1000 or 1e3")),
    };
    let (tensors, weights) = text.split_once('x').unwrap_or(("1", text));
    Ok(Size { name: text.into(), tensors: count(tensors)?, weights: count(weights)? })
}

/// Prints one line per size. Every other figure follows from the median or is measured next to it.
pub(crate) fn run(args: &Args) {
    check();
    args.effort()
        .install(args.threads.into(), || args.sizes.iter().for_each(|size| line(size, args)));
}

/// Times one size and prints its line.
fn line(size: &Size, args: &Args) {
    if args.dead {
        dead(size, args);
    } else {
        let time = if args.stream { stream } else { step };
        let (median, best) = time(size, args);
        let total = (size.tensors * size.weights) as f64;
        let line = serde_json::json!({
            "peer": if args.stream { "stream" } else { "paso" },
            "size": size.name,
            "threads": args.threads,
            "ns_param": rounded(median * 1e9 / total, 1e4),
            "ns_param_best": rounded(best * 1e9 / total, 1e4),
            "gb_s": rounded((12 + 8 * args.rule.moments()) as f64 * total / median / 1e9, 1e2),
            "us_step": rounded(median * 1e6, 1e2),
        });
        #[expect(clippy::print_stdout, reason = "the program's output")]
        {
            println!("{line}");
        }
    }
}

/// `digits` is a power of ten: 1e2 keeps two decimals.
fn rounded(x: f64, digits: f64) -> f64 {
    (x * digits).round() / digits
}

/// Weights or gradients: spread evenly over `-scale..scale`, the same every time.
fn values(n: usize, scale: f32) -> Vec<f32> {
    let mut state = 1_u32;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            scale * ((state >> 8) as f32 / 8_388_608.0 - 1.0)
        })
        .collect()
}

/// Ten steps on 1003 weights against the formulas in f64, before anything is timed.
///
/// The formulas are those of decoupled decay, with a rate of 1e-3 and a decay of 0.01. A difference
/// of 1e-6 or more is a panic.
fn check() {
    let (start, gradient) = (values(1003, 1.0), values(1003, 0.1));
    let (mut w, mut group) = (start.clone(), AdamGroup::new(Rule::Adamw.adam(), [1003]));
    (0..10).for_each(|_| group.step(1e-3, [(&mut w[..], &gradient[..])]));
    for ((&w, &start), &g) in w.iter().zip(&start).zip(&gradient) {
        let (mut exact, mut m, mut v) = (f64::from(start), 0.0, 0.0);
        for t in 1..=10 {
            let g = f64::from(g);
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let denominator = (v / (1.0 - 0.999_f64.powi(t))).sqrt() + 1e-8;
            exact -= 1e-5 * exact + 1e-3 * (m / (1.0 - 0.9_f64.powi(t))) / denominator;
        }
        assert!((f64::from(w) - exact).abs() < 1e-6, "wrong result: {w}, not {exact}");
    }
}

/// Median and best seconds of a step.
///
/// All tensors are one group. With more than one thread the parallel step is timed, in the pool of
/// the caller.
fn step(size: &Size, args: &Args) -> (f64, f64) {
    let total = size.tensors * size.weights;
    let (mut w, g) = (values(total, 1.0), values(total, 0.1));
    let mut group = AdamGroup::new(args.rule.adam(), vec![size.weights; size.tensors]);
    let mut tensors: Vec<_> = w.chunks_mut(size.weights).zip(g.chunks(size.weights)).collect();
    let audit = args.audit;
    timing::sample(args.effort(), || match (args.threads > 1, audit) {
        (true, false) => group.par_step(1e-3, &mut tensors[..]),
        (false, false) => group.step(1e-3, &mut tensors[..]),
        (true, true) => {
            std::hint::black_box(group.par_step_audited(1e-3, &mut tensors[..]));
        }
        (false, true) => {
            std::hint::black_box(group.step_audited(1e-3, &mut tensors[..]));
        }
    })
}

/// Prints the time of a step after 100,000 steps without a gradient over that at the start, and the
/// slowest stretch in between: where moments pass the denormals, if they do.
///
/// A stretch is 500 steps. Medians are over 21 stretches at the start and at the end, and over each
/// five consecutive ones of the 200 in between. All of it runs on one thread as one tensor.
fn dead(size: &Size, args: &Args) {
    let total = size.tensors * size.weights;
    let (mut w, mut g) = (values(total, 1.0), values(total, 1e-3));
    let mut group = AdamGroup::new(args.rule.adam(), [total]);
    let mut stretch = |group: &mut AdamGroup, g: &[f32]| {
        let before = std::time::Instant::now();
        (0..500).for_each(|_| group.step(1e-3, [(&mut w[..], g)]));
        before.elapsed().as_secs_f64()
    };
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    stretch(&mut group, &g); // warms up
    let start = median((0..21).map(|_| stretch(&mut group, &g)).collect());
    g.fill(0.0);
    // A hiccup of the machine is one stretch; the denormals' would be dozens in a row.
    let dying: Vec<f64> = (0..200).map(|_| stretch(&mut group, &g)).collect();
    let slowest = dying.windows(5).map(|five| median(five.to_vec())).fold(0.0, f64::max);
    let end = median((0..21).map(|_| stretch(&mut group, &g)).collect());
    let line = serde_json::json!({
        "size": size.name,
        "end_over_start": rounded(end / start, 1e3),
        "slowest_over_start": rounded(slowest / start, 1e3),
    });
    #[expect(clippy::print_stdout, reason = "the program's output")]
    {
        println!("{line}");
    }
}

/// Median and best seconds of a loop that reads and writes the arrays that the rule does.
///
/// The loop is compiled for the CPU's best level, whatever `PASO_ISA` says. It runs on several
/// threads only for rules with two moments and more than 100,000 weights; in all other cases on
/// one.
fn stream(size: &Size, args: &Args) -> (f64, f64) {
    let total = size.tensors * size.weights;
    let (mut w, g) = (values(total, 1.0), values(total, 1e-3));
    let moment = |k| values(if args.rule.moments() > k { total } else { 0 }, 1.0);
    let (mut m, mut v, mut x) = (moment(0), moment(1), moment(2));
    let arch = pulp::Arch::new();
    let pass = |w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], x: &mut [f32]| {
        arch.dispatch(|| {
            if v.is_empty() {
                for ((w, g), m) in w.iter_mut().zip(g).zip(m) {
                    (*w, *m) = (*w + g, *m + g);
                }
            } else if x.is_empty() {
                for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    (*w, *m, *v) = (*w + g, *m + g, *v + g);
                }
            } else {
                for ((((w, g), m), v), x) in w.iter_mut().zip(g).zip(m).zip(v).zip(x) {
                    (*w, *m, *v, *x) = (*w + g, *m + g, *v + g, *x + g);
                }
            }
        });
    };
    let parallel = args.threads > 1 && args.rule.moments() == 2;
    timing::sample(args.effort(), || {
        if parallel && total > 100_000 {
            const PIECE: usize = 64 * 1024;
            let (w, g) = (w.par_chunks_mut(PIECE), g.par_chunks(PIECE));
            let (m, v) = (m.par_chunks_mut(PIECE), v.par_chunks_mut(PIECE));
            (w, g, m, v).into_par_iter().for_each(|(w, g, m, v)| pass(w, g, m, v, &mut []));
        } else {
            pass(&mut w, &g, &mut m, &mut v, &mut x);
        }
    })
}
