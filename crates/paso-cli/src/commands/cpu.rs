//! `paso cpu`: what this machine offers the kernels. Meant to be pasted into bug reports.

use anyhow::Result;
use clap::Args;
use paso_locate::Isa;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Show the instruction set, threads and memory bandwidth of this machine
#[derive(Debug, Args)]
pub(crate) struct CpuArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Cpu {
    /// The instruction set that kernels use; `PASO_ISA` selects another.
    isa: &'static str,
    /// All instruction sets that this machine has.
    available: Vec<&'static str>,
    threads: usize,
    /// Memory bandwidth of one thread that copies 64 MiB, reads and writes counted.
    memory_gb_s: f64,
    paso: &'static str,
    os: &'static str,
    architecture: &'static str,
}

/// Runs the command.
pub(crate) fn run(args: &CpuArgs) -> Result<()> {
    let cpu = Cpu {
        isa: Isa::from_env()?.name(),
        available: Isa::available().iter().map(|isa| isa.name()).collect(),
        threads: std::thread::available_parallelism()?.get(),
        memory_gb_s: (bandwidth() / 1e7).round() / 100.0,
        paso: env!("CARGO_PKG_VERSION"),
        os: std::env::consts::OS,
        architecture: std::env::consts::ARCH,
    };
    if args.json {
        println!("{}", serde_json::to_string(&cpu)?);
    } else {
        println!("paso {} on {} ({})", cpu.paso, cpu.os, cpu.architecture);
        println!("instruction set   {} (available: {})", cpu.isa, cpu.available.join(", "));
        println!("threads           {}", cpu.threads);
        println!("memory bandwidth  {} GB/s, one thread copying 64 MiB", cpu.memory_gb_s);
    }
    Ok(())
}

/// Bytes per second of the fastest copy in a fifth of a second.
fn bandwidth() -> f64 {
    let from = vec![1u8; 64 << 20];
    let mut to = vec![0u8; 64 << 20];
    let start = Instant::now();
    let mut fastest = f64::INFINITY;
    while start.elapsed() < Duration::from_millis(200) {
        let copy = Instant::now();
        to.copy_from_slice(std::hint::black_box(&from));
        std::hint::black_box(&mut to);
        fastest = fastest.min(copy.elapsed().as_secs_f64());
    }
    2.0 * from.len() as f64 / fastest
}
