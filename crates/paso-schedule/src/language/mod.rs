//! Schedules as one line of text. The grammar is in the crate's documentation.

mod ast;
mod bind;
mod bind_item;
mod bind_len;
mod cursor;
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
