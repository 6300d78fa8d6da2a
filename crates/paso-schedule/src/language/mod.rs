//! Schedules as one line of text. The grammar is in the crate's documentation.
//!
//! The path of a text: `lexer` makes tokens, `parse` a tree with open shares (`ast`), `bind` a tree
//! of numbers for one run, and `print` the text of that tree. A `Shape` keeps the second stage, a
//! `Spec` the third.

mod ast;
mod bind;
mod bind_item;
mod bind_len;
mod cursor;
mod elsewhere;
mod grammar;
mod lexer;
mod number;
mod parse;
mod parse_call;
mod parse_modifier;
mod print;
mod run;
mod shape;
mod text;

pub use shape::Shape;
