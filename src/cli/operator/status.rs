//! `podgraft status`: which workloads have which companions.

mod print;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::scope::PodScope;
use super::survey::survey;
use crate::cli::live;
use crate::cli::stderr;
use crate::manifest;

/// Show which workloads have which companions, and which Pods lack them or have older versions
///
/// Counts the Pods of each workload: those with the version of a companion that new Pods get (CURRENT), with another one
/// (OUTDATED), without a companion that new Pods get (MISSING), and with one that new Pods do not get (EXTRA). What new
/// Pods get follows from the workload's template, the companions and the namespace, by the same review as in the cluster.
///
/// Needs the right to list Pods, Deployments, StatefulSets, DaemonSets and ReplicaSets, which the role `view` includes, and
/// companions.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct StatusCommand {
    #[command(flatten)]
    scope: PodScope,
    /// Output format. `wide`: also versions and names of Pods; `json`: `{"workloads": [...]}`
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Json,
    Wide,
}

const EXAMPLES: &str = "\
Examples:
  # The workloads of the current namespace
  podgraft status

  # The whole cluster, with versions and names of Pods
  podgraft status -A -o wide

  # The workloads with Pods that lack a companion
  podgraft status -o json |
    jq -r '.workloads[] | select(any(.companions[]; .missing > 0)) | .name'";

impl StatusCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        live::run(async {
            let connection = self.scope.connection.connect().await?;
            let namespace = self.scope.namespace(&connection);
            let tallies = survey(&connection, self.scope.selection(&namespace)).await?;
            let text = match self.output {
                None => print::table(&tallies),
                Some(Output::Wide) => print::wide_table(&tallies),
                Some(Output::Json) => manifest::json(&print::document(&tallies)) + "\n",
            };
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()?;
            if self.output != Some(Output::Json) {
                for remark in print::remarks(&tallies) {
                    stderr::note(&remark);
                }
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}
