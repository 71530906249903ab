//! The flags that name companions and Namespaces, and the server that they make.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueHint};

use super::input::{Filenames, ManifestInput, explained, read_within};
use super::offline::{OfflineServer, Origin};
use super::stderr;
use crate::inject::snapshot::Settings;
use crate::manifest;
use crate::source::declarations::Declarations;
use crate::source::effective::Effective;
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
    /// Namespace of objects that have no metadata.namespace [default: default]
    #[arg(short, long, value_parser = namespace)]
    pub(super) namespace: Option<Box<str>>,
}

/// The namespace of objects that name none, where no flag gives another one.
const DEFAULT_NAMESPACE: &str = "default";

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

    /// Whether any path of companions is given.
    pub(super) fn has_companions(&self) -> bool {
        !self.companions.is_empty()
    }

    fn default_namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
    }

    /// A server that knows these companions and Namespaces.
    pub(super) fn server(&self, collection: &Manifests) -> OfflineServer {
        OfflineServer {
            snapshot: collection.snapshot(Settings::default()),
            places: collection.places(),
            default_namespace: self.default_namespace().into(),
            origin: Origin::Manifests,
        }
    }

    /// The same where companions of other files replace those of the same kind, namespace and name.
    pub(super) fn server_with(&self, collection: &Manifests, with: &Declarations) -> OfflineServer {
        let mut declared = collection.declarations();
        for (key, version) in &with.companions {
            declared.companions.insert(key.clone(), version.clone());
        }
        let snapshot = Effective::new(Arc::new(declared), None).snapshot(Settings::default());
        OfflineServer { snapshot, ..self.server(collection) }
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
        let mut collection = Manifests::new(self.default_namespace());
        for input in inputs {
            for document in &input.documents {
                collection.add(&input.path, document);
            }
        }
        let mut seen: HashSet<PathBuf> = inputs.iter().filter_map(|i| i.path.canonicalize().ok()).collect();
        add_all(&mut collection, "--companions", &self.companions, &mut seen)?;
        collection.limit(MemoryLimits::default());
        Ok(collection)
    }
}

/// Reads the companions of `--with` from files and folders. Those without a namespace are in `namespace`.
pub(super) fn companions_of(paths: &[PathBuf], namespace: &str) -> anyhow::Result<Manifests> {
    let mut collection = Manifests::new(namespace);
    add_all(&mut collection, "--with", paths, &mut HashSet::new())?;
    collection.limit(MemoryLimits::default());
    Ok(collection)
}

/// Adds the files and folders of a flag, each file once: `seen` has those that were read.
fn add_all(
    collection: &mut Manifests,
    flag: &str,
    paths: &[PathBuf],
    seen: &mut HashSet<PathBuf>,
) -> anyhow::Result<()> {
    for path in paths {
        if path.as_os_str() == "-" {
            add(collection, path)?;
            continue;
        }
        let files = folder::manifests(path, true).map_err(|error| explained(path, "inject -c", &error));
        for file in files.map_err(|error| anyhow::anyhow!("{flag}: {error}"))? {
            if seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
                add(collection, &file)?;
            }
        }
    }
    Ok(())
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
