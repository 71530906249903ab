//! Keys of mappings: text, whatever they look like.

use serde_json::Value;
use serde_saphyr::granit_parser::{ScalarStyle, Tag};

use super::{scalar, tagged};

/// A key of a mapping.
pub(super) enum MapKey {
    Text(String),
    /// `<<`, which brings the members of other mappings.
    Merge,
}

/// The key that a scalar is, if it can be one.
pub(super) fn of_scalar(written: &str, style: ScalarStyle, tag: Option<&Tag>) -> Option<MapKey> {
    if style == ScalarStyle::Plain && tag.is_none() && written == "<<" {
        return Some(MapKey::Merge);
    }
    text(tagged::value(written, style, tag).ok()?).map(MapKey::Text)
}

/// A value as the text of a key, as JSON has it.
pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(scalar::shortest(&number)),
        _ => None,
    }
}
