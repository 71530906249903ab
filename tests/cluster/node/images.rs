//! The images of a node. [`crate::images`] makes them.

use std::path::{Path, PathBuf};

use crate::images;

pub use crate::images::{BUSYBOX, PAUSE, is_released};

/// All archives that a person may need.
///
/// # Errors
/// As [`images::Images::get`].
pub fn all() -> anyhow::Result<Vec<PathBuf>> {
    Ok(images::Images::get()?.archives().map(Path::to_owned).to_vec())
}

/// The archives that tests of the node itself need.
///
/// # Errors
/// As [`images::small`].
pub fn small() -> anyhow::Result<Vec<PathBuf>> {
    Ok(images::small()?.to_vec())
}
