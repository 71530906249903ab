//! What platforms do to an installation, and what the pages for them say.

use serde_json::{Value, json};

use crate::admission::injection::create;
use crate::cluster::{Cluster, OWN, printed, tree};
use crate::installation::IMAGE;
use crate::installation::operator::shell;
use crate::required::{forget, make_required, policies_stand};
use crate::support::screens::expect_screen;
use crate::tests;
use crate::workload::{companion, containers, template};

tests![
    requirements_that_a_platform_added_conflict_with_an_upgrade_unless_the_chart_renders_them_or_it_is_forced,
    namespaces_that_the_webhooks_leave_out_need_no_required_companion,
    the_objects_and_the_check_of_the_page_about_platforms_work,
];

pub const CLUSTER_WIDE: &str = "webhooks.clusterWide.enabled=true";

/// Whether the API server reaches podgraft.
const REACHED: &str =
    "kubectl run reached --image=none --dry-run=server --annotations=podgraft.dev/companions=none-such";
/// An upgrade by the values of the installation.
const UPGRADE: &str = "helm upgrade podgraft charts/podgraft -n podgraft-system --reset-then-reuse-values";

/// The configurations of the installation, with the kinds that kubectl knows.
const CONFIGURATIONS: [(&str, &str); 4] = [
    ("mutatingwebhookconfigurations", "podgraft-requested"),
    ("mutatingwebhookconfigurations", "podgraft-opted-in"),
    ("mutatingwebhookconfigurations", "podgraft-cluster-wide"),
    ("validatingwebhookconfigurations", "podgraft-preview"),
];

/// The values by which the chart renders [`added`].
pub const RENDERED: [&str; 2] = [
    "webhooks.namespaceMatchExpressions[0].key=control-plane",
    "webhooks.namespaceMatchExpressions[0].operator=DoesNotExist",
];

/// A requirement that the admissions enforcer of AKS adds.
fn added() -> Value {
    json!({"key": "control-plane", "operator": "DoesNotExist"})
}

async fn requirements_that_a_platform_added_conflict_with_an_upgrade_unless_the_chart_renders_them_or_it_is_forced(
    cluster: &Cluster,
) {
    cluster.install(&[CLUSTER_WIDE]).await;
    edit_as_the_enforcer(cluster).await;
    let failed = upgrade(cluster, &["--set", "log.level=debug"]);
    assert!(!failed.status.success());
    expect_screen("docs/platforms.md", UPGRADE, &String::from_utf8_lossy(&failed.stderr));

    cluster.install(&[&[CLUSTER_WIDE], &RENDERED[..]].concat()).await;
    expect_added(cluster, true).await;

    printed(upgrade(cluster, &["--force-conflicts"]));
    expect_added(cluster, false).await;
    printed(cluster.helm(["rollback", "podgraft", "--namespace", OWN, "--wait", "--timeout", "2m"]));
    expect_added(cluster, true).await;
    cluster.install(&[CLUSTER_WIDE]).await;
    expect_added(cluster, false).await;
    for webhook in cluster.get(&path(CONFIGURATIONS[0])).await.expect("a configuration")["webhooks"]
        .as_array()
        .into_iter()
        .flatten()
    {
        assert!(webhook["clientConfig"]["caBundle"].is_string(), "{webhook}");
    }
}

fn path((kind, name): (&str, &str)) -> String {
    format!("/apis/admissionregistration.k8s.io/v1/{kind}/{name}")
}

/// Appends a requirement to each namespaceSelector, under the name of the enforcer's field manager.
pub async fn edit_as_the_enforcer(cluster: &Cluster) {
    for configuration in CONFIGURATIONS {
        let mut object = cluster.get(&path(configuration)).await.expect("a configuration");
        for webhook in object["webhooks"].as_array_mut().expect("webhooks") {
            let selector = webhook["namespaceSelector"].as_object_mut().expect("a selector, if only an empty one");
            let all = selector.entry("matchExpressions").or_insert_with(|| json!([]));
            all.as_array_mut().expect("requirements").push(added());
        }
        let file = cluster.folder.join("enforced.json");
        std::fs::write(&file, object.to_string()).expect("a file");
        let file = file.display().to_string();
        printed(cluster.kubectl(["replace", "--field-manager=admissionsenforcer", "--filename", &file]));
    }
}

pub async fn expect_added(cluster: &Cluster, expected: bool) {
    for configuration in CONFIGURATIONS {
        let object = cluster.get(&path(configuration)).await.expect("a configuration");
        assert_eq!(object["metadata"]["annotations"]["admissions.enforcer/disabled"], "true", "{configuration:?}");
        let first = &object["webhooks"][0]["namespaceSelector"]["matchExpressions"];
        assert_eq!(first.as_array().expect("requirements").contains(&added()), expected, "{configuration:?}: {first}");
    }
}

fn upgrade(cluster: &Cluster, further: &[&str]) -> std::process::Output {
    let upgrade = ["upgrade", "podgraft", "charts/podgraft", "--namespace", OWN, "--reset-values", "--wait"];
    let values = ["--set", IMAGE, "--set", CLUSTER_WIDE, "--timeout", "3m"];
    cluster.helm([&upgrade[..], &values, further].concat())
}

async fn namespaces_that_the_webhooks_leave_out_need_no_required_companion(cluster: &Cluster) {
    let (left_out, other) = (cluster.namespace(json!({})).await, cluster.namespace(json!({})).await);
    let excluded = format!("excludedNamespaces={{{left_out}}}");
    let quick = "extraArgs={--policy-pause=500ms}";
    cluster.install(&[CLUSTER_WIDE, "requiredCompanions.enabled=true", quick, &excluded]).await;
    let mut guard = companion("guard");
    make_required(&mut guard, "guard");
    cluster.companion(&guard).await;
    policies_stand(cluster, "guard").await;
    let guarded = template(json!({"guarded-by": "guard"}), Value::Null);
    assert_eq!(containers(&create(cluster, &other, "guarded", &guarded).await), ["guard", "web"]);
    assert_eq!(containers(&create(cluster, &left_out, "left-out", &guarded).await), ["web"]);
    forget(cluster, "guard").await;
    cluster.install(&[CLUSTER_WIDE]).await;
}

async fn the_objects_and_the_check_of_the_page_about_platforms_work(cluster: &Cluster) {
    cluster.install(&[CLUSTER_WIDE]).await;
    let page = std::fs::read_to_string(tree().join("docs/platforms.md")).expect("the page");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let objects: Vec<&str> = blocks.filter(|block| block.starts_with("apiVersion: ")).collect();
    assert!(objects.len() >= 2, "the objects were found");
    for object in objects {
        let file = cluster.folder.join("page.yaml");
        std::fs::write(&file, object).expect("a file");
        let file = file.display().to_string();
        printed(cluster.kubectl(["create", "--dry-run=server", "--filename", &file]));
    }
    expect_screen("docs/platforms.md", REACHED, &shell(cluster, REACHED).err);
}
