//! Unified diffs of files, for `patch -p1` and `git apply`.

use std::path::{Component, Path};

use anstyle::{AnsiColor, Style};
use similar::{Algorithm, TextDiff};

/// The most lines, of both texts together, for which the smallest diff is computed. Its worst case grows with the square of
/// the lines; beyond, a diff can have more lines than necessary.
const MOST_EXACT: usize = 20_000;

/// The diff of one file; empty if nothing differs.
pub(super) fn unified(path: &Path, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let title = title(path);
    let (from, to) = (format!("a/{title}"), format!("b/{title}"));
    // `patch` counts lines by line feeds only.
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let algorithm = if old.len() + new.len() <= MOST_EXACT { Algorithm::RawMyers } else { Algorithm::Myers };
    let diff = TextDiff::configure().algorithm(algorithm).newline_terminated(true).diff_slices(&old, &new);
    diff.unified_diff().context_radius(3).missing_newline_hint(true).header(&from, &to).to_string()
}

/// The path in a header: relative, and followed by a tab if it has spaces; without the tab it would end at the first space.
fn title(path: &Path) -> String {
    let parts = path.components().filter_map(|part| match part {
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        Component::ParentDir => Some("..".to_owned()),
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
    });
    let title = parts.collect::<Vec<_>>().join("/");
    if title.contains(' ') { title + "\t" } else { title }
}

/// The diff with colors.
pub(super) fn colored(diff: &str) -> String {
    let colored = |line: &str| {
        let style = match line.as_bytes().first() {
            Some(b'+') => AnsiColor::Green.on_default(),
            Some(b'-') => AnsiColor::Red.on_default(),
            Some(b'@') => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        format!("{style}{text}{style:#}{end}")
    };
    diff.split_inclusive('\n').map(colored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_relative_paths() {
        let header = |path: &str| unified(Path::new(path), "a\n", "b\n").lines().next().unwrap_or_default().to_owned();
        assert_eq!(header("conf/web.yaml"), "--- a/conf/web.yaml");
        assert_eq!(header("/srv/./web.yaml"), "--- a/srv/web.yaml");
        assert_eq!(header("my web.yaml"), "--- a/my web.yaml\t");
        assert_eq!(unified(Path::new("x"), "a\n", "a\n"), "");
    }

    #[test]
    fn lines_keep_their_ends_and_a_missing_one_is_noted() {
        let diff = unified(Path::new("x"), "a\r\nb", "a\r\nc\r\nb");
        assert_eq!(diff, "--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a\r\n+c\r\n b\n\\ No newline at end of file\n");
    }
}
