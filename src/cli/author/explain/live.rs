//! `explain` of workloads of a cluster.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

use super::explainer::Explainer;
use super::flags::{ExplainFlags, Layout, exit_code};
use super::with::{Comparison, Consequences};
use crate::cli::input::ManifestInput;
use crate::cli::live;
use crate::cli::live::{Connection, NamedWorkload, Targets, Webhooks, is_of_workload};
use crate::cli::offline::OfflineServer;
use crate::cli::{exit, stderr};
use crate::inject::companion::Activation;
use crate::inject::snapshot::Settings;
use crate::manifest::{Document, Encoding};
use crate::source::declarations::Declarations;
use crate::webhook::Configuration;
use crate::workload::WorkloadKind;

/// Kinds whose objects never change the Pods that they made: no rollout brings them a companion.
const WITHOUT_ROLLOUT: [&str; 2] = ["Pod", "Job"];

/// Explains workloads of a cluster.
pub(super) fn run(flags: &ExplainFlags, targets: &Targets) -> anyhow::Result<ExitCode> {
    if flags.companions.has_companions() {
        stderr::error(
            "--companions is for manifests: workloads of a cluster have its companions; add others with --with",
        );
        return Ok(ExitCode::from(exit::USAGE));
    }
    if flags.selection.is_given() && matches!(targets, Targets::Named(_)) {
        stderr::error("-A and -l select workloads, and cannot be used with names; use -n NAMESPACE for a name");
        return Ok(ExitCode::from(exit::USAGE));
    }
    live::run(async {
        let connection = flags.connection.connect().await?;
        let namespace = flags.companions.namespace.as_deref().unwrap_or(&connection.namespace);
        let session = Session { flags, connection: &connection, targets, namespace };
        session.run().await
    })
}

/// One run of the command.
struct Session<'a> {
    flags: &'a ExplainFlags,
    connection: &'a Connection,
    targets: &'a Targets,
    namespace: &'a str,
}

impl Session<'_> {
    async fn run(&self) -> anyhow::Result<ExitCode> {
        let flags = self.flags;
        let webhooks = self.connection.webhooks().await?;
        let scope = flags.selection.selection(self.namespace).namespace;
        let companions = self.connection.companions(scope).await?;
        let settings = settings(&webhooks);
        let mut server = companions.server(settings.clone());
        flags.what_if.relabel(&mut server, []);
        if flags.with.is_empty() {
            return self.explain(&server, &webhooks).await;
        }
        let with = flags.read_with(self.namespace)?;
        for warning in without_webhook(&with, &webhooks) {
            stderr::warning(&warning);
        }
        let mut after = companions.server_with(with, settings);
        flags.what_if.relabel(&mut after, []);
        let mut consequences = Consequences::default();
        let comparison = Comparison { before: &server, after: &after, webhooks: Some(&webhooks) };
        self.each(|document| consequences.add(comparison, &document)).await?;
        flags.print_consequences(&consequences, false)
    }

    async fn explain(&self, server: &OfflineServer, webhooks: &Webhooks) -> anyhow::Result<ExitCode> {
        let explainer = Explainer { server, webhooks: Some(webhooks), why_not: self.flags.why_not.as_deref() };
        let (mut pages, mut denied) = (Vec::new(), false);
        self.each(|document| denied |= explainer.file(&input(document), &mut pages)).await?;
        if pages.is_empty() && !denied {
            stderr::warning(&format!("no workloads found {}", self.place()));
        }
        let is_list = matches!(self.targets, Targets::Kinds(_));
        self.flags.print(pages, if is_list { Layout::List } else { Layout::Pages })?;
        Ok(exit_code(denied))
    }

    /// Where workloads were searched for.
    fn place(&self) -> String {
        match self.flags.selection.selection(self.namespace).namespace {
            Some(namespace) => format!("in namespace {namespace}"),
            None => "in the cluster".to_owned(),
        }
    }

    /// Visits the workloads. Of a list, those are left out whose Pods are explained by their owner.
    async fn each(&self, mut visit: impl FnMut(Document)) -> anyhow::Result<()> {
        match self.targets {
            Targets::Named(named) => {
                for NamedWorkload { kind, name } in named {
                    let object = self.connection.get(kind, self.namespace, name).await?;
                    visit(self.document(object));
                }
            }
            Targets::Kinds(kinds) => {
                for kind in kinds.iter().filter(|kind| self.is_included(kind)) {
                    let selection = self.flags.selection.selection(self.namespace);
                    let visit_one = |object: Value| {
                        if !is_of_workload(&object) {
                            visit(self.document(object));
                        }
                        Ok(())
                    };
                    self.connection.each(kind, selection, visit_one).await?;
                }
            }
        }
        Ok(())
    }

    /// Whether the objects of a kind matter: to the consequences of a companion, those that roll out.
    fn is_included(&self, kind: &WorkloadKind) -> bool {
        self.flags.with.is_empty() || !WITHOUT_ROLLOUT.contains(&kind.kind)
    }

    fn document(&self, mut object: Value) -> Document {
        self.flags.what_if.annotate(&mut object);
        Document::without_text(object)
    }
}

/// An object of a cluster in the place of a file: messages have its name where they have that of a file.
fn input(document: Document) -> ManifestInput {
    let text = |field: &str| {
        let value = document.value.as_ref().and_then(|value| value.pointer(field));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let path = format!("{}/{}", text("/kind").to_ascii_lowercase(), text("/metadata/name"));
    ManifestInput { path: PathBuf::from(path), documents: vec![document], encoding: Encoding::Utf8 }
}

/// Warnings about automatic companions that no webhook is installed for, so that they have no consequences.
fn without_webhook(with: &Declarations, webhooks: &Webhooks) -> Vec<String> {
    let missing = with.companions.iter().filter_map(|(key, version)| {
        let which = match version.listed.activation() {
            Activation::OnRequest => Configuration::Requested,
            Activation::OptedInNamespaces => Configuration::OptedIn,
            Activation::ClusterWide => Configuration::ClusterWide,
        };
        let name = which.as_str();
        let warning = || format!("{key}: the webhook {name} is not installed, so no Pod gets this companion");
        (!webhooks.has(which)).then(warning)
    });
    let mut missing: Vec<String> = missing.collect();
    missing.sort();
    missing
}

/// The settings of the server of a cluster, as far as its webhooks show them.
fn settings(webhooks: &Webhooks) -> Settings {
    Settings {
        own_namespace: webhooks.own_namespace(),
        required: webhooks.has(Configuration::OptedOut),
        ..Settings::default()
    }
}
