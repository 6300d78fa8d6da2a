//! Schedules as one line of text. The grammar is in the crate's documentation.

mod ast;
mod bind;
mod grammar;
mod lexer;
mod number;
mod parse;
mod print;
mod shape;

pub use shape::Shape;
