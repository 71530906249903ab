//! `podgraft validate`: everything that is wrong with companions and workloads, at once.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::companions::Companions;
use super::input::{Filenames, Input};
use super::review::{self, Place};
use super::talk;
use super::workload::{self, Workload};
use crate::api::gate::Problem;
use crate::inject::keys;
use crate::inject::reason::Reason;
use crate::inject::verdict::{Effect, Finding};
use crate::manifest::Document;
use crate::source::report::{Remark, Severity};

/// Check companions, and the workloads that ask for them
///
/// Prints every mistake and every warning as `file:line:column: error: field: message`. Companions are checked as the
/// webhook checks them; workloads are reviewed with the companions among the manifests and those of --companions, and are
/// left alone where there are none.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Validate {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    companions: Companions,
    /// Let warnings fail, too
    #[arg(long)]
    strict: bool,
}

const EXAMPLES: &str = "\
Examples:
  # Companions, before they are applied
  podgraft validate -f companions/ -R --strict

  # Workloads, against the companions that they ask for
  podgraft validate -f manifests/ --companions companions/";

impl Validate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let inputs = self.filenames.read()?;
        let collection = self.companions.collect(&inputs.files)?;
        let report = collection.report();
        let mut remarks = [inputs.unreadable, report.remarks].concat();
        let place = self.companions.place(&collection);
        let mut checked = 0;
        let mut left = 0;
        for (input, document, value) in documents(&inputs.files) {
            if let Some(problem) = no_object(value) {
                remarks.push(remark(&input.path, document, Severity::Error, "", problem));
            }
            for workload in workload::workloads(value) {
                let check = Check { place: &place, path: &input.path, document, workload: &workload };
                check.misplaced(&mut remarks);
                if place.world.companions.is_empty() {
                    left += 1;
                } else {
                    checked += 1;
                    check.review(&mut remarks);
                }
            }
        }
        let order = |path: &Path| inputs.files.iter().position(|i| i.path == path).unwrap_or(usize::MAX);
        remarks.sort_by(|a, b| (order(&a.file), &a.file, a.at).cmp(&(order(&b.file), &b.file, b.at)));
        print(&remarks)?;
        let count = |severity| remarks.iter().filter(|r| r.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        let companions = report.good + report.broken;
        talk::note(&format!(
            "{} and {} checked: {}, {}",
            number(companions, "companion"),
            number(checked, "workload"),
            number(errors, "error"),
            number(warnings, "warning")
        ));
        if left > 0 {
            talk::note(&format!(
                "{} not checked: there are no companions; name them with --companions",
                number(left, "workload")
            ));
        }
        let failed = errors > 0 || (self.strict && warnings > 0);
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn documents(inputs: &[Input]) -> impl Iterator<Item = (&Input, &Document, &Value)> {
    inputs.iter().flat_map(|i| i.documents.iter().filter_map(move |d| Some((i, d, d.value.as_ref()?))))
}

/// Why a document is no Kubernetes object.
fn no_object(value: &Value) -> Option<&'static str> {
    let has = |field: &str| value[field].as_str().is_some_and(|text| !text.is_empty());
    match (value.is_object(), has("apiVersion"), has("kind")) {
        (true, true, true) => None,
        (true, false, _) => Some("this is no Kubernetes object: it has no apiVersion"),
        (true, true, false) => Some("this is no Kubernetes object: it has no kind"),
        (false, ..) => Some("this is no Kubernetes object: it must be a mapping"),
    }
}

fn print(remarks: &[Remark]) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    for remark in remarks {
        writeln!(out, "{}", talk::marked(remark))?;
    }
    out.flush()
}

/// `1 error`, `2 errors`
fn number(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn remark(path: &Path, document: &Document, severity: Severity, pointer: &str, message: &str) -> Remark {
    Remark {
        severity,
        file: path.to_path_buf(),
        at: Some(document.position(pointer)),
        field: Problem { pointer: pointer.to_owned(), message: String::new() }.field(),
        message: message.to_owned(),
    }
}

/// One workload that is checked.
struct Check<'a> {
    place: &'a Place,
    path: &'a Path,
    document: &'a Document,
    workload: &'a Workload<'a>,
}

impl Check<'_> {
    fn misplaced(&self, remarks: &mut Vec<Remark>) {
        for (pointer, message) in review::misplaced(self.workload) {
            remarks.push(remark(self.path, self.document, Severity::Warning, &pointer, &message));
        }
    }

    fn review(&self, remarks: &mut Vec<Remark>) {
        self.place.review(self.workload, |verdict| match verdict {
            Ok(verdict) => {
                for finding in &verdict.findings {
                    let severity = match finding.effect {
                        Effect::Deny => Severity::Error,
                        Effect::Warn => Severity::Warning,
                        Effect::Tell => continue,
                    };
                    let pointer = self.pointer(finding);
                    let message = format!("{}: {finding}", self.workload);
                    remarks.push(remark(self.path, self.document, severity, &pointer, &message));
                }
            }
            Err(why) => {
                let message = format!("{}: {why}", self.workload);
                remarks.push(remark(self.path, self.document, Severity::Error, &self.workload.pod_at(), &message));
            }
        });
    }

    /// The annotation or label that a finding is about, where it stands in the template; else the template.
    fn pointer(&self, finding: &Finding<'_>) -> String {
        let key = match &finding.reason {
            Reason::ParameterInvalid { companion, parameter, .. }
            | Reason::ParameterUnknown { companion, parameter, .. }
            | Reason::ParameterUnused { companion, parameter, .. } => {
                format!("{}{companion}.{parameter}", keys::PREFIX)
            }
            Reason::UnknownKey { key, .. } | Reason::FileOverridden { key } => key.to_string(),
            Reason::UnknownContainer { .. } => keys::CONTAINERS.to_owned(),
            Reason::InvalidLabel { .. } => keys::INJECT.to_owned(),
            _ => keys::COMPANIONS.to_owned(),
        };
        let token = key.replace('~', "~0").replace('/', "~1");
        let at = |members: &str| format!("{}/metadata/{members}/{token}", self.workload.pod_at());
        let stands = |pointer: &String| self.document.value.as_ref().is_some_and(|v| v.pointer(pointer).is_some());
        ["annotations", "labels"].map(at).into_iter().find(stands).unwrap_or_else(|| self.workload.pod_at())
    }
}
