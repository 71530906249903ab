//! The volumes of a Pod as folders.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{ConfigMap, Container, Pod, Secret, Volume};
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
    if let Some(name) = volume.secret.as_ref().and_then(|s| s.secret_name.as_deref()) {
        let secret: Secret = Api::namespaced(client.clone(), namespace).get(name).await?;
        for (key, value) in secret.data.into_iter().flatten() {
            std::fs::write(folder.join(key), value.0)?;
        }
    }
    if let Some(source) = &volume.config_map {
        let map: ConfigMap = Api::namespaced(client.clone(), namespace).get(&source.name).await?;
        for (key, value) in map.data.into_iter().flatten() {
            std::fs::write(folder.join(key), value)?;
        }
    }
    Ok(())
}
