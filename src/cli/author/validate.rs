//! `podgraft validate`: reports all errors and warnings of companions and workloads at once.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::flags::CompanionFlags;
use crate::cli::input::{Filenames, ManifestInput};
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed, remark};
use crate::cli::output::stdout;
use crate::cli::output::{ResultFormat, formats};
use crate::cli::stderr::number;
use crate::cli::{exit, stderr};
use crate::inject::verdict::reason::Remark;
use crate::inject::verdict::{Decision, Effect};
use crate::manifest::Document;
use crate::source::files::report::{ManifestRemark, Severity};
use crate::workload;

/// Validate companions, and the workloads that request them
///
/// Prints every error and warning as `file:line:column: error: field: message`. Companions are validated as the webhook
/// validates them. Workloads are reviewed with the companions among the manifests and those of --companions; if there are
/// none, workloads are not checked.
///
/// The exit code is 1 if there are errors, and with --strict also if there are warnings.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Validate {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    companions: CompanionFlags,
    /// Treat warnings as errors
    #[arg(long)]
    strict: bool,
    /// Output format. `json` and `yaml`: `{"remarks": [...]}`, each with file, line, column, severity, field, reason and
    /// message
    #[arg(short, long, value_parser = formats(&[ResultFormat::Json, ResultFormat::Yaml]))]
    output: Option<ResultFormat>,
}

const EXAMPLES: &str = "\
Examples:
  # Validate companions before they are applied
  podgraft validate -f companions/ -R --strict

  # Validate workloads against the companions that they request
  podgraft validate -f manifests/ --companions companions/";

/// How many workloads were reviewed, and how many were not because there are no companions.
#[derive(Debug, Default)]
struct Counts {
    checked: usize,
    skipped: usize,
}

/// An error or a warning.
#[derive(Debug)]
struct Found {
    remark: ManifestRemark,
    /// The reason, where a review of a workload found it.
    reason: Option<&'static str>,
}

impl From<ManifestRemark> for Found {
    fn from(remark: ManifestRemark) -> Self {
        Found { remark, reason: None }
    }
}

impl Validate {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        self.companions.only_one_stdin(&self.filenames)?;
        let inputs = self.filenames.read("validate")?;
        let collection = self.companions.collect(&inputs.files)?;
        let report = collection.report();
        let companions = report.valid + report.invalid;
        let mistakes = inputs.mistakes();
        // Other commands only warn about duplicate keys in documents that they do not change.
        let as_error = |remark| ManifestRemark { severity: Severity::Error, ..remark };
        let duplicates = inputs.duplicate_keys.into_iter().map(as_error).collect();
        let of_manifests = [inputs.unreadable, report.remarks, mistakes, duplicates].concat();
        let mut remarks: Vec<Found> = of_manifests.into_iter().map(Found::from).collect();
        let counts = check_all(&self.companions.server(&collection), &inputs.files, &mut remarks);
        let order = |path: &Path| inputs.files.iter().position(|i| i.path == path).unwrap_or(usize::MAX);
        remarks.sort_by(|Found { remark: a, .. }, Found { remark: b, .. }| {
            (order(&a.file), &a.file, a.at).cmp(&(order(&b.file), &b.file, b.at))
        });
        self.print(&remarks)?;
        let count = |severity| remarks.iter().filter(|found| found.remark.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        summarize(companions, &counts, errors, warnings);
        let failed = errors > 0 || (self.strict && warnings > 0);
        Ok(if failed { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS })
    }

    fn print(&self, remarks: &[Found]) -> anyhow::Result<()> {
        if let Some(format) = self.output {
            return stdout::write(format.data(&json!({"remarks": remarks.iter().map(facts).collect::<Vec<_>>()})));
        }
        let lines = remarks.iter().map(|found| stderr::marked(&found.remark) + "\n");
        stdout::write_styled(&lines.collect::<String>())
    }
}

fn summarize(companions: usize, counts: &Counts, errors: usize, warnings: usize) {
    stderr::note(&format!(
        "{} and {} checked: {}, {}",
        number(companions, "companion"),
        number(counts.checked, "workload"),
        number(errors, "error"),
        number(warnings, "warning")
    ));
    if counts.skipped > 0 {
        stderr::note(&format!(
            "{} not checked: no companions were read; use --companions PATH",
            number(counts.skipped, "workload")
        ));
    }
}

/// Checks all documents, and adds what is found to the remarks.
fn check_all(server: &OfflineServer, inputs: &[ManifestInput], remarks: &mut Vec<Found>) -> Counts {
    let mut counts = Counts::default();
    for (input, document, value) in documents(inputs) {
        remarks.extend(offline::misplaced(&input.path, document).into_iter().map(Found::from));
        for unmatched in workload::unmatched(value) {
            remarks.push(remark(&input.path, document, Severity::Warning, &unmatched.at, unmatched.message).into());
        }
        for workload in &workload::workloads(value) {
            let found = Reviewed { path: &input.path, document, workload };
            if !workload.changes {
                report_unchanged(server, &found);
                continue;
            }
            if server.snapshot.companions.is_empty() {
                counts.skipped += 1;
                continue;
            }
            counts.checked += 1;
            remarks.extend(offline::unreadable_status(&found).map(Found::from));
            check(server, &found, remarks);
        }
    }
    counts
}

/// A remark in the output of `-o json` and `-o yaml`. Its fields are documented in `docs/tools.md` and stable.
fn facts(found: &Found) -> Value {
    let Found { remark, reason } = found;
    json!({
        "file": remark.file.display().to_string(),
        "line": remark.at.map(|at| at.line),
        "column": remark.at.map(|at| at.column),
        "severity": remark.severity.as_str(),
        "field": remark.field,
        "reason": reason,
        "message": remark.message,
    })
}

fn documents(inputs: &[ManifestInput]) -> impl Iterator<Item = (&ManifestInput, &Document, &Value)> {
    inputs.iter().flat_map(|i| i.documents.iter().filter_map(move |d| Some((i, d, d.value.as_ref()?))))
}

/// Reports automatic companions of a template that requests nothing and whose kind is unknown. It may be a policy, so nothing
/// else is checked.
fn report_unchanged(server: &OfflineServer, found: &Reviewed<'_>) {
    server.review(found, |verdict| {
        if verdict.is_ok_and(|verdict| matches!(verdict.decision, Decision::Patch(_))) {
            stderr::note(&offline::unchanged(found.workload));
        }
    });
}

/// Reviews one workload, and adds its findings to the remarks.
fn check(server: &OfflineServer, found: &Reviewed<'_>, remarks: &mut Vec<Found>) {
    server.review(found, |verdict| match verdict {
        Ok(verdict) => {
            // The Pods of a manifest that is valid may get their companions from the webhook, which replaces no pull secrets.
            let replaced = Remark::PullSecretsReplaced.into();
            for finding in verdict.findings.iter().filter(|finding| finding.reason != replaced) {
                let severity = match finding.effect {
                    Effect::Deny => Severity::Error,
                    Effect::Warn => Severity::Warning,
                    Effect::Info => continue,
                };
                let message = format!("{}: {}", found.workload, offline::sentence_with_reason(server, found, finding));
                let remark = found.remark(severity, &offline::pointer(found, finding), message);
                remarks.push(Found { remark, reason: Some(finding.reason.label()) });
            }
        }
        Err(unreadable) => remarks.push(unreadable.into()),
    });
}
