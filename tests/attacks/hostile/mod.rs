//! Generators of hostile inputs. Each makes a text of about the given size out of one idea.

pub(crate) mod companions;
pub(crate) mod manifests;
pub(crate) mod pods;

/// One idea, and the text of about so many bytes that it makes.
pub(crate) type Shape = (&'static str, fn(usize) -> String);

/// The largest inputs, in bytes. `ATTACK_BYTES` changes it.
pub(crate) fn largest() -> usize {
    std::env::var("ATTACK_BYTES").ok().and_then(|bytes| bytes.parse().ok()).unwrap_or(1_000_000)
}

/// The sizes at which each idea is tried: a bound that only holds for small inputs, or only for large ones, is none.
pub(crate) fn sizes() -> [usize; 4] {
    [4_000, 12_000, 64_000.min(largest() / 2), largest()]
}

/// As many items as fit into so many bytes, separated by commas.
pub(crate) fn list(bytes: usize, item: impl Fn(usize) -> String) -> String {
    let mut out = String::with_capacity(bytes + 128);
    let mut count = 0;
    while out.len() < bytes {
        if count > 0 {
            out.push(',');
        }
        out.push_str(&item(count));
        count += 1;
    }
    out
}

/// A text repeated to so many bytes.
pub(crate) fn long(bytes: usize, text: &str) -> String {
    text.repeat(bytes / text.len() + 1)
}

/// Brackets so deep that they have so many bytes.
pub(crate) fn deep(bytes: usize) -> String {
    "[".repeat(bytes / 2) + &"]".repeat(bytes / 2)
}
