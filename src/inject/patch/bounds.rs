//! Upper bounds of the size of parts of a patch, in bytes.

use crate::inject::keys;
use crate::json::escaped_length;

/// The most bytes of an operation besides its value: `{"op":"add","path":"/spec/initContainers/4095/volumeMounts/-","value":}`
/// with a comma, and the brackets of a list that is absent.
pub(in crate::inject) const OPERATION: usize = 96;
/// The most bytes of a variable or mount besides its texts:
/// `{"name":"","mountPath":"","subPath":"","readOnly":true}` or `{"name":"","valueFrom":{"secretKeyRef":{"name":"","key":""}}}`.
pub(in crate::inject) const MEMBERS: usize = 64;
/// A port as text, with its quotes.
pub(in crate::inject) const PORT: usize = 7;

/// The most bytes of the patch for a status of `length` bytes. The status is JSON in a JSON string, so each of its own
/// escapes is escaped.
pub(in crate::inject) fn status_bound(length: usize) -> usize {
    2 * length + OPERATION + keys::STATUS.len()
}

/// The most bytes of the patch for the label of a companion.
pub(in crate::inject) fn label_bound(key: &str) -> usize {
    // The slash of the key is escaped.
    OPERATION + key.len() + 1 + keys::HASH_DIGITS
}

/// The most bytes of the patch for the annotation of skipped companions, with a text or without one.
pub(in crate::inject) fn skipped_bound(text: &str) -> usize {
    OPERATION + keys::SKIPPED.len() + escaped_length(text)
}
