//! Kubernetes' grammar of names and of paths: what an API server or a kubelet accepts.

use std::borrow::Cow;

/// A DNS subdomain (RFC 1123) of at most 253 bytes, such as the name of a Secret.
pub(crate) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|label| is_label(label, 253))
}

/// A DNS label (RFC 1123) of at most `longest` bytes, such as the name of a container.
pub(crate) fn is_label(text: &str, longest: usize) -> bool {
    let bytes = text.as_bytes();
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    (1..=longest).contains(&bytes.len())
        && bytes.iter().all(inner)
        && bytes[0] != b'-'
        && bytes[bytes.len() - 1] != b'-'
}

/// Whether a text can be a key of a Secret or a ConfigMap.
pub(crate) fn is_secret_key(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    (1..=253).contains(&text.len()) && text.bytes().all(allowed) && text != "." && !text.starts_with("..")
}

/// A path that is valid as a `mountPath`: absolute, normalized, not the root, and without the `:` that separates
/// source and target in container runtimes.
pub(crate) fn is_normal_path(text: &str) -> bool {
    if is_plainly_normal(text.as_bytes()) {
        return true;
    }
    let Some(parts) = text.strip_prefix('/').filter(|parts| !parts.is_empty()) else { return false };
    // One pass over the bytes: searching for characters and splitting would be several.
    let is_name = |length: usize, dots: usize| length > dots || dots > 2;
    let (mut length, mut dots) = (0, 0);
    for byte in parts.bytes() {
        match byte {
            b':' => return false,
            b'/' if !is_name(length, dots) => return false,
            b'/' => (length, dots) = (0, 0),
            _ => {
                length += 1;
                dots += usize::from(byte == b'.');
            }
        }
    }
    is_name(length, dots)
}

/// Whether a path is normal because no part of it starts with a dot, as in nearly all paths. The bytes are compared without
/// branches, so that the compiler can compare many at once.
#[allow(clippy::needless_bitwise_bool)]
fn is_plainly_normal(path: &[u8]) -> bool {
    let [b'/', rest @ ..] = path else { return false };
    let starts_with_dot = |(before, byte): (&u8, &u8)| (*before == b'/') & ((*byte == b'/') | (*byte == b'.'));
    let doubtful = path.iter().zip(rest).fold(false, |found, pair| found | starts_with_dot(pair) | (*pair.1 == b':'));
    rest.last().is_some_and(|last| *last != b'/') && !doubtful
}

/// A path that API servers accept below a directory: relative, and without `..` (`validateLocalDescendingPath` of
/// Kubernetes' validation).
pub(crate) fn is_descending_path(text: &str) -> bool {
    !text.starts_with('/') && text.split('/').all(|part| part != "..")
}

/// A path without duplicate or trailing slashes, `.` and `..`: paths are compared in this form.
pub(crate) fn normalized(path: Cow<'_, str>) -> Cow<'_, str> {
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
pub(crate) fn lies_below(path: &str, parent: &str) -> bool {
    parent == "/" || path.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

/// The paths above a normalized one, the root first.
pub(crate) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.match_indices('/').map(|(at, _)| at);
    slashes.filter(move |_| path != "/").map(move |at| if at == 0 { "/" } else { &path[..at] })
}

/// The key of a label or an annotation: a name of at most 63 characters, optionally after a DNS subdomain and `/`.
pub(crate) fn is_qualified(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => is_subdomain(domain) && is_simple(name),
        None => is_simple(text),
    }
}

/// The value of a label; it may be empty.
pub(crate) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_simple(text)
}

/// The name of a container port: an IANA service name (RFC 6335) of at most 15 characters.
pub(crate) fn is_port_name(text: &str) -> bool {
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
    use super::{is_label_value, is_normal_path, is_port_name, is_qualified, lies_below};

    #[test]
    fn a_key_is_a_name_with_an_optional_domain() {
        for valid in ["app", "app.kubernetes.io/name", "A_b.c-1"] {
            assert!(is_qualified(valid), "{valid}");
        }
        for invalid in ["", "-a", "a/", "/a", "a/b/c", "A.io/b", "a b", "ä"] {
            assert!(!is_qualified(invalid), "{invalid}");
        }
        assert!(is_label_value("") && !is_label_value("a b"));
    }

    #[test]
    fn a_port_name_is_short_and_has_a_letter() {
        assert!(is_port_name("metrics-2"));
        for invalid in ["", "80", "-a", "a-", "a--b", "A", "metrics-of-redis"] {
            assert!(!is_port_name(invalid), "{invalid}");
        }
    }

    #[test]
    fn a_mount_path_is_absolute_and_normalized() {
        for valid in ["/a", "/a/b.c", "/..a", "/.../a", "/a/..."] {
            assert!(is_normal_path(valid), "{valid}");
        }
        for invalid in ["", "/", "a", "/a/", "//a", "/a//b", "/a/./b", "/../b", "/a/..", "/a/.", "/a:b"] {
            assert!(!is_normal_path(invalid), "{invalid}");
        }
        assert!(lies_below("/a/b", "/a") && lies_below("/a", "/"));
        assert!(!lies_below("/a", "/a") && !lies_below("/ab", "/a"));
    }
}
