//! The companions and Namespaces that a command works with.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use super::input::{Filenames, ManifestInput, explained, read_within};
use super::offline::OfflineServer;
use super::stderr;
use crate::inject::snapshot::Settings;
use crate::manifest;
use crate::source::files::folder;
use crate::source::files::manifests::Manifests;
use crate::source::limits::MemoryLimits;

/// The largest file that companions are read from, as in the server.
const LARGEST: u64 = 16 << 20;

/// Where companions are.
#[derive(Debug, Args)]
pub(super) struct CompanionFlags {
    /// File, folder (searched through all levels) or pipe with companions and Namespaces; `-` is the standard input. May be
    /// repeated, and take several names separated by commas; companions among the manifests count as well. Hidden files and
    /// links to folders are left out, and a file may have at most 16 MiB
    #[arg(short, long, value_name = "PATH", value_delimiter = ',', value_hint = ValueHint::AnyPath)]
    companions: Vec<PathBuf>,
    /// Namespace of objects that do not name one
    #[arg(short, long, default_value = "default", value_parser = namespace)]
    namespace: Box<str>,
}

/// An RFC 1123 label, as names of namespaces are.
pub(super) fn namespace(text: &str) -> Result<Box<str>, String> {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_label =
        (1..=63).contains(&text.len()) && text.bytes().all(inside) && !text.starts_with('-') && !text.ends_with('-');
    if is_label {
        Ok(text.into())
    } else {
        Err("must be an RFC 1123 label: at most 63 lowercase letters, digits and -, not at the start or the end"
            .to_owned())
    }
}

impl CompanionFlags {
    /// Fails where the standard input would be read twice.
    pub(super) fn only_one_stdin(&self, filenames: &Filenames) -> anyhow::Result<()> {
        let named = self.companions.iter().filter(|path| path.as_os_str() == "-").count();
        let count = named + usize::from(filenames.has_stdin());
        anyhow::ensure!(count <= 1, "standard input can be read only once; name a file for one of -f and --companions");
        Ok(())
    }

    /// What the webhook would know if these were applied.
    pub(super) fn place(&self, collection: &Manifests) -> OfflineServer {
        OfflineServer { snapshot: collection.snapshot(Settings::default()), default_namespace: self.namespace.clone() }
    }

    /// What the webhook would know, for a command that works on workloads, and whether any companion is wrong. What is
    /// only unwise in a companion is its author's to hear, from `validate`.
    pub(super) fn settle(&self, inputs: &[ManifestInput]) -> anyhow::Result<(OfflineServer, bool)> {
        let collection = self.collect(inputs)?;
        let report = collection.report();
        report.errors().for_each(stderr::remark);
        Ok((self.place(&collection), report.first_error().is_some()))
    }

    /// Collects them, those among the inputs included.
    pub(super) fn collect(&self, inputs: &[ManifestInput]) -> anyhow::Result<Manifests> {
        let mut collection = Manifests::new(&self.namespace);
        for input in inputs {
            for document in &input.documents {
                collection.add(&input.path, document);
            }
        }
        let mut seen: HashSet<PathBuf> = inputs.iter().filter_map(|i| i.path.canonicalize().ok()).collect();
        for path in &self.companions {
            if path.as_os_str() == "-" {
                take(&mut collection, path)?;
                continue;
            }
            for file in folder::manifests(path, true).map_err(|error| explained(path, "inject", &error))? {
                if seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
                    take(&mut collection, &file)?;
                }
            }
        }
        collection.limit(MemoryLimits::default());
        Ok(collection)
    }
}

fn take(collection: &mut Manifests, file: &Path) -> anyhow::Result<()> {
    let bytes = read_within(file, LARGEST)?;
    if bytes.len() as u64 > LARGEST {
        let (shown, most) = (file.display(), LARGEST >> 20);
        anyhow::bail!(
            "{shown}: files with companions may have at most {most} MiB; move it out of this folder, or split it"
        );
    }
    for document in manifest::read(&bytes) {
        match document {
            Ok(document) => {
                collection.add(file, &document);
            }
            Err(unreadable) => collection.report_error(file, Some(unreadable.at), unreadable.message),
        }
    }
    Ok(())
}
