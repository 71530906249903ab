//! The flags that name companions and Namespaces, and the server that they make.

use std::collections::HashSet;
use std::fs;
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

/// The largest file that companions are read from, in bytes; the same as in the server.
const LARGEST: u64 = 16 << 20;

/// Where companions are read from.
#[derive(Debug, Args)]
pub(super) struct CompanionFlags {
    /// File, folder (searched recursively) or pipe with companions and Namespaces; `-` is the standard input. Can be
    /// repeated or take a comma-separated list. Companions among the manifests are used as well. Hidden files and symbolic
    /// links to folders are skipped. A file can have at most 16 MiB
    #[arg(short, long, value_name = "PATH", value_delimiter = ',', value_hint = ValueHint::AnyPath)]
    companions: Vec<PathBuf>,
    /// Namespace of objects that have no metadata.namespace
    #[arg(short, long, default_value = "default", value_parser = namespace)]
    namespace: Box<str>,
}

/// Parses the name of a namespace, an RFC 1123 label.
pub(super) fn namespace(text: &str) -> Result<Box<str>, String> {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_label =
        (1..=63).contains(&text.len()) && text.bytes().all(inside) && !text.starts_with('-') && !text.ends_with('-');
    if is_label {
        Ok(text.into())
    } else {
        Err("must be an RFC 1123 label: at most 63 lowercase letters, digits and '-', without '-' at the start or the end"
            .to_owned())
    }
}

impl CompanionFlags {
    /// Fails if the standard input would be read twice.
    pub(super) fn only_one_stdin(&self, filenames: &Filenames) -> anyhow::Result<()> {
        let named = self.companions.iter().filter(|path| path.as_os_str() == "-").count();
        let count = named + usize::from(filenames.has_stdin());
        anyhow::ensure!(count <= 1, "standard input can be read only once; use a file for -f or for --companions");
        Ok(())
    }

    /// A server that knows these companions and Namespaces.
    pub(super) fn server(&self, collection: &Manifests) -> OfflineServer {
        OfflineServer {
            snapshot: collection.snapshot(Settings::default()),
            places: collection.places(),
            default_namespace: self.namespace.clone(),
        }
    }

    /// The server for a command that works on workloads, and whether any companion is invalid. Errors of companions are
    /// reported; warnings are not, because they are for the companion's author, who runs `validate`.
    pub(super) fn server_for(&self, inputs: &[ManifestInput]) -> anyhow::Result<(OfflineServer, bool)> {
        let collection = self.collect(inputs)?;
        let report = collection.report();
        report.errors().for_each(stderr::remark);
        Ok((self.server(&collection), report.first_error().is_some()))
    }

    /// Reads the companions and Namespaces, including those among the inputs.
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
                add(&mut collection, path)?;
                continue;
            }
            for file in folder::manifests(path, true).map_err(|error| explained(path, "inject", &error))? {
                if seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
                    add(&mut collection, &file)?;
                }
            }
        }
        collection.limit(MemoryLimits::default());
        Ok(collection)
    }
}

fn add(collection: &mut Manifests, file: &Path) -> anyhow::Result<()> {
    let bytes = read_within(file, LARGEST)?;
    if bytes.len() as u64 > LARGEST {
        let most = LARGEST >> 20;
        // A pipe has no size.
        let size = fs::metadata(file).map_or(0, |metadata| metadata.len()).div_ceil(1 << 20).max(most + 1);
        anyhow::bail!(
            "{}: {size} MiB; a file with companions can have at most {most} MiB; move the file out of this folder, or split it",
            file.display()
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
