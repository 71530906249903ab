//! Companions and Namespaces out of files and folders: all of them at once, read anew when a content changes.
//!
//! Contents are polled. Mounted ConfigMaps swap a symlink, of which a watch on a file sees nothing; so do editors that
//! write a new file, and network file systems.

pub mod folder;
pub mod manifests;
pub mod report;

use std::collections::{BTreeMap, HashSet};
use std::mem;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::effective::Declared;
use super::limits::MemoryLimits;
use crate::manifest;
use folder::Unread;
use manifests::{DeclaredObject, ManifestObject, Manifests, ObjectKey};
use report::Report;

/// How often a changing set of files is read again until it holds still.
const SETTLING: usize = 3;

/// Files and folders that are loaded as one.
#[derive(Debug, Clone)]
pub struct Files {
    /// The files and folders; folders are searched through.
    pub paths: Vec<PathBuf>,
    /// How much is kept of the companions that are declared there.
    pub limits: MemoryLimits,
}

/// What was loaded, and what the next load compares itself with.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Everything that is declared.
    pub parts: Arc<Declared>,
    /// What is wrong, and how much there is.
    pub report: Arc<Report>,
    /// `None` before the first load.
    seen: Option<Arc<Vec<Root>>>,
    declared: Arc<BTreeMap<ObjectKey, DeclaredObject>>,
}

/// The bytes below one of the paths.
#[derive(Debug, PartialEq, Eq)]
struct Root {
    path: PathBuf,
    files: Result<Vec<Content>, Unread>,
}

#[derive(Debug, PartialEq, Eq)]
struct Content {
    path: PathBuf,
    bytes: Result<Vec<u8>, Unread>,
}

impl Files {
    /// Reads everything. Where nothing changed, the last result is returned: its `parts` are the same allocation.
    ///
    /// What is bad keeps its last good version and is reported: an object, all objects of a file that cannot be read or
    /// parsed, all objects below a path that cannot be listed. What is gone is forgotten.
    #[must_use]
    pub fn load(&self, last: &Loaded) -> Loaded {
        let before = last.seen.as_deref();
        let seen = self.look(before);
        if before == Some(&seen) {
            return last.clone();
        }
        let mut collection = Manifests::new("default");
        let mut uncertain = Vec::new();
        for root in &seen {
            match &root.files {
                Ok(files) => files.iter().filter(|f| !take(&mut collection, f)).for_each(|f| uncertain.push(&*f.path)),
                Err(unread) => {
                    collection.report_error(&root.path, None, unread.to_string());
                    uncertain.push(&root.path);
                }
            }
        }
        keep_last_good(&mut collection, &last.declared, &uncertain);
        collection.limit(self.limits);
        Loaded {
            parts: Arc::new(collection.declared()),
            report: Arc::new(collection.report()),
            declared: Arc::new(collection.declared),
            seen: Some(Arc::new(seen)),
        }
    }

    /// Looks until what is there is as the last time, or twice the same: never half of a change that is under way.
    fn look(&self, last: Option<&Vec<Root>>) -> Vec<Root> {
        let mut seen = self.look_once();
        for _ in 0..SETTLING {
            if last == Some(&seen) {
                break;
            }
            let again = self.look_once();
            if again == seen {
                break;
            }
            seen = again;
        }
        seen
    }

    fn look_once(&self) -> Vec<Root> {
        let mut known = HashSet::new();
        let roots = self.paths.iter().map(|path| {
            let files = folder::manifests(path, true).map(|files| {
                let fresh = files.into_iter().filter(|file| known.insert(file.clone()));
                fresh.map(|path| Content { bytes: folder::bytes(&path), path }).collect()
            });
            Root { path: path.clone(), files }
        });
        roots.collect()
    }
}

/// Takes what a file declares. Returns whether all of it could be read.
fn take(collection: &mut Manifests, file: &Content) -> bool {
    let bytes = match &file.bytes {
        Ok(bytes) => bytes,
        Err(unread) => {
            collection.report_error(&file.path, None, unread.to_string());
            return false;
        }
    };
    // A fault of podgraft's own must not keep a server from starting, nor the other files from being used.
    let read = panic::catch_unwind(|| manifest::read(bytes));
    let Ok(documents) = read else {
        collection.report_error(
            &file.path,
            None,
            "cannot be read: podgraft has a bug that this file meets; the log says where",
        );
        return false;
    };
    let mut whole = true;
    for document in documents {
        match document {
            Ok(document) => {
                collection.add(&file.path, &document);
            }
            Err(unreadable) => {
                collection.report_error(&file.path, Some(unreadable.at), unreadable.message);
                whole = false;
            }
        }
    }
    whole
}

/// Puts last good versions in the place of what is bad now, and of what may be there but could not be read.
fn keep_last_good(collection: &mut Manifests, last: &BTreeMap<ObjectKey, DeclaredObject>, uncertain: &[&Path]) {
    for (key, before) in last {
        match collection.declared.get_mut(key) {
            Some(now) => {
                let stays = now.object.follow(&before.object);
                if stays {
                    now.weight.clone_from(&before.weight);
                }
            }
            None if uncertain.iter().any(|path| before.file.starts_with(path)) => {
                collection.declared.insert(key.clone(), before.clone());
            }
            None => {}
        }
    }
    collection.declared.retain(|_, declared| !matches!(declared.object, ManifestObject::BrokenNamespace));
}

impl ManifestObject {
    /// Follows upon an earlier version of the same object. Returns whether that one stays in use.
    fn follow(&mut self, before: &ManifestObject) -> bool {
        match (&mut *self, before) {
            (ManifestObject::Companion(now), ManifestObject::Companion(before)) => {
                *now = mem::replace(now, before.clone()).supersede(before);
                now.hash().is_some() && now.hash() == before.hash()
            }
            (ManifestObject::BrokenNamespace, ManifestObject::Namespace(_)) => {
                *self = before.clone();
                true
            }
            _ => false,
        }
    }
}

/// Loads again and again, and tells of every load that changed something. Never ends.
pub async fn watch(files: Files, mut last: Loaded, interval: Duration, on_change: impl Fn(&Loaded)) {
    let files = Arc::new(files);
    loop {
        tokio::time::sleep(interval).await;
        let (load, before) = (Arc::clone(&files), last.clone());
        match tokio::task::spawn_blocking(move || load.load(&before)).await {
            Ok(now) if Arc::ptr_eq(&now.parts, &last.parts) => {}
            Ok(now) => {
                on_change(&now);
                last = now;
            }
            Err(error) => tracing::error!(%error, "companions could not be loaded; the last ones stay"),
        }
    }
}
