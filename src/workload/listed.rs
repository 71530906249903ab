//! The built-in kinds of workloads that commands and the preview list, by the names that kubectl has for them.

/// A built-in kind with a Pod template, or Pods.
#[derive(Debug, PartialEq, Eq)]
pub struct WorkloadKind {
    /// The group; empty for the core group.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The name of the resource.
    pub plural: &'static str,
    /// The singular, and short names.
    aliases: &'static [&'static str],
}

const fn of(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    aliases: &'static [&'static str],
) -> WorkloadKind {
    WorkloadKind { group, version: "v1", kind, plural, aliases }
}

/// All of them. Those from which others are made precede these.
pub const WORKLOADS: [WorkloadKind; 8] = [
    of("apps", "Deployment", "deployments", &["deployment", "deploy"]),
    of("apps", "StatefulSet", "statefulsets", &["statefulset", "sts"]),
    of("apps", "DaemonSet", "daemonsets", &["daemonset", "ds"]),
    of("apps", "ReplicaSet", "replicasets", &["replicaset", "rs"]),
    of("", "ReplicationController", "replicationcontrollers", &["replicationcontroller", "rc"]),
    of("batch", "CronJob", "cronjobs", &["cronjob", "cj"]),
    of("batch", "Job", "jobs", &["job"]),
    of("", "Pod", "pods", &["pod", "po"]),
];

impl WorkloadKind {
    /// The kind with a name as kubectl accepts it: plural, singular or short, in any case, with or without version and group,
    /// such as `deploy` and `deployments.v1.apps`.
    #[must_use]
    pub fn named(word: &str) -> Option<&'static WorkloadKind> {
        let word = word.to_ascii_lowercase();
        let (name, of) = word.split_once('.').map_or((&*word, None), |(name, of)| (name, Some(of)));
        let is_of = |kind: &WorkloadKind| {
            of.is_none_or(|of| of == kind.group || of.split_once('.') == Some((kind.version, kind.group)))
        };
        WORKLOADS.iter().find(|kind| (name == kind.plural || kind.aliases.contains(&name)) && is_of(kind))
    }

    /// `apps/v1`, or `v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`, or `pods`.
    #[must_use]
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// The path of its objects in a namespace, or in all.
    #[must_use]
    pub fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "api" } else { "apis" };
        let namespace = namespace.map_or(String::new(), |namespace| format!("namespaces/{namespace}/"));
        format!("/{root}/{}/{namespace}{}", self.api_version(), self.plural)
    }
}

#[cfg(test)]
mod tests {
    use super::WorkloadKind;

    #[test]
    fn a_kind_has_the_names_that_kubectl_has_for_it() {
        let resource = |word: &str| WorkloadKind::named(word).map(WorkloadKind::resource);
        for word in ["deploy", "deployment", "Deployments", "deployment.apps", "deployments.v1.apps"] {
            assert_eq!(resource(word).as_deref(), Some("deployments.apps"), "{word}");
        }
        assert_eq!(resource("po").as_deref(), Some("pods"));
        for word in ["", "rollout", "deployment.extensions", "deployment.v1beta1.apps", "pod.apps", "svc"] {
            assert_eq!(resource(word), None, "{word}");
        }
    }

    #[test]
    fn paths_are_those_of_the_api() {
        let path = |word: &str, namespace| WorkloadKind::named(word).map(|kind| kind.path(namespace));
        assert_eq!(path("pods", Some("shop")).as_deref(), Some("/api/v1/namespaces/shop/pods"));
        assert_eq!(path("cj", None).as_deref(), Some("/apis/batch/v1/cronjobs"));
    }
}
