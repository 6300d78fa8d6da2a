//! The page: one file that needs no network and no script.
//!
//! The page is made with a template library that escapes every text, as names of arms and files
//! come from users. Figures are inline SVG, so the one file is complete and can be mailed or
//! archived.

use super::figures::{ARMS, AXIS, Ink, MESH, PAPER, TEXT, ZONE};
use super::{StudyReport, sections};
use crate::Verdict;
use crate::text::{number, signed};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use plotters::style::RGBColor;

const STYLE: &str = include_str!("style.css");

impl StudyReport {
    /// The report as one HTML page: figures are inline SVG, nothing is loaded from anywhere, no
    /// script runs. It follows the reader's light or dark preference, fits a phone, and prints.
    #[must_use]
    pub fn html(&self) -> String {
        let title = format!("Does decay help? {}", claim(self));
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    // The browser enforces that nothing is loaded and no script runs.
                    meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                    meta name="generator" content={ "paso-study " (self.version) };
                    // Without it browsers request a favicon from the server.
                    link rel="icon" href="data:,";
                    title { (title) }
                    style { (PreEscaped(STYLE)) (PreEscaped(dark())) }
                }
                body { main {
                    (verdict(self))
                    (sections::differences(self))
                    (sections::why(self))
                    (sections::course(self))
                    (sections::rates(self))
                    (sections::runs(self))
                    (conditions(self))
                } }
            }
        };
        page.into_string()
    }
}

/// CSS rules that replace each color of the figures on a dark page.
fn dark() -> String {
    let inks = [&TEXT, &AXIS, &MESH, &ZONE, &PAPER].into_iter().chain(&ARMS);
    let rule = |Ink(light, dark): &Ink| {
        let light = hex(*light);
        format!("svg [fill=\"{light}\"]{{fill:{dark}}}svg [stroke=\"{light}\"]{{stroke:{dark}}}")
    };
    let variable = |(i, Ink(_, dark)): (usize, &Ink)| format!("--arm{i}:{dark};");
    let light = |(i, Ink(light, _)): (usize, &Ink)| format!("--arm{i}:{};", hex(*light));
    format!(
        ":root{{{}}}@media screen and (prefers-color-scheme:dark){{:root{{{}}}{}}}",
        ARMS.iter().enumerate().map(light).collect::<String>(),
        ARMS.iter().enumerate().map(variable).collect::<String>(),
        inks.map(rule).collect::<String>()
    )
}

fn hex(color: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2)
}

/// The verdict as a headline.
fn claim(report: &StudyReport) -> String {
    match report.answer.verdict {
        Verdict::Helps => "Yes, decay helps here.".into(),
        Verdict::Harms => "No, decay harms here.".into(),
        Verdict::NoDifference => "It makes no difference here.".into(),
        Verdict::Undecided => match report.answer.more_seeds {
            Some(1) => "Undecided: about one more seed would settle it.".into(),
            Some(more) => format!("Undecided: about {more} more seeds would settle it."),
            None => "Undecided, and more seeds are unlikely to settle it.".into(),
        },
    }
}

fn verdict(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    let best = answer.best();
    let tone = answer.verdict.to_string().replace(' ', "-");
    let level = 100.0 * (1.0 - answer.config.alpha);
    let subject = &report.about.subject;
    let method = if crate::stats::smallest_p(answer.seeds) > answer.config.alpha {
        "Student's t: too few seeds for the exact test"
    } else if answer.seeds <= crate::stats::EXACT_UP_TO {
        "exact, from all sign flips"
    } else {
        "from random sign flips"
    };
    let won = best.share_better * answer.seeds as f64;
    html! {
        h1 { "Should Adam's learning rate be decayed?" @if !subject.is_empty() { " · " (subject) } }
        section class={ "verdict " (tone) } {
            strong { (claim(report)) }
            p { (report.sentence) }
        }
        dl.cards {
            div { dt { "Difference in " (answer.metric) } dd { (signed(best.diff)) small { (best.name) " against " (baseline(report)) } } }
            div { dt { (format!("{level:.0} % interval")) } dd { (signed(best.ci_low)) " … " (signed(best.ci_high)) small { (method) } } }
            div { dt { "p-value" } dd { (format!("{:.3}", best.p)) small { "two-sided; " (format!("{:.3}", crate::stats::smallest_p(answer.seeds))) " is the smallest possible with these seeds" } } }
            div { dt { "Seeds won" } dd { (number_of(won)) " of " (answer.seeds) small { "same weights and batches in each pair" } } }
        }
        @for note in &answer.notes { p.soft { "Note: " (note) "." } }
    }
}

/// Number of seeds in which an arm was better; a tie counts half.
fn number_of(won: f64) -> String {
    if won.fract() == 0.0 { format!("{won:.0}") } else { format!("{won:.1}") }
}

/// The baseline's name.
pub(super) fn baseline(report: &StudyReport) -> &str {
    &report.answer.config.arms[report.answer.config.baseline()].name
}

/// Conditions, command and limits.
fn conditions(report: &StudyReport) -> Markup {
    let about = &report.about;
    let config = &report.answer.config;
    html! {
        h2 { "What the answer depends on" }
        dl.conditions {
            @for (name, value) in &about.conditions { dt { (name) } dd { (value) } }
            dt { "steps per run" } dd { (config.steps) }
            dt { "seeds" } dd { (config.seeds) " for the verdict, " (config.tuning_seeds) " others for tuning" }
            dt { "margin" } dd { "differences below " (number(config.margin)) " are considered negligible" }
        }
        h2 { "What the study cannot say" }
        ul { @for limit in report.limits() { li { (limit) } } }
        @if !about.command.is_empty() {
            h2 { "Command to repeat the study" }
            pre { (about.command) }
        }
        footer { "Written by paso-study " (report.version) ". Everything on this page is in " code { "report.json" } ", format " (report.format) "." }
    }
}
