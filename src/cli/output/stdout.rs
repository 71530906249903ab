//! Writes results to stdout.

use std::io;
use std::io::Write;

use crate::source::files::folder::reason;

/// Writes a result as it is.
///
/// # Errors
/// stdout is full or closed.
pub(in crate::cli) fn write(result: impl AsRef<[u8]>) -> anyhow::Result<()> {
    deliver(io::stdout().lock(), result.as_ref())
}

/// Writes a text with colors, which are removed if stdout is not a terminal.
///
/// # Errors
/// stdout is full or closed.
pub(in crate::cli) fn write_styled(text: &str) -> anyhow::Result<()> {
    deliver(anstream::stdout().lock(), text.as_bytes())
}

fn deliver(mut out: impl Write, result: &[u8]) -> anyhow::Result<()> {
    out.write_all(result).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        // The caller ignores it.
        io::ErrorKind::BrokenPipe => error.into(),
        _ => anyhow::anyhow!("write standard output: {}", reason(&error)),
    })
}
