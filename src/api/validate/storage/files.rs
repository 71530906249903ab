//! Files that travel in annotations, and the annotations that a companion adds.

use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
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
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion};

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
}
