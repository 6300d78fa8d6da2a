//! The same computations natively and in WebAssembly, and whether their bits agree.
//!
//! WebAssembly without a host has no output. So the native program prints its hashes, and a build for `wasm32` gets them at
//! compile time in `PASO_NATIVE_HASHES`; its exit code is 0, or the number of the first part that differs: 1 for the
//! optimizer, 2 for the schedules, 3 for the study, 4 for the number of instruction sets.

mod parts;

use std::process::ExitCode;

fn main() -> ExitCode {
    let hashes = [parts::adam(), parts::schedules(), parts::study()];
    let text = hashes.map(|hash| format!("{hash:016x}")).join(",");
    #[expect(clippy::print_stdout, reason = "the program's output, where there is one")]
    {
        println!("{text}");
    }
    let Some(native) = option_env!("PASO_NATIVE_HASHES") else { return ExitCode::SUCCESS };
    let differs = text.split(',').zip(native.split(',')).position(|(ours, theirs)| ours != theirs);
    match differs {
        Some(part) => ExitCode::from(u8::try_from(part + 1).unwrap_or(u8::MAX)),
        None if parts::instruction_sets() != expected_instruction_sets() => ExitCode::from(4),
        None => ExitCode::SUCCESS,
    }
}

/// `scalar`, and `simd128` where `PASO_SIMD128` says that this build has it.
fn expected_instruction_sets() -> usize {
    if option_env!("PASO_SIMD128").is_some() { 2 } else { 1 }
}
