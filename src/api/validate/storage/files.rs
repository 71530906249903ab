//! Files, which annotations of the Pod carry.

use crate::api::message::invalid;
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::inject::names::lies_below;

/// The largest total size of the files of a companion, in bytes.
const MAX: usize = 32 * 1024;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let files = &object.spec.files;
    let bytes: usize = files.iter().map(|f| f.content.len()).sum();
    if bytes > MAX {
        let message = format_args!(
            "must have at most {MAX} bytes together, but has {bytes}, because files are stored in annotations of the Pod; shorten files or put them into the image"
        );
        report.error(&FieldPath::spec("files"), invalid(message));
    }
    for (i, file) in files.iter().enumerate() {
        if files.iter().any(|other| !other.path.is_empty() && lies_below(&file.path, &other.path)) {
            let at = FieldPath::spec("files").item(i).member("path");
            report.error(&at, invalid("must not be below another file, because a file is not a directory"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion};

    #[test]
    fn files_have_at_most_32_kib_together() {
        let half = "ä".repeat(8 * 1024);
        let files = json!([{"path": "/etc/a", "content": half}, {"path": "/etc/b", "content": format!("{half}x")}]);
        check(
            companion("/spec/files", files),
            &["spec.files: invalid value: must have at most 32768 bytes together, but has 32769"],
        );
    }

    #[test]
    fn a_file_has_a_path_a_content_and_a_mode() {
        let files = json!([{"path": "etc/a", "content": "x"}, {"path": "/etc/b"}, {"path": "/etc/c", "content": "x", "mode": 644}, {"path": "/etc/d", "content": {}}]);
        let expected = [
            "spec.files[0].path: invalid value: must be an absolute path",
            "spec.files[1].content: required value",
            "spec.files[2].mode: invalid value: must be between 0 and 511, inclusive; write it in octal, 0644, or in decimal, 420",
            "spec.files[3].content: invalid value: must be a string, not an object",
        ];
        check(companion("/spec/files", files), &expected);
        let same = json!([{"path": "/etc/a", "content": ""}, {"path": "/etc/a", "content": ""}, {"path": "/etc/a/b", "content": ""}]);
        check(
            companion("/spec/files", same),
            &[
                "spec.files[1].path: duplicate value \"/etc/a\"",
                "spec.files[2].path: invalid value: must not be below another file",
            ],
        );
        let many: Vec<_> = (0..17).map(|i| json!({"path": format!("/etc/{i}"), "content": ""})).collect();
        check(companion("/spec/files", json!(many)), &["spec.files: invalid value: must have at most 16 items"]);
    }
}
