//! `podgraft function`: the KRM function that kustomize and kpt call.

mod results;

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::cli::{exit, output, stderr};
use crate::inject::snapshot::Settings;
use crate::inject::verdict::{Decision, Effect};
use crate::json::field_path;
use crate::manifest;
use crate::manifest::Document;
use crate::source::files::manifests::Manifests;
use crate::source::files::report::Severity;
use crate::workload;

/// Graft companions onto the items of a ResourceList, as a KRM function
///
/// Reads a ResourceList (`config.kubernetes.io/v1`) from stdin, and writes it with companions and `results`. Companions
/// and Namespaces are those among `items` and the one in `functionConfig`: a ClusterCompanion, a Companion, or a ConfigMap
/// whose `companions` has manifests and whose `namespace` is that of objects that do not name one. If a Pod would be
/// denied, no item is changed, `results` says why, and the exit code is 1.
///
/// podgraft without arguments does the same where stdin is a ResourceList.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Function {}

const EXAMPLES: &str = "\
Examples:
  # kustomize: a file that `transformers` of kustomization.yaml names; then:
  # kustomize build --enable-alpha-plugins --enable-exec .
  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: podgraft
    annotations:
      config.kubernetes.io/function: \"exec: {path: ./podgraft}\"
  data:
    namespace: shop
    companions: |
      apiVersion: podgraft.dev/v1alpha1
      kind: ClusterCompanion
      ...

  # kpt
  kpt fn eval manifests/ --exec podgraft --fn-config podgraft.yaml";

impl Function {
    #[expect(clippy::unused_self, reason = "all subcommands run alike")]
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("read standard input")?;
        run_on(&bytes)
    }
}

/// Whether some bytes are a ResourceList: what calls podgraft without arguments writes one.
pub(in crate::cli) fn is_resource_list(bytes: &[u8]) -> bool {
    resource_list(bytes).is_ok()
}

fn resource_list(bytes: &[u8]) -> anyhow::Result<Document> {
    let mut documents = manifest::read(bytes).into_iter();
    let (Some(document), None) = (documents.next(), documents.next()) else {
        bail!("standard input must be one ResourceList");
    };
    let document =
        document.map_err(|error| anyhow::anyhow!("-:{}:{}: {}", error.at.line, error.at.column, error.message))?;
    let is_list = document.value.as_ref().is_some_and(|v| {
        let version = v["apiVersion"].as_str().unwrap_or_default();
        v["kind"] == "ResourceList" && version.starts_with("config.kubernetes.io/")
    });
    if !is_list {
        bail!("standard input must be a ResourceList of config.kubernetes.io/v1");
    }
    Ok(document)
}

/// Runs the function on a ResourceList.
pub(in crate::cli) fn run_on(bytes: &[u8]) -> anyhow::Result<ExitCode> {
    let document = resource_list(bytes)?;
    let list = document.value.as_ref().context("a ResourceList has a value")?;
    let (place, mut results) = place(&document, &list["functionConfig"])?;
    let failed = !results.is_empty();
    let (mut operations, denied) = review_items(&place, &document, list, &mut results)?;
    if failed || denied {
        operations.clear();
    }
    if !results.is_empty() {
        operations.push(json!({"op": "add", "path": "/results", "value": results}));
    }
    let text = output::edited(Path::new("-"), &document, &operations)?;
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(if failed || denied { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS })
}

/// What the webhook would know, and what is wrong with the companions.
fn place(document: &Document, config: &Value) -> anyhow::Result<(OfflineServer, Vec<Value>)> {
    let data = &config["data"];
    let is_config_map = config["kind"] == "ConfigMap";
    let namespace = data["namespace"].as_str().filter(|_| is_config_map).unwrap_or("default");
    let namespace = crate::cli::flags::namespace(namespace)
        .map_err(|why| anyhow::anyhow!("functionConfig: data.namespace: invalid value: {namespace:?}: {why}"))?;
    let mut collection = Manifests::new(&namespace);
    collection.add(Path::new("-"), document);
    let text = match data["companions"].as_str().filter(|_| is_config_map) {
        Some(text) => text.to_owned(),
        None if is_config_map || config.is_null() => String::new(),
        None => manifest::yaml(config),
    };
    let file = Path::new("functionConfig");
    for read in manifest::read(text.as_bytes()) {
        match read {
            Ok(document) => drop(collection.add(file, &document)),
            Err(error) => collection.report_error(file, Some(error.at), error.message),
        }
    }
    let report = collection.report();
    report.errors().for_each(stderr::remark);
    let results = report.errors().map(|remark| json!({"message": remark.to_string(), "severity": "error"}));
    Ok((
        OfflineServer { snapshot: collection.snapshot(Settings::default()), default_namespace: namespace },
        results.collect(),
    ))
}

/// Reviews all items; whether any is denied.
fn review_items(
    place: &OfflineServer,
    document: &Document,
    list: &Value,
    results: &mut Vec<Value>,
) -> anyhow::Result<(Vec<Value>, bool)> {
    let (mut operations, mut denied) = (Vec::new(), false);
    for workload in &workload::workloads(list) {
        let found = Reviewed { path: Path::new("-"), document, workload };
        place.review(&found, |verdict| {
            let verdict = match verdict {
                Ok(verdict) => verdict,
                Err(remark) => {
                    denied = true;
                    stderr::remark(&remark);
                    results.push(results::result(workload, "error", &remark.field, &remark.message));
                    return anyhow::Ok(());
                }
            };
            for finding in &verdict.findings {
                let sentence = offline::sentence(place, &found, finding);
                let field =
                    field_path(offline::pointer(&found, finding).strip_prefix(&*workload.at).unwrap_or_default());
                results.push(results::result(workload, results::severity(finding.effect), &field, &sentence));
                if finding.effect == Effect::Deny {
                    stderr::remark(&found.remark(Severity::Error, &offline::pointer(&found, finding), sentence));
                }
            }
            match &verdict.decision {
                Decision::Patch(patch) if workload.changes => {
                    operations.extend(offline::operations(patch, &workload.pod_at())?);
                }
                Decision::Deny | Decision::Unavailable => denied = true,
                _ => {}
            }
            Ok(())
        })?;
    }
    Ok((operations, denied))
}
