//! The volumes of a Pod as folders.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{ConfigMap, Container, KeyToPath, Pod, Secret, Volume};
use kube::api::Api;
use kube::{Client, ResourceExt as _};

/// Where a container's mounts are really: mount path and folder.
pub struct Mounts(Vec<(String, PathBuf)>);

impl Mounts {
    /// Writes the Secrets and ConfigMaps that a container mounts into a folder, as they are now.
    pub async fn make(client: &Client, pod: &Pod, container: &Container, folder: &Path) -> anyhow::Result<Self> {
        let mut mounts = Vec::new();
        let namespace = pod.namespace().unwrap_or_default();
        let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        for volume in volumes {
            let mounted = container.volume_mounts.iter().flatten().filter(|m| m.name == volume.name);
            let paths: Vec<String> = mounted.map(|m| m.mount_path.trim_end_matches('/').to_owned()).collect();
            if paths.is_empty() {
                continue;
            }
            let at = folder.join(&volume.name);
            std::fs::create_dir_all(&at)?;
            fill(client, &namespace, volume, &at).await?;
            mounts.extend(paths.into_iter().map(|path| (path, at.clone())));
        }
        Ok(Mounts(mounts))
    }

    /// A text with the folders in the place of mount paths.
    pub fn resolve(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (path, folder)| match text.find(path.as_str()) {
            // As a whole path only: `--cert-dir=/certs`, `/certs/tls.crt`.
            Some(at) if text[..at].chars().last().is_none_or(|c| "=,:".contains(c)) => {
                format!("{}{}{}", &text[..at], folder.display(), &text[at + path.len()..])
            }
            _ => text,
        })
    }
}

async fn fill(client: &Client, namespace: &str, volume: &Volume, folder: &Path) -> anyhow::Result<()> {
    if let Some(source) = &volume.secret {
        let name = source.secret_name.as_deref().unwrap_or_default();
        secret(client, namespace, name, source.items.as_deref(), folder).await?;
    }
    if let Some(source) = &volume.config_map {
        config_map(client, namespace, &source.name, source.items.as_deref(), folder).await?;
    }
    for source in volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten()) {
        if let Some(source) = &source.secret {
            secret(client, namespace, &source.name, source.items.as_deref(), folder).await?;
        }
        if let Some(source) = &source.config_map {
            config_map(client, namespace, &source.name, source.items.as_deref(), folder).await?;
        }
    }
    Ok(())
}

/// Which keys of a Secret or ConfigMap go to which paths; without such a list each key does.
type Items<'i> = Option<&'i [KeyToPath]>;

async fn secret(client: &Client, namespace: &str, name: &str, items: Items<'_>, folder: &Path) -> anyhow::Result<()> {
    let secret: Secret = Api::namespaced(client.clone(), namespace).get(name).await?;
    write(secret.data.into_iter().flatten().map(|(key, value)| (key, value.0)), items, folder)
}

async fn config_map(
    client: &Client,
    namespace: &str,
    name: &str,
    items: Items<'_>,
    folder: &Path,
) -> anyhow::Result<()> {
    let map: ConfigMap = Api::namespaced(client.clone(), namespace).get(name).await?;
    write(map.data.into_iter().flatten().map(|(key, value)| (key, value.into_bytes())), items, folder)
}

fn write(data: impl Iterator<Item = (String, Vec<u8>)>, items: Items<'_>, folder: &Path) -> anyhow::Result<()> {
    for (key, value) in data {
        let path = match items {
            Some(items) => items.iter().find(|item| item.key == key).map(|item| item.path.clone()),
            None => Some(key),
        };
        if let Some(path) = path {
            std::fs::write(folder.join(path), value)?;
        }
    }
    Ok(())
}
