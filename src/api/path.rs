use std::fmt;

use crate::json::{Token, field_path};

/// The path of a field, as an RFC 6901 pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldPath(String);

impl FieldPath {
    /// The whole object.
    pub(super) fn root() -> Self {
        FieldPath(String::new())
    }

    /// A field of `spec`.
    pub(super) fn spec(member: &str) -> Self {
        FieldPath::root().member("spec").member(member)
    }

    pub(super) fn member(&self, name: &str) -> Self {
        FieldPath(format!("{}/{}", self.0, Token(name)))
    }

    pub(super) fn item(&self, index: usize) -> Self {
        FieldPath(format!("{}/{index}", self.0))
    }

    pub(super) fn into_pointer(self) -> String {
        self.0
    }
}

/// Kubernetes' notation, such as `spec.containers[0].image`.
impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&field_path(&self.0))
    }
}

impl AsRef<str> for FieldPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Whether a pointer is equal to another one, or below it.
pub(super) fn within(pointer: &str, other: &str) -> bool {
    pointer.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{FieldPath, within};

    #[test]
    fn a_path_escapes_the_special_characters_of_a_pointer() {
        assert_eq!(FieldPath::spec("a~b/c").item(1).into_pointer(), "/spec/a~0b~1c/1");
    }

    #[test]
    fn a_pointer_is_within_itself_and_its_parents_only() {
        assert!(within("/spec/a", "/spec"));
        assert!(within("/spec", "/spec"));
        assert!(within("/spec", ""));
        assert!(!within("/specs", "/spec"));
    }
}
