//! Manifests: text to values with positions, and values to text, in YAML and JSON as kubectl reads them. Nothing here
//! depends on Kubernetes' types.

mod compose;
mod copies;
mod document;
mod edit;
mod emit;
mod encoding;
mod format;
mod key;
mod position;
mod scalar;
mod split;
mod syntax;
mod tagged;
#[cfg(test)]
mod tests;

pub use document::Document;
pub use emit::yaml;
pub use encoding::Encoding;
pub use format::{Format, json};
pub use position::{ManifestError, Position};

/// Reads all documents of a file. The texts of the documents, joined, are the text of the file. An error in one document
/// does not affect the others; a duplicate key is an error.
#[must_use]
pub fn read(bytes: &[u8]) -> Vec<Result<Document, ManifestError>> {
    let strict = |mut document: Document| document.duplicate_key.take().map_or(Ok(document), Err);
    read_allowing_duplicate_keys(bytes).into_iter().map(|read| read.and_then(strict)).collect()
}

/// The same, but a duplicate key is recorded in the document: for documents that the caller only passes on.
#[must_use]
pub fn read_allowing_duplicate_keys(bytes: &[u8]) -> Vec<Result<Document, ManifestError>> {
    let text = match Encoding::decode(bytes) {
        Ok(text) => text,
        Err(unreadable) => return vec![Err(unreadable)],
    };
    split::pieces(&text).into_iter().flat_map(|piece| document::read(&piece)).collect()
}
