//! A workload that is reviewed without a server.

use std::path::Path;

use super::remark::remark;
use crate::manifest::Document;
use crate::source::files::report::{ManifestRemark, Severity};
use crate::workload::Workload;

/// A workload, and where it was found.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Reviewed<'a> {
    pub(in crate::cli) path: &'a Path,
    pub(in crate::cli) document: &'a Document,
    pub(in crate::cli) workload: &'a Workload<'a>,
}

impl Reviewed<'_> {
    /// A remark on a part of the document.
    pub(in crate::cli) fn remark(&self, severity: Severity, pointer: &str, message: String) -> ManifestRemark {
        remark(self.path, self.document, severity, pointer, message)
    }
}
