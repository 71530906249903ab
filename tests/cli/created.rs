//! Workloads are reviewed as the Pods that controllers create from them.

use super::{Folder, Run};

/// A companion `part`, with more of a specification.
fn companion(more: &str) -> String {
    format!(
        "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {{name: part}}\nspec:\n  pattern: Sidecar\n  containers:\n  - {{name: part, image: \"registry.example/part:v1\"}}\n{more}\n"
    )
}

/// A workload whose Pods request the companion.
fn workload(kind: &str, more: &str, pod: &str) -> String {
    let version = if kind.ends_with("Job") { "batch/v1" } else { "apps/v1" };
    let template = format!(
        "template: {{metadata: {{annotations: {{podgraft.dev/companions: part}}}}, spec: {{containers: [{{name: app, image: \"app:1\"{pod}}}]}}}}"
    );
    let template = template.replace("spec: {containers", "spec: {restartPolicy: Never, containers");
    let template = if kind.ends_with("Job") { template } else { template.replace("restartPolicy: Never, ", "") };
    let template = if kind == "CronJob" { format!("jobTemplate: {{spec: {{{template}}}}}") } else { template };
    format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{{template}{more}}}\n")
}

fn run(command: &str, more: &str, workload: &str) -> Run {
    let folder = Folder::new().with("part.yaml", &companion(more)).with("web.yaml", workload);
    folder.run(&format!("{command} -f web.yaml -c part.yaml"))
}

const SHARED: &str = "  sharedVolumes:\n  - {name: v, companion: {mountPath: /in}, app: {mountPath: /data}}";
const MOUNTED: &str = ", volumeMounts: [{name: data, mountPath: /data}]";

#[test]
fn a_companion_joins_the_claim_of_a_stateful_set() {
    let claims = ", volumeClaimTemplates: [{metadata: {name: data}, spec: {}}]";
    let joined = run("inject", SHARED, &workload("StatefulSet", claims, MOUNTED));
    assert_eq!(joined.code, 0, "{}", joined.err);
    assert!(joined.out.contains("name: data") && !joined.out.contains("part-v"), "{}", joined.out);
    let shadowed = workload("StatefulSet", claims, MOUNTED)
        .replace("spec: {containers", "spec: {volumes: [{name: data, configMap: {name: c}}], containers");
    assert_eq!(run("inject", SHARED, &shadowed).code, 0, "the claim replaces the volume of the template");
    let unused = ", volumeClaimTemplates: [{metadata: {name: part-v}, spec: {}}]";
    let taken = run("explain", SHARED, &workload("StatefulSet", unused, ""));
    assert!(taken.out.contains("VolumeNameConflict: duplicate value \"part-v\""), "{}", taken.out);
}

#[test]
fn a_volume_that_is_mounted_and_not_declared_is_named_as_the_cause() {
    for kind in ["Deployment", "StatefulSet"] {
        let page = run("explain", SHARED, &workload(kind, "", MOUNTED));
        assert_eq!(page.code, 1);
        let sentence =
            "cannot share volume data, which container app mounts at /data: the Pod declares no volume of that name";
        assert!(page.out.contains(sentence), "{}", page.out);
    }
}

#[test]
fn labels_that_controllers_set_are_known_by_kind() {
    let outcome = |kind: &str, more: &str, requirement: &str| {
        let selector = format!("  podSelector: {{matchExpressions: [{{{requirement}}}]}}");
        let page = run("explain", &selector, &workload(kind, more, ""));
        let outcomes = ["Injected", "NotAvailable", "SelectorUndecided"];
        outcomes.into_iter().find(|outcome| page.out.contains(outcome)).unwrap_or_default()
    };
    let not_for_jobs = "key: batch.kubernetes.io/job-name, operator: DoesNotExist";
    assert_eq!(outcome("Job", "", not_for_jobs), "NotAvailable");
    assert_eq!(outcome("CronJob", "", not_for_jobs), "NotAvailable");
    assert_eq!(outcome("Job", ", manualSelector: true", not_for_jobs), "Injected");
    assert_eq!(outcome("Deployment", "", not_for_jobs), "Injected");
    assert_eq!(outcome("Deployment", "", "key: pod-template-hash, operator: Exists"), "Injected");
    assert_eq!(outcome("ReplicaSet", "", "key: pod-template-hash, operator: Exists"), "NotAvailable");
    assert_eq!(outcome("Job", "", "key: job-name, operator: In, values: [web]"), "Injected");
    assert_eq!(outcome("Job", "", "key: job-name, operator: NotIn, values: [web]"), "NotAvailable");
    assert_eq!(outcome("CronJob", "", "key: job-name, operator: In, values: [web]"), "SelectorUndecided");
    assert_eq!(outcome("Job", "", "key: controller-uid, operator: NotIn, values: [web]"), "SelectorUndecided");
    assert_eq!(
        outcome("StatefulSet", "", "key: apps.kubernetes.io/pod-index, operator: In, values: [\"0\"]"),
        "SelectorUndecided"
    );
}

const UNDECIDED: &str = "  podSelector: {matchExpressions: [{key: pod-template-hash, operator: NotIn, values: [abc]}]}";

#[test]
fn nothing_is_written_where_a_requested_companion_is_undecided() {
    let deployment = workload("Deployment", "", "");
    let written = run("inject", UNDECIDED, &deployment);
    assert_eq!((written.code, &*written.out), (1, ""), "{}", written.err);
    let sentence = "companion part: undecided: podSelector depends on label pod-template-hash, whose value a controller will set; the webhook may inject this companion or deny the Pod; ask the platform team to use Exists or DoesNotExist there";
    assert!(written.err.contains(sentence), "{}", written.err);
    assert_eq!(run("explain", UNDECIDED, &deployment).code, 1);
    assert_eq!(run("validate", UNDECIDED, &deployment).code, 1);
    let both = format!("{deployment}---\n{}", workload("DaemonSet", "", ""));
    let written = run("inject --keep-going", UNDECIDED, &both);
    assert!(written.out.contains("kind: DaemonSet") && !written.out.contains("kind: Deployment"), "{}", written.out);
    assert_eq!(written.code, 1, "{}", written.err);
}

#[test]
fn nothing_is_written_where_a_required_companion_is_undecided() {
    let required = format!("{UNDECIDED}\n  required: true\n  activation: ClusterWide");
    let silent = workload("Deployment", "", "").replace("annotations: {podgraft.dev/companions: part}", "");
    let written = run("inject", &required, &silent);
    assert_eq!((written.code, &*written.out), (1, ""), "{}", written.err);
    assert!(written.err.contains("the webhook may inject this companion, or not"), "{}", written.err);
}

#[test]
fn a_volume_named_like_one_of_the_companion_may_be_a_claim() {
    let claims = ", volumeClaimTemplates: [{metadata: {name: part-v}, spec: {}}]";
    let page = run("explain", SHARED, &workload("StatefulSet", claims, ""));
    assert!(page.out.contains("rename the Pod's volume, or the StatefulSet's claim template"), "{}", page.out);
}

#[test]
fn an_automatic_companion_that_selects_by_an_unknown_value_is_reported() {
    let automatic = "  activation: ClusterWide\n  podSelector: {matchLabels: {pod-template-hash: abc}}";
    let silent = |kind| workload(kind, "", "").replace("annotations: {podgraft.dev/companions: part}", "");
    let page = run("explain", automatic, &silent("Deployment"));
    assert!(page.out.contains("SelectorUndecided") && page.out.contains("pod-template-hash"), "{}", page.out);
    assert_eq!(page.code, 0, "{}", page.err);
    assert_eq!(run("inject", automatic, &silent("Deployment")).code, 0, "the webhook admits the Pods in any case");
    let page = run("explain", automatic, &silent("ReplicaSet"));
    assert!(!page.out.contains("SelectorUndecided"), "{}", page.out);
}

#[test]
fn a_path_that_meets_the_token_conflicts_in_a_template() {
    let token = "/var/run/secrets/kubernetes.io/serviceaccount";
    let outcome = |path: &str, pod: &str| {
        let shared = SHARED.replace("/data", path);
        let workload = workload("Deployment", "", "").replace("spec: {containers", &format!("spec: {{{pod}containers"));
        run("explain", &shared, &workload).out.contains("TokenPathConflict")
    };
    for path in ["/var", "/var/run", token, &format!("{token}/more")] {
        assert!(outcome(path, ""), "{path}");
        assert!(!outcome(path, "automountServiceAccountToken: false, "), "{path}");
    }
    assert!(!outcome("/run", "") && !outcome("/var/running", ""));
}

#[test]
fn a_companion_that_uses_the_token_of_a_pod_without_one_is_reported() {
    let off = "automountServiceAccountToken: false, ";
    let pod = workload("Deployment", "", "").replace("spec: {containers", &format!("spec: {{{off}containers"));
    let token = "  serviceAccountToken: true";
    assert!(run("explain", token, &pod).out.contains("this companion uses the Pod's token"));
    assert!(!run("explain", "", &pod).out.contains("token"));
    assert!(!run("explain", token, &pod.replace("false", "true")).out.contains("uses the Pod's token"));
}

#[test]
fn a_list_of_pull_secrets_that_is_created_is_reported_by_the_command_that_writes_it() {
    let secrets = "  imagePullSecrets: [{name: registry}]";
    let with =
        |list: &str| workload("Deployment", "", "").replace("spec: {containers", &format!("spec: {{{list}containers"));
    for list in ["", "imagePullSecrets: null, ", "imagePullSecrets: [], "] {
        let written = run("inject", secrets, &with(list));
        assert_eq!(written.err.matches("pull secrets of the ServiceAccount").count(), 1, "{list}: {}", written.err);
    }
    assert!(!run("inject", secrets, &with("imagePullSecrets: [{name: own}], ")).err.contains("ServiceAccount"));
    assert!(!run("validate", secrets, &with("")).out.contains("ServiceAccount"));
}

#[test]
fn keys_on_the_template_of_a_job_are_misplaced() {
    let job = workload("CronJob", "", "")
        .replace("jobTemplate: {spec", "jobTemplate: {metadata: {labels: {podgraft.dev/inject: enabled}}, spec");
    let expected = "label podgraft.dev/inject is set on spec.jobTemplate of the CronJob, not on its Pod template, and has no effect; move it to spec.jobTemplate.spec.template.metadata.labels";
    for command in ["explain", "inject", "validate"] {
        let Run { out, err, .. } = run(command, "", &job);
        assert_eq!(format!("{out}{err}").matches(expected).count(), 1, "{command}: {out}{err}");
    }
}

#[test]
fn labels_of_other_controllers_are_known() {
    let outcome = |version: &str, kind: &str, requirement: &str| {
        let selector = format!("  podSelector: {{matchExpressions: [{{{requirement}}}]}}");
        let object = workload(kind, "", "").replace("apps/v1", version);
        let page = run("explain", &selector, &object);
        let outcomes = ["Injected", "NotAvailable", "SelectorUndecided"];
        outcomes.into_iter().find(|outcome| page.out.contains(outcome)).unwrap_or_default()
    };
    let rollout = |requirement| outcome("argoproj.io/v1alpha1", "Rollout", requirement);
    assert_eq!(rollout("key: rollouts-pod-template-hash, operator: Exists"), "Injected");
    assert_eq!(rollout("key: rollouts-pod-template-hash, operator: In, values: [a]"), "SelectorUndecided");
    assert_eq!(rollout("key: pod-template-hash, operator: Exists"), "NotAvailable");
    let knative = |requirement| outcome("serving.knative.dev/v1", "Service", requirement);
    assert_eq!(knative("key: serving.knative.dev/service, operator: In, values: [web]"), "Injected");
    assert_eq!(knative("key: serving.knative.dev/service, operator: NotIn, values: [web]"), "NotAvailable");
    let config = |requirement| outcome("apps.openshift.io/v1", "DeploymentConfig", requirement);
    assert_eq!(config("key: deploymentconfig, operator: In, values: [web]"), "Injected");
}

#[test]
fn a_daemon_set_that_selects_windows_nodes_by_affinity_only_is_warned_about() {
    let terms = |system: &str| {
        format!(
            "spec: {{affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{{matchExpressions: [{{key: kubernetes.io/os, operator: In, values: [{system}]}}]}}]}}}}}}, containers"
        )
    };
    let set = |kind: &str, system: &str| workload(kind, "", "").replace("spec: {containers", &terms(system));
    let page = |kind: &str, system: &str| run("explain", "", &set(kind, system)).out;
    let expected = "the controller replaces the required node affinity, which selects Windows nodes";
    assert!(page("DaemonSet", "windows").contains(expected), "{}", page("DaemonSet", "windows"));
    assert!(page("DaemonSet", "windows").contains("Injected"));
    assert!(!page("DaemonSet", "linux").contains(expected));
    assert!(page("Deployment", "windows").contains("WindowsPod") && !page("Deployment", "windows").contains(expected));
}

#[test]
fn a_label_is_not_written_where_it_would_become_part_of_a_selector() {
    let label = "companions.podgraft.dev/part: \"";
    let written = |text: &str| {
        let run = run("inject", "", text);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.out.contains("podgraft.dev/status"), "{}", run.out);
        run.out.contains(label) || run.out.contains(&label.replace('"', ""))
    };
    let controller = workload("ReplicationController", "", "").replace("apps/v1", "v1");
    assert!(!written(&controller), "its selector is made of the labels of the template");
    assert!(written(&controller.replace("{template", "{selector: {app: web}, template")));
    assert!(written(&workload("Deployment", "", "")));
    assert!(written(&workload("CronJob", "", "")));
}
