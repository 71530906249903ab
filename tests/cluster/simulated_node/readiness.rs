//! Readiness probes, as a kubelet runs them: a container that was ready stays so until its probe has failed several times in a row.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::time::timeout;

use crate::control_plane::rest;

/// Whether a container is ready, so far.
#[derive(Default)]
pub struct Readiness {
    is_ready: bool,
    /// How often the probe has failed since it last succeeded.
    failures: i32,
}

impl Readiness {
    /// Probes once more. Whether the container is ready now; one without a probe is.
    pub async fn probe(&mut self, container: &Container, address: &str) -> bool {
        let probe = container.readiness_probe.as_ref();
        let succeeds = succeeds(container, address).await;
        self.failures = if succeeds { 0 } else { self.failures + 1 };
        // The default of Kubernetes.
        let threshold = probe.and_then(|probe| probe.failure_threshold).unwrap_or(3);
        self.is_ready = succeeds || (self.is_ready && self.failures < threshold);
        self.is_ready
    }
}

/// What the probe returns now; that of a container without one is always a success.
pub async fn succeeds(container: &Container, address: &str) -> bool {
    let Some(probe) = &container.readiness_probe else { return true };
    let Some(get) = &probe.http_get else { return true };
    timeout(time_limit(probe), ask(get, container, address)).await.ok().flatten().unwrap_or(false)
}

fn time_limit(probe: &Probe) -> Duration {
    let seconds = probe.timeout_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

async fn ask(get: &HTTPGetAction, container: &Container, address: &str) -> Option<bool> {
    let port = match &get.port {
        IntOrString::Int(port) => *port,
        IntOrString::String(name) => {
            container.ports.iter().flatten().find(|p| p.name.as_deref() == Some(name))?.container_port
        }
    };
    let path = get.path.as_deref().unwrap_or("/");
    Some(rest::plain(address, u16::try_from(port).ok()?, path).await.is_some())
}
