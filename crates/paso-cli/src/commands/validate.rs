//! `paso validate`: this build on this machine against the theory of Adam.

use anyhow::{Result, ensure};
use clap::Args;
use paso_locate::adam::{Adam, AdamConfig, AdamGroup};
use paso_study::validate::{StepFn, validate};

/// Check this build on this machine against the theory of Adam; takes a few seconds
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Print one JSON object per check
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &ValidateArgs) -> Result<()> {
    let adam = Adam::new(AdamConfig::default())?;
    eprintln!("Adam on the noisy quadratic, instruction set {}; takes a few seconds", adam.isa());
    let make = |weights: usize| -> StepFn {
        let mut group = AdamGroup::new(adam, [weights]);
        Box::new(move |lr, w, g| group.step(lr, [(w, g)]))
    };
    let checks = validate(&make);
    if !args.json {
        println!("{:<50} {:>12} {:>12}  {:<9}", "", "measured", "theory", "allowed");
    }
    for check in &checks {
        if args.json {
            println!("{}", serde_json::to_string(check)?);
        } else {
            println!("{check}");
        }
    }
    let failed = checks.iter().filter(|check| !check.passed()).count();
    ensure!(
        failed == 0,
        "{failed} of {} checks are outside their tolerance; please report this with the output of `paso cpu`",
        checks.len()
    );
    eprintln!("all {} checks pass", checks.len());
    Ok(())
}
