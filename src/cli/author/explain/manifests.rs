//! `explain` of workloads in manifests.

use std::process::ExitCode;

use super::explainer::{Explainer, namespaces};
use super::flags::{ExplainFlags, Layout, exit_code};
use super::with::{Comparison, Consequences};
use crate::cli::input::ManifestInput;
use crate::cli::offline::OfflineServer;
use crate::cli::{exit, stderr};

/// Explains workloads in manifests.
pub(super) fn run(flags: &ExplainFlags) -> anyhow::Result<ExitCode> {
    if flags.selection.is_given() || flags.connection.is_given() {
        stderr::error("-A, -l, --context and --kubeconfig are for objects of a cluster, and cannot be used with files");
        return Ok(ExitCode::from(exit::USAGE));
    }
    flags.companions.only_one_stdin(&flags.filenames)?;
    let mut inputs = flags.filenames.read_whole("explain")?;
    let collection = flags.companions.collect(&inputs)?;
    let report = collection.report();
    report.errors().for_each(stderr::remark);
    for document in inputs.iter_mut().flat_map(|input| &mut input.documents) {
        document.value.iter_mut().for_each(|value| flags.what_if.annotate(value));
    }
    let namespaces = namespaces(&inputs);
    let relabeled = |mut server: OfflineServer| {
        flags.what_if.relabel(&mut server, namespaces.iter().map(|name| &**name));
        server
    };
    let server = relabeled(flags.companions.server(&collection));
    let invalid = report.first_error().is_some();
    if flags.with.is_empty() {
        return explain(flags, &server, &inputs, invalid);
    }
    let with = flags.read_with(&server.default_namespace)?;
    let after = relabeled(flags.companions.server_with(&collection, &with));
    let mut consequences = Consequences::default();
    let comparison = Comparison { before: &server, after: &after, webhooks: None };
    for document in inputs.iter().flat_map(|input| &input.documents) {
        consequences.add(comparison, document);
    }
    flags.print_consequences(&consequences, invalid)
}

fn explain(
    flags: &ExplainFlags,
    server: &OfflineServer,
    inputs: &[ManifestInput],
    invalid: bool,
) -> anyhow::Result<ExitCode> {
    let explainer = Explainer { server, webhooks: None, why_not: flags.why_not.as_deref() };
    let mut pages = Vec::new();
    let mut denied = false;
    for input in inputs {
        denied |= explainer.file(input, &mut pages);
    }
    if pages.is_empty() && !denied {
        stderr::warning("no workloads among these manifests");
    }
    flags.print(pages, if inputs.len() > 1 { Layout::PagesWithPlaces } else { Layout::Pages })?;
    Ok(exit_code(invalid || denied))
}
