//! How each instruction set can be run on this machine.

use super::{Row, Way};
use crate::root;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::process::{Command, Stdio};

/// The crates with kernels and those that run on them.
const ALL: &[&str] = &[
    "-p",
    "paso-isa",
    "-p",
    "paso-adam",
    "-p",
    "paso-ops",
    "-p",
    "paso-tape",
    "-p",
    "paso-locate",
    "--lib",
    "--tests",
];

/// What an emulator is fast enough for.
const KERNELS: &[&str] =
    &["-p", "paso-isa", "-p", "paso-adam", "-p", "paso-ops", "-p", "paso-tape", "--lib", "--tests"];

/// Which levels an emulated CPU offers, and one operation at each. The kernels' tests have run on this CPU at the same
/// levels, a hundred times as fast.
const DETECTION: &[&str] = &["-p", "paso-isa", "--lib"];

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
        tests: ALL,
        validate: true,
        ..Way::default()
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

fn emulated_x86(cpu: &str, levels: &str, tests: &'static [&'static str]) -> Result<Way, String> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err("needs an x86-64 Linux machine".into());
    }
    let qemu = first(&["qemu-x86_64-static", "qemu-x86_64"])?;
    let runner = format!("{qemu} -cpu {cpu}");
    let name = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER";
    Ok(Way {
        place: format!("{qemu}, {cpu}"),
        environment: settings(&[(name, &runner), ("PASO_EXPECT_LEVELS", levels)]),
        tests,
        ..Way::default()
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
        target: Some(ARM),
        tests: KERNELS,
        validate: true,
        ..Way::default()
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
        target: Some(X86),
        tests: &[
            "-p",
            "paso-isa",
            "-p",
            "paso-adam",
            "--lib",
            "--test",
            "same_bits",
            "--test",
            "group",
        ],
        computer: true,
        ..Way::default()
    })
}

/// Builds static test programs and runs them all in one start of the computer.
pub(super) fn in_computer(way: &Way) -> Result<usize> {
    let mut arguments = vec!["test", "--release", "--locked", "--no-run", "--message-format=json"];
    arguments.extend(["--target", X86]);
    arguments.extend(way.tests);
    let messages = super::output(&arguments, way)?;
    let program = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(message.get("executable")?.as_str()?.to_owned())
    };
    let programs: Vec<String> = messages.lines().filter_map(program).collect();
    eprintln!("$ xtask/avx512.sh {}", programs.join(" "));
    let output = Command::new(root().join("xtask/avx512.sh"))
        .args(&programs)
        .envs(way.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .context("xtask/avx512.sh")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        eprintln!("{text}{}", String::from_utf8_lossy(&output.stderr));
        bail!("xtask/avx512.sh ended with {}", output.status);
    }
    Ok(super::passed(&text))
}
