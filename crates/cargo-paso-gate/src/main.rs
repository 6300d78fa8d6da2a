//! The program `cargo paso-gate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_paso_gate::cli::main()
}
