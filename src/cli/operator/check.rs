//! `podgraft check`: whether an installation works, as seen by the API server.
//!
//! | file | what it does |
//! |---|---|
//! | `installation` | finds the installation, and the settings that its Deployment shows |
//! | `collect` | reads everything with the rights of the user |
//! | `observed` | what was read, and all findings about it |
//! | `webhooks`, `expected` | compares webhook configurations with the chart's |
//! | `trust`, `call` | whether API servers trust and reach podgraft |
//! | `replicas`, `metrics` | the Pods of podgraft, and the Service |
//! | `companions`, `namespaces`, `policies`, `rights` | what the name says |
//! | `outage` | what would happen to Pods if podgraft did not answer |
//! | `finding`, `print` | a finding, and how it is printed |

mod call;
mod collect;
mod companions;
mod expected;
mod finding;
mod installation;
mod metrics;
mod namespaces;
mod observed;
mod outage;
mod policies;
mod print;
mod replicas;
mod rights;
mod trust;
mod webhooks;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use strum::VariantNames as _;

use crate::cli::live::{self, Connection, ConnectionFlags};
use crate::cli::output::stdout;
use crate::cli::output::{ResultFormat, formats};
use crate::cli::{exit, flags};
use collect::Collector;
use finding::{CheckFinding, CheckReason, CheckSeverity};
use observed::Observed;

/// Check that an installation of podgraft works
///
/// Compares the webhook configurations with those of the chart, each caBundle with the serving certificate, the replicas
/// with each other, the policies of required companions with the companions, and looks for companions and lists of
/// Namespaces that have no effect. A Pod is created as a dry run (`--dry-run=server`), to see whether the API server
/// reaches podgraft. Nothing is changed.
///
/// A working installation prints nothing. The exit code is 1 if there are errors; warnings and notes do not change it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Check {
    #[command(flatten)]
    connection: ConnectionFlags,
    /// Namespace of podgraft [default: where its Deployment is]
    #[arg(short, long, value_name = "NAME", value_parser = flags::namespace)]
    namespace: Option<Box<str>>,
    /// Leave out findings of these reasons. Can be repeated or take a comma-separated list
    #[arg(
        long,
        value_name = "REASON",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(CheckReason::VARIANTS),
        hide_possible_values = true
    )]
    ignore: Vec<String>,
    /// Do not create a Pod as a dry run
    #[arg(long)]
    no_dry_run: bool,
    /// Output format. `wide`: also what would happen to Pods if podgraft did not answer; `json` and `yaml`:
    /// `{"installation": {...}, "findings": [...], "whileUnavailable": [...]}`
    #[arg(short, long, value_parser = formats(&[ResultFormat::Json, ResultFormat::Yaml, ResultFormat::Wide]))]
    output: Option<ResultFormat>,
}

const EXAMPLES: &str = "\
Examples:
  # Check the installation of the current context
  podgraft check

  # Also show what depends on podgraft
  podgraft check -o wide

  # In a pipeline
  podgraft check -o json --ignore NamespaceIgnored";

/// How long a difference between replicas is given to settle before it is reported.
const SETTLE: Duration = Duration::from_secs(3);

impl Check {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        live::run(async {
            let connection = self.connection.connect().await?;
            let collector = self.collector(&connection).await?;
            let mut observed = collector.collect().await;
            if observed.findings().iter().any(may_settle) {
                tokio::time::sleep(SETTLE).await;
                observed = collector.collect().await;
            }
            self.report(&observed)
        })
    }

    async fn collector<'c>(&self, connection: &'c Connection) -> anyhow::Result<Collector<'c>> {
        let collector = Collector::find(connection, self.namespace.as_deref()).await?;
        Ok(if self.no_dry_run { collector.without_dry_run() } else { collector })
    }

    fn report(&self, observed: &Observed) -> anyhow::Result<ExitCode> {
        let is_ignored = |finding: &CheckFinding| self.ignore.iter().any(|reason| reason == finding.reason.as_str());
        let mut findings = observed.findings();
        findings.retain(|finding| !is_ignored(finding));
        let text = match self.output {
            None => print::text(&findings),
            Some(ResultFormat::Wide) => print::text(&findings) + &print::outage(&observed.consequences()),
            Some(format) => {
                let at = &observed.settings.at;
                format.data(&print::document(at, &findings, &observed.consequences()))
            }
        };
        stdout::write(text)?;
        let failed = findings.iter().any(|finding| finding.severity == CheckSeverity::Error);
        Ok(if failed { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS })
    }
}

/// Whether a finding can be the moment after a change, before every replica has followed it.
fn may_settle(finding: &CheckFinding) -> bool {
    matches!(
        finding.reason,
        CheckReason::ReplicasDiffer
            | CheckReason::ReplicaFailing
            | CheckReason::CompanionNotObserved
            | CheckReason::PolicyMissing
            | CheckReason::PolicyOutOfSync
            | CheckReason::PolicyOrphaned
    )
}
