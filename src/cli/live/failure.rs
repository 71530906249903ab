//! Why a request failed, and the remedy.

use crate::source::cluster::ListError;
use crate::watch::error::request_message;

/// What was asked of the API server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The verb, as in a Role.
    pub(super) verb: &'a str,
    /// The resource with its group, as in `deployments.apps`.
    pub(super) resource: &'a str,
    /// The namespace; `None` if all of the cluster was asked for.
    pub(super) namespace: Option<&'a str>,
}

/// The error for a request that failed.
pub(super) fn explained(server: &str, asked: Asked<'_>, error: &kube::Error) -> anyhow::Error {
    let message = request_message(error);
    let kube::Error::Api(status) = error else {
        return anyhow::anyhow!(
            "cannot reach the API server {server}: {message}; check the context, and that the cluster runs"
        );
    };
    let what = asked.resource;
    match status.code {
        401 => anyhow::anyhow!("{server} rejects the credentials of the kubeconfig: {message}; log in again"),
        403 => anyhow::anyhow!("forbidden: {}", forbidden(asked)),
        404 if what.ends_with(".podgraft.dev") => anyhow::anyhow!(
            "{server} has no resource {what}: podgraft is not installed in this cluster, or this is another context than intended"
        ),
        410 => anyhow::anyhow!("the list of {what} expired before its last page was read; run the command again"),
        _ => anyhow::anyhow!("{} {what}: {message}", asked.verb),
    }
}

/// The right that is missing, and what grants it.
fn forbidden(asked: Asked<'_>) -> String {
    let Asked { verb, resource, namespace } = asked;
    let place = namespace.map_or("in the whole cluster".to_owned(), |namespace| format!("in namespace {namespace}"));
    let remedy = match (resource, namespace) {
        ("clustercompanions.podgraft.dev", _) => {
            "ask for a ClusterRoleBinding to the ClusterRole view, or for the chart's value rbac.clusterCompanionsForAll, which grants it to all users"
        }
        ("mutatingwebhookconfigurations.admissionregistration.k8s.io", _) => {
            "a ClusterRoleBinding to the ClusterRole view grants `get` of podgraft's own, or to all users the chart's value rbac.clusterCompanionsForAll"
        }
        (_, None) => "use -n NAMESPACE, or ask for a ClusterRoleBinding to the ClusterRole view",
        ("companions.podgraft.dev", Some(_)) => {
            "ask for a RoleBinding to the ClusterRole view there, which includes it (ClusterRole podgraft-view of the chart, value rbac.aggregateToView)"
        }
        (_, Some(_)) => "ask for a RoleBinding to the ClusterRole view there",
    };
    format!("this user cannot {verb} {resource} {place}; {remedy}")
}

/// The error of a list of companions or Namespaces.
pub(super) fn of_list(server: &str, failed: &ListError) -> anyhow::Error {
    let ListError { verb, resource, namespace, error } = failed;
    let namespace = namespace.as_deref();
    match (*resource, namespace, error) {
        ("namespaces", Some(name), kube::Error::Api(status)) if status.code == 404 => {
            anyhow::anyhow!("namespace {name:?} not found")
        }
        _ => explained(server, Asked { verb, resource, namespace }, error),
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn answered(code: u16, message: &str) -> kube::Error {
        kube::Error::Api(Status { code, message: message.to_owned(), ..Status::default() }.boxed())
    }

    fn error(resource: &str, namespace: Option<&str>, error: &kube::Error) -> String {
        explained("https://cluster", Asked { verb: "list", resource, namespace }, error).to_string()
    }

    #[test]
    fn a_right_that_is_missing_is_named_with_what_grants_it() {
        let denied = answered(403, "no");
        let companions = error("companions.podgraft.dev", Some("shop"), &denied);
        assert!(companions.starts_with("forbidden: this user cannot list companions.podgraft.dev in namespace shop; "));
        assert!(companions.contains("rbac.aggregateToView"), "{companions}");
        assert!(error("clustercompanions.podgraft.dev", None, &denied).contains("rbac.clusterCompanionsForAll"));
        assert!(error("pods", None, &denied).contains("in the whole cluster; use -n NAMESPACE"));
        assert!(error("pods", Some("a"), &denied).ends_with("ask for a RoleBinding to the ClusterRole view there"));
    }

    #[test]
    fn other_failures_have_their_remedy() {
        for (code, resource, part) in [
            (401, "pods", "log in again"),
            (404, "clustercompanions.podgraft.dev", "podgraft is not installed"),
            (410, "pods", "run the command again"),
            (500, "pods", "list pods: broken"),
        ] {
            let message = error(resource, None, &answered(code, "broken"));
            assert!(message.contains(part), "{message}");
        }
        let silent = kube::Error::Service(Box::new(std::io::Error::other("connection refused")));
        let message = error("pods", None, &silent);
        assert!(message.contains("https://cluster") && message.contains("connection refused"), "{message}");
    }
}
