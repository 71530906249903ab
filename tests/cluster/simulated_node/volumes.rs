//! The volumes of a Pod as folders, kept in step with what they are made of.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{ConfigMap, Container, KeyToPath, Pod, Secret, Volume};
use kube::api::Api;
use kube::{Client, ResourceExt as _};

/// What a container mounts, and where that is really.
pub struct Mounts {
    client: Client,
    namespace: String,
    volumes: Vec<(Volume, PathBuf)>,
    /// Mount path and folder.
    paths: Vec<(String, PathBuf)>,
}

/// The files of a volume by path.
type Files = BTreeMap<String, Vec<u8>>;

impl Mounts {
    /// Finds out which volumes a container mounts, each with a folder; nothing is in them yet.
    pub fn new(client: &Client, pod: &Pod, container: &Container, folder: &Path) -> Self {
        let (mut volumes, mut paths) = (Vec::new(), Vec::new());
        for volume in pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten()) {
            let mounted = container.volume_mounts.iter().flatten().filter(|m| m.name == volume.name);
            let at = folder.join(&volume.name);
            let before = paths.len();
            paths.extend(mounted.map(|m| (m.mount_path.trim_end_matches('/').to_owned(), at.clone())));
            if paths.len() > before {
                volumes.push((volume.clone(), at));
            }
        }
        Mounts { client: client.clone(), namespace: pod.namespace().unwrap_or_default(), volumes, paths }
    }

    /// Brings the files to what Secrets and ConfigMaps say now, as kubelets do from time to time: all files of a volume at
    /// once, by a link that is replaced.
    ///
    /// # Errors
    /// One of them is not there; until it is, a container cannot start.
    pub async fn refresh(&self) -> anyhow::Result<()> {
        for (volume, at) in &self.volumes {
            publish(&files(&self.client, &self.namespace, volume).await?, at)?;
        }
        Ok(())
    }

    /// A text with the folders in the place of mount paths.
    pub fn resolve(&self, text: &str) -> String {
        self.paths.iter().fold(text.to_owned(), |text, (path, folder)| match text.find(path.as_str()) {
            // As a whole path only: `--cert-dir=/certs`, `/certs/tls.crt`.
            Some(at) if text[..at].chars().last().is_none_or(|c| "=,:".contains(c)) => {
                format!("{}{}{}", &text[..at], folder.display(), &text[at + path.len()..])
            }
            _ => text,
        })
    }
}

/// `NAME -> ..data/NAME`, `..data -> ..N`.
fn publish(files: &Files, at: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(at)?;
    let data = at.join("..data");
    let same = |(path, bytes): (&String, &Vec<u8>)| fs::read(data.join(path)).is_ok_and(|now| now == *bytes);
    if fs::read_dir(&data).is_ok_and(|there| there.count() == files.len()) && files.iter().all(same) {
        return Ok(());
    }
    let before = fs::read_link(&data).ok();
    let number = before.as_ref().and_then(|name| name.to_str()?.strip_prefix("..")?.parse().ok()).unwrap_or(0_u32);
    let next = format!("..{}", number + 1);
    fs::create_dir_all(at.join(&next))?;
    for (path, bytes) in files {
        fs::write(at.join(&next).join(path), bytes)?;
        let _ = symlink(Path::new("..data").join(path), at.join(path));
    }
    symlink(&next, at.join("..fresh"))?;
    fs::rename(at.join("..fresh"), &data)?;
    if let Some(before) = before {
        fs::remove_dir_all(at.join(before))?;
    }
    Ok(())
}

async fn files(client: &Client, namespace: &str, volume: &Volume) -> anyhow::Result<Files> {
    let mut files = Files::new();
    let projected = || volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
    let secret = volume.secret.iter().map(|s| (s.secret_name.as_deref().unwrap_or_default(), s.items.as_deref()));
    let secrets = projected().filter_map(|source| source.secret.as_ref()).map(|s| (&*s.name, s.items.as_deref()));
    for (name, items) in secret.chain(secrets) {
        let secret: Secret = Api::namespaced(client.clone(), namespace).get(name).await?;
        pick(secret.data.into_iter().flatten().map(|(key, value)| (key, value.0)), items, &mut files);
    }
    let map = volume.config_map.iter().map(|map| (&*map.name, map.items.as_deref()));
    let maps = projected().filter_map(|source| source.config_map.as_ref()).map(|m| (&*m.name, m.items.as_deref()));
    for (name, items) in map.chain(maps) {
        let map: ConfigMap = Api::namespaced(client.clone(), namespace).get(name).await?;
        pick(map.data.into_iter().flatten().map(|(key, value)| (key, value.into_bytes())), items, &mut files);
    }
    Ok(files)
}

/// Which keys of a Secret or ConfigMap go to which paths; without such a list each key does.
type Items<'i> = Option<&'i [KeyToPath]>;

fn pick(data: impl Iterator<Item = (String, Vec<u8>)>, items: Items<'_>, files: &mut Files) {
    for (key, value) in data {
        let path = match items {
            Some(items) => items.iter().find(|item| item.key == key).map(|item| item.path.clone()),
            None => Some(key),
        };
        files.extend(path.map(|path| (path, value)));
    }
}
