//! The built-in kinds with Pod templates.

/// Group, kind and the JSON pointer of the template.
pub(super) const BUILT_IN: [(&str, &str, &str); 9] = [
    ("", "Pod", ""),
    ("", "PodTemplate", "/template"),
    ("", "ReplicationController", "/spec/template"),
    ("apps", "Deployment", "/spec/template"),
    ("apps", "StatefulSet", "/spec/template"),
    ("apps", "DaemonSet", "/spec/template"),
    ("apps", "ReplicaSet", "/spec/template"),
    ("batch", "Job", "/spec/template"),
    ("batch", "CronJob", "/spec/jobTemplate/spec/template"),
];
/// Groups that contain only kinds of Kubernetes; `extensions` had Deployments until Kubernetes 1.16.
pub(super) const BUILT_IN_GROUPS: [&str; 9] = [
    "",
    "apps",
    "batch",
    "extensions",
    "autoscaling",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
];

/// The group of an apiVersion.
pub(super) fn group(version: &str) -> &str {
    version.split_once('/').map_or("", |(group, _)| group)
}

/// Where a built-in kind has its Pod template.
pub(super) fn template(group: &str, kind: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(g, k, _)| (*g, *k) == (group, kind)).map(|(.., template)| *template)
}
