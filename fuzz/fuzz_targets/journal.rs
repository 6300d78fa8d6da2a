//! Any bytes are a journal of finished runs or are refused by their line, and a study that goes on
//! from them ends with an answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paso_fuzz::{bounded, folder, resealed_journal, write};
use paso_study::{
    Arm, Outcome, Role, RunMonitor, RunSpec, Session, Study, StudyConfig, TrialError,
};

/// As small as a study gets: the seeds are journals of it.
fn study() -> Study {
    let arms = vec![
        Arm::new("constant", "constant", Role::Baseline),
        Arm::new("linear", "linear(to 0)", Role::Decay),
        Arm::new("averaged", "constant", Role::Alternative).averaged(),
    ];
    let config = StudyConfig { arms, steps: 20, pairs: 8, ..StudyConfig::default() };
    Study::new(config).expect("settings")
}

fuzz_target!(|bytes: &[u8]| {
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let metric = run.seed as f64 + run.peak_lr;
        let averaged = vec![metric; run.averaging.len()];
        Ok(Outcome { metric, averaged, ..Outcome::default() })
    };
    for bytes in [bytes, &resealed_journal(bytes)] {
        let own = folder();
        let path = write(own.path(), "runs.jsonl", bytes);
        let status = bounded(bytes.len(), || paso_study::status(own.path()));
        let session = Session { folder: Some(own.path()), ..Session::default() };
        let answer = study().run(&trial, &session);
        if let Err(error) = answer {
            let said = error.to_string();
            assert!(
                said.contains(&path.display().to_string()) || said.contains("diverged"),
                "{said}"
            );
        } else {
            assert!(status.is_ok(), "whoever asks from outside reads the same: {status:?}");
        }
    }
});
