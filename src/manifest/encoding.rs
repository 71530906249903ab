//! Bytes to text: UTF-8, and UTF-16 with a byte order mark, as Windows PowerShell writes it.

use std::borrow::Cow;

use super::position::{ManifestError, Position};

/// How the text of a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8, the default.
    #[default]
    Utf8,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
}

impl Encoding {
    /// The encoding of a file, from its byte order mark.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xff, 0xfe, ..] => Encoding::Utf16Le,
            [0xfe, 0xff, ..] => Encoding::Utf16Be,
            _ => Encoding::Utf8,
        }
    }

    /// Encodes a text.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }

    /// Decodes a file.
    pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ManifestError> {
        let unit = match Encoding::of(bytes) {
            Encoding::Utf8 => return utf8(bytes).map(Cow::Borrowed),
            Encoding::Utf16Le => u16::from_le_bytes,
            Encoding::Utf16Be => u16::from_be_bytes,
        };
        let start = Position { line: 1, column: 1 };
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        match String::from_utf16(&units) {
            Ok(text) if rest.is_empty() => Ok(Cow::Owned(text)),
            _ => Err(ManifestError { at: start, message: "invalid UTF-16; save the file as UTF-8".to_owned() }),
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, ManifestError> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    if bytes.contains(&0) {
        return Err(binary());
    }
    let valid = &bytes[..error.valid_up_to()];
    let lines = valid.split(|b| *b == b'\n');
    let last = lines.clone().next_back().unwrap_or_default();
    let at = Position { line: lines.count(), column: String::from_utf8_lossy(last).chars().count() + 1 };
    Err(ManifestError { at, message: "invalid UTF-8; convert it: iconv -f latin1 -t utf-8".to_owned() })
}

fn binary() -> ManifestError {
    ManifestError { at: Position { line: 1, column: 1 }, message: "not a text file".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_encoding_is_read_and_written_back() {
        let text = "\u{feff}kind: Pod # é🦀\r\n";
        for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be] {
            let bytes = encoding.encode(text);
            assert_eq!(Encoding::of(&bytes), encoding);
            assert_eq!(Encoding::decode(&bytes).unwrap(), text);
        }
        assert_eq!(Encoding::decode(b"\x89PNG\x00").unwrap_err().message, "not a text file");
        assert!(Encoding::decode(b"\xff\xfea").unwrap_err().message.starts_with("invalid UTF-16"));
        let latin = Encoding::decode(b"a: 1\nb: \xe9\n").unwrap_err();
        assert_eq!((latin.at.line, latin.at.column), (2, 4));
    }
}
