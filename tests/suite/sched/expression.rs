//! The Python expressions of `LambdaLR` and `MultiplicativeLR`: arithmetic, comparisons, `a if b else c`, `min`, `max`
//! and the functions of `math`, in the variable `t`.

use std::collections::VecDeque;

/// The value of an expression at `t`.
///
/// # Panics
/// Names what it does not understand.
pub(super) fn evaluate(text: &str, t: f64) -> f64 {
    let mut parser = Parser { tokens: tokens(text), text, t };
    let value = parser.expression();
    assert!(parser.tokens.is_empty(), "`{text}`: {:?} is not understood", parser.tokens[0]);
    value
}

/// Numbers, names (with dots) and operators of one or two characters.
fn tokens(text: &str) -> VecDeque<String> {
    let mut tokens = VecDeque::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
        let length = if word(first) {
            let plain = rest.find(|c| !word(c)).unwrap_or(rest.len());
            // The sign of an exponent: 1e-3.
            let is_exponent = first.is_ascii_digit() && rest[..plain].ends_with(['e', 'E']);
            let signed = is_exponent && rest[plain..].starts_with(['+', '-']);
            let more = |s: &str| s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
            if signed { plain + 1 + more(&rest[plain + 1..]) } else { plain }
        } else {
            let pairs = ["**", "//", "<=", ">=", "==", "!="];
            if pairs.iter().any(|pair| rest.starts_with(pair)) { 2 } else { first.len_utf8() }
        };
        tokens.push_back(rest[..length].into());
        rest = rest[length..].trim_start();
    }
    tokens
}

struct Parser<'a> {
    tokens: VecDeque<String>,
    text: &'a str,
    t: f64,
}

impl Parser<'_> {
    fn next_if(&mut self, wanted: &[&str]) -> Option<String> {
        let found = self.tokens.front().is_some_and(|token| wanted.contains(&token.as_str()));
        if found { self.tokens.pop_front() } else { None }
    }

    fn expect(&mut self, wanted: &str) {
        let found = self.next_if(&[wanted]).is_some();
        assert!(found, "`{}`: `{wanted}` expected before {:?}", self.text, self.tokens);
    }

    fn expression(&mut self) -> f64 {
        let value = self.comparison();
        if self.next_if(&["if"]).is_none() {
            return value;
        }
        let condition = self.comparison();
        self.expect("else");
        let other = self.expression();
        if condition != 0.0 { value } else { other }
    }

    fn comparison(&mut self) -> f64 {
        let left = self.sum();
        let Some(operator) = self.next_if(&["<", ">", "<=", ">=", "==", "!="]) else { return left };
        let right = self.sum();
        f64::from(u8::from(match operator.as_str() {
            "<" => left < right,
            ">" => left > right,
            "<=" => left <= right,
            ">=" => left >= right,
            "==" => left == right,
            _ => left != right,
        }))
    }

    fn sum(&mut self) -> f64 {
        let mut value = self.product();
        while let Some(operator) = self.next_if(&["+", "-"]) {
            let right = self.product();
            value = if operator == "+" { value + right } else { value - right };
        }
        value
    }

    fn product(&mut self) -> f64 {
        let mut value = self.signed();
        while let Some(operator) = self.next_if(&["*", "/", "//", "%"]) {
            let right = self.signed();
            value = match operator.as_str() {
                "*" => value * right,
                "/" => value / right,
                "//" => (value / right).floor(),
                _ => value - right * (value / right).floor(),
            };
        }
        value
    }

    fn signed(&mut self) -> f64 {
        match self.next_if(&["-", "+"]).as_deref() {
            Some("-") => -self.signed(),
            Some(_) => self.signed(),
            None => {
                let base = self.atom();
                if self.next_if(&["**"]).is_some() { base.powf(self.signed()) } else { base }
            }
        }
    }

    fn atom(&mut self) -> f64 {
        let text = self.text;
        let token = self.tokens.pop_front().unwrap_or_else(|| panic!("`{text}` is cut off"));
        if token == "(" {
            let value = self.expression();
            self.expect(")");
            return value;
        }
        if let Ok(value) = token.parse() {
            return value;
        }
        let name = token.trim_start_matches("math.");
        match name {
            "t" => return self.t,
            "pi" => return std::f64::consts::PI,
            _ => self.expect("("),
        }
        let mut arguments = vec![self.expression()];
        while self.next_if(&[","]).is_some() {
            arguments.push(self.expression());
        }
        self.expect(")");
        let first = arguments[0];
        match name {
            "min" => arguments.into_iter().fold(f64::INFINITY, f64::min),
            "max" => arguments.into_iter().fold(f64::NEG_INFINITY, f64::max),
            "abs" => first.abs(),
            "int" => first.trunc(),
            "float" => first,
            "floor" => first.floor(),
            "ceil" => first.ceil(),
            "sqrt" => first.sqrt(),
            "exp" => first.exp(),
            "log" => first.ln(),
            "cos" => first.cos(),
            "sin" => first.sin(),
            "pow" => first.powf(arguments[1]),
            _ => panic!("`{text}`: the function {name} is not understood"),
        }
    }
}

#[test]
fn expressions_have_the_values_and_the_order_of_python() {
    for (text, t, value) in [
        ("0.95 ** t", 2.0, 0.95 * 0.95),
        ("-2 ** 2", 0.0, -4.0),
        ("2 ** -1", 0.0, 0.5),
        ("2 ** 3 ** 2", 0.0, 512.0),
        ("1 / (1 + 0.1 * t)", 10.0, 0.5),
        ("7 % 3 + 7 // 2 - -1", 0.0, 5.0),
        ("-7 % 3", 0.0, 2.0),
        ("0.9 if t % 3 == 0 else 1.0 if t < 2 else 0.5", 4.0, 0.5),
        ("min(1.0, (t + 1) / 10, 5)", 3.0, 0.4),
        ("0.5 * (1 + math.cos(math.pi * t / 10))", 10.0, 0.0),
        ("1e-3 + 2.5E+1", 0.0, 25.001),
    ] {
        assert!((evaluate(text, t) - value).abs() < 1e-12, "{text} at {t}: {}", evaluate(text, t));
    }
}

#[test]
#[should_panic(expected = "the function erf is not understood")]
fn an_unknown_function_is_named() {
    let _ = evaluate("erf(t)", 1.0);
}
