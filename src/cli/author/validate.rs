//! `podgraft validate`: everything that is wrong with companions and workloads, at once.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::cli::flags::CompanionFlags;
use crate::cli::input::{Filenames, ManifestInput};
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed, remark};
use crate::cli::stderr::number;
use crate::cli::{exit, stderr};
use crate::inject::verdict::Effect;
use crate::manifest;
use crate::manifest::Document;
use crate::source::files::report::{Remark, Severity};
use crate::workload;

/// Check companions, and the workloads that ask for them
///
/// Prints every mistake and every warning as `file:line:column: error: field: message`. Companions are checked as the
/// webhook checks them; workloads are reviewed with the companions among the manifests and those of --companions, and are
/// left alone where there are none.
///
/// The exit code is 1 if there are errors, and with --strict if there are warnings.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Validate {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    companions: CompanionFlags,
    /// Let warnings fail, too
    #[arg(long)]
    strict: bool,
    /// Output format. `json`: `{"remarks": [...]}` with file, line, column, severity, field and message
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Json,
}

const EXAMPLES: &str = "\
Examples:
  # Companions, before they are applied
  podgraft validate -f companions/ -R --strict

  # Workloads, against the companions that they ask for
  podgraft validate -f manifests/ --companions companions/";

impl Validate {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        self.companions.only_one_stdin(&self.filenames)?;
        let inputs = self.filenames.read("validate")?;
        let collection = self.companions.collect(&inputs.files)?;
        let report = collection.report();
        let mistakes = inputs.mistakes();
        // Other commands pass such documents on; here they are mistakes.
        let doubled = inputs.doubled.into_iter().map(|remark| Remark { severity: Severity::Error, ..remark }).collect();
        let mut remarks = [inputs.unreadable, report.remarks, mistakes, doubled].concat();
        let place = self.companions.place(&collection);
        let (mut checked, mut left) = (0, 0);
        for (input, document, value) in documents(&inputs.files) {
            remarks.extend(offline::misplaced(&input.path, document));
            for unmatched in workload::unmatched(value) {
                remarks.push(remark(&input.path, document, Severity::Warning, &unmatched.at, unmatched.message));
            }
            // A template of an unknown kind that requests nothing may be a policy.
            for workload in workload::workloads(value).iter().filter(|workload| workload.changes) {
                let found = Reviewed { path: &input.path, document, workload };
                if place.snapshot.companions.is_empty() {
                    left += 1;
                    continue;
                }
                checked += 1;
                check(&place, &found, &mut remarks);
            }
        }
        let order = |path: &Path| inputs.files.iter().position(|i| i.path == path).unwrap_or(usize::MAX);
        remarks.sort_by(|a, b| (order(&a.file), &a.file, a.at).cmp(&(order(&b.file), &b.file, b.at)));
        self.print(&remarks)?;
        let count = |severity| remarks.iter().filter(|r| r.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        let companions = report.valid + report.invalid;
        stderr::note(&format!(
            "{} and {} checked: {}, {}",
            number(companions, "companion"),
            number(checked, "workload"),
            number(errors, "error"),
            number(warnings, "warning")
        ));
        if left > 0 {
            stderr::note(&format!(
                "{} not checked: there are no companions; name them with --companions",
                number(left, "workload")
            ));
        }
        let failed = errors > 0 || (self.strict && warnings > 0);
        Ok(if failed { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS })
    }

    fn print(&self, remarks: &[Remark]) -> std::io::Result<()> {
        let mut out = anstream::stdout().lock();
        if self.output == Some(Output::Json) {
            let facts = json!({"remarks": remarks.iter().map(facts).collect::<Vec<_>>()});
            writeln!(out, "{}", manifest::json(&facts))?;
        } else {
            for remark in remarks {
                writeln!(out, "{}", stderr::marked(remark))?;
            }
        }
        out.flush()
    }
}

/// What `-o json` prints of a remark. Documented and stable.
fn facts(remark: &Remark) -> Value {
    json!({
        "file": remark.file.display().to_string(),
        "line": remark.at.map(|at| at.line),
        "column": remark.at.map(|at| at.column),
        "severity": remark.severity.as_str(),
        "field": remark.field,
        "message": remark.message,
    })
}

fn documents(inputs: &[ManifestInput]) -> impl Iterator<Item = (&ManifestInput, &Document, &Value)> {
    inputs.iter().flat_map(|i| i.documents.iter().filter_map(move |d| Some((i, d, d.value.as_ref()?))))
}

/// Reviews one workload.
fn check(place: &OfflineServer, found: &Reviewed<'_>, remarks: &mut Vec<Remark>) {
    place.review(found, |verdict| match verdict {
        Ok(verdict) => {
            for finding in &verdict.findings {
                let severity = match finding.effect {
                    Effect::Deny => Severity::Error,
                    Effect::Warn => Severity::Warning,
                    Effect::Info => continue,
                };
                let message = format!("{}: {}", found.workload, offline::sentence(place, found, finding));
                remarks.push(found.remark(severity, &offline::pointer(found, finding), message));
            }
        }
        Err(unreadable) => remarks.push(unreadable),
    });
}
