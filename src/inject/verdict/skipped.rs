//! The text of the annotation `podgraft.dev/skipped`: the companions that were meant for a Pod and left out, and why.

use std::fmt;
use std::fmt::Write as _;

use super::finding::Finding;
use super::reason::{Conflict, Outcome, Reason};
use crate::text::characters::{breaks_line, is_bidirectional};
use crate::text::format_truncated;

/// The longest line, in characters.
const LONGEST_LINE: usize = 256;
/// The longest text, in bytes; further companions are counted.
const LONGEST: usize = 2048;

/// One line for each companion that was skipped, `<companion>: <reason>: <sentence>`; `None` if there is none. A review of the
/// patched Pod finds the same text, although some of its parts are those of companions by then.
pub(in crate::inject) fn skipped_text(findings: &[Finding<'_>]) -> Option<String> {
    let mut text = String::new();
    let mut more = 0;
    for finding in findings.iter().filter(|finding| finding.is_skipped()) {
        let line = if more == 0 { line(finding) } else { String::new() };
        if more > 0 || text.len() + line.len() >= LONGEST {
            more += 1;
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    if more > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, "\nand {more} more");
    }
    (!text.is_empty()).then_some(text)
}

/// Names can have any characters; kubectl prints the annotation as it is.
fn line(finding: &Finding<'_>) -> String {
    let companion = finding.companion.as_deref().unwrap_or_default();
    let label = finding.reason.label();
    let line = format_truncated(LONGEST_LINE, format_args!("{companion}: {label}: {}", Why(&finding.reason)));
    line.replace(|c| breaks_line(c) || is_bidirectional(c), "?")
}

/// The sentence of a reason. Of a conflict it does not name the other side: a companion of this review is a container of the Pod
/// in the next one.
struct Why<'r>(&'r Reason);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reason::Outcome(Outcome::Conflict(conflict)) => write_conflict(conflict, f),
            // The seconds are others in the next review.
            Reason::Outcome(Outcome::NotAvailable { stale: Some(_), unmet: None, .. }) => {
                f.write_str("not known to a replica of podgraft that receives no updates from the API server")
            }
            reason => fmt::Display::fmt(reason, f),
        }
    }
}

fn write_conflict(conflict: &Conflict, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match conflict {
        Conflict::ContainerNameConflict { container, .. } => {
            write!(f, "duplicate value {container:?} among containers")
        }
        Conflict::PortConflict { port, protocol, .. } => write!(f, "port {port}/{protocol} is already in use"),
        Conflict::HostPortConflict { port, protocol, .. } => write!(f, "host port {port}/{protocol} is already in use"),
        Conflict::VolumeNameConflict { volume, .. } => write!(f, "duplicate value {volume:?} among volumes"),
        Conflict::MountPathConflict { path, .. } => write!(f, "mount path {path} conflicts with another path"),
        Conflict::VolumeNotShareable { path, .. } => write!(f, "cannot share the volume at mount path {path}"),
        Conflict::EnvNameConflict { variable, .. } => write!(f, "duplicate value {variable:?} among variables"),
        Conflict::PrivateVolumeConflict { volume, .. } => write!(f, "forbidden: private volume {volume} is in use"),
        Conflict::PodResourcesExceeded { resource, .. } => {
            write!(f, "spec.resources.{resource} of the Pod is too small")
        }
        Conflict::TooManyExclusions { .. } => f.write_str("too many different excludeContainers"),
        Conflict::AnnotationsTooLarge { .. } => f.write_str("too long: the Pod's annotations"),
        Conflict::PatchTooLarge { .. } => f.write_str("too long: the patch"),
        Conflict::TokenPathConflict { .. } | Conflict::PodFieldConflict { .. } => fmt::Display::fmt(conflict, f),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::verdict::Via;
    use crate::inject::verdict::reason::Holder;

    fn skipped(companion: &str, outcome: Outcome) -> Finding<'_> {
        Finding::outcome(companion, Via::Automatic, outcome, None)
    }

    #[test]
    fn each_skipped_companion_has_a_line_and_injected_ones_have_none() {
        let by = |by: fn(Box<str>) -> Holder| Conflict::ContainerNameConflict {
            container: "log".into(),
            by: by("log".into()),
        };
        let findings = |holder| {
            [
                skipped("git-sync", Outcome::Injected),
                skipped("audit", Outcome::HostNetwork),
                skipped("log", by(holder).into()),
                Finding::outcome("denied", Via::Pod, Outcome::HostNetwork, None),
            ]
        };
        let text = skipped_text(&findings(Holder::Companion)).unwrap();
        let audit = "audit: HostNetwork: forbidden: the Pod uses the node's network, which this companion does not allow; remove hostNetwork";
        assert_eq!(text, format!("{audit}\nlog: ContainerNameConflict: duplicate value \"log\" among containers"));
        assert_eq!(skipped_text(&findings(Holder::Container)), Some(text), "the other side is not named");
        assert_eq!(skipped_text(&findings(Holder::Companion)[..1]), None);
    }

    #[test]
    fn the_text_is_bounded_and_has_one_line_for_each_companion_whatever_the_names_are() {
        let names: Vec<String> = (0..500).map(|i| format!("{i}\u{202e}\n{}", "é".repeat(300))).collect();
        let findings: Vec<_> = names.iter().map(|name| skipped(name, Outcome::HostNetwork)).collect();
        let text = skipped_text(&findings).unwrap();
        assert!(text.len() < LONGEST + 32, "{} bytes", text.len());
        assert_eq!(text.lines().count(), 5);
        assert_eq!(text.lines().last(), Some("and 496 more"));
        assert!(text.starts_with("0??éé"), "{text}");
    }
}
