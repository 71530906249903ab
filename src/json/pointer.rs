//! JSON pointers (RFC 6901).

use std::fmt;
use std::fmt::Write as _;

use memchr::memchr2;

use super::sink::Sink;

/// A member's name as a reference token: `~` is written `~0` and `/` is written `~1`.
///
/// A pointer is built with `format!("{pointer}/{}", Token(name))`; indexes need no escaping.
#[derive(Debug, Clone, Copy)]
pub struct Token<'k>(pub &'k str);

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['~', '/']) {
            f.write_str(&rest[..at])?;
            f.write_str(if rest[at..].starts_with('~') { "~0" } else { "~1" })?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}

/// Writes a member's name as a reference token, inside of a JSON string.
pub fn write_token(out: &mut impl Sink, name: &str) {
    let mut rest = name;
    while let Some(at) = memchr2(b'~', b'/', rest.as_bytes()) {
        out.escaped(&rest[..at]);
        out.plain(if rest.as_bytes()[at] == b'~' { "~0" } else { "~1" });
        rest = &rest[at + 1..];
    }
    out.escaped(rest);
}

/// The member's name that a reference token stands for.
#[must_use]
pub fn unescape_token(token: &str) -> String {
    // In this order: `~01` is the name `~1`.
    token.replace("~1", "/").replace("~0", "~")
}

/// A pointer as a field path: `spec.containers[0].image`, `metadata.annotations["podgraft.dev/companions"]`.
#[must_use]
pub fn field_path(pointer: &str) -> String {
    let mut path = String::new();
    for name in pointer.split('/').skip(1).map(unescape_token) {
        let is_index = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        let is_plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        // Writing to a String cannot fail.
        let _ = match (is_index, is_plain) {
            (true, _) => write!(path, "[{name}]"),
            (_, true) if path.is_empty() => write!(path, "{name}"),
            (_, true) => write!(path, ".{name}"),
            _ => write!(path, "[{name:?}]"),
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_shown_as_a_field_path() {
        for (pointer, expected) in [
            ("", ""),
            ("/spec/containers/0/image", "spec.containers[0].image"),
            ("/spec/podAnnotations/a.b~1c", r#"spec.podAnnotations["a.b/c"]"#),
            ("/spec/", r#"spec[""]"#),
        ] {
            assert_eq!(field_path(pointer), expected);
        }
    }

    #[test]
    fn a_token_is_escaped_so_that_serde_json_finds_the_member() {
        for name in ["", "a", "a/b", "a~b", "a~1b", "~01", "~", "/", "é🦀/~"] {
            let object = serde_json::json!({name: 1});
            let token = Token(name).to_string();
            assert_eq!(object.pointer(&format!("/{token}")), Some(&serde_json::json!(1)), "{name:?}");
            assert_eq!(unescape_token(&token), name);
            let mut written = String::new();
            write_token(&mut written, name);
            assert_eq!(written, token);
        }
    }
}
