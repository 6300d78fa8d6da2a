//! What `paso --version` says: the version, the commit, the target and the instruction set, which is
//! what a bug report needs. `paso -V` is the version alone.

use paso_locate::Isa;
use std::sync::LazyLock;

/// The version, and what it was built from and runs on.
pub(crate) static LONG: LazyLock<String> = LazyLock::new(|| {
    let isa = Isa::from_env().map_or("none", Isa::name);
    let available: Vec<&str> = Isa::available().iter().map(|isa| isa.name()).collect();
    format!(
        "{}\ncommit           {}\ntarget           {}\ninstruction set  {isa} of {}",
        env!("CARGO_PKG_VERSION"),
        option_env!("PASO_COMMIT").unwrap_or("unknown (built without its repository)"),
        env!("PASO_TARGET"),
        available.join(", ")
    )
});
