//! Values that an expression of the Common Expression Language builds from literals, as mutations of admission policies do:
//! `Object.spec.containers{name: "a"}`, lists, maps, and a choice by whether the Pod has a list.
//!
//! The crates `cel` and `cel-parser` evaluate and parse the whole language; what is not a literal here cannot be translated, so
//! that its text is all that is needed.

mod quotes;

use serde_json::{Map, Value};

use crate::json::Token;
use quotes::{closing, unescaped};

/// What the text of a computed value begins with. Kubernetes accepts no text with this character in a container.
const COMPUTED: char = '\0';

/// How many fields of the Pod choices may depend on: each of their combinations is a case.
pub(super) const MOST_ASKED: usize = 4;

/// How deep values and choices may be nested.
const DEEPEST: usize = 64;

/// The value of an expression for a Pod that has these fields, of those which [`asked`] returns. A part that is computed is a
/// text for which [`is_computed`] is true.
pub(super) fn value(expression: &str, present: &[&String]) -> Value {
    let mut parser = Parser { text: expression, at: 0, depth: 0, present, asked: Vec::new() };
    let value = parser.expression();
    parser.skip_blanks();
    if parser.at < expression.len() { computed(expression) } else { value }
}

/// The fields of the Pod that choices of an expression depend on.
pub(super) fn asked(expression: &str) -> Vec<String> {
    let mut parser = Parser { text: expression, at: 0, depth: 0, present: &[], asked: Vec::new() };
    parser.expression();
    parser.asked
}

/// Whether a text is that of a computed value.
pub(super) fn is_computed(text: &str) -> bool {
    text.starts_with(COMPUTED)
}

fn computed(expression: &str) -> Value {
    Value::String(format!("{COMPUTED}{}", expression.trim()))
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    present: &'t [&'t String],
    asked: Vec<String>,
}

impl Parser<'_> {
    /// Reads an expression up to a delimiter.
    fn expression(&mut self) -> Value {
        self.skip_blanks();
        let start = self.at;
        if self.depth >= DEEPEST {
            self.at = self.text.len();
            return computed("");
        }
        self.depth += 1;
        let value = self.sum().unwrap_or_else(|| self.rest(start));
        self.depth -= 1;
        value
    }

    /// Literals that `+` joins: lists, or texts. `None` if the expression is something else.
    fn sum(&mut self) -> Option<Value> {
        let mut sum = self.literal()?;
        loop {
            self.skip_blanks();
            match self.peek() {
                Some('+') => {
                    self.at += 1;
                    self.skip_blanks();
                    sum = joined(sum, self.literal()?)?;
                }
                None | Some(',' | ']' | '}' | ')' | ':') => return Some(sum),
                Some(_) => return None,
            }
        }
    }

    fn literal(&mut self) -> Option<Value> {
        match self.peek()? {
            '"' | '\'' => self.string().map(Value::String),
            '0'..='9' | '-' => self.number(),
            '[' => self.list(),
            '{' => self.members(),
            '(' => {
                self.at += 1;
                let value = self.expression();
                self.expect(')').then_some(value)
            }
            _ => self.named(),
        }
    }

    /// A word: a constant, the type of an object, or the function that escapes a part of a path.
    fn named(&mut self) -> Option<Value> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        let word = &rest[..end];
        self.at += end;
        match word {
            "true" | "false" => Some(Value::Bool(word == "true")),
            "null" => Some(Value::Null),
            "JSONPatch" | "Object" => self.members(),
            _ if word.starts_with("Object.") => self.members(),
            "jsonpatch.escapeKey" if self.expect('(') => {
                let key = self.string()?;
                self.expect(')').then(|| Value::String(Token(&key).to_string()))
            }
            _ => None,
        }
    }

    fn list(&mut self) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.expect(']') {
            items.push(self.expression());
            if !self.expect(',') {
                return self.expect(']').then_some(Value::Array(items));
            }
        }
        Some(Value::Array(items))
    }

    /// The members of a map or an object.
    fn members(&mut self) -> Option<Value> {
        if !self.expect('{') {
            return None;
        }
        let mut members = Map::new();
        while !self.expect('}') {
            let key = self.key()?;
            if !self.expect(':') {
                return None;
            }
            members.insert(key, self.expression());
            if !self.expect(',') {
                return self.expect('}').then_some(Value::Object(members));
            }
        }
        Some(Value::Object(members))
    }

    fn key(&mut self) -> Option<String> {
        self.skip_blanks();
        if self.peek().is_some_and(|c| ['"', '\'', '`'].contains(&c)) {
            return self.string();
        }
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.at += end;
        (end > 0).then(|| rest[..end].to_owned())
    }

    fn number(&mut self) -> Option<Value> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".-+".contains(c))).unwrap_or(rest.len());
        let number = serde_json::from_str(rest[..end].trim_end_matches(['u', 'U'])).ok()?;
        self.at += end;
        Some(number)
    }

    /// A text in quotes, in one of the forms of CEL without a prefix.
    fn string(&mut self) -> Option<String> {
        let quote = self.peek()?;
        let triple = [quote; 3].iter().collect::<String>();
        let rest = &self.text[self.at..];
        let end = if rest.starts_with(&triple) { triple } else { quote.to_string() };
        let inside = &rest[end.len()..];
        let length = closing(inside, &end)?;
        self.at += 2 * end.len() + length;
        unescaped(&inside[..length])
    }

    /// The part after a start that is no literal: a choice by the lists of the Pod, or a computed value.
    fn rest(&mut self, start: usize) -> Value {
        self.at = start;
        self.scan();
        if self.peek() != Some('?') {
            return computed(&self.text[start..self.at]);
        }
        let text = self.text;
        let condition = self.is_true(&text[start..self.at]);
        self.at += 1;
        let first = self.expression();
        let is_choice = self.expect(':');
        let second = if is_choice { self.expression() } else { Value::Null };
        match condition {
            Some(true) if is_choice => first,
            Some(false) if is_choice => second,
            _ => computed(&self.text[start..self.at]),
        }
    }

    /// Whether a condition on fields of the Pod is true: `has(object.spec.volumes)`, its negation, or several of them.
    fn is_true(&mut self, condition: &str) -> Option<bool> {
        let mut is_true = true;
        for clause in condition.split("&&") {
            let clause: String = clause.chars().filter(|c| !c.is_whitespace()).collect();
            let (clause, is_negated) = clause.strip_prefix('!').map_or((&*clause, false), |rest| (rest, true));
            let path = clause.strip_prefix("has(object.")?.strip_suffix(')')?;
            let is_path = path.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
            is_true &= self.has(is_path.then_some(path)?) != is_negated;
        }
        Some(is_true)
    }

    fn has(&mut self, path: &str) -> bool {
        if self.asked.len() <= MOST_ASKED && !self.asked.iter().any(|other| other == path) {
            self.asked.push(path.to_owned());
        }
        self.present.iter().any(|present| *present == path)
    }

    /// Skips to a delimiter of the expression, or to the question mark of a choice.
    fn scan(&mut self) {
        let mut open = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                '"' | '\'' => {
                    if self.string().is_none() {
                        self.at = self.text.len();
                    }
                    continue;
                }
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' if open > 0 => open -= 1,
                ',' | ':' | ')' | ']' | '}' if open == 0 => return,
                '?' if open == 0 && !self.text[..self.at].ends_with('.') => return,
                _ => {}
            }
            self.at += c.len_utf8();
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Skips a character after blanks, if it is the next one.
    fn expect(&mut self, c: char) -> bool {
        self.skip_blanks();
        let is_next = self.peek() == Some(c);
        if is_next {
            self.at += c.len_utf8();
        }
        is_next
    }
}

fn joined(first: Value, second: Value) -> Option<Value> {
    match (first, second) {
        (Value::Array(mut first), Value::Array(second)) => {
            first.extend(second);
            Some(Value::Array(first))
        }
        (Value::String(first), Value::String(second)) if !is_computed(&first) && !is_computed(&second) => {
            Some(Value::String(first + &second))
        }
        _ => None,
    }
}
