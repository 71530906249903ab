use crate::json::Token;

/// A place in an object, as an RFC 6901 pointer.
#[derive(Debug, Clone)]
pub(super) struct FieldPath(String);

impl FieldPath {
    /// The whole object.
    pub(super) fn root() -> Self {
        FieldPath(String::new())
    }

    /// A place below `spec`.
    pub(super) fn spec(member: &str) -> Self {
        FieldPath::root().member("spec").member(member)
    }

    /// A member of the object here.
    pub(super) fn member(&self, name: &str) -> Self {
        FieldPath(format!("{}/{}", self.0, Token(name)))
    }

    /// An item of the list here.
    pub(super) fn item(&self, index: usize) -> Self {
        FieldPath(format!("{}/{index}", self.0))
    }

    pub(super) fn into_pointer(self) -> String {
        self.0
    }
}

impl AsRef<str> for FieldPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Whether one pointer is another, or points into what that one points at.
pub(super) fn within(pointer: &str, other: &str) -> bool {
    pointer.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{FieldPath, within};

    #[test]
    fn a_place_escapes_what_stands_for_something_in_a_pointer() {
        assert_eq!(FieldPath::spec("a~b/c").item(1).into_pointer(), "/spec/a~0b~1c/1");
    }

    #[test]
    fn a_pointer_is_within_its_parents_only() {
        assert!(within("/spec/a", "/spec"));
        assert!(within("/spec", "/spec"));
        assert!(within("/spec", ""));
        assert!(!within("/specs", "/spec"));
    }
}
