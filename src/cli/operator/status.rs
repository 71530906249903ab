//! `podgraft status`: which workloads have which companions.

mod print;

use std::process::ExitCode;

use clap::Args;

use super::scope::PodScope;
use super::survey::survey;
use crate::cli::live;
use crate::cli::output::stdout;
use crate::cli::output::{ResultFormat, formats};
use crate::cli::stderr;

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
    /// Output format. `wide`: also versions and names of Pods; `json` and `yaml`: `{"workloads": [...]}`
    #[arg(short, long, value_parser = formats(&[ResultFormat::Json, ResultFormat::Yaml, ResultFormat::Wide]))]
    output: Option<ResultFormat>,
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
            if let Some(format) = self.output.filter(|format| *format != ResultFormat::Wide) {
                stdout::write(format.data(&print::document(&tallies)))?;
                return Ok(ExitCode::SUCCESS);
            }
            stdout::write(if self.output.is_some() { print::wide_table(&tallies) } else { print::table(&tallies) })?;
            for remark in print::remarks(&tallies) {
                stderr::note(&remark);
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}
