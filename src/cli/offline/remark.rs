//! Remarks on a part of a document: file, line, column and field path.

use std::path::Path;

use crate::json::field_path;
use crate::manifest::Document;
use crate::source::files::report::{ManifestRemark, Severity};

/// A remark on a part of a document. An object of a cluster has no lines.
pub(in crate::cli) fn remark(
    path: &Path,
    document: &Document,
    severity: Severity,
    pointer: &str,
    message: String,
) -> ManifestRemark {
    let (file, at) = (path.to_path_buf(), document.has_text().then(|| document.position(pointer)));
    ManifestRemark { severity, file, at, field: field_path(pointer), message }
}
