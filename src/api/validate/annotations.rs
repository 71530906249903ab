//! The annotations that a companion adds to the Pod.

use crate::api::message::{forbidden, invalid};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::inject::keys::MIRROR;
use crate::inject::names::is_qualified;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for key in object.spec.pod_annotations.keys() {
        let at = FieldPath::spec("podAnnotations").member(key);
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        if domain == "podgraft.dev" || domain.ends_with(".podgraft.dev") {
            report.error(&at, forbidden("a companion cannot set annotations of podgraft; remove this annotation"));
        } else if key == MIRROR {
            report.error(&at, forbidden("only the kubelet sets this annotation; remove this annotation"));
        } else if !is_qualified(key) {
            let message = "must be an annotation key: at most 63 letters, digits, `-`, `_` and `.`, optionally after a DNS subdomain and `/`";
            report.error(&at, invalid(message));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion};

    #[test]
    fn annotations_of_podgraft_and_of_the_kubelet_are_forbidden() {
        let keys = json!({"podgraft.dev/companions": "x", "text.podgraft.dev/x.0": "x", "kubernetes.io/config.mirror": "x", "a b": "x", "fine": 1});
        let expected = [
            r#"spec.podAnnotations["podgraft.dev/companions"]: forbidden: a companion cannot set annotations of podgraft"#,
            r#"spec.podAnnotations["text.podgraft.dev/x.0"]: forbidden: a companion cannot set annotations of podgraft"#,
            r#"spec.podAnnotations["kubernetes.io/config.mirror"]: forbidden: only the kubelet sets this annotation"#,
            r#"spec.podAnnotations["a b"]: invalid value: must be an annotation key"#,
            "spec.podAnnotations.fine: invalid value: must be a string, not a number; put the value in quotes",
        ];
        check(companion("/spec/podAnnotations", keys), &expected);
    }
}
