//! `podgraft migrate`: writes companions from the configurations of other injectors.

mod commented;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueHint};

use crate::cli::input::{Filenames, Inputs, ManifestInput};
use crate::cli::offline::remark;
use crate::cli::{exit, output, stderr};
use crate::json::field_path;
use crate::manifest::Document;
use crate::migrate::{Loss, SourceDocument, Strictness, Translation, translate};
use crate::source::files::report::{ManifestRemark, Severity};

/// Write companions from the configurations of other injectors
///
/// Reads configurations of tumblr/k8s-sidecar-injector (files, and ConfigMaps with them), ConfigMaps of
/// ExpediaGroup/kubernetes-sidecar-injector, SidecarSets of OpenKruise, mutate rules and MutatingPolicies of Kyverno, and
/// MutatingAdmissionPolicies with their bindings. Each is recognized by its kind or its fields; other manifests are ignored.
///
/// Writes one valid companion for each configuration that injects containers into Pods. A part that a companion cannot express
/// is reported on stderr, and as a comment at its place in the output; the exit code is then 1. If the Pods of a configuration
/// cannot be selected by labels, its companion is only injected into Pods that request it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Migrate {
    #[command(flatten)]
    filenames: Filenames,
    /// Write only companions without warnings, as `podgraft validate --strict` accepts them
    #[arg(long)]
    strict: bool,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output_file: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  # Translate the configuration files of an injector
  podgraft migrate -f conf/ --output-file companions.yaml

  # Translate the SidecarSets of a cluster
  kubectl get sidecarsets -o yaml | podgraft migrate -f - > companions.yaml

  # Translate an admission policy with its binding, and validate the result
  podgraft migrate -f policy.yaml,binding.yaml | podgraft validate --strict -f -";

/// A document with a value, and its file.
type Source<'i> = (&'i ManifestInput, &'i Document);

impl Migrate {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        let inputs = self.filenames.read("migrate")?;
        inputs.unreadable.iter().chain(&inputs.duplicate_keys).for_each(stderr::remark);
        let sources = sources(&inputs);
        let documents: Vec<_> = sources
            .iter()
            .filter_map(|(input, document)| Some(SourceDocument { path: &input.path, value: document.value.as_ref()? }))
            .collect();
        let strictness = if self.strict { Strictness::Warnings } else { Strictness::Errors };
        let translations = translate(&documents, strictness);
        anyhow::ensure!(
            !translations.is_empty() || !inputs.unreadable.is_empty(),
            "no configurations of other injectors among these manifests; `podgraft migrate --help` lists what is read"
        );
        let texts: Vec<String> = translations.iter().map(|one| text(&sources, one)).collect();
        output::deliver(self.output_file.as_deref(), texts.join("---\n").as_bytes())?;
        for one in &translations {
            report(&sources, one);
        }
        summarize(&translations, self.output_file.as_deref());
        // Of two values of a key, one was not translated.
        let is_read = inputs.unreadable.is_empty() && inputs.duplicate_keys.is_empty();
        let is_complete = is_read && translations.iter().all(is_translated);
        Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::from(exit::DENIED) })
    }
}

fn sources(inputs: &Inputs) -> Vec<Source<'_>> {
    let all = inputs.files.iter().flat_map(|input| input.documents.iter().map(move |document| (input, document)));
    all.filter(|(_, document)| document.value.is_some()).collect()
}

/// Whether a configuration was translated, and as a whole.
fn is_translated(translation: &Translation) -> bool {
    translation.companion.is_some() && translation.losses.is_empty()
}

/// A companion with comments, or comments about why there is none.
fn text(sources: &[Source<'_>], translation: &Translation) -> String {
    let (input, document) = sources[translation.at.document];
    let at = document.position(&translation.at.pointer);
    let place = format!("{}:{}:{}", input.path.display(), at.line, at.column);
    let Some(companion) = &translation.companion else {
        let reasons = translation.losses.iter().map(|loss| format!("- {}", sentence(loss)));
        let title = format!("Not translated: {} ({place})", translation.title);
        return [title].into_iter().chain(reasons).map(|line| commented::comment(&line, 0)).collect();
    };
    let losses = translation.losses.iter();
    let losses = losses.map(|loss| (loss.pointer.clone(), format!("Not translated: {}", sentence(loss))));
    let comments: Vec<_> = translation.hints.iter().cloned().chain(losses).collect();
    let title = commented::comment(&format!("From {} ({place})", translation.title), 0);
    title + &commented::yaml(companion, &comments)
}

/// The field and the message.
fn sentence(loss: &Loss) -> String {
    let field = field_path(&loss.at.pointer);
    if field.is_empty() { loss.message.clone() } else { format!("{field}: {}", loss.message) }
}

/// Reports what was not translated: a warning if there is a companion without it.
fn report(sources: &[Source<'_>], translation: &Translation) {
    let severity = if translation.companion.is_some() { Severity::Warning } else { Severity::Error };
    let mut remarks: Vec<ManifestRemark> = translation
        .losses
        .iter()
        .map(|loss| {
            let (input, document) = sources[loss.at.document];
            let message = format!("not translated: {}", loss.message);
            remark(&input.path, document, severity, &loss.at.pointer, message)
        })
        .collect();
    remarks.sort_by_key(|remark| remark.at);
    remarks.iter().for_each(stderr::remark);
}

fn summarize(translations: &[Translation], file: Option<&Path>) {
    if translations.is_empty() {
        return;
    }
    let written = translations.iter().filter(|one| one.companion.is_some()).count();
    let whole = translations.iter().filter(|one| is_translated(one)).count();
    let missing = translations.len() - written;
    let total = stderr::number(translations.len(), "configuration");
    stderr::note(&format!(
        "{total}: {whole} translated, {} translated in part, {missing} not translated",
        written - whole
    ));
    let warnings: usize = translations.iter().filter(|one| one.companion.is_some()).map(|one| one.warnings).sum();
    if warnings > 0 {
        let count = stderr::number(warnings, "warning");
        let how = match file {
            Some(file) => format!("list them with: podgraft validate {}", file.display()),
            None => "to list them, write a file with --output-file, and run podgraft validate on it".to_owned(),
        };
        stderr::note(&format!("{count} about the companions; {how}"));
    }
}
