//! What follows a curve or a group after a dot.

use super::ast::Modifier;
use super::cursor::{Parser, once, unknown};
use super::grammar::MODIFIERS;
use super::lexer::{Token, syntax};
use crate::error::Error;
use crate::math::whole;
use alloc::format;

impl Parser<'_> {
    /// `name(value)` after a dot.
    pub(super) fn modifier(&mut self) -> Result<Modifier, Error> {
        let column = self.column();
        let Token::Word(name) = self.peek() else {
            return Err(self.unexpected("a modifier, such as `floor`"));
        };
        if !MODIFIERS.contains(&name) {
            return Err(unknown(column, name, MODIFIERS.iter().copied()));
        }
        self.take();
        if name == "repeat" {
            return self.repeat();
        }
        self.expect(Token::Mark('('), &format!("after `{name}`"))?;
        let modifier = match name {
            "scale" => Modifier::Scale(self.number()?),
            "plus" => Modifier::Plus(self.rate()?),
            "below" => Modifier::Below(self.rate()?),
            "floor" => Modifier::Floor(self.rate()?),
            "cap" => Modifier::Cap(self.rate()?),
            "delay" => Modifier::Delay(self.length()?),
            "skip" => Modifier::Skip(self.length()?),
            "take" => Modifier::Take(self.length()?),
            "stretch" => Modifier::Stretch(self.number()?),
            "every" => Modifier::Every(self.length()?),
            // The list above holds nothing else.
            _ => return Ok(Modifier::Times(self.group()?)),
        };
        self.expect(Token::Mark(')'), &format!("after the value of `{name}`"))?;
        Ok(modifier)
    }

    /// `[ "(" [TIMES] { "," ("stretch" | "scale") NUMBER } ")" ]` after `repeat`.
    fn repeat(&mut self) -> Result<Modifier, Error> {
        let (mut times, mut stretch, mut scale) = (None, None, None);
        if self.eat(Token::Mark('(')) {
            loop {
                let column = self.column();
                match self.take() {
                    Token::Number(n) if n >= 1.0 && whole(n) as f64 == n => {
                        once(&mut times, whole(n), column, "number of cycles")?;
                    }
                    Token::Word("stretch") => {
                        once(&mut stretch, self.number()?, column, "`stretch`")?;
                    }
                    Token::Word("scale") => once(&mut scale, self.number()?, column, "`scale`")?,
                    token => {
                        let wanted =
                            "a number of cycles (1 or more), `stretch NUMBER` or `scale NUMBER`";
                        return Err(syntax(
                            column,
                            format!("expected {wanted}, found {}", token.name()),
                        ));
                    }
                }
                if self.eat(Token::Mark(')')) {
                    break;
                }
                self.expect(Token::Mark(','), "or `)`")?;
            }
        }
        Ok(Modifier::Repeat { times, stretch: stretch.unwrap_or(1.0), scale: scale.unwrap_or(1.0) })
    }
}
