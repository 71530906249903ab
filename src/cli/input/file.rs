//! One file of manifests.

use std::path::PathBuf;

use crate::manifest::{Document, Encoding};

/// A file that was read.
#[derive(Debug)]
pub(in crate::cli) struct ManifestInput {
    /// Its path; `-` is the standard input.
    pub(in crate::cli) path: PathBuf,
    /// Its documents, in order.
    pub(in crate::cli) documents: Vec<Document>,
    /// Its character encoding.
    pub(in crate::cli) encoding: Encoding,
}

impl ManifestInput {
    /// The whole text.
    pub(in crate::cli) fn text(&self) -> String {
        self.documents.iter().map(Document::text).collect()
    }
}
