//! Sources of volumes, as API servers accept them (`validateVolumeSource` in Kubernetes' `pkg/apis/core/validation`): those
//! that companions declare most often.

use serde_json::{Map, Value};

use crate::api::message::{Message, invalid, missing, unsupported};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots::quantity;
use crate::inject::names::is_descending_path;

const HOST_PATH_TYPES: [&str; 7] =
    ["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"];
const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
/// The sources whose content is projected to files, as they are in a volume and in `projected.sources`.
const PROJECTED: [&str; 3] = ["secret", "configMap", "downwardAPI"];
/// The shortest lifetime of a token, in seconds.
const SHORTEST_TOKEN: i64 = 600;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for (i, volume) in object.spec.volumes.iter().enumerate() {
        source(&volume.source, &FieldPath::spec("volumes").item(i), report);
    }
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let at = FieldPath::spec("sharedVolumes").item(i).member("source");
        volume.source.iter().for_each(|volume| source(volume, &at, report));
    }
}

fn source(volume: &Map<String, Value>, at: &FieldPath, report: &mut Report) {
    for (name, value) in volume.iter().filter(|(_, value)| value.is_object()) {
        let at = at.member(name);
        match name.as_str() {
            "emptyDir" => size(&value["sizeLimit"], &at.member("sizeLimit"), report),
            "hostPath" => host_path(value, &at, report),
            "secret" => {
                absent(&value["secretName"], &at.member("secretName"), report);
                files(name, value, &at, report);
            }
            "configMap" | "downwardAPI" => files(name, value, &at, report),
            "projected" => projected(value, &at, report),
            "ephemeral" => claim(&value["volumeClaimTemplate"], &at.member("volumeClaimTemplate"), report),
            "image" => {
                absent(&value["reference"], &at.member("reference"), report);
                word(&value["pullPolicy"], &PULL_POLICIES, &at.member("pullPolicy"), report);
            }
            _ => {}
        }
    }
}

fn absent(value: &Value, at: &FieldPath, report: &mut Report) {
    if value.is_null() || value == "" {
        report.error(at, missing());
    }
}

/// An empty word is the default.
fn word(value: &Value, words: &[&str], at: &FieldPath, report: &mut Report) {
    if let Some(word) = value.as_str().filter(|word| !word.is_empty() && !words.contains(word)) {
        report.error(at, unsupported(word, words, None));
    }
}

fn size(value: &Value, at: &FieldPath, report: &mut Report) {
    if !value.is_null() && quantity(value).is_none() {
        report.error(at, invalid("must be a quantity of at least 0, such as 64Mi"));
    }
}

fn host_path(value: &Value, at: &FieldPath, report: &mut Report) {
    if value["path"].as_str().is_some_and(|path| path.split('/').any(|part| part == "..")) {
        report.error(&at.member("path"), invalid("must be a path without `..`"));
    }
    word(&value["type"], &HOST_PATH_TYPES, &at.member("type"), report);
}

fn mode(value: &Value, at: &FieldPath, report: &mut Report) {
    if value.as_i64().is_some_and(|mode| !(0..=0o777).contains(&mode)) {
        report.error(at, invalid("must be a file mode between 0 and 0777 (octal)"));
    }
}

fn invalid_path() -> Message {
    invalid("must be a relative path without `..`, not starting with `..`")
}

/// The files of a source that is projected.
fn files(source: &str, value: &Value, at: &FieldPath, report: &mut Report) {
    mode(&value["defaultMode"], &at.member("defaultMode"), report);
    for (i, item) in value["items"].as_array().into_iter().flatten().enumerate() {
        let at = at.member("items").item(i);
        mode(&item["mode"], &at.member("mode"), report);
        let path = item["path"].as_str();
        if path.is_some_and(|path| path.is_empty() || path.starts_with("..") || !is_descending_path(path)) {
            report.error(&at.member("path"), invalid_path());
        }
        let fields = ["fieldRef", "resourceFieldRef"].into_iter().filter(|field| !item[field].is_null()).count();
        if source == "downwardAPI" && fields != 1 {
            report.error(&at, invalid("must have exactly one of fieldRef and resourceFieldRef"));
        }
    }
}

fn projected(value: &Value, at: &FieldPath, report: &mut Report) {
    mode(&value["defaultMode"], &at.member("defaultMode"), report);
    for (i, source) in value["sources"].as_array().into_iter().flatten().enumerate() {
        let at = at.member("sources").item(i);
        let set = source.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        if set.count() > 1 {
            report.error(&at, invalid("must have only one source"));
        }
        for name in PROJECTED {
            files(name, &source[name], &at.member(name), report);
        }
        let seconds = source["serviceAccountToken"]["expirationSeconds"].as_i64();
        if seconds.is_some_and(|seconds| !(SHORTEST_TOKEN..=1 << 32).contains(&seconds)) {
            let at = at.member("serviceAccountToken").member("expirationSeconds");
            report.error(&at, invalid(format_args!("must be at least {SHORTEST_TOKEN}, and at most 2^32")));
        }
    }
}

/// The claim of a generic ephemeral volume.
fn claim(template: &Value, at: &FieldPath, report: &mut Report) {
    if template.is_null() {
        return report.error(at, missing());
    }
    let (spec, at) = (&template["spec"], at.member("spec"));
    if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
        report.error(&at.member("accessModes"), missing());
    }
    let storage = at.member("resources").member("requests").member("storage");
    match &spec["resources"]["requests"]["storage"] {
        Value::Null => report.error(&storage, missing()),
        amount => size(amount, &storage, report),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, companion};

    #[test]
    fn a_source_has_values_that_api_servers_accept() {
        let item = |item: Value| json!({"configMap": {"name": "x", "items": [item]}});
        let claim = |spec: Value| json!({"ephemeral": {"volumeClaimTemplate": {"spec": spec}}});
        let token = |seconds: u32| json!({"projected": {"sources": [{"serviceAccountToken": {"path": "a", "expirationSeconds": seconds}}]}});
        for (source, expected) in [
            (json!({"emptyDir": {"sizeLimit": "1GB"}}), "emptyDir.sizeLimit: invalid value: must be a quantity"),
            (json!({"hostPath": {"path": "/a/../b"}}), "hostPath.path: invalid value: must be a path without"),
            (json!({"hostPath": {"path": "/a", "type": "Dir"}}), "hostPath.type: unsupported value: \"Dir\""),
            (json!({"secret": {}}), "secret.secretName: required value"),
            (
                json!({"secret": {"secretName": "x", "defaultMode": 1000}}),
                "secret.defaultMode: invalid value: must be a",
            ),
            (item(json!({"key": "a", "path": "../a"})), "configMap.items[0].path: invalid value: must be a relative"),
            (item(json!({"key": "a", "path": "a", "mode": -1})), "configMap.items[0].mode: invalid value"),
            (
                json!({"downwardAPI": {"items": [{"path": "a"}]}}),
                "downwardAPI.items[0]: invalid value: must have exactly",
            ),
            (
                token(10),
                "projected.sources[0].serviceAccountToken.expirationSeconds: invalid value: must be at least 600",
            ),
            (
                json!({"projected": {"sources": [{"secret": {"name": "a"}, "configMap": {"name": "b"}}]}}),
                "projected.sources[0]: invalid value: must have only one source",
            ),
            (json!({"ephemeral": {}}), "ephemeral.volumeClaimTemplate: required value"),
            (
                claim(json!({"resources": {"requests": {"storage": "1Gi"}}})),
                "ephemeral.volumeClaimTemplate.spec.accessModes: required value",
            ),
            (
                claim(json!({"accessModes": ["ReadWriteOnce"]})),
                "ephemeral.volumeClaimTemplate.spec.resources.requests.storage: required value",
            ),
            (json!({"image": {"pullPolicy": "Always"}}), "image.reference: required value"),
        ] {
            let mut volume = source.clone();
            volume["name"] = json!("a");
            check(companion("/spec/volumes", json!([volume])), &[&format!("spec.volumes[0].{expected}")]);
            check(
                companion("/spec/sharedVolumes/0/source", source),
                &[&format!("spec.sharedVolumes[0].source.{expected}")],
            );
        }
        let fine = claim(json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}));
        for source in [fine, token(600), item(json!({"key": "a", "path": "a/..b", "mode": 0o400}))] {
            check(companion("/spec/sharedVolumes/0/source", source), &[]);
        }
    }
}
