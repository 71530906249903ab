//! Rewrites capturing groups as non-capturing ones.

/// An expression with each `(`, `(?P<name>` and `(?<name>` replaced by `(?:`, outside of classes and escapes; `None` where
/// the flag `x` is used. The expression must have been parsed before; the result for anything else is undefined.
///
/// The syntax is that of regex-lite. Its classes do not nest, their first character may be a literal `]`, and `[` begins
/// a POSIX class in them unless it ends a range.
pub(super) fn without_captures(source: &str) -> Option<String> {
    let mut rewritten = String::with_capacity(source.len() + 16);
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\\' => escape(rest),
            '[' => class(rest),
            '(' => {
                let (length, group) = group(rest)?;
                rewritten.push_str(group);
                rest = &rest[length..];
                continue;
            }
            c => c.len_utf8(),
        };
        rewritten.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Some(rewritten)
}

/// The length of an escape: a backslash and one character. Further characters, as in `\x{41}`, count as plain ones.
fn escape(rest: &str) -> usize {
    rest.chars().take(2).map(char::len_utf8).sum()
}

/// The length of the opening of a group, and its replacement; `None` for the flag `x`.
fn group(rest: &str) -> Option<(usize, &str)> {
    let Some(special) = rest.strip_prefix("(?") else { return Some((1, "(?:")) };
    if special.starts_with('<') || special.starts_with("P<") {
        return Some((rest.find('>')? + 1, "(?:"));
    }
    let length = special.find([':', ')'])? + "(?:".len();
    let opening = &rest[..length];
    (!opening.contains('x')).then_some((length, opening))
}

/// The length of a class, its brackets included.
fn class(rest: &str) -> usize {
    let mut at = 1;
    at += usize::from(rest[at..].starts_with('^'));
    let dashes = rest[at..].len() - rest[at..].trim_start_matches('-').len();
    at += dashes;
    at += usize::from(dashes == 0 && rest[at..].starts_with(']'));
    while let Some(c) = rest[at..].chars().next() {
        if c == ']' {
            return at + 1;
        }
        if c == '[' {
            at += rest[at..].find(":]").map_or(1, |end| end + 2);
            continue;
        }
        at += item(&rest[at..]);
        let mut after = rest[at..].chars();
        // A dash before the end, or before another dash, is no range.
        if after.next() == Some('-') && !matches!(after.next(), Some(']' | '-') | None) {
            at += 1;
            at += item(&rest[at..]);
        }
    }
    at
}

fn item(rest: &str) -> usize {
    match rest.chars().next() {
        Some('\\') => escape(rest),
        c => c.map_or(0, char::len_utf8),
    }
}
