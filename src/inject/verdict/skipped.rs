//! The text of the annotation `podgraft.dev/skipped`: the companions that were meant for a Pod and left out, and why.

use std::fmt;
use std::fmt::Write as _;

use super::finding::Finding;
use super::reason::{Outcome, Reason};
use crate::text::characters::is_deceptive;
use crate::text::format_truncated;

/// The longest line, in characters.
const LONGEST_LINE: usize = 256;
/// The longest text, in bytes; further companions are counted.
const LONGEST: usize = 2048;
/// What is said of every conflict.
const CONFLICT: &str = "Conflict: does not fit into this Pod; for the cause, see the events of the Pod's controller or run podgraft explain";

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
    let line = format_truncated(LONGEST_LINE, format_args!("{companion}: {}", Why(&finding.reason)));
    line.replace(is_deceptive, "?")
}

/// The reason and its sentence. A conflict is not described: where a companion has several, the next review can find another
/// one first, because by then parts of other companions are in the Pod.
struct Why<'r>(&'r Reason);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reason::Outcome(Outcome::Conflict(_)) => f.write_str(CONFLICT),
            // The seconds are others in the next review.
            Reason::Outcome(Outcome::NotAvailable { stale: Some(_), unmet: None, .. }) => write!(
                f,
                "{}: not known to a replica of podgraft that receives no updates from the API server",
                self.0.label()
            ),
            reason => write!(f, "{}: {reason}", reason.label()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::verdict::Via;
    use crate::inject::verdict::reason::{Conflict, Holder};

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
        assert_eq!(text, format!("{audit}\nlog: {CONFLICT}"));
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
