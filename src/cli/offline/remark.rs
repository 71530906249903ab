//! Remarks on a part of a document: file, line, column and field path.

use std::fmt::Write as _;
use std::path::Path;

use crate::manifest::Document;
use crate::source::files::report::{Remark, Severity};

/// A remark on a part of a document.
pub(in crate::cli) fn remark(
    path: &Path,
    document: &Document,
    severity: Severity,
    pointer: &str,
    message: String,
) -> Remark {
    let (file, at) = (path.to_path_buf(), Some(document.position(pointer)));
    Remark { severity, file, at, field: field(pointer), message }
}

/// A JSON pointer as a field path: `spec.containers[0].image`, `metadata.annotations["podgraft.dev/companions"]`.
pub(in crate::cli) fn field(pointer: &str) -> String {
    let mut field = String::new();
    for token in pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")) {
        if !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit()) {
            // Writing to a String cannot fail.
            let _ = write!(field, "[{token}]");
        } else if token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            field += if field.is_empty() { "" } else { "." };
            field += &token;
        } else {
            let _ = write!(field, "[{token:?}]");
        }
    }
    field
}
