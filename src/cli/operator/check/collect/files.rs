//! The companions of the chart's value `companionFiles`, which are in a ConfigMap.

use std::path::Path;
use std::sync::Arc;

use crate::cli::operator::check::installation::InstallationSettings;
use crate::cli::operator::requests::ApiRequests;
use crate::manifest;
use crate::source::declarations::Declarations;
use crate::source::files::manifests::Manifests;

/// Reads them. One that cannot be read is reported by the replicas.
pub(super) async fn files(requests: &ApiRequests, settings: &InstallationSettings) -> Arc<Declarations> {
    let Some(name) = &settings.files else { return Arc::default() };
    let path = format!("/api/v1/namespaces/{}/configmaps", settings.at.namespace);
    let object = requests.get(&path, name).await.ok().flatten().unwrap_or_default();
    let mut manifests = Manifests::new("default");
    for (file, text) in object["data"].as_object().into_iter().flatten() {
        for document in manifest::read(text.as_str().unwrap_or_default().as_bytes()).into_iter().flatten() {
            manifests.add(Path::new(file), &document);
        }
    }
    Arc::new(manifests.declarations())
}
