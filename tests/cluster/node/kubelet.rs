//! The kubelet's configuration.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{NAME, cgroups, containerd, machine};
use crate::control_plane::apart::ADDRESS;

/// Writes the configuration, and returns the arguments with which a kubelet uses it.
///
/// # Errors
/// The file cannot be written.
pub fn arguments(folder: &Path, run: &str, kubeconfig: &Path) -> anyhow::Result<Vec<String>> {
    let own = machine::short(&folder.join("kubelet"))?;
    let config = folder.join("kubelet.json");
    let configuration = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": format!("unix://{}", containerd::SOCKET),
        "podLogsDir": folder.join("logs"),
        "volumePluginDir": folder.join("plugins"),
        // `kubectl exec` and `logs` connect to this address.
        "address": ADDRESS,
        "healthzPort": 0,
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": false},
            "x509": {"clientCAFile": folder.join("ca.crt")},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{}", cgroups::name(run)),
        "enforceNodeAllocatable": [],
        "failCgroupV1": false,
        "failSwapOn": false,
        "makeIPTablesUtilChains": false,
        "resolvConf": "",
        "clusterDNS": [ADDRESS],
        "clusterDomain": super::names::DOMAIN,
        "maxPods": 250,
        // Tests wait for volumes that follow a Secret; the default is one minute.
        "syncFrequency": "5s",
        // A machine on which tests run may have a full disk.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
    });
    fs::write(&config, configuration.to_string())?;
    Ok(vec![
        format!("--config={}", config.display()),
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--root-dir={}", own.display()),
        format!("--cert-dir={}", own.join("pki").display()),
        format!("--hostname-override={NAME}"),
        format!("--node-ip={ADDRESS}"),
    ])
}
