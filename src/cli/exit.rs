//! Exit codes, the same for all commands. `docs/tools.md` documents them.

/// Something was denied, is invalid or was not translated; with `-o diff` also: there are differences.
pub(super) const DENIED: u8 = 1;
/// The command line is wrong. clap exits with the same code.
pub(super) const USAGE: u8 = 2;
/// Any other failure: a file that cannot be read, a server that does not answer, no objects.
pub(super) const FAILED: u8 = 3;
