//! `podgraft policies`: the admission policies of required companions, as manifests.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::Value;

use crate::api;
use crate::cli::input::{Filenames, ManifestInput};
use crate::cli::offline::remark;
use crate::cli::output::stdout;
use crate::cli::{exit, stderr};
use crate::inject::companion::Companion;
use crate::inject::companion::catalog::CatalogEntry;
use crate::manifest;
use crate::policies::objects::{AcceptedVersions, Installation, Required, Rule, binding, policy};
use crate::source::files::report::{ManifestRemark, Severity};

/// The end of names that API servers accept in their own folder only (`StaticConfigSuffix` in k8s.io/apiserver).
const STATIC: &str = ".static.k8s.io";

/// Print the admission policies of required companions
///
/// Without --static, these are the ValidatingAdmissionPolicies and bindings that the server maintains with
/// --required-companions, for review; do not apply them, because the server owns them. If the manifests declare two versions
/// of a companion, the newest first, the policies accept either version as a whole.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Policies {
    #[command(flatten)]
    filenames: Filenames,
    /// Name of the installation, with which the names of its policies begin
    #[arg(long, value_name = "NAME", default_value = "podgraft")]
    name: Box<str>,
    /// Namespace of podgraft, whose Pods need no companion
    #[arg(short, long, value_name = "NAME", default_value = "podgraft-system", value_parser = crate::cli::flags::namespace)]
    namespace: Box<str>,
    /// Further namespaces whose Pods need no companion, as the chart's excludedNamespaces
    #[arg(long = "excluded-namespace", value_name = "NAME", value_delimiter = ',', value_parser = crate::cli::flags::namespace)]
    excluded_namespaces: Vec<Box<str>>,
    /// Print policies for the folder of an API server (Kubernetes 1.37 or newer), from which no user can delete them
    #[arg(long = "static")]
    is_static: bool,
}

const EXAMPLES: &str = "\
Examples:
  # Review what the server enforces
  podgraft policies -f companions/

  # Write the policies that an API server loads from its own folder
  podgraft policies -f companions/ --static > policies.yaml";

/// The versions of each required companion, newest first.
type Versions = BTreeMap<Box<str>, Vec<Arc<Companion>>>;

impl Policies {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        let inputs = self.filenames.read_whole("policies")?;
        let (required, errors) = required_companions(&inputs);
        errors.iter().for_each(stderr::remark);
        if !errors.is_empty() {
            return Ok(ExitCode::from(exit::DENIED));
        }
        if required.is_empty() {
            stderr::warning("no required companions among these manifests");
        }
        let text: Vec<String> = self.objects(&required)?.iter().map(manifest::yaml).collect();
        stdout::write(text.join("---\n"))?;
        Ok(ExitCode::SUCCESS)
    }

    fn objects(self, required: &Versions) -> anyhow::Result<Vec<Value>> {
        let installation = Installation {
            name: self.name,
            namespace: Some(self.namespace),
            excluded_namespaces: self.excluded_namespaces,
        };
        let mut all = Vec::new();
        for (name, versions) in required {
            all.extend(objects(&installation, name, versions)?);
        }
        if self.is_static {
            all.iter_mut().for_each(rename);
        }
        Ok(all)
    }
}

/// The required companions among the manifests, and the errors of all companions.
fn required_companions(inputs: &[ManifestInput]) -> (Versions, Vec<ManifestRemark>) {
    let (mut required, mut errors) = (Versions::new(), Vec::new());
    let documents = inputs.iter().flat_map(|input| input.documents.iter().map(move |document| (input, document)));
    let companions = documents.flat_map(|(input, document)| {
        let all = document.value.iter().flat_map(|value| cluster_companions(String::new(), value));
        all.map(move |(pointer, value)| (input, document, pointer, value))
    });
    for (input, document, pointer, value) in companions {
        let checked = api::check_companion(value);
        let at = |field: &str| format!("{pointer}{field}");
        let problems = checked.problems.into_iter();
        errors.extend(problems.map(|p| remark(&input.path, document, Severity::Error, &at(&p.pointer), p.message)));
        if let Some(CatalogEntry::Valid(companion)) = checked.listed
            && companion.required
        {
            required.entry(companion.name.clone()).or_default().push(companion);
        }
    }
    (required, errors)
}

/// The `ClusterCompanion`s of an object, which can be a list, each with its pointer.
fn cluster_companions(pointer: String, object: &Value) -> Vec<(String, &Value)> {
    match object["kind"].as_str() {
        Some("ClusterCompanion") => vec![(pointer, object)],
        Some(kind) if kind.ends_with("List") => {
            let items = object["items"].as_array().into_iter().flatten().enumerate();
            items.flat_map(|(index, item)| cluster_companions(format!("{pointer}/items/{index}"), item)).collect()
        }
        _ => Vec::new(),
    }
}

/// The policies and bindings of one companion.
fn objects(installation: &Installation, name: &str, versions: &[Arc<Companion>]) -> anyhow::Result<Vec<Value>> {
    ensure!(
        versions.len() <= 2,
        "companion {name}: {} versions: policies accept at most two; remove the oldest ones",
        versions.len()
    );
    let mut declared = Vec::new();
    for version in versions {
        declared.push(
            Required::of(version).with_context(|| format!("companion {name} lacks its declaration: this is a bug"))?,
        );
    }
    let newest = *declared.first().context("a companion has a version")?;
    let previous = declared.get(1).copied();
    let accepted = AcceptedVersions { newest, previous, changing: previous.is_some() };
    let both = |rule| [policy(installation, rule, &accepted), binding(installation, rule, name)];
    Ok(Rule::ALL.into_iter().flat_map(both).collect())
}

/// Gives a policy the name that an API server requires of what is in its folder, and a binding also the name of its policy.
fn rename(object: &mut Value) {
    for pointer in ["/metadata/name", "/spec/policyName"] {
        if let Some(Value::String(name)) = object.pointer_mut(pointer) {
            name.push_str(STATIC);
        }
    }
}
