//! The flags of `explain`, and how its results are printed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueHint};
use serde_json::{Value, json};

use super::facts;
use super::with::Consequences;
use crate::cli::flags::{CompanionFlags, companions_of};
use crate::cli::input::Filenames;
use crate::cli::live::{ConnectionFlags, SelectionFlags};
use crate::cli::offline::WhatIfFlags;
use crate::cli::output::stdout;
use crate::cli::output::{ResultFormat, formats};
use crate::cli::{exit, stderr};
use crate::source::declarations::Declarations;

/// Which workloads are explained, what is assumed of them, and what is printed.
#[derive(Debug, Args)]
pub(super) struct ExplainFlags {
    #[command(flatten)]
    pub(super) filenames: Filenames,
    #[command(flatten)]
    pub(super) companions: CompanionFlags,
    #[command(flatten)]
    pub(super) connection: ConnectionFlags,
    #[command(flatten)]
    pub(super) selection: SelectionFlags,
    #[command(flatten)]
    pub(super) what_if: WhatIfFlags,
    /// Answer only why this companion is not injected
    #[arg(long, value_name = "COMPANION", conflicts_with = "with")]
    pub(super) why_not: Option<Box<str>>,
    /// Report which workloads would be denied or would change if the companions of this file or folder were applied. Can be
    /// repeated or take a comma-separated list
    #[arg(long, value_name = "PATH", value_delimiter = ',', value_hint = ValueHint::AnyPath)]
    pub(super) with: Vec<PathBuf>,
    /// Output format. `json` and `yaml`: `{"workloads": [...]}`, each with decision, companions and pod; `name`: the names
    /// of the workloads that change or are denied
    #[arg(short, long, value_parser = formats(&[ResultFormat::Json, ResultFormat::Yaml, ResultFormat::Name]))]
    output: Option<ResultFormat>,
}

/// How several workloads are printed for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// A page for each.
    Pages,
    /// A page for each, after its file and line.
    PagesWithPlaces,
    /// A line for each.
    List,
}

impl ExplainFlags {
    /// Whether they select objects of a cluster, where no argument names a file or an object.
    pub(super) fn select_objects(&self) -> bool {
        let are_given = self.selection.is_given() || self.connection.is_given();
        let is_namespace_given = self.companions.namespace.is_some();
        !self.companions.has_companions() && (are_given || is_namespace_given || !self.with.is_empty())
    }

    /// The companions of `--with`. They must be valid, as nothing else would be applied.
    pub(super) fn read_with(&self, namespace: &str) -> anyhow::Result<Arc<Declarations>> {
        let collection = companions_of(&self.with, namespace)?;
        let report = collection.report();
        report.errors().for_each(stderr::remark);
        anyhow::ensure!(report.first_error().is_none(), "--with: fix the errors of the companions first");
        anyhow::ensure!(report.valid > 0, "--with: no companions in these files");
        Ok(Arc::new(collection.declarations()))
    }

    /// Prints what was explained.
    pub(super) fn print(&self, pages: Vec<Value>, layout: Layout) -> anyhow::Result<()> {
        let only_one = pages.len() == 1;
        let whole = |page: &Value| {
            let details = if only_one { facts::details_of(page) } else { "" };
            facts::text(page, layout == Layout::PagesWithPlaces) + details
        };
        let is_list = layout == Layout::List && pages.len() > 1 && self.why_not.is_none();
        stdout::write(match self.output {
            None if is_list => facts::summary(&pages),
            None => pages
                .iter()
                .filter(|page| page["text"] != "")
                .map(whole)
                .collect::<Vec<_>>()
                .join(if self.why_not.is_some() { "" } else { "\n" }),
            Some(ResultFormat::Name) => facts::names(&pages),
            Some(format) => format.data(&json!({"workloads": facts::without_text(pages)})),
        })
    }

    /// Prints the consequences of `--with`.
    pub(super) fn print_consequences(&self, consequences: &Consequences, invalid: bool) -> anyhow::Result<ExitCode> {
        stdout::write(match self.output {
            None => consequences.text(),
            Some(ResultFormat::Name) => consequences.names(),
            Some(format) => format.data(&consequences.json()),
        })?;
        Ok(exit_code(invalid || consequences.any_denied()))
    }
}

/// The exit code of a run that denied something, or did not.
pub(super) fn exit_code(failed: bool) -> ExitCode {
    if failed { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS }
}
