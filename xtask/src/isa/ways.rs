//! How each instruction set can be run on this machine.
//!
//! What runs where depends on the speed of the place. The CPU runs everything. QEMU runs the
//! kernels' tests where the CPU lacks a level, and only the detection of levels where it has it.
//! Bochs emulates every instruction of a whole computer and runs the optimizer alone.
//!
//! A row is returned for every level even where it cannot run, with the reason and, where it is
//! known, the packages of Debian that are missing. A level may have several rows.
//!
//! `PASO_ISA` is not set under QEMU for x86: the CPU named there (`Haswell` for AVX2, `Nehalem` for
//! none) must lead to the level by itself.

use super::programs::Selection;
use super::{Row, Tests, Way};
use std::process::{Command, Stdio};

/// The crates with kernels and those that run on them.
const ALL: Selection = Selection {
    packages: &["paso-isa", "paso-adam", "paso-ops", "paso-tape", "paso-locate"],
    only_lib: false,
};

/// What an emulator is fast enough for.
const KERNELS: Selection =
    Selection { packages: &["paso-isa", "paso-adam", "paso-ops", "paso-tape"], only_lib: false };

/// Which levels an emulated CPU offers, and one operation at each. The kernels' tests have run on
/// this CPU at the same levels, a hundred times as fast.
const DETECTION: Selection = Selection { packages: &["paso-isa"], only_lib: true };

/// What `cargo test` builds and runs on an emulated ARM CPU: [`KERNELS`].
const ARM_TESTS: &[&str] =
    &["-p", "paso-isa", "-p", "paso-adam", "-p", "paso-ops", "-p", "paso-tape", "--lib", "--tests"];

/// What runs in an emulated computer: the optimizer alone, as a step takes seconds there.
const COMPUTER_TESTS: &[&str] =
    &["-p", "paso-isa", "-p", "paso-adam", "--lib", "--test", "same_bits", "--test", "group"];

const X86: &str = "x86_64-unknown-linux-gnu";
const ARM: &str = "aarch64-unknown-linux-gnu";

/// Every instruction set, and how it runs on this machine.
pub(super) fn rows(emulate: bool) -> Vec<Row> {
    let x86 = cfg!(target_arch = "x86_64");
    let (avx2, avx512) = x86_levels();
    let native = match (avx2, avx512) {
        _ if cfg!(target_arch = "aarch64") => "scalar,neon",
        (_, true) => "scalar,avx2,avx512",
        (true, false) => "scalar,avx2",
        _ => "scalar",
    };
    let here = |level: &str| Way {
        place: "this CPU".into(),
        environment: settings(&[("PASO_ISA", level), ("PASO_EXPECT_LEVELS", native)]),
        tests: Tests::Workspace { selection: ALL, emulator: Vec::new() },
        validate: true,
    };
    let mut rows = vec![Row { level: "scalar", way: Ok(here("scalar")) }];
    rows.push(Row {
        level: "avx2",
        way: if avx2 { Ok(here("avx2")) } else { emulated_x86("Haswell", "scalar,avx2", KERNELS) },
    });
    let here512 = avx512 && !emulate;
    rows.push(Row { level: "avx512", way: if here512 { Ok(here("avx512")) } else { computer() } });
    if avx2 {
        // That the levels are found by themselves on CPUs that have fewer.
        rows.push(Row { level: "avx2", way: emulated_x86("Haswell", "scalar,avx2", DETECTION) });
        rows.push(Row { level: "scalar", way: emulated_x86("Nehalem", "scalar", DETECTION) });
    }
    let neon = if cfg!(target_arch = "aarch64") { Ok(here("neon")) } else { emulated_arm(x86) };
    rows.push(Row { level: "neon", way: neon });
    rows
}

fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// Whether this CPU has what the levels need.
///
/// AVX2 first, then AVX-512. Both need several extensions, since the kernels are compiled for all
/// of them at once.
fn x86_levels() -> (bool, bool) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        let avx2 = has!("avx2") && has!("fma") && has!("bmi1") && has!("bmi2") && has!("lzcnt");
        let wide = has!("avx512f") && has!("avx512bw") && has!("avx512cd");
        (avx2, avx2 && wide && has!("avx512dq") && has!("avx512vl"))
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        (false, false)
    }
}

/// The first of these programs that is there.
fn first(programs: &[&'static str]) -> Result<&'static str, String> {
    let found = programs.iter().copied().find(|program| crate::steps::has(program));
    found.ok_or_else(|| {
        format!("{} is not installed (Debian: qemu-user-static)", programs.join(" or "))
    })
}

/// `levels` are those that this CPU has, separated by commas. The programs are those of the native
/// build.
fn emulated_x86(cpu: &str, levels: &str, selection: Selection) -> Result<Way, String> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err("needs an x86-64 Linux machine".into());
    }
    let qemu = first(&["qemu-x86_64-static", "qemu-x86_64"])?;
    Ok(Way {
        place: format!("{qemu}, {cpu}"),
        environment: settings(&[("PASO_EXPECT_LEVELS", levels)]),
        tests: Tests::Workspace {
            selection,
            emulator: vec![qemu.into(), "-cpu".into(), cpu.into()],
        },
        validate: false,
    })
}

/// NEON under emulation.
fn emulated_arm(x86: bool) -> Result<Way, String> {
    if !(x86 && cfg!(target_os = "linux")) {
        return Err("needs an aarch64 machine, or x86-64 Linux with an emulator".into());
    }
    let qemu = first(&["qemu-aarch64-static", "qemu-aarch64"])?;
    let linker = "aarch64-linux-gnu-gcc";
    if !crate::steps::has(linker) {
        return Err(format!(
            "{linker} is not installed (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross)"
        ));
    }
    let add = Command::new("rustup").args(["target", "add", ARM]).stderr(Stdio::null()).status();
    if !add.is_ok_and(|status| status.success()) {
        return Err(format!("`rustup target add {ARM}` failed"));
    }
    let runner = format!("{qemu} -L /usr/aarch64-linux-gnu");
    Ok(Way {
        place: qemu.into(),
        environment: settings(&[
            ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", linker),
            ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", &runner),
            ("PASO_ISA", "neon"),
            ("PASO_EXPECT_LEVELS", "scalar,neon"),
        ]),
        tests: Tests::Cargo { target: ARM, arguments: ARM_TESTS },
        validate: true,
    })
}

/// AVX-512 in a whole emulated computer: neither QEMU nor valgrind knows it.
fn computer() -> Result<Way, String> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err("needs an x86-64 Linux machine".into());
    }
    if !crate::steps::has("bochs") {
        return Err(
            "this CPU has no AVX-512, and bochs is not installed (Debian: bochs bochs-term)".into(),
        );
    }
    Ok(Way {
        place: "an emulated computer (Bochs)".into(),
        environment: settings(&[
            ("RUSTFLAGS", "-C target-feature=+crt-static"),
            ("PASO_ISA", "avx512"),
            ("PASO_EXPECT_LEVELS", "scalar,avx2,avx512"),
        ]),
        tests: Tests::Computer { target: X86, arguments: COMPUTER_TESTS },
        validate: false,
    })
}
