//! The insides of JSON strings: where they end, how escapes are decoded, and how they are written.

use wide::u8x16;

/// The offset of the next quote, backslash or control character, or of the end. Most strings are short: those are searched 16
/// bytes at a time, and only a long one is worth a call.
#[inline(always)]
pub(crate) fn next_special(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..4 {
        let Some(part) = bytes.get(at..at + 16).and_then(|part| part.first_chunk()) else { break };
        let found = specials(*part);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    next_special_far(bytes, at)
}

/// The offset of the first quote, backslash or control character; 48 without one. Most names have less than 16 bytes.
#[inline(always)]
pub(super) fn first_special(window: &[u8; 32]) -> usize {
    let [first, second] = [0, 16].map(|at| window[at..].first_chunk().map_or(0, |part| specials(*part)));
    if first != 0 { first.trailing_zeros() as usize } else { 16 + second.trailing_zeros() as usize }
}

/// Whether a text needs no escapes: names hardly ever do.
#[inline]
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 16 {
        return specials(padded(bytes)).trailing_zeros() as usize == bytes.len();
    }
    next_special(bytes, 0) == bytes.len()
}

/// One bit for each quote, backslash and control character.
#[inline(always)]
pub(super) fn specials(part: [u8; 16]) -> u32 {
    // With this bit flipped, a quote is the next number after the control characters, which stay control characters.
    let flipped = u8x16::new(part) ^ u8x16::splat(0x02);
    let quotes_and_controls = flipped.min(u8x16::splat(0x20)).simd_eq(flipped);
    (quotes_and_controls | flipped.simd_eq(u8x16::splat(b'\\' ^ 0x02))).to_bitmask()
}

#[inline(never)]
fn next_special_far(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.len() < 16 {
        // The zeros after the end are control characters.
        let found = specials(padded(rest)).trailing_zeros() as usize;
        return at + found.min(rest.len());
    }
    let end = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
    // The minimum is computed over many bytes at a time, and hardly any string has a control character.
    let smallest = rest[..end].iter().copied().fold(u8::MAX, u8::min);
    let control = if smallest < 0x20 { rest[..end].iter().position(|byte| *byte < 0x20) } else { None };
    at + control.unwrap_or(end)
}

/// Fewer than 16 bytes with zeros after them. It is made of two numbers that overlap, because copying a length that is not
/// known in advance is a call.
fn padded(bytes: &[u8]) -> [u8; 16] {
    let joined = |low: u128, high: u128, width: usize| low | high << (8 * (bytes.len() - width));
    let number = if let (Some(low), Some(high)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        joined(u64::from_le_bytes(*low).into(), u64::from_le_bytes(*high).into(), 8)
    } else if let (Some(low), Some(high)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        joined(u32::from_le_bytes(*low).into(), u32::from_le_bytes(*high).into(), 4)
    } else {
        bytes.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte))
    };
    number.to_le_bytes()
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
    if is_plain(text) {
        return text.len();
    }
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
    if is_plain(text) {
        return part(text);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_special_byte_is_found_at_every_place_of_texts_of_every_length() {
        for length in 0..100 {
            let plain = vec![b'x'; length];
            assert_eq!(next_special(&plain, 0), length);
            for (at, special) in (0..length).flat_map(|at| [b'"', b'\\', 0, 0x1F].map(|special| (at, special))) {
                let mut bytes = plain.clone();
                bytes[at] = special;
                bytes[length - 1] = special;
                for from in [0, at / 2, at] {
                    assert_eq!(next_special(&bytes, from), at, "{special} at {at} of {length} from {from}");
                }
            }
        }
    }
}
