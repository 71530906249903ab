//! Texts in quotes.

/// The length of a text before its closing quotes.
pub(super) fn closing(text: &str, quotes: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with(quotes) {
            return Some(at);
        }
        let c = rest.chars().next()?;
        at += c.len_utf8();
        if c == '\\' {
            at += text[at..].chars().next()?.len_utf8();
        }
    }
}

/// A text without the escapes that JSON has as well, and those of quotes; `None` if it has others.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            c @ ('\\' | '"' | '\'' | '`' | '?') => c,
            _ => return None,
        });
    }
    Some(out)
}
