//! What the compiler made of the optimizer's loops: each rule's loop, on AVX-512 and on AVX2, calls nothing and has
//! the roots, divisions and fused multiply-adds that its formula needs.
//!
//! It reads the assembly of `paso-adam` in release mode. A function is a graph of blocks; a loop is a set of blocks
//! that reach each other, so it does not matter where the compiler put its parts.

use crate::root;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::process::Command;

/// A rule's kernel, and its loop's roots, divisions and most fused multiply-adds. A mean takes two of the latter, one for
/// each of its forms, a squared one three; both forms are in the loop, behind a branch that goes one way.
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

pub(crate) fn run() -> Result<()> {
    let text = assembly()?;
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
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.iter().for_each(|line| eprintln!("{line}"));
    bail!("codegen: {} loops are not what they should be", wrong.len());
}

/// The assembly of `paso-adam`, with names that tell the types.
fn assembly() -> Result<String> {
    let folder = root().join("target/codegen");
    let status = Command::new("cargo")
        .args(["rustc", "--release", "--locked", "-p", "paso-adam", "--lib", "--target-dir"])
        .arg(&folder)
        .args(["--", "--emit", "asm", "-C", "symbol-mangling-version=v0", "-C", "codegen-units=1"])
        .current_dir(root())
        .status()
        .context("cargo rustc")?;
    if !status.success() {
        bail!("cargo rustc ended with {status}");
    }
    let newest = std::fs::read_dir(folder.join("release/deps"))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("paso_adam-") && name.ends_with(".s")
        })
        .max_by_key(|path| path.metadata().and_then(|meta| meta.modified()).ok())
        .context("cargo rustc left no assembly")?;
    std::fs::read_to_string(&newest).with_context(|| newest.display().to_string())
}

/// The instructions and labels of every function, by its mangled name.
fn functions(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut functions = BTreeMap::new();
    let mut current: Option<&str> = None;
    for line in text.lines() {
        if let Some(name) = line.strip_suffix(':').filter(|name| name.starts_with("_R")) {
            current = Some(name);
            functions.insert(name, Vec::new());
        } else if line.trim_start().starts_with(".cfi_endproc") {
            current = None;
        } else if let Some(name) = current {
            let line = line.trim();
            let directive = line.starts_with('.') && !line.ends_with(':');
            if !line.is_empty() && !directive && !line.starts_with('#') {
                functions.entry(name).or_default().push(line);
            }
        }
    }
    functions
}

/// The instructions of every loop of a function.
fn loops<'t>(body: &[&'t str]) -> Vec<Vec<&'t str>> {
    let (blocks, next) = graph(body);
    let reach: Vec<Vec<bool>> = (0..blocks.len()).map(|from| reachable(from, &next)).collect();
    let mut loops: Vec<Vec<usize>> = Vec::new();
    for (block, after) in reach.iter().enumerate() {
        if !after[block] || loops.iter().any(|members| members.contains(&block)) {
            continue;
        }
        let together = |&other: &usize| after[other] && reach[other][block];
        loops.push((0..blocks.len()).filter(together).collect());
    }
    let text = |members: Vec<usize>| members.iter().flat_map(|&i| blocks[i].clone()).collect();
    loops.into_iter().map(text).collect()
}

/// The blocks of a function, and which can follow which.
fn graph<'t>(body: &[&'t str]) -> (Vec<Vec<&'t str>>, Vec<Vec<usize>>) {
    let mut blocks: Vec<Vec<&str>> = vec![Vec::new()];
    let mut labels = BTreeMap::new();
    for &line in body {
        if let Some(label) = line.strip_suffix(':') {
            if blocks.last().is_some_and(|block| !block.is_empty()) {
                blocks.push(Vec::new());
            }
            labels.insert(label, blocks.len() - 1);
            continue;
        }
        if let Some(block) = blocks.last_mut() {
            block.push(line);
        }
        if line.starts_with('j') || line.starts_with("ret") {
            blocks.push(Vec::new());
        }
    }
    let next = blocks
        .iter()
        .enumerate()
        .map(|(i, block)| {
            let last = block.last().copied().unwrap_or_default();
            let (name, target) = last.split_once('\t').unwrap_or((last, ""));
            let mut next: Vec<usize> = labels.get(target).copied().into_iter().collect();
            let ends = name == "jmp" || name.starts_with("ret") || name == "ud2";
            if !ends && i + 1 < blocks.len() {
                next.push(i + 1);
            }
            next
        })
        .collect();
    (blocks, next)
}

/// Which blocks can come after this one.
fn reachable(from: usize, next: &[Vec<usize>]) -> Vec<bool> {
    let mut seen = vec![false; next.len()];
    let mut open = next[from].clone();
    while let Some(block) = open.pop() {
        if !seen[block] {
            seen[block] = true;
            open.extend(&next[block]);
        }
    }
    seen
}

fn count(body: &[&str], instruction: &str, register: &str) -> usize {
    body.iter().filter(|line| line.starts_with(instruction) && line.contains(register)).count()
}

/// Whether a line stores a whole vector.
fn stores(line: &str, register: &str) -> bool {
    let moves =
        line.starts_with("vmovups") || line.starts_with("vmovaps") || line.starts_with("vmovdqu");
    let source = line.split_whitespace().nth(1).unwrap_or_default();
    moves && source.starts_with(register) && line.ends_with(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_found_wherever_its_parts_are() {
        let body = [
            "xorl\t%eax, %eax",
            ".L1:",
            "vsqrtps\t%zmm0, %zmm1",
            "jne\t.L3",
            ".L2:",
            "vmovups\t%zmm1, (%rdi)",
            "jb\t.L1",
            "retq",
            ".L3:",
            "callq\tsomewhere",
            "jmp\t.L2",
        ];
        let loops = loops(&body);
        assert_eq!(loops.len(), 1, "{loops:?}");
        assert_eq!(count(&loops[0], "vsqrtps", "%zmm"), 1, "the root");
        assert!(loops[0].iter().any(|line| line.starts_with("call")), "the part behind the return");
        assert!(loops[0].iter().any(|line| stores(line, "%zmm")), "the store");
        assert!(!loops[0].iter().any(|line| line.starts_with("xorl")), "what comes before it");
    }
}
