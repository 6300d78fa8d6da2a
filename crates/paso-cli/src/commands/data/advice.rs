//! What to do about each kind of problem, in commands of this program.

use paso_locate::data::ProblemKind;
use std::path::Path;

/// What to do, where the problem's message does not say it.
pub(super) fn advice(kind: ProblemKind, dir: &Path) -> Option<String> {
    let look = format!("paso data {} --sheet labels.png", dir.display());
    let fix = format!("paso data {} --fix OUT", dir.display());
    Some(match kind {
        ProblemKind::Malformed => format!("correct these labels, or leave them out: {fix}"),
        ProblemKind::Implausible => format!("look at them first: {look}"),
        ProblemKind::SplitLeak | ProblemKind::Duplicate => {
            format!("remove one of each two, or: {fix}")
        }
        ProblemKind::ImageMissing => "add the images, or remove their labels".into(),
        ProblemKind::ImageUnreadable => "export these images again, as PNG or JPEG".into(),
        ProblemKind::BadBox => format!("correct these boxes; to see them: {look}"),
        ProblemKind::SeveralObjects => {
            "--several largest trains on the largest object of each".into()
        }
        ProblemKind::NoLabel => {
            "label these images; one without an object needs an empty label".into()
        }
        ProblemKind::InNoSplit => "add these images to a split file to use them".into(),
        _ => return None,
    })
}
