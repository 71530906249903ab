//! The controller of a Pod, as the Pod's `metadata.ownerReferences` name it.

use k8s_openapi::api::core::v1::ObjectReference;

use crate::inject::pod::owner;
use crate::inject::pod::owner::OwnerReference;

/// The longest field of a reference that is repeated, in bytes: the longest name of an object, and the longest group with a
/// version.
const LONGEST_FIELD: usize = 318;

/// The owner with `controller: true` in the JSON of `metadata.ownerReferences`, in a namespace. `None` where there is none.
pub(super) fn controller_of(owner_references: &str, namespace: &str) -> Option<ObjectReference> {
    // Something else than a list of owners names no controller; the API server will deny the Pod.
    let owner = owner::controller(owner_references).ok()?.filter(is_usual)?;
    Some(ObjectReference {
        api_version: Some(owner.api_version.into_owned()),
        kind: Some(owner.kind.into_owned()),
        name: Some(owner.name.into_owned()),
        namespace: Some(namespace.to_owned()),
        uid: Some(owner.uid.into_owned()),
        ..ObjectReference::default()
    })
}

/// Whether every field has a value that an object of Kubernetes can have.
fn is_usual(owner: &OwnerReference<'_>) -> bool {
    [&owner.api_version, &owner.kind, &owner.name, &owner.uid].iter().all(|f| (1..=LONGEST_FIELD).contains(&f.len()))
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
