//! Values and sources of variables, as API servers accept them (`validateEnvVarValueFrom` in Kubernetes'
//! `pkg/apis/core/validation`).

use serde_json::Value;

use crate::api::message::{invalid, newer_field};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::EnvVar;
use crate::inject::companion::resources::is_hugepages;
use crate::inject::names::{is_qualified, is_secret_key, is_subdomain};

/// A text within a source, and what it must be.
struct Text {
    source: &'static str,
    field: &'static str,
    is_valid: fn(&str) -> bool,
    must_be: &'static str,
}

const OBJECT: &str = "a DNS subdomain: DNS labels joined by dots";
const OBJECT_KEY: &str = "a key: at most 253 letters, digits, `-`, `_` and `.`, not starting with `..`";

const TEXTS: [Text; 8] = [
    Text { source: "configMapKeyRef", field: "name", is_valid: is_subdomain, must_be: OBJECT },
    Text { source: "configMapKeyRef", field: "key", is_valid: is_secret_key, must_be: OBJECT_KEY },
    Text { source: "secretKeyRef", field: "name", is_valid: is_subdomain, must_be: OBJECT },
    Text { source: "secretKeyRef", field: "key", is_valid: is_secret_key, must_be: OBJECT_KEY },
    Text {
        source: "fieldRef",
        field: "fieldPath",
        is_valid: is_field_path,
        must_be: "a field that variables can have, such as metadata.name, status.podIP or metadata.labels['<key>']",
    },
    Text {
        source: "resourceFieldRef",
        field: "resource",
        is_valid: is_resource_path,
        must_be: "limits or requests of cpu, memory, ephemeral-storage or huge pages, such as limits.cpu",
    },
    Text {
        source: "fileKeyRef",
        field: "path",
        is_valid: |path| !path.is_empty() && path.split('/').all(|part| part != ".."),
        must_be: "a path within the volume, without `..`",
    },
    Text {
        source: "fileKeyRef",
        field: "key",
        is_valid: |key| !key.is_empty() && key.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'='),
        must_be: "the name of a variable in the file: printable ASCII characters other than `=`",
    },
];

/// Fields of a Pod that a variable can have (`validEnvDownwardAPIFieldPathExpressions`), with the older name of one.
const FIELDS: [&str; 10] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.host",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

fn is_field_path(path: &str) -> bool {
    let key = |map: &str| path.strip_prefix(map)?.strip_prefix("['")?.strip_suffix("']");
    FIELDS.contains(&path)
        || key("metadata.labels").is_some_and(is_qualified)
        || key("metadata.annotations").is_some_and(|key| is_qualified(&key.to_ascii_lowercase()))
}

fn is_resource_path(path: &str) -> bool {
    let (list, resource) = path.split_once('.').unwrap_or_default();
    let is_counted = matches!(resource, "cpu" | "memory" | "ephemeral-storage") || is_hugepages(resource);
    matches!(list, "limits" | "requests") && is_counted
}

pub(super) fn check(variable: &EnvVar, at: &FieldPath, report: &mut Report) {
    let Some(from) = variable.rest.get("valueFrom").filter(|from| !from.is_null()) else { return };
    if variable.value.as_ref().is_some_and(|value| !value.is_empty()) {
        report.error(at, invalid("must have either value or valueFrom, not both"));
    }
    let at = at.member("valueFrom");
    if from.as_object().is_some_and(|sources| sources.values().filter(|source| !source.is_null()).count() != 1) {
        report.error(&at, invalid("must have exactly one source"));
    }
    for text in &TEXTS {
        text.check(from, &at, report);
    }
    if from["fileKeyRef"].is_object() {
        report.warn(&at.member("fileKeyRef"), newer_field("1.35", "deny Pods with this field"));
    }
}

impl Text {
    /// The schema reports a text that is absent or of another type.
    fn check(&self, from: &Value, at: &FieldPath, report: &mut Report) {
        let text = from[self.source][self.field].as_str();
        if text.is_some_and(|text| !(self.is_valid)(text)) {
            let at = at.member(self.source).member(self.field);
            report.error(&at, invalid(format_args!("must be {}", self.must_be)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, companion, warns, with};

    #[allow(clippy::needless_pass_by_value)] // it is called with literals
    fn from(source: Value) -> Value {
        with(&[
            ("/spec/volumes", json!([{"name": "v", "emptyDir": {}}])),
            ("/spec/containers/0/env", json!([{"name": "A", "valueFrom": source}])),
        ])
    }

    #[test]
    fn a_variable_has_one_value() {
        let from = json!({"fieldRef": {"fieldPath": "metadata.name"}});
        let env = json!([{"name": "A", "value": "x", "valueFrom": from}, {"name": "B", "valueFrom": {}}, {"name": "C", "value": 1}]);
        let expected = [
            "spec.app.env[0]: invalid value: must have either value or valueFrom",
            "spec.app.env[1].valueFrom: invalid value: must have exactly one source",
            "spec.app.env[2].value: invalid value: must be a string, not a number; put the value in quotes",
        ];
        check(companion("/spec/app/env", env), &expected);
    }

    #[test]
    fn a_reference_has_texts_that_api_servers_accept() {
        let file = |path: &str, key: &str| json!({"fileKeyRef": {"volumeName": "v", "path": path, "key": key}});
        let object = |kind: &str, name: &str, key: &str| json!({kind: {"name": name, "key": key}});
        for fine in
            [file("a/b.env", "1 a"), object("configMapKeyRef", "a.b", "A_b.c-d"), object("secretKeyRef", "a", ".a")]
        {
            check(from(fine), &[]);
        }
        for path in ["metadata.name", "metadata.labels['a/b']", "metadata.annotations['A.b/C']", "status.podIPs"] {
            check(from(json!({"fieldRef": {"fieldPath": path}})), &[]);
        }
        check(from(json!({"resourceFieldRef": {"resource": "requests.hugepages-2Mi"}})), &[]);
        for (source, field) in [
            (json!({"fieldRef": {"fieldPath": "metadata.nam"}}), "fieldRef.fieldPath: invalid value: must be a field"),
            (json!({"fieldRef": {"fieldPath": "metadata.labels['a b']"}}), "fieldRef.fieldPath: invalid value"),
            (json!({"fieldRef": {"fieldPath": "metadata.labels"}}), "fieldRef.fieldPath: invalid value"),
            (
                json!({"resourceFieldRef": {"resource": "cpu"}}),
                "resourceFieldRef.resource: invalid value: must be limits",
            ),
            (json!({"resourceFieldRef": {"resource": "limits.gpu"}}), "resourceFieldRef.resource: invalid value"),
            (file("../x", "K"), "fileKeyRef.path: invalid value: must be a path within the volume"),
            (file("", "K"), "fileKeyRef.path: invalid value: must be a path within the volume"),
            (file("x", ""), "fileKeyRef.key: invalid value: must be the name of a variable"),
            (file("x", "A=B"), "fileKeyRef.key: invalid value: must be the name of a variable"),
            (file("x", "Ä"), "fileKeyRef.key: invalid value: must be the name of a variable"),
            (object("configMapKeyRef", "x", "a b"), "configMapKeyRef.key: invalid value: must be a key"),
            (object("secretKeyRef", "x", ""), "secretKeyRef.key: invalid value: must be a key"),
            (object("secretKeyRef", "X", "a"), "secretKeyRef.name: invalid value: must be a DNS subdomain"),
            (json!({"configMapKeyRef": {"key": "a"}}), "configMapKeyRef.name: required value"),
            (json!({"secretKeyRef": {"name": "x", "key": 1}}), "secretKeyRef.key: invalid value: must be a string"),
        ] {
            check(from(source), &[&format!("spec.containers[0].env[0].valueFrom.{field}")]);
        }
        let of_app = json!([{"name": "A", "valueFrom": object("secretKeyRef", "x", "a b")}]);
        check(
            companion("/spec/app/env", of_app),
            &["spec.app.env[0].valueFrom.secretKeyRef.key: invalid value: must be a key: at most 253"],
        );
    }

    #[test]
    fn a_variable_from_a_file_is_discouraged_for_older_clusters() {
        warns(
            from(json!({"fileKeyRef": {"volumeName": "v", "path": "a", "key": "A"}})),
            "spec.containers[0].env[0].valueFrom.fileKeyRef: discouraged: API servers before Kubernetes 1.35 deny Pods with this field; remove",
        );
    }
}
