//! What users may do with companions by the roles that Kubernetes has for people.

use serde_json::json;

use crate::cluster::Cluster;
use crate::tests;

tests![the_roles_view_and_admin_include_companions_of_the_namespace];

async fn the_roles_view_and_admin_include_companions_of_the_namespace(cluster: &Cluster) {
    let namespace = cluster.namespace(json!({})).await;
    for role in ["view", "edit", "admin"] {
        let binding = json!({
            "metadata": {"name": role},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": format!("{role}-of-{namespace}")}],
        });
        let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings");
        cluster.create(&path, &binding).await.expect(role);
    }
    let may = |role: &str, verb: &str, resource: &str| {
        let user = format!("{role}-of-{namespace}");
        let answer = cluster.kubectl(["auth", "can-i", verb, resource, "--namespace", &namespace, "--as", &user]);
        String::from_utf8_lossy(&answer.stdout).trim() == "yes"
    };
    // The controller that aggregates roles needs a moment after the installation.
    cluster
        .eventually("the aggregated role", async || may("view", "list", "companions.podgraft.dev").then_some(()))
        .await;
    cluster
        .eventually("the aggregated role", async || may("admin", "create", "companions.podgraft.dev").then_some(()))
        .await;
    for (role, verb, resource, expected) in [
        ("edit", "list", "companions.podgraft.dev", true),
        ("admin", "list", "companions.podgraft.dev", true),
        ("admin", "delete", "companions.podgraft.dev", true),
        ("edit", "create", "companions.podgraft.dev", false),
        ("view", "create", "companions.podgraft.dev", false),
        ("nobody", "list", "companions.podgraft.dev", false),
    ] {
        assert_eq!(may(role, verb, resource), expected, "{role} {verb} {resource}");
    }
    // A RoleBinding never grants objects of the cluster.
    let listed = cluster.kubectl(["get", "clustercompanions", "--as", &format!("admin-of-{namespace}")]);
    assert!(String::from_utf8_lossy(&listed.stderr).contains("Forbidden"), "{listed:?}");
}
