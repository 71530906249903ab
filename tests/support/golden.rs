//! The one place that writes goldens and generated documents: where `UPDATE` is set, as `make golden` does.

#![allow(dead_code, unreachable_pub, clippy::panic, clippy::missing_errors_doc)]

use std::fs;
use std::path::Path;

use similar::TextDiff;

/// Compares a text with the file that holds what it should be, a path below the package; writes the file first where `UPDATE`
/// is set. The error says how they differ.
pub fn compare(path: impl AsRef<Path>, now: &str) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
        fs::write(&path, now).expect("the golden can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == now {
        return Ok(());
    }
    let diff = TextDiff::from_lines(&*expected, now).unified_diff().context_radius(3).to_string();
    Err(format!("{} is out of date; run `make golden`, then read `git diff`:\n{diff}", path.display()))
}

/// The same as an assertion.
#[track_caller]
pub fn check(path: impl AsRef<Path>, now: &str) {
    if let Err(difference) = compare(path, now) {
        panic!("{difference}");
    }
}
