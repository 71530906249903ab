//! `podgraft function`: the KRM function that kustomize and kpt run.

mod results;
mod review;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::cli::offline::{OfflineServer, Origin};
use crate::cli::output::stdout;
use crate::cli::{exit, input, output, stderr};
use crate::inject::snapshot::Settings;
use crate::manifest;
use crate::manifest::Document;
use crate::source::files::manifests::Manifests;
use review::ItemReview;

/// Inject companions into the items of a ResourceList, as a KRM function
///
/// Reads a ResourceList (`config.kubernetes.io/v1`) from stdin and writes it to stdout with companions and `results`.
/// Companions and Namespaces are read from `items` and from `functionConfig`: a ClusterCompanion, a Companion, or a
/// ConfigMap with manifests in `data.companions` and, in `data.namespace`, the namespace of objects that have none. If a
/// Pod would be denied, no item is changed, `results` has the reason, and the exit code is 1.
///
/// podgraft without arguments does the same if stdin is a ResourceList.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Function {}

const EXAMPLES: &str = "\
Examples:
  # podgraft.yaml; for kustomize, list it under `transformers` in
  # kustomization.yaml
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

  # Run it with kustomize
  kustomize build --enable-alpha-plugins --enable-exec .

  # Run it with kpt
  kpt fn eval manifests/ --exec podgraft --fn-config podgraft.yaml";

impl Function {
    #[expect(clippy::unused_self, reason = "all subcommands have the same signature")]
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        run_on(&input::read(Path::new("-"))?)
    }
}

/// Whether stdin is a ResourceList, as kustomize and kpt write it.
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
    let (server, results) = server_of(&document, &list["functionConfig"])?;
    let invalid = !results.is_empty();
    let mut review = ItemReview::new(&server, &document, results);
    review.items(list)?;
    let ItemReview { mut operations, results, denied, .. } = review;
    let failed = invalid || denied;
    if failed {
        operations.clear();
    }
    if !results.is_empty() {
        operations.push(json!({"op": "add", "path": "/results", "value": results}));
    }
    stdout::write(output::edited(Path::new("-"), &document, &operations)?)?;
    Ok(if failed { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS })
}

/// A server with the companions of the list and its `functionConfig`, and a result for each error in them.
fn server_of(document: &Document, config: &Value) -> anyhow::Result<(OfflineServer, Vec<Value>)> {
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
    add_config(&mut collection, &text);
    let report = collection.report();
    report.errors().for_each(stderr::remark);
    let results = report.errors().map(|remark| json!({"message": remark.to_string(), "severity": "error"}));
    let server = OfflineServer {
        snapshot: collection.snapshot(Settings::default()),
        places: collection.places(),
        default_namespace: namespace,
        origin: Origin::Manifests,
    };
    Ok((server, results.collect()))
}

/// Adds the manifests of a `functionConfig`.
fn add_config(collection: &mut Manifests, text: &str) {
    let file = Path::new("functionConfig");
    for read in manifest::read(text.as_bytes()) {
        match read {
            Ok(document) => drop(collection.add(file, &document)),
            Err(error) => collection.report_error(file, Some(error.at), error.message),
        }
    }
}
