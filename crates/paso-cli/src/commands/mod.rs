//! The commands of the program, one file or folder each.
//!
//! To add one: write its file with a [`Command`](crate::command::Command), name the file here, and
//! put it into [`COMMANDS`].

mod completions;
mod cpu;
mod data;
mod eval;
mod export;
mod features;
mod find_lr;
mod man;
mod nets;
mod predict;
mod schedule;
mod settle;
mod status;
mod train;
mod validate;

use crate::command::Entry;

/// Every command, in the order of `paso help`.
pub(crate) const COMMANDS: &[Entry] = &[
    Entry::of::<settle::SettleArgs>(),
    Entry::of::<status::StatusArgs>(),
    Entry::of::<find_lr::FindLrArgs>(),
    Entry::of::<train::TrainArgs>(),
    Entry::of::<eval::EvalArgs>(),
    Entry::of::<predict::PredictArgs>(),
    Entry::of::<export::ExportArgs>(),
    Entry::of::<schedule::ScheduleArgs>(),
    Entry::of::<validate::ValidateArgs>(),
    Entry::of::<data::DataArgs>(),
    Entry::of::<nets::NetsArgs>(),
    Entry::of::<features::FeaturesArgs>(),
    Entry::of::<cpu::CpuArgs>(),
    Entry::of::<completions::CompletionsArgs>(),
    Entry::of::<man::ManArgs>(),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_file_of_this_folder_has_its_entry_in_the_list_of_commands() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands");
        for entry in std::fs::read_dir(&folder).expect("the folder") {
            let path = entry.expect("a file").path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
            let name = stem.replace('_', "-");
            let listed = name == "mod" || COMMANDS.iter().any(|entry| entry.name == name);
            assert!(listed, "commands/{stem} has no entry in COMMANDS");
        }
    }
}
