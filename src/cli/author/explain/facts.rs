//! The output of `explain -o json`. Its fields are documented in `docs/tools.md` and stable.

use serde_json::{Value, json};

use super::page;
use super::page::{outcome, requested_by};
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::cli::stderr;
use crate::inject::verdict::{Decision, Effect, Verdict};
use crate::source::files::report::ManifestRemark;

/// The result for one workload; `text` is the page that is printed without `-o`.
pub(super) fn of(found: &Reviewed<'_>, server: &OfflineServer, verdict: &Verdict<'_>) -> Value {
    let workload = found.workload;
    let at = found.document.position(&workload.at);
    let companions: Vec<Value> = verdict
        .outcomes()
        .map(|(companion, finding)| {
            json!({
                "name": companion,
                "requestedBy": requested_by(finding),
                "outcome": outcome(finding),
                "reason": finding.reason.label(),
                "message": offline::sentence(server, found, finding),
            })
        })
        .collect();
    let remarks: Vec<Value> = verdict
        .findings
        .iter()
        .filter(|finding| !finding.outcome)
        .map(|finding| {
            json!({
                "severity": offline::severity(finding.effect),
                "reason": finding.reason.label(),
                "message": offline::sentence(server, found, finding),
            })
        })
        .chain(page::existing(found, verdict).map(|message| remark(offline::severity(Effect::Info), message)))
        .collect();
    json!({
        "workload": workload.to_string(),
        "qualifiedName": workload.qualified(),
        "namespace": server.namespace(workload),
        "file": found.path.display().to_string(),
        "line": at.line,
        "decision": decision(verdict),
        "companions": companions,
        "remarks": remarks,
        "text": stderr::printable(&page::page(found, server, verdict)),
    })
}

/// The result for a workload whose Pod cannot be read. People read the remark on stderr, so it has no page.
pub(super) fn unreadable(found: &Reviewed<'_>, server: &OfflineServer, why: &ManifestRemark) -> Value {
    let workload = found.workload;
    json!({
        "workload": workload.to_string(),
        "qualifiedName": workload.qualified(),
        "namespace": server.namespace(workload),
        "file": found.path.display().to_string(),
        "line": why.at.map(|at| at.line),
        "decision": "denied",
        "companions": [],
        "remarks": [remark(why.severity.as_str(), &why.text())],
        "text": "",
    })
}

/// A remark that is not a finding of the review, and so has no reason.
fn remark(severity: &str, message: &str) -> Value {
    json!({"severity": severity, "reason": null, "message": message})
}

fn decision(verdict: &Verdict<'_>) -> &'static str {
    match &verdict.decision {
        Decision::Admit => "unchanged",
        Decision::Patch(_) => "injected",
        Decision::Deny | Decision::Unavailable => "denied",
    }
}

/// The pages for people; with several files, each after the file and line of its workload.
pub(super) fn texts(pages: &[Value], many: bool) -> String {
    let texts = pages.iter().filter_map(|page| Some((page, page["text"].as_str().filter(|text| !text.is_empty())?)));
    let texts = texts.map(|(page, text)| {
        let file = page["file"].as_str().unwrap_or_default();
        if many { format!("{}:{}: {text}", stderr::printable(file), page["line"]) } else { text.to_owned() }
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// The results without their pages.
pub(super) fn without_text(pages: Vec<Value>) -> Vec<Value> {
    let mut pages = pages;
    for page in pages.iter_mut().filter_map(Value::as_object_mut) {
        page.shift_remove("text");
    }
    pages
}

/// The names of the workloads that change or are denied, one per line.
pub(super) fn names(pages: &[Value]) -> String {
    let named = pages.iter().filter(|page| page["decision"] != "unchanged");
    named.flat_map(|page| [page["qualifiedName"].as_str().unwrap_or_default(), "\n"]).collect()
}
