//! What other libraries call their schedules, and how the same is written here.
//!
//! Somebody who types `OneCycleLR` knows what they want, so the error says the line that is meant,
//! with that library's defaults where it has some. Names are compared without upper case,
//! underscores, hyphens, a `get` in front, and the words `lr` and `schedule`.

use alloc::string::String;

/// Names, and the line that does the same.
const LINES: [(&[&str], &str); 13] = [
    (&["onecycle", "fitonecycle"], "cosine(4% -> 100%, 30%) then cosine(to 0.0004%)"),
    (&["cosineannealing", "cosineonecycle", "annealing"], "cosine(to 0)"),
    (
        &[
            "cosineannealingwarmrestarts",
            "cosinewithrestarts",
            "cosinewithhardrestarts",
            "cosinedecayrestarts",
            "sgdr",
        ],
        "cosine(to 0, 25%).repeat",
    ),
    (
        &["cosinewithwarmup", "warmupcosine", "warmupcosinedecay", "linearwarmupcosineannealing"],
        "warmup(5%) then cosine(to 0)",
    ),
    (&["linearwithwarmup", "warmuplinear", "linearwarmup"], "warmup(5%) then linear(to 0)"),
    (&["constantwithwarmup", "warmupconstant"], "warmup(5%) then constant"),
    (&["stepdecay"], "step(factor 0.1, every 30%)"),
    (&["multistep", "piecewiseconstant", "milestones"], "multi_step(factor 0.1, at 50% 75%)"),
    (&["exponentialdecay", "expdecay"], "exponential(to 1%)"),
    (&["polynomialdecay", "poly"], "polynomial(to 0, power 0.9)"),
    (
        &["wsd", "warmupstable", "warmupstabledecay"],
        "warmup(5%) then constant(for 75%) then linear(to 0)",
    ),
    (&["noam", "transformer"], "warmup(4000) then inverse_sqrt(timescale 4000)"),
    (
        &["cyclic", "triangular", "cyclical"],
        "(linear(10% -> 100%, 10%) then linear(100% -> 10%, 10%)).repeat",
    ),
];

/// What follows a metric is no function of the step.
const OF_A_METRIC: [&str; 3] = ["reduceonplateau", "plateau", "greedy"];

/// What to write in place of a name of another library.
pub(super) fn hint(name: &str) -> Option<String> {
    let name = plain(name);
    if OF_A_METRIC.contains(&name.as_str()) {
        return Some(
            "it follows a metric and no step number, so it is not a line of text: the types \
             `Plateau` and `Greedy` do it; `exponential(to 1%)` falls without a metric"
                .into(),
        );
    }
    let known = LINES.iter().find(|(names, _)| names.contains(&name.as_str()));
    known.map(|(_, line)| alloc::format!("it is written `{line}`"))
}

fn plain(name: &str) -> String {
    let mut plain: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if let Some(rest) = plain.strip_prefix("get") {
        plain = rest.into();
    }
    for word in ["scheduler", "schedule", "lr"] {
        plain = plain.replace(word, "");
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Shape, Spec};
    use alloc::string::ToString;

    #[test]
    fn every_line_that_is_named_can_be_used_and_no_name_is_one_of_ours() {
        for (names, line) in LINES {
            let shape: Shape = line.parse().expect(line);
            shape.bind(1e-3, 10_000).expect(line);
            for name in names {
                assert!(super::super::grammar::find(name).is_none(), "{name}");
                assert!(hint(name).is_some_and(|hint| hint.contains(line)), "{name}");
            }
        }
    }

    #[test]
    fn names_of_other_libraries_are_answered_with_the_line_that_is_meant() {
        for (name, part) in [
            ("OneCycleLR", "cosine(4% -> 100%, 30%) then"),
            ("onecycle", "cosine(4%"),
            ("ReduceLROnPlateau", "`Plateau`"),
            ("reduce_on_plateau", "`Plateau`"),
            ("cosine_with_restarts", ".repeat"),
            ("CosineAnnealingLR", "`cosine(to 0)`"),
            ("get_linear_schedule_with_warmup", "warmup(5%) then linear"),
            ("MultiStepLR", "multi_step("),
            ("warmup_cosine_decay_schedule", "warmup(5%) then cosine"),
        ] {
            let error = name.parse::<Spec>().expect_err(name).to_string();
            assert!(error.contains(part), "{name}: {error}");
        }
        assert!("cosin".parse::<Spec>().expect_err("a typo").to_string().contains("did you mean"));
    }
}
