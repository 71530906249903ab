//! What `check` prints.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::finding::CheckFinding;
use super::installation::InstalledAt;
use super::outage::{Consequence, as_json};
use crate::cli::stderr::printable;

/// The findings for people: two lines each.
pub(super) fn text(findings: &[CheckFinding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let CheckFinding { severity, reason, object, field, message, fix } = finding;
        let at = if field.is_empty() { String::new() } else { format!("{field}: ") };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {}: {object}: {at}{message}", severity.as_str(), reason.as_str());
        if !fix.is_empty() {
            let _ = writeln!(text, "  fix: {fix}");
        }
    }
    printable(&text)
}

/// What would happen without podgraft, for people.
pub(super) fn outage(consequences: &[Consequence]) -> String {
    let width = consequences.iter().map(|consequence| consequence.name.len()).max().unwrap_or_default();
    let mut text = String::from("While podgraft does not answer:\n");
    for Consequence { name, policy, effect } in consequences {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:width$}   {policy:6}   {effect}");
    }
    printable(&text)
}

/// Everything for programs.
pub(super) fn document(at: &InstalledAt, findings: &[CheckFinding], consequences: &[Consequence]) -> Value {
    let one = |finding: &CheckFinding| {
        json!({
            "severity": finding.severity.as_str(),
            "reason": finding.reason.as_str(),
            "kind": finding.object.kind,
            "namespace": finding.object.namespace,
            "name": finding.object.name,
            "field": finding.field,
            "message": finding.message,
            "fix": finding.fix,
        })
    };
    json!({
        "installation": {"name": at.name, "namespace": at.namespace},
        "findings": findings.iter().map(one).collect::<Vec<_>>(),
        "whileUnavailable": as_json(consequences),
    })
}
