//! The preview reviews the Pods that controllers create from a workload.

use podgraft::internals::admission;
use podgraft::internals::inject::snapshot::Snapshot;
use podgraft::internals::webhook::{Configuration, ConfigurationSet};
use serde_json::{Value, json};

use super::scene::{companions, pod, sidecars};
use crate::support::{Reply, review_of, snapshot_of};

/// The warnings of the preview of an object.
fn warnings(group: &str, kind: &str, object: &Value, snapshot: &Snapshot) -> Vec<String> {
    let mut review = review_of(object, "team");
    review["request"]["kind"] = json!({"group": group, "version": "v1", "kind": kind});
    let answer = admission::preview(review.to_string().as_bytes(), snapshot, |_| Vec::new(), |_| {});
    Reply::read(&answer).warnings
}

fn asking(companion: &str) -> Value {
    pod(json!({"podgraft.dev/companions": companion}))
}

#[test]
fn every_kind_with_a_pod_template_is_previewed() {
    let asks = asking("snyc");
    for (group, kind, object) in [
        ("argoproj.io", "Rollout", json!({"spec": {"template": asks}})),
        ("serving.knative.dev", "Service", json!({"spec": {"template": asks}})),
        ("keda.sh", "ScaledJob", json!({"spec": {"jobTemplate": {"spec": {"template": asks}}}})),
        ("argoproj.io", "Workflow", json!({"spec": {"groups": [{"template": asks}, {"template": asks}]}})),
    ] {
        let warnings = warnings(group, kind, &object, &companions());
        assert_eq!(warnings.len(), 1, "one warning per finding: {warnings:?}");
        assert!(warnings[0].starts_with(&format!("podgraft: Pods of this {kind} will be denied: ")), "{warnings:?}");
    }
    let policy = json!({"spec": {"template": asks}});
    assert!(warnings("admissionregistration.k8s.io", "X", &policy, &companions()).is_empty());
    let odd = json!({"spec": {"template": {"metadata": {}, "spec": {"containers": [5]}}}});
    assert!(warnings("example.com", "Odd", &odd, &companions()).is_empty(), "not a Pod template after all");
}

#[test]
fn the_preview_knows_claims_and_labels_of_controllers() {
    let mut asks = asking("sync");
    asks["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "www", "mountPath": "/srv/www"}]);
    let spec = json!({"template": asks, "volumeClaimTemplates": [{"metadata": {"name": "www"}}]});
    assert!(warnings("apps", "StatefulSet", &json!({"spec": spec}), &companions()).is_empty());
    let denied = warnings("apps", "Deployment", &json!({"spec": spec}), &companions());
    assert!(denied[0].contains("declares no volume of that name"), "{denied:?}");
    let selector = "  podSelector: {matchExpressions: [{key: pod-template-hash, operator: Exists}]}";
    let snapshot = sidecars(&[("only", selector)]);
    let object = json!({"spec": {"template": asking("only")}});
    assert!(warnings("apps", "Deployment", &object, &snapshot).is_empty());
    assert!(warnings("apps", "DaemonSet", &object, &snapshot)[0].contains("will be denied"));
}

#[test]
fn the_preview_does_not_announce_a_denial_where_a_companion_is_undecided() {
    let selector = "  podSelector: {matchExpressions: [{key: pod-template-hash, operator: NotIn, values: [abc]}]}";
    let object = json!({"spec": {"template": asking("only")}});
    let warnings = warnings("apps", "Deployment", &object, &sidecars(&[("only", selector)]));
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert!(warning.starts_with("podgraft: companion only: undecided: "), "{warning}");
    assert!(warning.contains("the webhook may inject this companion or deny the Pod"), "{warning}");
}

#[test]
fn the_preview_has_the_token_and_keeps_the_pull_secrets_of_the_service_account() {
    let shared = "  sharedVolumes: [{name: v, companion: {mountPath: /in}, app: {mountPath: /var/run}}]";
    let snapshot = sidecars(&[("run", shared), ("pulls", "  imagePullSecrets: [{name: registry}]")]);
    let preview =
        |companion| warnings("apps", "Deployment", &json!({"spec": {"template": asking(companion)}}), &snapshot);
    assert!(preview("run")[0].contains("where Kubernetes mounts the Pod's token"), "{:?}", preview("run"));
    assert!(preview("pulls").is_empty(), "{:?}", preview("pulls"));
}

#[test]
fn keys_above_the_template_are_found_at_each_level() {
    let metadata = json!({"labels": {"podgraft.dev/inject": "enabled"}});
    let spec = json!({"jobTemplate": {"metadata": metadata, "spec": {"template": pod(json!({}))}}});
    let of_job = warnings("batch", "CronJob", &json!({"spec": spec}), &companions());
    assert!(of_job[0].contains("is set on spec.jobTemplate of the CronJob"), "{of_job:?}");
    let object = json!({"metadata": metadata, "spec": {"template": pod(json!({}))}});
    let of_rollout = warnings("argoproj.io", "Rollout", &object, &companions());
    assert!(of_rollout[0].contains("move it to spec.template.metadata.labels"), "{of_rollout:?}");
}

#[test]
fn keys_outside_of_templates_are_reported_where_they_have_no_effect() {
    let ours = json!({"annotations": {"podgraft.dev/companions": "sync"}});
    let workflow = json!({"metadata": ours, "spec": {"podMetadata": ours, "templates": [{"metadata": ours}]}});
    let of_workflow = warnings("argoproj.io", "Workflow", &workflow, &companions());
    assert_eq!(of_workflow.len(), 1, "controllers may copy metadata from inside to Pods: {of_workflow:?}");
    assert!(
        of_workflow[0].contains("is set on the Workflow, in which podgraft finds no Pod template"),
        "{of_workflow:?}"
    );
    let claims = json!([{"metadata": ours}, {"metadata": ours}, {"metadata": ours}]);
    let set = json!({"spec": {"template": pod(json!({})), "volumeClaimTemplates": claims}});
    let of_set = warnings("apps", "StatefulSet", &set, &companions());
    assert!(
        of_set[1].contains("in spec.volumeClaimTemplates[1].metadata.annotations of the StatefulSet"),
        "{of_set:?}"
    );
    assert!(of_set[2].contains("in total, 3 annotations"), "{of_set:?}");
    let job = warnings("batch", "CronJob", &json!({"metadata": ours}), &companions());
    assert!(job[0].ends_with("move it to spec.jobTemplate.spec.template.metadata.annotations"), "{job:?}");
}

#[test]
fn keys_that_the_policies_of_hints_report_are_not_reported_again() {
    let ours = json!({"annotations": {"podgraft.dev/companions": "sync"}});
    let claims = json!([{"metadata": ours}]);
    let set = json!({"metadata": ours, "spec": {"template": pod(json!({})), "volumeClaimTemplates": claims}});
    let mut snapshot = companions();
    assert_eq!(warnings("apps", "StatefulSet", &set, &snapshot).len(), 2);
    snapshot.settings.hints = true;
    let with_hints = warnings("apps", "StatefulSet", &set, &snapshot);
    assert_eq!(with_hints.len(), 1, "{with_hints:?}");
    assert!(with_hints[0].contains("in spec.volumeClaimTemplates[0].metadata.annotations"), "{with_hints:?}");
    assert!(warnings("argoproj.io", "Workflow", &json!({"metadata": ours}), &snapshot).is_empty());
}

#[test]
fn a_long_denial_is_previewed_with_its_remedy() {
    let long = |letter: &str| letter.repeat(60);
    let shared = format!(
        "  sharedVolumes: [{{name: v, companion: {{mountPath: /in}}, app: {{mountPath: /srv/{}/{}}}}}]",
        long("a"),
        long("b")
    );
    let snapshot = sidecars(&[("far", &shared)]);
    let mut asks = asking("far");
    asks["spec"]["containers"][0]["volumeMounts"] =
        json!([{"name": "own", "mountPath": format!("/srv/{}", long("a"))}]);
    asks["spec"]["volumes"] = json!([{"name": "own", "hostPath": {"path": "/x"}}]);
    let denied = warnings("apps", "Deployment", &json!({"spec": {"template": asks}}), &snapshot);
    assert!(denied[0].chars().count() > 256 && !denied[0].ends_with('…'), "{denied:?}");
}

#[test]
fn each_cause_of_a_denial_has_a_warning_and_many_are_counted() {
    let preview = |names: &str| {
        let object = json!({"spec": {"template": asking(names)}});
        warnings("apps", "Deployment", &object, &companions())
    };
    let two = preview("one,two");
    assert_eq!(two.len(), 2, "{two:?}");
    for (warning, name) in two.iter().zip(["one", "two"]) {
        let start = format!("podgraft: Pods of this Deployment will be denied: companion {name}: not available");
        assert!(warning.starts_with(&start), "{warning}");
    }
    let seven = preview("one,two,three,four,five,six,seven");
    assert_eq!(seven.len(), 5, "{seven:?}");
    assert_eq!(seven[4], "podgraft: Pods of this Deployment will be denied for 3 more reasons");
}

/// A namespace that is opted in and one that is not, a companion to request, and automatic ones.
const NAMESPACES: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: team}
---
apiVersion: v1
kind: Namespace
metadata: {name: opted, labels: {podgraft.dev/inject: enabled}}
---
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: sync}
spec:
  pattern: Sidecar
  containers: [{name: sync, image: "registry.example/sync:v1"}]
---
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: audit}
spec:
  pattern: Sidecar
  activation: ACTIVATION
  containers: [{name: audit, image: "registry.example/audit:v1"}]
"#;

/// The warnings about a Deployment where configurations do not exist.
fn warnings_without(missing: &[Configuration], activation: &str, namespace: &str, template: &Value) -> Vec<String> {
    let mut snapshot = snapshot_of(&NAMESPACES.replace("ACTIVATION", activation));
    snapshot.settings.missing = ConfigurationSet::of(missing);
    // Only with required companions the chart installs that webhook.
    snapshot.settings.required = !missing.contains(&Configuration::OptedOut);
    let mut review = review_of(&json!({"spec": {"template": template}}), namespace);
    review["request"]["kind"] = json!({"group": "apps", "version": "v1", "kind": "Deployment"});
    Reply::read(&admission::preview(review.to_string().as_bytes(), &snapshot, |_| Vec::new(), |_| {})).warnings
}

#[test]
fn a_webhook_configuration_that_does_not_exist_is_reported_instead_of_a_denial() {
    use Configuration::{ClusterWide, OptedIn, OptedOut, Preview, Requested};
    let missing = |name: &str| {
        vec![format!(
            "podgraft: webhook configuration podgraft-{name} does not exist: Pods of this Deployment are created without \
             companions; ask the platform team to run helm upgrade, which restores it"
        )]
    };
    let (plain, right, wrong) = (pod(json!({})), asking("sync"), asking("snyc"));
    let of = |missing: &[Configuration], namespace, template| {
        warnings_without(missing, "OptedInNamespaces", namespace, template)
    };
    assert_eq!(of(&[], "team", &right), [""; 0]);
    assert!(of(&[OptedIn, ClusterWide, OptedOut, Preview], "team", &wrong)[0].contains("will be denied"));
    for template in [&right, &wrong] {
        assert_eq!(of(&[Requested], "team", template), missing("requested"));
        assert_eq!(of(&[Requested], "opted", template), missing("requested"));
    }
    assert_eq!(of(&[Requested, OptedIn], "opted", &plain), missing("opted-in"));
    assert_eq!(of(&[Requested, OptedIn], "team", &plain), [""; 0], "no companion is meant for these Pods");
    let mut out = right.clone();
    out["metadata"]["labels"] = json!({"podgraft.dev/inject": "disabled"});
    let label = "podgraft: label podgraft.dev/inject is \"disabled\": only required companions are injected; remove the label to get others (OptedOut)";
    assert_eq!(of(&[Requested, OptedOut], "team", &out), [label]);
}

#[test]
fn a_missing_cluster_wide_webhook_is_reported_to_users_only_where_a_required_companion_is_lost() {
    let (missing, plain) = ([Configuration::ClusterWide], pod(json!({})));
    let automatic = warnings_without(&missing, "ClusterWide", "team", &plain);
    assert_eq!(automatic, [""; 0], "the status of the companion says so");
    let required = warnings_without(&missing, "ClusterWide\n  required: true", "team", &plain);
    let expected = "podgraft: webhook configuration podgraft-cluster-wide does not exist: Pods of this Deployment will be \
                    denied, because they lack a required companion; ";
    assert!(required.len() == 1 && required[0].starts_with(expected), "{required:?}");
}

#[test]
fn a_companion_that_pod_security_denies_in_the_namespace_is_reported() {
    let namespace = |level: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team\n  labels: {{pod-security.kubernetes.io/enforce: {level}}}\n"
        )
    };
    let companion = |context: &str| {
        format!(
            "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {{name: note}}\nspec:\n  pattern: Sidecar\n  containers:\n  \
             - {{name: note, image: 'note:1', securityContext: {{{context}}}}}\n"
        )
    };
    let own = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    let preview = |level: &str, context: &str, pod_context: &Value, host_users: Option<bool>| {
        let mut template = asking("note");
        template["spec"]["securityContext"] = pod_context.clone();
        if let Some(host_users) = host_users {
            template["spec"]["hostUsers"] = host_users.into();
        }
        let snapshot = snapshot_of(&format!("{}---\n{}", namespace(level), companion(context)));
        warnings("apps", "Deployment", &json!({"spec": {"template": template}}), &snapshot)
    };
    let none = json!({});
    let denied = preview("restricted", "", &none, None);
    assert_eq!(
        denied,
        [
            "podgraft: Pods of this Deployment will be denied by Pod Security level restricted, which namespace team enforces: companion \
          note violates it (spec.containers[0].securityContext); ask the author of the companion to run `podgraft validate`, which \
          reports how to fix it"
        ]
    );
    let inherits = "allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}";
    for (level, context, pod_context, host_users, is_denied) in [
        ("baseline", "", &none, None, false),
        ("privileged", "privileged: true", &none, None, false),
        ("baseline", "privileged: true", &none, None, true),
        ("restricted", inherits, &none, None, true),
        ("restricted", inherits, &own, None, false),
        ("restricted", inherits, &json!({"seccompProfile": {"type": "RuntimeDefault"}}), None, true),
        ("restricted", inherits, &json!({"seccompProfile": {"type": "RuntimeDefault"}}), Some(false), false),
        ("restricted", &format!("{inherits}, runAsUser: 0"), &own, None, true),
        ("restricted", &format!("{inherits}, runAsUser: 0"), &own, Some(false), false),
    ] {
        let found = preview(level, context, pod_context, host_users);
        assert_eq!(found.len(), usize::from(is_denied), "{level} {context} {pod_context} {host_users:?}: {found:?}");
    }
    let two = preview("baseline", "privileged: true, seLinuxOptions: {user: u}", &none, None);
    assert!(two[0].contains("(spec.containers[0].securityContext.seLinuxOptions.user and 1 more)"), "{two:?}");
    let elsewhere = json!({"spec": {"template": asking("other")}});
    let snapshot = snapshot_of(&format!("{}---\n{}", namespace("restricted"), companion("")));
    assert!(!warnings("apps", "Deployment", &elsewhere, &snapshot)[0].contains("Pod Security"), "it is not injected");
}
