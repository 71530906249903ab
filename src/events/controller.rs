//! The controller of a Pod, as the Pod's `metadata.ownerReferences` name it.

use std::borrow::Cow;

use k8s_openapi::api::core::v1::ObjectReference;

use crate::json::{JsonError, Reader, field};

/// The longest field of a reference that is repeated, in bytes: the longest name of an object, and the longest group with a
/// version.
const LONGEST_FIELD: usize = 318;

/// An item of `metadata.ownerReferences` (`meta/v1` `OwnerReference`).
#[derive(Default)]
struct OwnerReference<'a> {
    api_version: Cow<'a, str>,
    kind: Cow<'a, str>,
    name: Cow<'a, str>,
    uid: Cow<'a, str>,
    controller: bool,
}

/// The owner with `controller: true` in the JSON of `metadata.ownerReferences`, in a namespace. `None` where there is none.
pub(super) fn controller_of(owner_references: &str, namespace: &str) -> Option<ObjectReference> {
    let mut found = None;
    let read = Reader::of(owner_references).array(|r, _| {
        let owner = OwnerReference::read(r)?;
        found = if owner.controller { Some(owner) } else { found.take() };
        Ok(())
    });
    // Something else than a list of owners names no controller; the API server will deny the Pod.
    read.ok()?;
    found.filter(OwnerReference::is_usual).map(|owner| owner.in_namespace(namespace))
}

impl<'a> OwnerReference<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, JsonError> {
        let mut owner = OwnerReference::default();
        r.fields(
            &mut owner,
            &const {
                [
                    field("apiVersion", |owner, r| r.string_or_empty().map(|text| owner.api_version = text)),
                    field("kind", |owner, r| r.string_or_empty().map(|text| owner.kind = text)),
                    field("name", |owner, r| r.string_or_empty().map(|text| owner.name = text)),
                    field("uid", |owner, r| r.string_or_empty().map(|text| owner.uid = text)),
                    field("controller", |owner, r| r.boolean().map(|yes| owner.controller = yes)),
                ]
            },
        )?;
        Ok(owner)
    }

    /// Whether every field has a value that an object of Kubernetes can have.
    fn is_usual(&self) -> bool {
        [&self.api_version, &self.kind, &self.name, &self.uid].iter().all(|f| (1..=LONGEST_FIELD).contains(&f.len()))
    }

    fn in_namespace(self, namespace: &str) -> ObjectReference {
        ObjectReference {
            api_version: Some(self.api_version.into_owned()),
            kind: Some(self.kind.into_owned()),
            name: Some(self.name.into_owned()),
            namespace: Some(namespace.to_owned()),
            uid: Some(self.uid.into_owned()),
            ..ObjectReference::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<String> {
        controller_of(text, "shop").map(|found| {
            assert_eq!(found.namespace.as_deref(), Some("shop"));
            let fields = [found.api_version, found.kind, found.name, found.uid];
            fields.map(Option::unwrap_or_default).join(" ")
        })
    }

    #[test]
    fn the_controller_is_the_owner_that_says_so() {
        let owner = |name: &str, controller: &str| {
            format!(r#"{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"{name}","uid":"u-1"{controller}}}"#)
        };
        let (other, is, is_not) = (owner("a", ""), r#","controller":true"#, r#","controller":false"#);
        let web = Some("apps/v1 ReplicaSet web u-1".to_owned());
        assert_eq!(named(&format!("[{other},{}]", owner("web", is))), web);
        assert_eq!(named(&format!("[{},{other}]", owner("web", is))), web);
        assert_eq!(named(&format!("[{other},{}]", owner("web", is_not))), None);
        for none in ["", "[]", "null", "{}", "[5]", r#"[{"controller":"yes"}]"#] {
            assert_eq!(named(none), None, "{none}");
        }
        assert_eq!(named(&format!("[{}]", owner(&"x".repeat(400), is))), None, "no object has such a name");
        assert_eq!(named(&format!("[{}]", owner("", is))), None);
    }
}
