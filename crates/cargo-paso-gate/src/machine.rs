//! What a record was measured on.
//!
//! Two machines of one name would mix their records, so the name has all that the system tells
//! about the CPU, and the number of CPUs, on which times with several threads depend.
//!
//! Sources are `/proc/cpuinfo` on Linux, `sysctl` on macOS, and otherwise the operating system and
//! the architecture. Where the CPU is hidden behind a generic name, two different ones can still
//! have one slug; `--machine` gives such a machine a name of its own.
//!
//! The number of CPUs is what this process may use, not what the board has: in a container with a
//! limit it is smaller, and the folder is another one.
//!
//! Left out: clock frequency, memory, kernel and microcode. They change on one machine, and a
//! change is what a history has to show.

use crate::error::run;
use std::process::Command;

/// Vendor, model and number of CPUs as a file name: `amd-epyc-family25-model17-2cpu`. Virtual
/// machines often hide the model's name, so family and model number are in it where the system
/// tells them.
#[must_use]
pub fn slug() -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    slug_of(&info, cpus).unwrap_or_else(|| plain(&format!("{} {cpus}cpu", brand())))
}

/// The same for people: `AMD EPYC (family 25, model 17), 2 CPUs`.
#[must_use]
pub fn description() -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = ["model name", "cpu family", "model"].map(|name| field(&info, name));
    match named {
        [Some(name), Some(family), Some(model)] => {
            format!("{name} (family {family}, model {model}), {cpus} CPUs")
        }
        _ => format!("{}, {cpus} CPUs", brand()),
    }
}

/// The slug from the text of `/proc/cpuinfo`, if it is one that names the model.
///
/// Nothing where one of the three fields is missing, as on ARM.
fn slug_of(info: &str, cpus: usize) -> Option<String> {
    let [name, family, model] = ["model name", "cpu family", "model"].map(|name| field(info, name));
    Some(plain(&format!("{} family{} model{} {cpus}cpu", name?, family?, model?)))
}

/// A field of the first CPU in `/proc/cpuinfo`.
///
/// The key is compared as a whole, without blanks around it.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then_some(value.trim())
    })
}

/// Where there is no `/proc/cpuinfo`, or it names no model.
fn brand() -> String {
    let sysctl = run(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]));
    sysctl.unwrap_or_else(|_| format!("{} {}", std::env::consts::OS, std::env::consts::ARCH))
}

/// Lower case, with a hyphen for everything that is no letter or digit.
fn plain(text: &str) -> String {
    let text = text.replace("(R)", "").replace("(TM)", "").to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// `rustc 1.89.0 (...)`, or `unknown`.
///
/// That of the `rustc` on the path.
#[must_use]
pub fn compiler() -> String {
    run(Command::new("rustc").arg("--version")).unwrap_or_else(|_| "unknown".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_file_name() {
        let info = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.00GHz\ncpu family\t: 6\n";
        let slug = slug_of(info, 4).expect("all three fields");
        assert_eq!(slug, "intel-xeon-cpu-2-00ghz-family6-model85-4cpu");
        assert_eq!(slug_of("CPU part\t: 0xd0c\n", 4), None, "an ARM kernel names no model");
    }

    #[test]
    fn the_first_cpu_counts_and_a_field_is_found_by_its_whole_name() {
        let info = "model name : One\nmodel : 1\nmodel name : Two\nmodel : 2\n";
        assert_eq!(field(info, "model name"), Some("One"));
        assert_eq!(field(info, "model"), Some("1"), "not that of `model name`");
        assert_eq!(field(info, "cpu family"), None);
        assert_eq!(field("flags: a: b", "flags"), Some("a: b"), "up to the first colon");
    }

    #[test]
    fn names_have_lower_case_letters_digits_and_single_hyphens() {
        for (text, expected) in [
            ("AMD EPYC (R) 9.7", "amd-epyc-9-7"),
            ("Intel(R) Core(TM) i7", "intel-core-i7"),
            ("  --x--  ", "x"),
            ("", ""),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }
}
