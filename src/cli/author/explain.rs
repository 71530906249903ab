//! `podgraft explain`: why a workload gets a companion, or does not.

mod called;
mod explainer;
mod facts;
mod flags;
mod live;
mod manifests;
mod page;
mod picture;
mod rule;
pub(in crate::cli) mod table;
mod why_not;
mod with;

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use crate::cli::live::Targets;
use crate::cli::stderr;
use flags::ExplainFlags;

/// Explain which companions the Pods of workloads get, and why
///
/// Explains workloads of a cluster, named as for kubectl, or workloads in manifests. For each it prints every companion that
/// was considered, the rule by which it was considered, the outcome and the reason; remarks follow. If it is only one
/// workload, the webhooks that are installed and a picture of the Pod follow as well. Warnings, denials, metrics, logs and
/// audit annotations have the same messages and reasons.
///
/// Objects of a cluster are read with the rights of the user of the kubeconfig, and nothing is changed: a ClusterRoleBinding to
/// the ClusterRole view is sufficient.
///
/// The exit code is 1 if any Pod would be denied.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("files", |arg| arg.value_name("KIND/NAME|FILE|DIR|-").help(ARGUMENTS)),
    mut_arg("namespace", |arg| arg.help(NAMESPACE))
)]
pub(in crate::cli) struct Explain {
    #[command(flatten)]
    flags: ExplainFlags,
}

const ARGUMENTS: &str = "\
Workloads of a cluster, as for kubectl (`deploy/web`, `deployment web`, `sts`), or files or folders with manifests (YAML or JSON); \
`-` is the standard input";

const NAMESPACE: &str = "\
Namespace of the workloads [default: that of the context], or of manifests that have no metadata.namespace [default: default]";

const EXAMPLES: &str = "\
Examples:
  # Find out why a Deployment does not get its sidecar
  podgraft explain deploy/web -n shop
  podgraft explain deploy/web -n shop --why-not git-sync

  # Look at what would be if the namespace were opted in
  podgraft explain deploy/web --namespace-labels podgraft.dev/inject=enabled

  # Before a companion is applied, list the workloads that it denies or changes
  podgraft explain --with companion.yaml -A

  # The same questions about manifests, without a cluster
  podgraft explain -f web.yaml --companions companions/

  # A kind that is not built in
  kubectl get clustercompanions,companions,namespaces -A -o yaml \\
    > companions.yaml
  kubectl get rollout web -o yaml |
    podgraft explain -f - --companions companions.yaml";

impl Explain {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        match self.targets()? {
            Some(targets) => live::run(&self.flags, &targets),
            None => manifests::run(&self.flags),
        }
    }

    /// The workloads of a cluster that are meant; `None` if manifests are.
    fn targets(&self) -> anyhow::Result<Option<Targets>> {
        let Some(words) = self.flags.filenames.words() else { return Ok(None) };
        let is_file = |word: &String| word == "-" || Path::new(word).exists();
        match words.first() {
            None if self.flags.select_objects() => Targets::read(&words).map(Some),
            Some(word) if Targets::begin_with(word) && is_file(word) => {
                stderr::note(&format!(
                    "{word} is read as a path; with a group, as in deployments.apps, it names a kind"
                ));
                Ok(None)
            }
            Some(word) if Targets::begin_with(word) || (Targets::has_form(word) && !is_file(word)) => {
                Targets::read(&words).map(Some)
            }
            _ => Ok(None),
        }
    }
}
