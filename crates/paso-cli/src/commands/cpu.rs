//! `paso cpu`: what this machine gives the kernels. Paste it into a bug report.
//!
//! A slow training usually has its reason here: a level below what the CPU has, fewer threads than
//! cores, or memory that is slow. The bandwidth is measured, since no system tells it.
//!
//! The answer goes to stdout, as text or as one JSON object. Nothing is written to a file. The
//! command takes about a fifth of a second and 128 MiB, for two buffers of 64 MiB.
//!
//! The bandwidth is that of one thread and of a copy that does not fit most caches. It is a lower
//! bound of what all threads get. On a loaded machine it varies from call to call.

use crate::command::Command;
use anyhow::Result;
use clap::Args;
use paso_locate::Isa;
use serde::Serialize;
use std::time::{Duration, Instant};

/// The instruction set chosen and available, threads, measured memory bandwidth.
#[derive(Debug, Args)]
pub(crate) struct CpuArgs {
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// What is printed, and the keys of the JSON object.
#[derive(Debug, Serialize)]
struct Cpu {
    /// The level that kernels run at; `PASO_ISA` forces another.
    isa: &'static str,
    /// Every level that this machine has.
    available: Vec<&'static str>,
    /// Threads that a command starts unless `--threads` says otherwise: what the system lets this
    /// process use, which may be fewer than the cores of the machine.
    threads: usize,
    /// Bytes moved a second by one thread that copies 64 MiB, both directions counted.
    ///
    /// In units of 1e9 bytes a second, rounded to two decimals.
    memory_gb_s: f64,
    paso: &'static str,
    os: &'static str,
    architecture: &'static str,
}

impl Command for CpuArgs {
    const NAME: &'static str = "cpu";
    const ABOUT: &'static str = "Show the instruction set and threads of this machine";
    const EXAMPLES: &'static [&'static str] = &["paso cpu", "paso cpu --json"];

    fn run(&self) -> Result<()> {
        let cpu = Cpu {
            isa: Isa::from_env()?.name(),
            available: Isa::available().iter().map(|isa| isa.name()).collect(),
            threads: std::thread::available_parallelism()?.get(),
            memory_gb_s: (bandwidth() / 1e7).round() / 100.0,
            paso: env!("CARGO_PKG_VERSION"),
            os: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
        };
        if self.json {
            println!("{}", serde_json::to_string(&cpu)?);
        } else {
            println!("paso {} on {} ({})", cpu.paso, cpu.os, cpu.architecture);
            println!("instruction set  {} of {}", cpu.isa, cpu.available.join(", "));
            println!("threads          {}", cpu.threads);
            println!("memory           {} GB/s, one thread copying 64 MiB", cpu.memory_gb_s);
        }
        Ok(())
    }
}

/// The best of the copies that fit into a fifth of a second, in bytes a second.
///
/// At least one copy is made, however slow it is. Each byte counts twice, as it is read and
/// written. The fastest copy counts, since other programs only make a copy slower.
fn bandwidth() -> f64 {
    let from = vec![1u8; 64 << 20];
    let mut to = vec![0u8; 64 << 20];
    let start = Instant::now();
    let mut best = f64::INFINITY;
    while start.elapsed() < Duration::from_millis(200) {
        let copy = Instant::now();
        to.copy_from_slice(std::hint::black_box(&from));
        std::hint::black_box(&mut to);
        best = best.min(copy.elapsed().as_secs_f64());
    }
    2.0 * from.len() as f64 / best
}
