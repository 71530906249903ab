//! Companions and Namespaces out of files and folders: one snapshot of all of them, read anew when a content changes.
//!
//! Contents are polled. Mounted ConfigMaps swap a symlink, of which a watch on a file sees nothing; so do editors that
//! write a new file, and network file systems.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::collection::{Collection, Declared, Key, Object};
use super::folder::{self, Unread};
use super::report::Report;
use crate::inject::catalogue::Listed;
use crate::inject::companion::{Companion, Container, Identity};
use crate::inject::world::{Settings, World};
use crate::manifest;

/// How often a changing set of files is read again until it holds still.
const SETTLING: usize = 3;

/// Files and folders that are loaded as one.
#[derive(Debug, Clone)]
pub struct Files {
    /// The files and folders; folders are searched through.
    pub paths: Vec<PathBuf>,
    /// How this installation was set up.
    pub settings: Settings,
}

/// What was loaded, and what the next load compares itself with.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Everything that is known.
    pub world: Arc<World>,
    /// What is wrong, and how much there is.
    pub report: Arc<Report>,
    /// `None` before the first load.
    seen: Option<Arc<Vec<Root>>>,
    declared: Arc<BTreeMap<Key, Declared>>,
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
    /// Reads everything. Where nothing changed, the last result is returned: its `world` is the same allocation.
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
        let mut collection = Collection::new("default");
        let mut uncertain = Vec::new();
        for root in &seen {
            match &root.files {
                Ok(files) => files.iter().filter(|f| !take(&mut collection, f)).for_each(|f| uncertain.push(&*f.path)),
                Err(unread) => {
                    collection.complain(&root.path, None, unread.to_string());
                    uncertain.push(&root.path);
                }
            }
        }
        keep_last_good(&mut collection, &last.declared, &uncertain);
        Loaded {
            world: Arc::new(collection.world(self.settings.clone())),
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
fn take(collection: &mut Collection, file: &Content) -> bool {
    let bytes = match &file.bytes {
        Ok(bytes) => bytes,
        Err(unread) => {
            collection.complain(&file.path, None, unread.to_string());
            return false;
        }
    };
    let mut whole = true;
    for document in manifest::read(bytes) {
        match document {
            Ok(document) => {
                collection.add(&file.path, &document);
            }
            Err(unreadable) => {
                collection.complain(&file.path, Some(unreadable.at), unreadable.message);
                whole = false;
            }
        }
    }
    whole
}

/// Puts last good versions in the place of what is bad now, and of what may be there but could not be read.
fn keep_last_good(collection: &mut Collection, last: &BTreeMap<Key, Declared>, uncertain: &[&Path]) {
    for (key, before) in last {
        match collection.declared.get_mut(key) {
            Some(now) => now.object.follow(&before.object),
            None if uncertain.iter().any(|path| before.file.starts_with(path)) => {
                collection.declared.insert(key.clone(), before.clone());
            }
            None => {}
        }
    }
    collection.declared.retain(|_, declared| !matches!(declared.object, Object::BrokenNamespace));
}

impl Object {
    /// Follows upon an earlier version of the same object.
    fn follow(&mut self, before: &Object) {
        match (&mut *self, before) {
            (Object::Companion(Listed::Good(now)), Object::Companion(Listed::Good(before))) => {
                if now.hash == before.hash {
                    *now = before.clone();
                } else if now.required
                    && let Some(now) = Arc::get_mut(now)
                {
                    now.previous = Some(identities(before));
                }
            }
            (Object::Companion(Listed::Broken(_)), Object::Companion(Listed::Good(_)))
            | (Object::BrokenNamespace, Object::Namespace(_)) => *self = before.clone(),
            _ => {}
        }
    }
}

fn identities(companion: &Companion) -> Box<[Identity]> {
    let identity = |(c, init): (&Container, bool)| Identity { name: c.name.clone(), image: c.image.clone(), init };
    companion.identities().map(identity).collect()
}

/// Loads again and again, and puts what changed into `world`, all of it at once. `on_change` is told of every load that
/// changed something. Never ends.
pub async fn watch(
    files: Files,
    mut last: Loaded,
    world: Arc<ArcSwap<World>>,
    interval: Duration,
    on_change: impl Fn(&Report),
) {
    let files = Arc::new(files);
    loop {
        tokio::time::sleep(interval).await;
        let (load, before) = (Arc::clone(&files), last.clone());
        match tokio::task::spawn_blocking(move || load.load(&before)).await {
            Ok(now) if Arc::ptr_eq(&now.world, &last.world) => {}
            Ok(now) => {
                world.store(Arc::clone(&now.world));
                on_change(&now.report);
                last = now;
            }
            Err(error) => tracing::error!(%error, "companions could not be loaded; the last ones stay"),
        }
    }
}
