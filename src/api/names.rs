//! Kubernetes' grammars of names, as far as the schema does not say them.

use crate::inject::names::is_subdomain;

/// Whether a text is the key of a label or an annotation: a name of at most 63 characters, with or without a domain.
pub(super) fn is_qualified(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => is_subdomain(domain) && is_simple(name),
        None => is_simple(text),
    }
}

/// Whether a text is the value of a label.
pub(super) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_simple(text)
}

/// Whether a text is the name of a port (RFC 6335).
pub(super) fn is_port_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=15).contains(&text.len())
        && text.bytes().all(inner)
        && text.bytes().any(|b| b.is_ascii_lowercase())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

fn is_simple(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let end = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    text.len() <= 63 && text.bytes().all(inner) && end(text.bytes().next()) && end(text.bytes().last())
}

#[cfg(test)]
mod tests {
    use super::{is_label_value, is_port_name, is_qualified};

    #[test]
    fn a_key_is_a_name_with_or_without_a_domain() {
        for good in ["app", "app.kubernetes.io/name", "A_b.c-1"] {
            assert!(is_qualified(good), "{good}");
        }
        for odd in ["", "-a", "a/", "/a", "a/b/c", "A.io/b", "a b", "ä"] {
            assert!(!is_qualified(odd), "{odd}");
        }
        assert!(is_label_value("") && !is_label_value("a b"));
    }

    #[test]
    fn a_port_name_is_short_and_has_a_letter() {
        assert!(is_port_name("metrics-2"));
        for odd in ["", "80", "-a", "a-", "a--b", "A", "metrics-of-redis"] {
            assert!(!is_port_name(odd), "{odd}");
        }
    }
}
