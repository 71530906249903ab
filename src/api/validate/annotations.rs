//! The annotations that a companion adds to the Pod.

use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::inject::keys::MIRROR;
use crate::inject::names::is_qualified;

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    for key in object.spec.pod_annotations.keys() {
        let at = FieldPath::spec("podAnnotations").member(key);
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        if domain == "podgraft.dev" || domain.ends_with(".podgraft.dev") {
            found.error(&at, "is podgraft's own: a request is the Pod's to make; remove it");
        } else if key == MIRROR {
            found.error(&at, "is the kubelet's own; remove it");
        } else if !is_qualified(key) {
            let message = "must be an annotation's key: a name of at most 63 letters, digits, `-`, `_` and `.`, with or without a domain and `/`";
            found.error(&at, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion};

    #[test]
    fn annotations_are_not_podgrafts_nor_the_kubelets() {
        let keys = json!({"podgraft.dev/companions": "x", "text.podgraft.dev/x.0": "x", "kubernetes.io/config.mirror": "x", "a b": "x", "fine": 1});
        let expected = [
            r#"spec.podAnnotations["podgraft.dev/companions"]: is podgraft's own"#,
            r#"spec.podAnnotations["text.podgraft.dev/x.0"]: is podgraft's own"#,
            r#"spec.podAnnotations["kubernetes.io/config.mirror"]: is the kubelet's own"#,
            r#"spec.podAnnotations["a b"]: must be an annotation's key"#,
            "spec.podAnnotations.fine: must be a string, not a number; put it in quotes",
        ];
        check(companion("/spec/podAnnotations", keys), &expected);
    }
}
