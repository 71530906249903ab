//! The installation that is checked: its name and namespace, and the settings that its Deployment shows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::finding::ObjectName;

/// The label that every object of the chart has, and its value.
pub(super) const PART_OF: (&str, &str) = ("app.kubernetes.io/part-of", "podgraft");
/// The label with the name of the Helm release.
const RELEASE: &str = "app.kubernetes.io/instance";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Where an installation is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) struct InstalledAt {
    /// The name of its Deployment and its Service, with which the names of its other objects begin.
    pub(in crate::cli) name: String,
    pub(in crate::cli) namespace: String,
}

/// An installation, and the settings that its Deployment shows.
#[derive(Debug, Clone)]
pub(super) struct InstallationSettings {
    pub(super) at: InstalledAt,
    /// Whether required companions are enabled.
    pub(super) required: bool,
    /// Whether the policies of hints are installed.
    pub(super) hints: bool,
    pub(super) previews: PreviewSettings,
    /// Whether podgraft issues its certificates and writes each `caBundle`.
    pub(super) self_managed: bool,
    /// The Secret with the serving certificate, where the Deployment names one.
    pub(super) secret: Option<String>,
    /// The ConfigMap with further companions, where there is one.
    pub(super) files: Option<String>,
    /// Further namespaces whose Pods are not reviewed.
    pub(super) excluded_namespaces: Vec<Box<str>>,
    pub(super) service_account: String,
    /// How to restore an object of the chart.
    pub(super) restore: String,
}

/// What previews look up in the cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct PreviewSettings {
    pub(super) existing_workloads: bool,
    pub(super) namespace_limits: bool,
}

/// The installations that Deployments with the label `app.kubernetes.io/part-of: podgraft` and webhook configurations
/// show. A configuration that remains after its Deployment was deleted still affects Pods.
pub(in crate::cli) fn installations(deployments: &[Value], configurations: &[Value]) -> BTreeSet<InstalledAt> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let of_deployments = deployments.iter().filter(|object| is_part_of(object)).filter_map(|object| {
        let metadata = &object["metadata"];
        Some(InstalledAt { name: text(&metadata["name"])?, namespace: text(&metadata["namespace"])? })
    });
    let of_configurations = configurations.iter().filter(|object| is_part_of(object)).filter_map(|object| {
        let service = &object["webhooks"][0]["clientConfig"]["service"];
        Some(InstalledAt { name: text(&service["name"])?, namespace: text(&service["namespace"])? })
    });
    of_deployments.chain(of_configurations).collect()
}

fn is_part_of(object: &Value) -> bool {
    object["metadata"]["labels"][PART_OF.0] == PART_OF.1
}

impl InstallationSettings {
    /// Reads the arguments of the Deployment; without one, an installation with the defaults of the chart.
    pub(super) fn read(at: InstalledAt, deployment: Option<&Value>) -> Self {
        let none = Value::Null;
        let deployment = deployment.unwrap_or(&none);
        let pod = &deployment["spec"]["template"]["spec"];
        let arguments: Vec<&str> = strings(&pod["containers"][0]["args"]).collect();
        let values = |flag: &'static str| {
            arguments.iter().filter_map(move |argument| argument.strip_prefix(flag)?.strip_prefix('='))
        };
        let value = |flag| values(flag).next();
        let has = |flag: &str| arguments.contains(&flag);
        let volume = |name: &str| pod["volumes"].as_array()?.iter().find(|volume| volume["name"] == name);
        let in_volume = || volume(CERTIFICATES)?["secret"]["secretName"].as_str();
        let self_managed = deployment.is_null() || value("--cert-secret").is_some();
        let secret = value("--cert-secret").or_else(in_volume).map(str::to_owned);
        InstallationSettings {
            required: has("--required-companions"),
            hints: has("--hints"),
            previews: PreviewSettings {
                existing_workloads: has("--preview-existing-workloads"),
                namespace_limits: has("--preview-namespace-limits"),
            },
            self_managed,
            secret: secret.or_else(|| deployment.is_null().then(|| format!("{}-certificate", at.name))),
            files: volume(COMPANIONS).and_then(|volume| Some(volume["configMap"]["name"].as_str()?.to_owned())),
            excluded_namespaces: values("--excluded-namespace").map(Box::from).collect(),
            service_account: pod["serviceAccountName"].as_str().unwrap_or("default").to_owned(),
            restore: restore(deployment, &at.namespace),
            at,
        }
    }

    /// An object of podgraft's namespace.
    pub(super) fn object(&self, kind: &'static str) -> ObjectName {
        ObjectName::namespaced(kind, &self.at.namespace, &*self.at.name)
    }
}

/// The chart's volume with the serving certificate, where podgraft does not issue it.
const CERTIFICATES: &str = "certs";
/// The chart's volume with the value `companionFiles`.
const COMPANIONS: &str = "companions";

fn restore(deployment: &Value, namespace: &str) -> String {
    let labels = &deployment["metadata"]["labels"];
    match (labels[MANAGED_BY].as_str(), labels[RELEASE].as_str()) {
        (Some("Helm") | None, Some(release)) => {
            format!(
                "helm get manifest {release} -n {namespace} | \
                 kubectl apply --server-side --force-conflicts --field-manager helm -f -"
            )
        }
        _ => "kubectl apply --server-side --force-conflicts -f install.yaml".to_owned(),
    }
}

/// The strings of an array.
pub(super) fn strings(array: &Value) -> impl Iterator<Item = &str> {
    array.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use std::slice;

    use serde_json::json;

    use super::*;

    #[test]
    fn an_installation_is_found_by_its_deployment_and_by_the_configurations_that_remain_without_it() {
        let labels = json!({"app.kubernetes.io/part-of": "podgraft"});
        let deployment = json!({"metadata": {"name": "one", "namespace": "a", "labels": labels}});
        let other = json!({"metadata": {"name": "web", "namespace": "shop", "labels": {}}});
        let service = json!({"name": "two", "namespace": "b", "path": "/"});
        let configuration =
            json!({"metadata": {"labels": labels}, "webhooks": [{"clientConfig": {"service": service}}]});
        let of_others = json!({"metadata": {}, "webhooks": [{"clientConfig": {"service": service}}]});
        let found = |deployments: &[Value], configurations: &[Value]| {
            installations(deployments, configurations).into_iter().map(|i| i.name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found(&[deployment.clone(), other.clone()], &[]), "one");
        assert_eq!(found(&[deployment], slice::from_ref(&configuration)), "one two");
        assert_eq!(found(&[other], &[of_others]), "");
        assert_eq!(found(&[], &[configuration.clone(), configuration]), "two");
    }

    #[test]
    fn settings_are_read_from_the_arguments_of_the_deployment() {
        let at = || InstalledAt { name: "podgraft".into(), namespace: "own".into() };
        let of = |args: Value, volumes: Value| {
            let pod = json!({"serviceAccountName": "sa", "containers": [{"args": args}], "volumes": volumes});
            let deployment = json!({"metadata": {}, "spec": {"template": {"spec": pod}}});
            InstallationSettings::read(at(), Some(&deployment))
        };
        let managed = of(json!(["serve", "--cert-secret=s", "--required-companions", "--hints"]), json!([]));
        assert!(managed.self_managed && managed.required && managed.hints);
        assert_eq!(managed.secret.as_deref(), Some("s"));
        let volumes = json!([
            {"name": "certs", "secret": {"secretName": "mine"}}, {"name": "companions", "configMap": {"name": "more"}},
        ]);
        let files = of(json!(["serve", "--cert-dir=/certs"]), volumes);
        assert!(!files.self_managed && !files.required && !files.hints);
        assert_eq!((files.secret.as_deref(), &*files.service_account), (Some("mine"), "sa"));
        assert_eq!((files.files.as_deref(), managed.files), (Some("more"), None));
    }
}
