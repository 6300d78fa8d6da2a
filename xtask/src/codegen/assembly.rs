//! Assembly, read: a function is a graph of blocks; a loop is a set of blocks that reach each
//! other, so it does not matter where the compiler put its parts.
//!
//! The syntax is that of LLVM for x86-64 on Linux (AT&T: the source comes first). Only what the
//! counts need is understood: labels, jumps, returns, and the end of a function by its
//! `.cfi_endproc`. The target of a jump through a register or a table is not known, so a loop that
//! only such a jump closes is not found.
//!
//! Blocks that reach each other are a strongly connected component, so nested loops are one loop
//! here.

use crate::root;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The assembly of a crate as a release build makes it, in as many units, with names that tell the
/// types.
///
/// All units are one text. The crate is built anew on each call, its dependencies once.
pub(crate) fn of(package: &str) -> Result<String> {
    let folder = root().join("target/codegen");
    // What an earlier build left would be read as well.
    cargo(&["clean", "--release", "-p", package], &folder, &[])?;
    // 16 is a release build's own number of units, but not that of one which emits assembly.
    let options = ["codegen-units=16", "symbol-mangling-version=v0"];
    let emit = ["--", "--emit", "asm", "-C", options[0], "-C", options[1]];
    cargo(&["rustc", "--release", "--locked", "-p", package, "--lib"], &folder, &emit)?;
    let prefix = format!("{}-", package.replace('-', "_"));
    let mut text = String::new();
    for entry in std::fs::read_dir(folder.join("release/deps"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&prefix) && name.ends_with(".s") {
            let unit = std::fs::read_to_string(&path);
            text += &unit.with_context(|| path.display().to_string())?;
        }
    }
    if text.is_empty() {
        bail!("cargo rustc left no assembly of {package}");
    }
    Ok(text)
}

fn cargo(arguments: &[&str], target: &Path, last: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(arguments).arg("--target-dir").arg(target).args(last).current_dir(root());
    let status = cargo.status().context("cargo")?;
    if !status.success() {
        bail!("{cargo:?} ended with {status}");
    }
    Ok(())
}

/// The instructions and labels of every function, by its mangled name.
pub(crate) fn functions(text: &str) -> BTreeMap<&str, Vec<&str>> {
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
///
/// Instructions are in the order of the text, with their operands.
pub(crate) fn loops<'t>(body: &[&'t str]) -> Vec<Vec<&'t str>> {
    let (blocks, next) = graph(body);
    let reach: Vec<Vec<bool>> = (0..blocks.len()).map(|from| reachable(from, &next)).collect();
    let mut loops: Vec<Vec<usize>> = Vec::new();
    for (block, after) in reach.iter().enumerate() {
        if !after[block] || loops.iter().any(|members| members.contains(&block)) {
            continue;
        }
        let same_loop = |&other: &usize| after[other] && reach[other][block];
        loops.push((0..blocks.len()).filter(same_loop).collect());
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
///
/// A block reaches itself only by an edge or a way through others.
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

/// Lines that start with `instruction` and contain `register`. Parts of names are enough: `vfm`
/// counts `vfmadd213ps` and `vfmsub231ps`, and `%zmm` is every register of that width.
pub(crate) fn count(body: &[&str], instruction: &str, register: &str) -> usize {
    body.iter().filter(|line| line.starts_with(instruction) && line.contains(register)).count()
}

/// Whether a line stores a whole vector.
pub(crate) fn stores(line: &str, register: &str) -> bool {
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
