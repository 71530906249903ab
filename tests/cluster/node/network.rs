//! The network of Pods: a wire and an address for each Pod by plugins of the Container Network Interface, and Services by
//! kube-proxy.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::NAME;

/// Where Debian installs the plugins.
pub const PLUGINS: &str = "/usr/lib/cni";

/// The addresses of Pods.
const PODS: &str = "10.79.0.0/22";

/// Writes the configuration of the plugins into a folder of its own, which is returned by its path.
///
/// # Errors
/// The file cannot be written.
pub fn configure(folder: &Path) -> anyhow::Result<String> {
    let own = folder.join("cni");
    fs::create_dir_all(&own)?;
    let addresses = json!({
        "type": "host-local",
        "subnet": PODS,
        "dataDir": folder.join("addresses"),
        "routes": [{"dst": "0.0.0.0/0"}],
    });
    let plugins = json!([{"type": "ptp", "ipMasq": false, "ipam": addresses}]);
    let list = json!({"cniVersion": "0.4.0", "name": "pods", "plugins": plugins});
    fs::write(own.join("pods.conflist"), list.to_string())?;
    Ok(own.display().to_string())
}

/// The arguments of kube-proxy.
pub fn proxy(kubeconfig: &Path) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--hostname-override={NAME}"),
        format!("--cluster-cidr={PODS}"),
        "--proxy-mode=iptables".to_owned(),
        "--healthz-bind-address=127.0.0.1:10256".to_owned(),
        // These are settings of the whole machine.
        "--conntrack-max-per-core=0".to_owned(),
        "--conntrack-tcp-timeout-established=0s".to_owned(),
        "--conntrack-tcp-timeout-close-wait=0s".to_owned(),
    ]
}
