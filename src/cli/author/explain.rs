//! `podgraft explain`: why a workload gets a companion, or does not.

mod facts;
mod page;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::cli::flags::CompanionFlags;
use crate::cli::input::{Filenames, ManifestInput};
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::cli::{exit, stderr};
use crate::inject::verdict::Decision;
use crate::manifest;
use crate::workload;

/// Explain which companions the Pods of manifests get, and why
///
/// Prints a table for each workload: every companion that was considered, who requested it, the outcome and the reason.
/// Warnings and other remarks follow. The webhook uses the same messages when it warns about a Pod or denies it, and the
/// same reasons in its metrics, logs and audit annotations.
///
/// The exit code is 1 if any Pod would be denied.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Explain {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    companions: CompanionFlags,
    /// Output format. `json`: `{"workloads": [...]}`, each with file, line, decision and companions; `name`: the names of the
    /// workloads that change or are denied
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Json,
    Name,
}

const EXAMPLES: &str = "\
Examples:
  # Find out why a Deployment does not get its sidecar
  podgraft explain -f web.yaml --companions companions/

  # Use the companions and namespaces of the cluster
  kubectl get clustercompanions,companions,namespaces -A -o yaml \\
    > companions.yaml
  kubectl get deployment web -o yaml |
    podgraft explain -f - --companions companions.yaml";

impl Explain {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        self.companions.only_one_stdin(&self.filenames)?;
        let inputs = self.filenames.read_whole("explain")?;
        let (server, invalid) = self.companions.server_for(&inputs)?;
        let mut pages = Vec::new();
        let mut denied = false;
        let many = inputs.len() > 1;
        for input in &inputs {
            denied |= file(&server, input, &mut pages);
        }
        let failed = invalid || denied;
        if pages.is_empty() {
            stderr::warning("no workloads among these manifests");
        }
        let text = match self.output {
            None => facts::texts(&pages, many),
            Some(Output::Json) => manifest::json(&json!({"workloads": facts::without_text(pages)})) + "\n",
            Some(Output::Name) => facts::names(&pages),
        };
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(if failed { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS })
    }
}

/// Reviews the workloads of a file. Returns whether any is denied.
fn file(server: &OfflineServer, input: &ManifestInput, pages: &mut Vec<Value>) -> bool {
    let mut failed = false;
    for document in &input.documents {
        offline::misplaced(&input.path, document).iter().for_each(stderr::remark);
        for workload in &document.value.iter().flat_map(workload::workloads).collect::<Vec<_>>() {
            let found = Reviewed { path: &input.path, document, workload };
            offline::unreadable_status(&found).iter().for_each(stderr::remark);
            server.review(&found, |verdict| match verdict {
                Ok(verdict) => {
                    failed |= matches!(verdict.decision, Decision::Deny | Decision::Unavailable);
                    pages.push(facts::of(&found, server, verdict));
                }
                Err(unreadable) => {
                    failed = true;
                    stderr::remark(&unreadable);
                    pages.push(facts::unreadable(&found, server, &unreadable));
                }
            });
        }
    }
    failed
}
