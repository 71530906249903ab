//! Companions and Namespaces in files and folders: all of them are loaded at once, and again when a content changes.
//!
//! Contents are polled, because a watch on a file misses changes: mounted ConfigMaps swap a symlink, editors write a new
//! file, and network file systems send no events.

pub mod folder;
pub mod manifests;
pub mod places;
pub mod report;

use std::collections::{BTreeMap, HashSet};
use std::mem;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::declarations::Declarations;
use super::limits::MemoryLimits;
use crate::manifest;
use folder::Unread;
use manifests::{DeclaredObject, ManifestObject, Manifests, ObjectKey};
use report::LoadReport;

/// How many more times the files are read until two readings are the same.
const SETTLING: usize = 3;

/// Files and folders that are loaded together.
#[derive(Debug, Clone)]
pub struct Files {
    /// The files and folders. Folders are searched with all folders in them.
    pub paths: Vec<PathBuf>,
    /// The memory limits of the companions in them.
    pub limits: MemoryLimits,
}

/// The result of a load, and what the next one compares itself with.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// What the files declare.
    pub declarations: Arc<Declarations>,
    /// Errors and warnings, and the numbers of objects.
    pub report: Arc<LoadReport>,
    /// The contents; `None` before the first load.
    contents: Option<Arc<Vec<Root>>>,
    objects: Arc<BTreeMap<ObjectKey, DeclaredObject>>,
}

/// The files below one of the paths.
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
    /// Reads everything. Where nothing has changed, the last result is returned: its `declarations` are the same allocation.
    ///
    /// The last valid version stays, and the error is reported, of an invalid object, of all objects of a file that cannot
    /// be read or parsed, and of all objects below a path that cannot be listed. Objects whose file is gone are forgotten.
    #[must_use]
    pub fn load(&self, last: &Loaded) -> Loaded {
        let before = last.contents.as_deref();
        let contents = self.read_stable(before);
        if before == Some(&contents) {
            return last.clone();
        }
        let mut manifests = Manifests::new("default");
        let mut uncertain = Vec::new();
        for root in &contents {
            match &root.files {
                Ok(files) => uncertain.extend(files.iter().filter(|f| !add(&mut manifests, f)).map(|f| &*f.path)),
                Err(unread) => {
                    manifests.report_error(&root.path, None, unread.to_string());
                    uncertain.push(&root.path);
                }
            }
        }
        keep_last_valid(&mut manifests, &last.objects, &uncertain);
        manifests.limit(self.limits);
        Loaded {
            declarations: Arc::new(manifests.declarations()),
            report: Arc::new(manifests.report()),
            objects: Arc::new(manifests.objects),
            contents: Some(Arc::new(contents)),
        }
    }

    /// Reads until the contents are those of the last load, or the same twice in a row, so that half of a change that is
    /// being written is not used.
    fn read_stable(&self, last: Option<&Vec<Root>>) -> Vec<Root> {
        let mut contents = self.read();
        for _ in 0..SETTLING {
            if last == Some(&contents) {
                break;
            }
            let again = self.read();
            if again == contents {
                break;
            }
            contents = again;
        }
        contents
    }

    fn read(&self) -> Vec<Root> {
        let mut paths = HashSet::new();
        let roots = self.paths.iter().map(|path| {
            let files = folder::manifests(path, true).map(|files| {
                let fresh = files.into_iter().filter(|file| paths.insert(file.clone()));
                fresh.map(|path| Content { bytes: folder::bytes(&path), path }).collect()
            });
            Root { path: path.clone(), files }
        });
        roots.collect()
    }
}

/// Adds what a file declares. Returns whether all of it could be read.
fn add(manifests: &mut Manifests, file: &Content) -> bool {
    let bytes = match &file.bytes {
        Ok(bytes) => bytes,
        Err(unread) => {
            manifests.report_error(&file.path, None, unread.to_string());
            return false;
        }
    };
    // A bug in podgraft must not keep the server from starting, nor the other files from being used.
    let Ok(documents) = panic::catch_unwind(|| manifest::read(bytes)) else {
        let message = "cannot be read because of a bug in podgraft; see its log, and report it";
        manifests.report_error(&file.path, None, message);
        return false;
    };
    let mut whole = true;
    for document in documents {
        match document {
            Ok(document) => {
                manifests.add(&file.path, &document);
            }
            Err(unreadable) => {
                manifests.report_error(&file.path, Some(unreadable.at), unreadable.message);
                whole = false;
            }
        }
    }
    whole
}

/// Replaces invalid objects by their last valid versions, and adds those that may be in files that could not be read.
fn keep_last_valid(manifests: &mut Manifests, last: &BTreeMap<ObjectKey, DeclaredObject>, uncertain: &[&Path]) {
    for (key, before) in last {
        match manifests.objects.get_mut(key) {
            Some(now) => {
                let stays = now.object.supersede(&before.object);
                if stays {
                    now.weight.clone_from(&before.weight);
                }
            }
            None if uncertain.iter().any(|path| before.file.starts_with(path)) => {
                manifests.objects.insert(key.clone(), before.clone());
            }
            None => {}
        }
    }
    manifests.objects.retain(|_, declared| !matches!(declared.object, ManifestObject::InvalidNamespace));
}

impl ManifestObject {
    /// The version to use after an earlier one of the same object. Returns whether the earlier one stays in use.
    fn supersede(&mut self, before: &ManifestObject) -> bool {
        match (&mut *self, before) {
            (ManifestObject::Companion(now), ManifestObject::Companion(before)) => {
                *now = mem::replace(now, before.clone()).supersede(before);
                now.hash().is_some() && now.hash() == before.hash()
            }
            (ManifestObject::InvalidNamespace, ManifestObject::Namespace(_)) => {
                *self = before.clone();
                true
            }
            _ => false,
        }
    }
}

/// Loads again after each interval, and calls `on_change` when something has changed. It never ends.
pub async fn watch(files: Files, mut last: Loaded, interval: Duration, on_change: impl Fn(&Loaded)) {
    let files = Arc::new(files);
    loop {
        tokio::time::sleep(interval).await;
        let (load, before) = (Arc::clone(&files), last.clone());
        match tokio::task::spawn_blocking(move || load.load(&before)).await {
            Ok(now) if Arc::ptr_eq(&now.declarations, &last.declarations) => {}
            Ok(now) => {
                on_change(&now);
                last = now;
            }
            Err(error) => tracing::error!(%error, "loading companions panicked; the last ones stay in use"),
        }
    }
}
