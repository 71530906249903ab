//! Files that travel in annotations, and the annotations that a companion adds.

use crate::api::names::is_qualified;
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::inject::companion::parameter::{DurationForm, ParameterType};
use crate::inject::companion::value::Value;
use crate::inject::keys::MIRROR;
use crate::inject::names::lies_below;

/// What all files of a companion may have together, in bytes.
const MAX: usize = 32 * 1024;

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    let files = &object.spec.files;
    let bytes: usize = files.iter().map(|f| f.content.len()).sum();
    if bytes > MAX {
        let message = format!(
            "have {bytes} bytes together, and may have {MAX}; they travel in annotations of the Pod: shorten them, or put them into the image"
        );
        found.error(&FieldPath::spec("files"), message);
    }
    for (i, file) in files.iter().enumerate() {
        if files.iter().any(|other| !other.path.is_empty() && lies_below(&file.path, &other.path)) {
            let at = FieldPath::spec("files").item(i).member("path");
            found.error(&at, "lies below another file, which is no directory; move one of them");
        }
    }
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
    pre_stop_sleep(object, found);
}

fn pre_stop_sleep(object: &CompanionObject, found: &mut Report) {
    let sleep = object.spec.app.as_ref().and_then(|app| app.pre_stop_sleep.as_deref());
    if sleep.is_some_and(|sleep| seconds(sleep).is_none_or(|seconds| seconds > 3600)) {
        let at = FieldPath::spec("app").member("preStopSleep");
        found.error(&at, "must be at most an hour, such as 2s");
    }
}

/// A duration in whole seconds.
pub(in crate::api) fn seconds(text: &str) -> Option<u32> {
    match ParameterType::Duration(DurationForm::Seconds).parse_default(text) {
        Ok(Value::Text(seconds)) => seconds.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::validate::testing::{check, companion};

    #[test]
    fn files_have_at_most_32_kib_together() {
        let half = "ä".repeat(8 * 1024);
        let files = json!([{"path": "/etc/a", "content": half}, {"path": "/etc/b", "content": format!("{half}x")}]);
        check(companion("/spec/files", files), &["spec.files: have 32769 bytes together, and may have 32768"]);
    }

    #[test]
    fn a_file_has_a_path_a_content_and_a_mode() {
        let files = json!([{"path": "etc/a", "content": "x"}, {"path": "/etc/b"}, {"path": "/etc/c", "content": "x", "mode": 644}, {"path": "/etc/d", "content": {}}]);
        let expected = [
            "spec.files[0].path: must be an absolute path",
            "spec.files[1].content: is missing",
            "spec.files[2].mode: must be from 0 to 511: write 0644 or 420",
            "spec.files[3].content: must be a string, not an object",
        ];
        check(companion("/spec/files", files), &expected);
        let same = json!([{"path": "/etc/a", "content": ""}, {"path": "/etc/a", "content": ""}, {"path": "/etc/a/b", "content": ""}]);
        check(
            companion("/spec/files", same),
            &["spec.files[1].path: is there twice: /etc/a", "spec.files[2].path: lies below another file"],
        );
        let many: Vec<_> = (0..17).map(|i| json!({"path": format!("/etc/{i}"), "content": ""})).collect();
        check(companion("/spec/files", json!(many)), &["spec.files: must have at most 16 items"]);
    }

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

    #[test]
    fn a_sleep_is_in_whole_seconds() {
        for odd in ["2", "1500ms", "0s", "1h", "-1s"] {
            check(
                companion("/spec/app/preStopSleep", json!(odd)),
                &["spec.app.preStopSleep: must be whole seconds or minutes"],
            );
        }
        check(companion("/spec/app/preStopSleep", json!("61m")), &["spec.app.preStopSleep: must be at most an hour"]);
        check(companion("/spec/app/preStopSleep", json!("2s")), &[]);
    }
}
