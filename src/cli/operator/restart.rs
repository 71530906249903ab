//! `podgraft restart`: rolls the workloads whose Pods lack companions, or have older versions of them.

mod plan;
mod roll;
mod rollout;

use std::io::{self, BufRead as _, IsTerminal as _};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::scope::PodScope;
use super::survey::survey;
use crate::cli::live::{self, Connection};
use crate::cli::output::stdout;
use crate::cli::server::serve::duration::above_zero;
use crate::cli::{exit, stderr};
use crate::source::files::folder::reason;
use plan::{RestartPlan, Wanted};
use roll::roll;

/// Restart the workloads whose Pods lack companions or have older versions of them
///
/// Rolls Deployments, StatefulSets and DaemonSets as `kubectl rollout restart` does: with the annotation
/// kubectl.kubernetes.io/restartedAt on the Pod template. Waits for each rollout before the next one starts, and stops at
/// the first that fails. Workloads of other kinds, and workloads whose new Pods would be denied, are reported and left
/// alone.
///
/// Needs the permissions to list Pods, workloads and companions, and to patch the workloads.
///
/// The exit code is 1 if Pods still lack companions or have older versions afterwards.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true).args(["missing", "outdated"]))]
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own
pub(in crate::cli) struct RestartCommand {
    #[command(flatten)]
    scope: PodScope,
    /// Restart workloads with Pods that lack a companion which they should have
    #[arg(long)]
    missing: bool,
    /// Restart workloads with Pods that have another version of a companion than new Pods get
    #[arg(long)]
    outdated: bool,
    /// How many workloads are restarted at a time
    #[arg(long, value_name = "COUNT", default_value = "1")]
    parallel: NonZeroUsize,
    /// How long a rollout may take
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = above_zero)]
    timeout: Duration,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Print what would be restarted
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  # After an outage: which workloads have Pods without companions?
  podgraft restart --missing -A --dry-run

  # Restart them, two at a time
  podgraft restart --missing -A --parallel 2

  # Bring the new version of a companion to all Pods of a namespace
  podgraft restart --outdated -n shop --yes";

impl RestartCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        live::run(async {
            let connection = self.scope.connection.connect().await?;
            let namespace = self.scope.namespace(&connection);
            let selection = self.scope.selection(&namespace);
            let plan = RestartPlan::new(&survey(&connection, selection).await?, self.wanted());
            self.show(&plan)?;
            if plan.restarted.is_empty() || self.dry_run {
                return Ok(code(plan.skipped.len()));
            }
            if !self.yes && !io::stdin().is_terminal() {
                stderr::error("standard input is not a terminal; use --yes to restart without confirmation");
                return Ok(ExitCode::from(exit::USAGE));
            }
            if !self.is_confirmed(plan.restarted.len())? {
                stderr::note("nothing was restarted");
                return Ok(code(plan.restarted.len()));
            }
            self.roll_all(&connection, &plan).await?;
            let after = RestartPlan::new(&survey(&connection, selection).await?, self.wanted());
            for (key, reason) in &after.restarted {
                stderr::warning(&format!("{key}: still {reason}"));
            }
            Ok(code(after.restarted.len() + after.skipped.len()))
        })
    }

    fn wanted(&self) -> Wanted {
        Wanted { missing: self.missing, outdated: self.outdated }
    }

    fn show(&self, plan: &RestartPlan) -> anyhow::Result<()> {
        for (key, why) in &plan.skipped {
            stderr::warning(&format!("{key} is not restarted: {why}"));
        }
        if plan.restarted.is_empty() {
            stderr::note("no workload to restart");
        }
        let end = if self.dry_run { " (dry run)" } else { "" };
        let lines = plan.restarted.iter().map(|(key, reason)| format!("{key}: {reason}{end}\n"));
        stdout::write(stderr::printable(&lines.collect::<String>()))
    }

    fn is_confirmed(&self, count: usize) -> anyhow::Result<bool> {
        if self.yes {
            return Ok(true);
        }
        eprint!("Restart {}, {} at a time? [y/N] ", stderr::number(count, "workload"), self.parallel);
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.map_err(|error| anyhow::anyhow!("read standard input: {}", reason(&error)))?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    async fn roll_all(&self, connection: &Connection, plan: &RestartPlan) -> anyhow::Result<()> {
        let rollouts = plan.restarted.iter().map(|(key, _)| roll(&connection.client, key, self.timeout));
        stream::iter(rollouts).buffer_unordered(self.parallel.get()).try_collect::<Vec<()>>().await?;
        Ok(())
    }
}

/// The exit code if this many workloads still need a restart.
fn code(left: usize) -> ExitCode {
    if left > 0 { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS }
}
