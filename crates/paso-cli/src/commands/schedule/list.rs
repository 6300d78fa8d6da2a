//! The curves of the language, with their arguments.

use paso_locate::schedule::curves;

/// Prints a line for each curve, and where the rest is documented.
pub(super) fn print() {
    let width = curves().map(|(call, _)| call.len()).max().unwrap_or(0);
    for (call, formula) in curves() {
        println!("{call:<width$}  {formula}");
    }
    eprintln!(
        "p is the share of the length that is done, t the step. FROM, TO and LR are learning rates or shares of the peak (1%), \
         LENGTH is a number of steps or a share of the run (5%); what is left out is taken from the run"
    );
    eprintln!("parts follow each other: 'warmup(5%) then cosine(to 1%)'");
}
