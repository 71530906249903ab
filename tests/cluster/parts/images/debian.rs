//! File systems of Debian's packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::keep::run;

/// The release whose packages are used, on any machine.
const RELEASE: &str = "bookworm";

/// A file system to be made.
pub struct FileSystem<'a> {
    /// What is in it besides `packages` and what these depend on: `essential` for a shell and its tools, `apt` for a file
    /// system in which more can be installed.
    pub variant: &'a str,
    pub packages: &'a [&'a str],
    /// A script that changes the file system at the end; its argument is the folder.
    pub customize: &'a Path,
}

impl FileSystem<'_> {
    /// Writes it as a tar file.
    pub fn write(&self, archive: &Path) -> anyhow::Result<()> {
        let mut mmdebstrap = Command::new("mmdebstrap");
        mmdebstrap.args(["--quiet", "--format=tar", &format!("--variant={}", self.variant)]);
        for left_out in ["doc/*", "man/*/*", "locale/*", "info/*"] {
            mmdebstrap.arg(format!("--dpkgopt=path-exclude=/usr/share/{left_out}"));
        }
        // Java's packages install alternatives of manual pages, and fail without their folder.
        mmdebstrap.arg("--setup-hook=mkdir -p \"$1/usr/share/man/man1\"");
        mmdebstrap.arg(format!("--customize-hook=\"{}\" \"$1\"", self.customize.display()));
        mmdebstrap.arg(format!("--include={}", self.packages.join(","))).arg(RELEASE).arg(archive);
        run(mmdebstrap.args(sources()))
    }
}

/// Where this machine gets Debian's packages from; without an answer, mmdebstrap knows.
fn sources() -> Option<PathBuf> {
    let candidates = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"].map(PathBuf::from);
    let has_release = |path: &PathBuf| std::fs::read_to_string(path).is_ok_and(|text| text.contains(RELEASE));
    candidates.into_iter().find(has_release)
}
