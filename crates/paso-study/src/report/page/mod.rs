//! The page: one file that needs no network and no script.
//!
//! It is written with a template library that escapes every text, as names of arms and files come
//! from users. Figures are inline SVG, so the one file is complete and can be mailed or archived.
//!
//! Each section is a file, in the order of the page:
//!
//! 1. `headline`: the answer in one or two sentences, and its figures;
//! 2. `difference`: the figure of it, every pair a dot;
//! 3. `advice`: what to train with, how to continue an undecided study, how to repeat it;
//! 4. `certainty`: how sure the answer is, and about what, with `evidence`, its intervals so far;
//! 5. `arms`, `tuning`, `curves`, `audit`: the measurements behind it;
//! 6. `folded`: tables of every look, learning rate and run.

mod advice;
mod arms;
mod audit;
mod certainty;
mod curves;
mod difference;
mod evidence;
mod folded;
mod headline;
mod palette;
mod range_test;
mod scales;
mod svg;
mod tuning;
mod words;

use super::StudyReport;
use crate::answer::{Answer, Comparison};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

impl StudyReport {
    /// The report as one HTML page: figures are inline SVG, nothing is loaded from anywhere, no
    /// script runs. It follows the reader's light or dark preference, fits a phone, and prints.
    #[must_use]
    pub fn html(&self) -> String {
        let running = if self.pending.is_some() { "Running: " } else { "" };
        let title = format!("{running}{}", headline::claims(self).join(" "));
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
                    style { (PreEscaped(palette::css())) (PreEscaped(STYLE)) }
                }
                body { main { (self.body()) } }
            }
        };
        page.into_string()
    }

    fn body(&self) -> Markup {
        html! {
            (headline::section(self))
            (difference::figure(self))
            (advice::section(self))
            (certainty::section(self))
            (arms::section(self))
            (tuning::section(self))
            (curves::section(self))
            (audit::section(self))
            (folded::section(self))
            footer {
                "Written by paso-study " (self.version) ". Everything on this page is in " code { "report.json" }
                ", format " (self.format) "."
            }
        }
    }
}

/// The comparisons of an answer: the first question, and the second if it was asked.
fn comparisons(answer: &Answer) -> impl Iterator<Item = &Comparison> {
    std::iter::once(&answer.decay).chain(&answer.alternative)
}
