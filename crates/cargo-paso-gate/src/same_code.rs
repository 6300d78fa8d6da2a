//! Whether two programs are equal in all that runs.
//!
//! A change of a comment, of documentation or of a test gives a program that differs at most in its
//! debug information, its build id, and the line numbers that panics print. Where nothing else
//! differs there is nothing to measure.
//!
//! Programs of one bytes are equal everywhere. Beyond that, ELF files (Linux, BSD) are compared
//! section by section: all that is loaded into memory must be the same bytes at the same addresses,
//! except notes, and except line and column of a `core::panic::Location`. Such a location is
//! recognized by its contents: a pointer to a string, its length, and the string ends in `.rs`.
//! Mach-O and PE files that differ in any byte are measured.

use object::{
    File, Object as _, ObjectSection as _, RelocationFlags, Section, SectionFlags, SectionKind,
};
use std::collections::BTreeMap;

/// Whether both programs do the same. `false` also where that is not known.
///
/// ```
/// assert!(cargo_paso_gate::same_code(b"any bytes", b"any bytes"));
/// assert!(!cargo_paso_gate::same_code(b"any bytes", b"other bytes"));
/// ```
#[must_use]
pub fn same_code(a: &[u8], b: &[u8]) -> bool {
    a == b || elf(a, b).unwrap_or(false)
}

/// Only the word of a section's flags that says it is loaded.
fn is_loaded(section: &Section<'_, '_>) -> bool {
    let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return false };
    sh_flags.0 & object::elf::SHF_ALLOC.0 != 0 && section.kind() != SectionKind::Note
}

fn elf(a: &[u8], b: &[u8]) -> Option<bool> {
    let (a, b) = (File::parse(a).ok()?, File::parse(b).ok()?);
    if !a.is_64() || a.architecture() != b.architecture() || a.entry() != b.entry() {
        return Some(false);
    }
    let pointers = pointers(&a);
    let mut others = b.sections().filter(is_loaded);
    for section in a.sections().filter(is_loaded) {
        let Some(other) = others.next() else { return Some(false) };
        if section.name().ok()? != other.name().ok()?
            || section.address() != other.address()
            || section.size() != other.size()
        {
            return Some(false);
        }
        let (old, new) = (section.data().ok()?, other.data().ok()?);
        if old != new && !only_locations(&a, &pointers, section.address(), old, new) {
            return Some(false);
        }
    }
    Some(others.next().is_none())
}

/// Addresses that the loader writes pointers to, with what they point to.
fn pointers(file: &File<'_>) -> BTreeMap<u64, u64> {
    let relative = |flags| match flags {
        RelocationFlags::Elf { r_type } => {
            [object::elf::R_X86_64_RELATIVE, object::elf::R_AARCH64_RELATIVE].contains(&r_type)
        }
        _ => false,
    };
    let all = file.dynamic_relocations().into_iter().flatten();
    all.filter(|(_, it)| relative(it.flags()))
        .map(|(at, it)| (at, it.addend().cast_unsigned()))
        .collect()
}

/// Whether two versions of a section's data differ in lines and columns of locations only.
fn only_locations(
    file: &File<'_>,
    pointers: &BTreeMap<u64, u64>,
    address: u64,
    old: &[u8],
    new: &[u8],
) -> bool {
    old.len() == new.len()
        && (0..old.len()).step_by(4).all(|at| {
            let end = (at + 4).min(old.len());
            // Line and column follow the pointer and the length, which have eight bytes each.
            old[at..end] == new[at..end]
                || [16, 20].iter().any(|offset| {
                    let start = at.checked_sub(*offset);
                    start.is_some_and(|start| is_location(file, pointers, address, old, start))
                })
        })
}

/// Whether a `Location` starts at this place of the data.
fn is_location(
    file: &File<'_>,
    pointers: &BTreeMap<u64, u64>,
    address: u64,
    data: &[u8],
    start: usize,
) -> bool {
    let word = |at: usize| -> Option<u64> {
        Some(u64::from_le_bytes(data.get(at..at + 8)?.try_into().ok()?))
    };
    let name = || -> Option<&[u8]> {
        (start.is_multiple_of(8) && data.len() >= start + 24).then_some(())?;
        let length = word(start + 8).filter(|length| (4..4096).contains(length))?;
        let pointer = pointers.get(&(address + start as u64)).copied().or_else(|| word(start))?;
        file.sections()
            .filter(is_loaded)
            .find_map(|section| section.data_range(pointer, length).ok()?)
    };
    // Newer compilers end the name with a zero.
    name().is_some_and(|name| name.strip_suffix(b"\0").unwrap_or(name).ends_with(b".rs"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::Command;

    /// The program of this source.
    fn compiled(source: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The name is in the program.
        std::fs::write(folder.path().join("main.rs"), source).expect("a source");
        let mut rustc = Command::new("rustc");
        rustc
            .args(["--edition=2024", "-O", "-g", "main.rs", "-o", "main"])
            .current_dir(folder.path());
        let output = rustc.output().expect("rustc");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(folder.path().join("main")).expect("a program")
    }

    const SOURCE: &str = "
        fn checked(x: &[u32], i: usize) -> u32 { x[i] + x[2 * i] }
        fn main() {
            let i = std::env::args().count();
            println!(\"{} {}\", checked(&[1, 2, 3, 4], i), [\"few\", \"many\"][i % 2]);
        }";

    #[test]
    fn comments_and_lines_are_no_code_but_all_else_is() {
        let before = compiled(SOURCE);
        let comment = compiled(&format!("// A comment.\n\n// Another one.\n{SOURCE}"));
        assert!(before != comment, "lines are in debug information and in panics");
        assert!(same_code(&before, &comment), "only lines differ");
        let test = format!("#[test]\nfn a_test() {{ assert_eq!(checked(&[1], 0), 2); }}\n{SOURCE}");
        assert!(same_code(&before, &compiled(&test)), "tests are not compiled");
        let other = compiled(&SOURCE.replace("2 * i", "3 * i"));
        assert!(!same_code(&before, &other), "another index");
        let constant = compiled(&SOURCE.replace("[1, 2, 3, 4]", "[1, 2, 3, 5]"));
        assert!(!same_code(&before, &constant), "another number");
        let text = compiled(&SOURCE.replace("few", "odd"));
        assert!(!same_code(&before, &text), "another message");
    }

    #[test]
    fn what_is_no_program_is_compared_by_its_bytes() {
        assert!(same_code(b"", b"") && !same_code(b"\x7fELF", b"\x7fELG"), "too short for ELF");
        let program = compiled(SOURCE);
        assert!(!same_code(&program, &program[..program.len() / 2]), "half a program");
    }
}
