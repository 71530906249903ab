//! Values of configurations, each with the place where it was read.

use serde_json::Value;

use crate::json::Token;

/// A place in the documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourcePlace {
    /// The index of the document.
    pub document: usize,
    /// An RFC 6901 pointer into it. Where a text of the document is a document itself, the pointer goes on in that one.
    pub pointer: String,
}

impl SourcePlace {
    pub(super) fn member(&self, name: &str) -> Self {
        SourcePlace { document: self.document, pointer: format!("{}/{}", self.pointer, Token(name)) }
    }

    pub(super) fn item(&self, index: usize) -> Self {
        SourcePlace { document: self.document, pointer: format!("{}/{index}", self.pointer) }
    }

    /// How deep the place is in `other`; `None` if it is not within it.
    pub(super) fn depth_within(&self, other: &SourcePlace) -> Option<usize> {
        let rest = self.pointer.strip_prefix(&*other.pointer).filter(|_| self.document == other.document)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.matches('/').count())
    }
}

/// A part of a configuration: its value, and where it was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SourceValue {
    pub(super) at: SourcePlace,
    pub(super) value: Value,
}

impl SourceValue {
    /// A member, which is null if the value has none of that name.
    pub(super) fn member(&self, name: &str) -> SourceValue {
        SourceValue { at: self.at.member(name), value: self.value.get(name).cloned().unwrap_or_default() }
    }

    /// The members that are not null; none if the value is no object.
    pub(super) fn members(&self) -> Vec<(String, SourceValue)> {
        let present = self.value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        present.map(|(name, _)| (name.clone(), self.member(name))).collect()
    }

    /// The items; none if the value is no array.
    pub(super) fn items(&self) -> Vec<SourceValue> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(|(index, value)| SourceValue { at: self.at.item(index), value: value.clone() }).collect()
    }

    /// The items of a member.
    pub(super) fn list(&self, name: &str) -> Vec<SourceValue> {
        self.member(name).items()
    }

    /// The value at a place, if that is within this one.
    pub(super) fn value_at(&self, at: &SourcePlace) -> Option<&Value> {
        at.depth_within(&self.at)?;
        self.value.pointer(&at.pointer[self.at.pointer.len()..])
    }

    /// The text; empty if the value is none.
    pub(super) fn text(&self) -> &str {
        self.value.as_str().unwrap_or_default()
    }

    /// Whether the value is null, false, or empty.
    pub(super) fn is_blank(&self) -> bool {
        match &self.value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Bool(true) | Value::Number(_) => false,
        }
    }

    /// Removes a member, and returns it.
    pub(super) fn take(&mut self, name: &str) -> SourceValue {
        let taken = self.member(name);
        if let Value::Object(members) = &mut self.value {
            members.shift_remove(name);
        }
        taken
    }
}
