//! Where objects are looked up. Reviews can be forged, so no text of one becomes part of a path unless it names a namespace that
//! exists.

use crate::inject::names::is_label;
use crate::inject::request::namespace::{Namespace, Namespaces};

/// The longest name of a Namespace.
const LONGEST: usize = 63;

/// The name of a listed namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListedNamespace<'a>(&'a str);

impl<'a> ListedNamespace<'a> {
    /// The name as the list has it; `None` where no namespace of that name is listed.
    pub(super) fn find(name: &str, namespaces: &'a Namespaces) -> Option<Self> {
        let listed = namespaces.listed(name).map(Namespace::name);
        listed.filter(|name| is_label(name, LONGEST)).map(ListedNamespace)
    }

    pub(super) fn as_str(self) -> &'a str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::request::namespace::{Namespace, Unlisted};

    #[test]
    fn only_listed_names_that_are_dns_labels_become_part_of_a_path() {
        let odd = ["shop", "a/secrets/b?x=", "..", "Shop"].map(|name| Namespace::new(name, [], []));
        let namespaces = Namespaces::new(odd, Unlisted::NameOnly);
        let found = |name: &str| ListedNamespace::find(name, &namespaces).map(ListedNamespace::as_str);
        assert_eq!(found("shop"), Some("shop"));
        for name in ["", "town", "a/secrets/b?x=", "..", "Shop"] {
            assert_eq!(found(name), None, "{name}");
        }
    }
}
