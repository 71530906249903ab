//! The insides of JSON strings: where they end, how escapes are decoded, and how they are written.

use wide::u8x16;

/// The offset of the next quote, backslash or control character, or of the end. Most strings are short: those are searched 16
/// bytes at a time, and only a long one is worth a call.
#[inline(always)]
pub(crate) fn next_special(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..4 {
        let Some(part) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { break };
        let part = u8x16::new(*part);
        let controls = part.min(u8x16::splat(0x1F)).simd_eq(part);
        let found = part.simd_eq(u8x16::splat(b'"')) | part.simd_eq(u8x16::splat(b'\\')) | controls;
        let found = found.to_bitmask();
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    next_special_far(bytes, at)
}

#[inline(never)]
fn next_special_far(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let end = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
    // The minimum is computed over many bytes at a time, and hardly any string has a control character.
    let smallest = rest[..end].iter().copied().fold(u8::MAX, u8::min);
    let control = if smallest < 0x20 { rest[..end].iter().position(|byte| *byte < 0x20) } else { None };
    at + control.unwrap_or(end)
}

/// The length of an escape in bytes; `None` if there is no such escape.
pub(crate) fn escape_length(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => bytes.get(2..6)?.iter().all(u8::is_ascii_hexdigit).then_some(6),
        _ => None,
    }
}

/// Decodes a text whose escapes are well-formed; `None` if a surrogate is unpaired.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = *rest.as_bytes().get(at + 1)?;
        let mut length = 2;
        out.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (character, read) = unescape_unicode(&rest[at..])?;
                length = read;
                character
            }
            other => char::from(other),
        });
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    Some(out)
}

fn unescape_unicode(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| u32::from_str_radix(text.get(at..at + 4)?, 16).ok();
    let first = unit(2)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    if text.get(6..8)? != "\\u" {
        return None;
    }
    let second = unit(8).filter(|u| (0xDC00..0xE000).contains(u))?;
    let character = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    Some((char::from_u32(character)?, 12))
}

/// How many bytes [`escape`] makes of a text.
#[must_use]
pub fn escaped_length(text: &str) -> usize {
    let length = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(length).sum()
}

/// Escapes the inside of a JSON string and hands it out part by part.
#[inline]
pub(super) fn escape(text: &str, mut part: impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut start = 0;
    loop {
        let at = next_special(bytes, start);
        part(&text[start..at]);
        let Some(byte) = bytes.get(at) else { return };
        part(match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            control => CONTROLS.get(usize::from(*control)).copied().unwrap_or_default(),
        });
        start = at + 1;
    }
}

/// The escapes of the control characters.
#[rustfmt::skip]
const CONTROLS: [&str; 0x20] = [
    "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
    "\\u0008", "\\t", "\\n", "\\u000b", "\\u000c", "\\r", "\\u000e", "\\u000f",
    "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
    "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
];
