//! Kubernetes' grammar of names and paths.

use std::borrow::Cow;

/// Whether a text is a DNS subdomain (RFC 1123), as names of Secrets are.
#[must_use]
pub fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|label| is_label(label, 253))
}

/// Whether a text is a DNS label (RFC 1123) of at most `longest` bytes.
#[must_use]
pub fn is_label(text: &str, longest: usize) -> bool {
    let bytes = text.as_bytes();
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    (1..=longest).contains(&bytes.len())
        && bytes.iter().all(inner)
        && bytes[0] != b'-'
        && bytes[bytes.len() - 1] != b'-'
}

/// Whether a text can be a key of a Secret or a ConfigMap.
#[must_use]
pub fn is_secret_key(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    (1..=253).contains(&text.len()) && text.bytes().all(allowed) && text != "." && !text.starts_with("..")
}

/// Whether a path is absolute, normalized, not the root, and valid as a `mountPath`.
#[must_use]
pub fn is_normal_path(text: &str) -> bool {
    text.len() > 1
        && text.starts_with('/')
        && !text.contains(':')
        && text[1..].split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A path without duplicate or trailing slashes, `.` and `..`: paths are compared in this form.
#[must_use]
pub fn normalized(path: Cow<'_, str>) -> Cow<'_, str> {
    if is_normal_path(&path) {
        return path;
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/")).into()
}

/// Whether a normalized path is strictly below another one.
#[must_use]
pub fn lies_below(path: &str, parent: &str) -> bool {
    parent == "/" || path.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

/// The paths above a normalized one, the root first.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.match_indices('/').map(|(at, _)| at);
    slashes.filter(move |_| path != "/").map(move |at| if at == 0 { "/" } else { &path[..at] })
}
