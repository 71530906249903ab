//! The companions and Namespaces that a command works with.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::input::Input;
use super::review::Place;
use super::talk;
use crate::inject::world::Settings;
use crate::manifest;
use crate::source::collection::Collection;
use crate::source::folder;
use crate::source::limits::Limits;

/// Where companions are.
#[derive(Debug, Args)]
pub(super) struct Companions {
    /// Files or folders (searched through all levels) with companions and Namespaces; those given with -f count, too
    #[arg(short, long, value_name = "PATH", num_args = 1..)]
    companions: Vec<PathBuf>,
    /// Namespace of objects that do not name one
    #[arg(short, long, default_value = "default")]
    namespace: Box<str>,
}

impl Companions {
    /// What the webhook would know if these were applied.
    pub(super) fn place(&self, collection: &Collection) -> Place {
        Place { world: collection.world(Settings::default()), default_namespace: self.namespace.clone() }
    }

    /// What the webhook would know, for a command that works on workloads, and whether any companion is wrong. What is
    /// only unwise in a companion is its author's to hear, from `validate`.
    pub(super) fn settle(&self, inputs: &[Input]) -> anyhow::Result<(Place, bool)> {
        let collection = self.collect(inputs)?;
        let report = collection.report();
        report.errors().for_each(talk::remark);
        Ok((self.place(&collection), report.first_error().is_some()))
    }

    /// Collects them, those among the inputs included.
    pub(super) fn collect(&self, inputs: &[Input]) -> anyhow::Result<Collection> {
        let mut collection = Collection::new(&self.namespace);
        for input in inputs {
            for document in &input.documents {
                collection.add(&input.path, document);
            }
        }
        let mut seen: HashSet<PathBuf> = inputs.iter().filter_map(|i| i.path.canonicalize().ok()).collect();
        for path in &self.companions {
            for file in folder::manifests(path, true).with_context(|| path.display().to_string())? {
                if !seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
                    continue;
                }
                for document in manifest::read(&folder::bytes(&file).with_context(|| file.display().to_string())?) {
                    match document {
                        Ok(document) => {
                            collection.add(&file, &document);
                        }
                        Err(unreadable) => collection.complain(&file, Some(unreadable.at), unreadable.message),
                    }
                }
            }
        }
        collection.limit(Limits::default());
        Ok(collection)
    }
}
