//! Where code ends that is compiled for tests only.

use crate::tokens::{Kind, Token};

/// What an item or a statement begins with, after its visibility. Anything else is a field, a variant, an arm or an
/// argument, which a comma ends.
const ITEMS: [&str; 15] = [
    "fn",
    "mod",
    "struct",
    "enum",
    "union",
    "trait",
    "impl",
    "use",
    "const",
    "static",
    "type",
    "unsafe",
    "async",
    "macro_rules",
    "let",
];

/// Where the item, statement, field, variant or match arm ends that begins after an attribute: at its `;`, at the end
/// of its braces, at the comma after it, or where the group ends that it is in.
pub fn end(tokens: &[Token], mut at: usize) -> usize {
    while is(tokens, at, "#") {
        at = after_group(tokens, at + 1, "[", "]");
    }
    if is(tokens, at, "pub") {
        at = if is(tokens, at + 1, "(") { after_group(tokens, at + 1, "(", ")") } else { at + 1 };
    }
    let is_item = ITEMS.iter().any(|item| is(tokens, at, item));
    let is_use = is(tokens, at, "use");
    let (mut generics, mut is_arm) = (0usize, false);
    while let Some(token) = tokens.get(at) {
        let text = if token.kind == Kind::Mark { &*token.text } else { "" };
        let is_arrow = at > 0 && (is(tokens, at - 1, "=") || is(tokens, at - 1, "-"));
        match text {
            "{" if is_use => at = after_group(tokens, at, "{", "}"),
            "{" => return after_group(tokens, at, "{", "}"),
            "(" => at = after_group(tokens, at, "(", ")"),
            "[" => at = after_group(tokens, at, "[", "]"),
            ";" | ")" | "]" | "}" => return at,
            "," if !is_item && generics == 0 => return at,
            _ => {
                (generics, is_arm) = match text {
                    ">" if is_arrow && is(tokens, at - 1, "=") => (0, true),
                    "<" if !is_arm => (generics + 1, is_arm),
                    ">" if !is_arm && !is_arrow => (generics.saturating_sub(1), is_arm),
                    _ => (generics, is_arm),
                };
                at += 1;
            }
        }
    }
    at
}

fn after_group(tokens: &[Token], from: usize, open: &str, close: &str) -> usize {
    let mut depth = 0usize;
    for at in from..tokens.len() {
        if is(tokens, at, open) {
            depth += 1;
        } else if is(tokens, at, close) {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    tokens.len()
}

fn is(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.is(text))
}

fn in_tests(text: &str) -> Vec<String> {
    let found = super::found(&vec!["a".to_owned()], &crate::tokens::code(text), &[]);
    let paths = found.uses.into_iter().filter(|used| used.test);
    paths.map(|used| if let super::Path::Own(path) = used.path { path.join("::") } else { String::new() }).collect()
}

#[test]
fn an_attribute_for_tests_ends_with_what_it_is_on() {
    for text in [
        "enum E { #[cfg(test)] A } fn f() { crate::x() }",
        "enum E { #[cfg(test)] A, B(crate::x) }",
        "struct S { #[cfg(test)] a: HashMap<u8, u8>, b: crate::x }",
        "fn f() { match a { #[cfg(test)] A if b < c => d, E => crate::x() } }",
        "fn f(#[cfg(test)] a: u8, b: crate::x) { }",
        "fn f() { #[cfg(test)] let a = 1; crate::x() }",
    ] {
        assert_eq!(in_tests(text), [""; 0], "{text}");
    }
    for text in [
        "#[cfg(test)] const A: [u8; 2] = [crate::x, 1];",
        "#[cfg(test)] pub(crate) use crate::{x};",
        "#[cfg(test)] fn f<A, B>(a: A) -> B where A: C, B: D { crate::x() }",
        "struct S { #[cfg(test)] a: Map<u8, crate::x>, b: u8 }",
        "fn f() { match a { #[cfg(test)] A => crate::x(), E => b } }",
    ] {
        assert_eq!(in_tests(text), ["x"], "{text}");
    }
}
