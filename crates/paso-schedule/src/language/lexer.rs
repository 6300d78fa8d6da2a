//! Text to tokens, each with its column.
//!
//! Blanks of any kind separate tokens and mean nothing else. A minus sign belongs to a number, or
//! begins an arrow; there is no arithmetic. A number that is not finite is refused here, so the
//! parser has none.

use crate::error::Error;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    Number(f64),
    Percent(f64),
    Word(&'a str),
    /// `(`, `)`, `,`, `.`, `:`.
    Mark(char),
    Arrow,
    End,
}

impl Token<'_> {
    /// The token as it is named in a message.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Number(x) => format!("the number {}", super::number::number(*x)),
            Self::Percent(x) => format!("`{}%`", super::number::number(*x)),
            Self::Word(word) => format!("`{word}`"),
            Self::Mark(mark) => format!("`{mark}`"),
            Self::Arrow => "`->`".into(),
            Self::End => "the end of the text".into(),
        }
    }
}

/// The longest text that is read: a table of some ten thousand learning rates.
const LONGEST: usize = 1 << 20;

/// All tokens with their columns, the last one `End`.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token<'_>, usize)>, Error> {
    if text.len() > LONGEST {
        return Err(syntax(
            1,
            format!("the text has {} bytes, at most {LONGEST} are read", text.len()),
        ));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut column = 1;
    loop {
        let blank = rest.len() - rest.trim_start().len();
        column += rest[..blank].chars().count();
        rest = &rest[blank..];
        let Some(first) = rest.chars().next() else {
            tokens.push((Token::End, column));
            return Ok(tokens);
        };
        let (token, len) = match first {
            '-' if rest[1..].starts_with('>') => (Token::Arrow, 2),
            '0'..='9' | '-' => number(rest, column)?,
            'a'..='z' | 'A'..='Z' | '_' => {
                let len = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                (Token::Word(&rest[..len]), len)
            }
            '(' | ')' | ',' | ':' | '.' => (Token::Mark(first), 1),
            _ => return Err(syntax(column, format!("{first:?} has no meaning here"))),
        };
        tokens.push((token, column));
        column += len; // tokens are ASCII
        rest = &rest[len..];
    }
}

/// A number, perhaps with `_` between its digits, perhaps with `%` after it.
///
/// Returns the token and its length in bytes. Underscores are ignored wherever they stand among the
/// digits. A dot without a digit after it belongs to what follows, since a modifier begins with a
/// dot.
fn number(text: &str, column: usize) -> Result<(Token<'static>, usize), Error> {
    let bytes = text.as_bytes();
    let digits = |mut i: usize| {
        while bytes.get(i).is_some_and(|b| b.is_ascii_digit() || *b == b'_') {
            i += 1;
        }
        i
    };
    let mut end = digits(usize::from(bytes[0] == b'-'));
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1 + sign);
        }
    }
    let plain: String = text[..end].chars().filter(|&c| c != '_').collect();
    let value = plain.parse::<f64>().ok().filter(|x| x.is_finite()).map(|x| x + 0.0); // no `-0`
    let value = value
        .ok_or_else(|| syntax(column, format!("`{}` is not a number", &text[..end.min(40)])))?;
    if bytes.get(end) == Some(&b'%') {
        Ok((Token::Percent(value), end + 1))
    } else {
        Ok((Token::Number(value), end))
    }
}

/// An error of form.
pub(crate) fn syntax(column: usize, message: impl Into<String>) -> Error {
    Error::Syntax { column, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<Token<'_>> {
        tokens(text).expect("tokens").into_iter().map(|(token, _)| token).collect()
    }

    #[test]
    fn numbers_may_have_underscores_exponents_signs_and_a_percent_sign() {
        for (text, token) in [
            ("9_500", Token::Number(9_500.0)),
            ("3e-4", Token::Number(3e-4)),
            ("1.5E+2", Token::Number(150.0)),
            ("-0", Token::Number(0.0)),
            ("2.5%", Token::Percent(2.5)),
        ] {
            assert_eq!(names(text), [token, Token::End], "{text}");
        }
    }

    #[test]
    fn a_dot_without_a_digit_and_an_e_without_one_are_tokens_of_their_own() {
        let dot = Token::Mark('.');
        assert_eq!(names("5.scale"), [Token::Number(5.0), dot, Token::Word("scale"), Token::End]);
        assert_eq!(names("5e"), [Token::Number(5.0), Token::Word("e"), Token::End]);
        assert_eq!(
            names("1->2"),
            [Token::Number(1.0), Token::Arrow, Token::Number(2.0), Token::End]
        );
    }

    #[test]
    fn columns_count_characters_from_1() {
        let columns: Vec<usize> = tokens(" a\u{2003}(b)")
            .expect("tokens")
            .into_iter()
            .map(|(_, column)| column)
            .collect();
        assert_eq!(columns, [2, 4, 5, 6, 7]);
    }
}
