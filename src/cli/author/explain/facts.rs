//! The output of `explain -o json` and `-o yaml`. Its fields are documented in `docs/tools.md` and stable.

use serde_json::{Value, json};

use super::called::Called;
use super::page::{Explained, injects, is_existing_pod, outcome, page, requested_by};
use super::picture::Picture;
use super::rule::rule;
use super::table::table;
use super::why_not::Question;
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::cli::stderr;
use crate::inject::verdict::{Decision, Verdict};
use crate::source::files::report::ManifestRemark;

/// The result for one workload; `text` is the page that is printed without `-o`, and `details` follow it if there is one
/// workload only.
pub(super) fn of(of: &Explained<'_>, why_not: Option<&str>) -> Value {
    let Explained { server, found, verdict, called } = of;
    let workload = found.workload;
    let picture = picture(found, verdict);
    let mut facts = json!({
        "workload": workload.to_string(),
        "qualifiedName": workload.qualified(),
        "namespace": server.namespace(workload),
        "decision": decision(found, verdict),
        "companions": companions(of),
        "remarks": remarks(of),
        "pod": picture.as_ref().map(Picture::json),
        "text": stderr::printable(&page(of)),
        "details": stderr::printable(&details(called.as_ref(), picture.as_ref())),
    });
    if found.document.has_text() {
        facts["file"] = found.path.display().to_string().into();
        facts["line"] = found.document.position(&workload.at).line.into();
    }
    if let Some(called) = called {
        facts["called"] = called.is_called().into();
        facts["webhooks"] = called.json();
    }
    if let Some(companion) = why_not {
        let question = Question { companion, server, found, verdict, called: called.as_ref() };
        let answer = question.answer();
        let name = format!("{workload} in namespace {}", server.namespace(workload));
        facts["whyNot"] = json!({"companion": companion, "message": answer});
        facts["text"] = stderr::printable(&format!("{name}: {answer}\n")).into();
        facts["details"] = "".into();
    }
    facts
}

/// The result for a workload whose Pod cannot be read. People read the remark on stderr, so it has no page.
pub(super) fn unreadable(found: &Reviewed<'_>, server: &OfflineServer, why: &ManifestRemark) -> Value {
    let workload = found.workload;
    let mut facts = json!({
        "workload": workload.to_string(),
        "qualifiedName": workload.qualified(),
        "namespace": server.namespace(workload),
        "decision": "denied",
        "companions": [],
        "remarks": [{"severity": why.severity.as_str(), "reason": null, "message": why.text()}],
        "pod": null,
        "text": "",
        "details": "",
    });
    if found.document.has_text() {
        facts["file"] = found.path.display().to_string().into();
        facts["line"] = why.at.map(|at| at.line).into();
    }
    facts
}

fn companions(of: &Explained<'_>) -> Vec<Value> {
    let Explained { server, found, verdict, .. } = of;
    let all = verdict.outcomes().map(|(companion, finding)| {
        json!({
            "name": companion,
            "requestedBy": requested_by(finding),
            "rule": rule(server, found, finding),
            "outcome": outcome(finding),
            "reason": finding.reason.label(),
            "message": offline::sentence(server, found, finding),
        })
    });
    all.collect()
}

fn remarks(of: &Explained<'_>) -> Vec<Value> {
    let Explained { server, found, .. } = of;
    let remarks = of.remarks().map(|finding| {
        json!({
            "severity": offline::severity(finding.effect),
            "reason": finding.reason.label(),
            "message": offline::sentence(server, found, finding),
        })
    });
    remarks.collect()
}

/// The Pods as they are created; `None` if they have no companions.
fn picture(found: &Reviewed<'_>, verdict: &Verdict<'_>) -> Option<Picture> {
    let before = found.workload.pod();
    let mut after = before.clone();
    if let Decision::Patch(patch) = &verdict.decision {
        // The patch is for this Pod, so it applies; if not, there is no picture.
        let patch: json_patch::Patch = serde_json::from_slice(patch).ok()?;
        json_patch::patch(&mut after, &patch).ok()?;
    }
    Picture::of(before, &after)
}

/// The webhooks and the picture of the Pod.
fn details(called: Option<&Called>, picture: Option<&Picture>) -> String {
    let parts = [called.map(Called::text), picture.map(Picture::text)];
    parts.into_iter().flatten().flat_map(|part| ["\n".to_owned(), part]).collect()
}

fn decision(found: &Reviewed<'_>, verdict: &Verdict<'_>) -> &'static str {
    match &verdict.decision {
        Decision::Admit => "unchanged",
        Decision::Patch(_) if injects(verdict) && is_existing_pod(found) => "missing",
        Decision::Patch(_) => "injected",
        Decision::Deny | Decision::Unavailable => "denied",
    }
}

/// The page for people; with several files, after the file and line of the workload.
pub(super) fn text(page: &Value, many: bool) -> String {
    let text = page["text"].as_str().unwrap_or_default();
    match page["file"].as_str() {
        Some(file) if many => format!("{}:{}: {text}", stderr::printable(file), page["line"]),
        _ => text.to_owned(),
    }
}

/// One line for each workload, for lists of a cluster.
pub(super) fn summary(pages: &[Value]) -> String {
    let text = |page: &Value, field: &str| stderr::printable(page[field].as_str().unwrap_or_default());
    let rows = pages.iter().map(|page| {
        let is_called = page["called"] != false || page["companions"] == json!([]);
        let decision = if is_called { text(page, "decision") } else { "not called".to_owned() };
        let companions = page["companions"].as_array().into_iter().flatten().map(|companion| {
            let (name, reason) = (text(companion, "name"), text(companion, "reason"));
            if reason == "Injected" { name } else { format!("{name}: {reason}") }
        });
        [text(page, "namespace"), text(page, "workload"), decision, companions.collect::<Vec<_>>().join(", ")]
    });
    let header = ["NAMESPACE", "WORKLOAD", "DECISION", "COMPANIONS"].map(str::to_owned);
    table(&[header].into_iter().chain(rows).collect::<Vec<_>>())
}

/// What follows the page of a workload that is the only one.
pub(super) fn details_of(page: &Value) -> &str {
    page["details"].as_str().unwrap_or_default()
}

/// The results without their pages.
pub(super) fn without_text(pages: Vec<Value>) -> Vec<Value> {
    let mut pages = pages;
    for page in pages.iter_mut().filter_map(Value::as_object_mut) {
        page.shift_remove("text");
        page.shift_remove("details");
    }
    pages
}

/// The names of the workloads that change or are denied, one per line.
pub(super) fn names(pages: &[Value]) -> String {
    let named = pages.iter().filter(|page| page["decision"] != "unchanged");
    named.flat_map(|page| [page["qualifiedName"].as_str().unwrap_or_default(), "\n"]).collect()
}
