//! Reference tokens of JSON pointers (RFC 6901).

use std::fmt;

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

/// The member's name that a reference token stands for.
#[must_use]
pub fn unescape_token(token: &str) -> String {
    // In this order: `~01` is the name `~1`.
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_escaped_so_that_serde_json_finds_the_member() {
        for name in ["", "a", "a/b", "a~b", "a~1b", "~01", "~", "/", "é🦀/~"] {
            let object = serde_json::json!({name: 1});
            let token = Token(name).to_string();
            assert_eq!(object.pointer(&format!("/{token}")), Some(&serde_json::json!(1)), "{name:?}");
            assert_eq!(unescape_token(&token), name);
        }
    }
}
