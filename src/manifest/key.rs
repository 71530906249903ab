//! Keys of mappings, which are always text in JSON.

use serde_json::Value;
use serde_saphyr::granit_parser::{ScalarStyle, Tag};

use super::{scalar, tagged};

/// A key of a mapping.
pub(super) enum MapKey {
    Text(String),
    /// `<<`, which adds the members of other mappings.
    Merge,
}

/// The key for a scalar. `None` if the scalar cannot be a key.
pub(super) fn of_scalar(written: &str, style: ScalarStyle, tag: Option<&Tag>) -> Option<MapKey> {
    if style == ScalarStyle::Plain && tag.is_none() && written == "<<" {
        return Some(MapKey::Merge);
    }
    text(tagged::value(written, style, tag).ok()?).map(MapKey::Text)
}

/// The text of a key, as in the JSON that kubectl sends.
pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(scalar::shortest(&number)),
        _ => None,
    }
}
