//! What the compiler made of the hot loops, on AVX-512 and on AVX2. Each of the optimizer's loops
//! calls nothing and has the roots, divisions and fused multiply-adds that its formula needs. No
//! kernel of `paso-ops` passes vectors to a function that was not inlined (`array::map` is such a
//! one): it would be compiled without the level's instructions, and every vector would go through
//! memory.
//!
//! A test of results cannot see this: code that lost its vectors computes the same bits, only
//! slower. A timing may not see it either, if the machine is busy. The assembly shows it on every
//! run.
//!
//! Both crates are compiled in `target/codegen` with v0 symbols. A function of the optimizer is
//! found by its symbol, which names the rule's kernel and pulp's type for the level. Its loops that
//! store whole vectors are examined (see `assembly.rs`), and instructions are counted that use
//! registers of the level's full width. Numbers of roots and divisions must agree exactly. Fused
//! multiply-adds have an upper limit for each rule, and a lower one of 3. A call is an error.
//!
//! When a kernel changes on purpose, change its line in [`EXPECTED`]. When the compiler is updated
//! and a count differs, read the loop first. Only x86-64 is examined; NEON has no such check.

mod assembly;

use anyhow::{Result, bail};
use assembly::{count, functions, loops, stores};

/// A rule's kernel, and its loop's roots, divisions and most fused multiply-adds. A mean takes two
/// of the latter, one for each of its forms, a squared one three; both forms are in the loop,
/// behind a branch that goes one way.
const EXPECTED: &[(&str, usize, usize, usize)] = &[
    ("AdamKernel", 1, 1, 8),
    ("AmsGradKernel", 1, 1, 8),
    ("NAdamKernel", 1, 1, 9),
    ("MomentumKernel", 0, 0, 7),
    ("AdamaxKernel", 0, 1, 5),
    ("AdaBeliefKernel", 1, 1, 8),
    ("LionKernel", 0, 0, 6),
    ("AdoptKernel", 1, 1, 8),
    ("ScheduleFreeKernel", 1, 1, 9),
];

/// Level, how its module is mangled in pulp, and the registers of its full width.
const LEVELS: &[(&str, &str, &str)] =
    &[("AVX-512", "3x862v4", "%zmm"), ("AVX2", "3x862v3", "%ymm")];

/// Prints a line per kernel, level and loop.
///
/// # Errors
/// When a crate does not build, or a loop is not as expected; all that are wrong are printed
/// before.
pub(crate) fn run() -> Result<()> {
    let mut wrong = optimizer()?;
    wrong.extend(operations()?);
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.iter().for_each(|line| eprintln!("{line}"));
    bail!("codegen: {} loops are not what they should be", wrong.len());
}

/// What is wrong with the loops of `paso-adam`.
fn optimizer() -> Result<Vec<String>> {
    let text = assembly::of("paso-adam")?;
    let functions = functions(&text);
    let mut wrong = Vec::new();
    eprintln!(
        "{:<20} {:<8} {:>5} {:>4} {:>4} {:>4} {:>5}",
        "kernel", "level", "loops", "sqrt", "div", "fma", "calls"
    );
    for &(kernel, sqrt, div, fma) in EXPECTED {
        for &(level, module, register) in LEVELS {
            let mangled = format!("{}{kernel}", kernel.len());
            let Some((_, body)) = functions.iter().find(|(name, _)| {
                let pass = name.contains("vectorize3imp") && name.contains("4pass4Pass");
                pass && name.contains(module) && name.contains(&mangled)
            }) else {
                wrong.push(format!("{kernel} on {level}: its function was not found"));
                continue;
            };
            // Loops over whole vectors: those that store one.
            let loops: Vec<_> = loops(body)
                .into_iter()
                .filter(|body| body.iter().any(|line| stores(line, register)))
                .collect();
            if loops.is_empty() {
                wrong.push(format!("{kernel} on {level}: no loop stores a whole vector"));
            }
            for body in &loops {
                let found = [
                    count(body, "vsqrtps", register),
                    count(body, "vdivps", register),
                    count(body, "vfm", register) + count(body, "vfnm", register),
                    body.iter().filter(|line| line.starts_with("call")).count(),
                ];
                eprintln!(
                    "{kernel:<20} {level:<8} {:>5} {:>4} {:>4} {:>4} {:>5}",
                    loops.len(),
                    found[0],
                    found[1],
                    found[2],
                    found[3]
                );
                let [sqrts, divs, fmas, calls] = found;
                if sqrts != sqrt || divs != div || fmas > fma || fmas < 3 || calls != 0 {
                    wrong.push(format!(
                        "{kernel} on {level}: {sqrts} sqrt, {divs} div, {fmas} fma, {calls} calls; \
                         expected {sqrt} sqrt, {div} div, 3 to {fma} fma, no call"
                    ));
                }
            }
        }
    }
    Ok(wrong)
}

/// What is wrong with the kernels of `paso-ops`.
fn operations() -> Result<Vec<String>> {
    let text = assembly::of("paso-ops")?;
    let functions = functions(&text);
    let mut wrong = Vec::new();
    for &(level, module, register) in LEVELS {
        let (mut adding, mut calling) = (0, 0);
        for (name, body) in functions.iter().filter(|(name, _)| name.contains(module)) {
            adding += usize::from(count(body, "vfm", register) > 0);
            for line in body.iter().filter(|line| passes_vectors(line)) {
                calling += 1;
                wrong.push(format!("{name}: {line}"));
            }
        }
        eprintln!(
            "paso-ops, {level}: {adding} kernels multiply and add, {calling} pass vectors on"
        );
        if adding < 10 {
            wrong.push(format!("paso-ops on {level}: its kernels were not found"));
        }
    }
    Ok(wrong)
}

/// Whether a line calls a function that is generic over vectors, but no kernel of its own.
fn passes_vectors(line: &str) -> bool {
    line.starts_with("call") && line.contains("4pulp") && !line.contains("9vectorize")
}
