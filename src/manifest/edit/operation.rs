//! Operations of a JSON patch.

use serde_json::Value;

use crate::json::unescape_token;

/// One operation of a JSON patch (RFC 6902): `add`, `remove` or `replace`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    /// The reference tokens of its pointer, unescaped.
    pub(super) path: Vec<String>,
    /// The new value; `None` removes the old one.
    pub(super) value: Option<Value>,
    /// Whether an existing value is replaced. An `add` to an array inserts instead.
    pub(super) replaces: bool,
}

impl Operation {
    /// Reads an operation. `None` if it is not supported.
    pub(super) fn read(operation: &Value) -> Option<Self> {
        let path = operation["path"].as_str()?.strip_prefix('/')?;
        let path = path.split('/').map(unescape_token).collect();
        match operation["op"].as_str()? {
            "add" => Some(Operation { path, value: Some(operation["value"].clone()), replaces: false }),
            "replace" => Some(Operation { path, value: Some(operation["value"].clone()), replaces: true }),
            "remove" => Some(Operation { path, value: None, replaces: true }),
            _ => None,
        }
    }
}
