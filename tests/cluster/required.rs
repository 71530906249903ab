//! Required means required: with podgraft up and down, against each way around it that was thought of, and while
//! companions change.

use serde_json::{Value, json};

use crate::admission::injection::create;
use crate::cluster::{Cluster, OWN, printed};
use crate::installation::operator::shell;
use crate::load::Load;
use crate::support::screens::expect_screen;
use crate::tests;
use crate::workload::{collection, companion, containers, pod, template};

pub mod attempts;
pub mod changes;

tests![
    a_required_companion_is_injected_into_pods_that_opted_out_and_its_policies_compile,
    each_way_around_a_required_companion_is_denied,
    a_running_pod_keeps_its_required_companion_and_can_be_patched,
    a_policy_that_is_deleted_or_edited_is_restored,
];

/// Lists the policies of the installation.
const POLICIES: &str = "kubectl get validatingadmissionpolicies -l podgraft.dev/installation=podgraft";

/// Makes a companion required for Pods with the label `guarded-by` and its name.
pub fn make_required(companion: &mut Value, name: &str) {
    companion["spec"]["activation"] = "ClusterWide".into();
    companion["spec"]["required"] = true.into();
    companion["spec"]["podSelector"] = json!({"matchLabels": {"guarded-by": name}});
}

/// A template that a required companion is for.
fn of(name: &str) -> Value {
    template(json!({"guarded-by": name}), Value::Null)
}

/// A required companion of some substance whose policies are in force, and a namespace that says nothing.
async fn required(cluster: &Cluster, name: &str) -> String {
    let mut guard = companion(name);
    make_required(&mut guard, name);
    let container = &mut guard["spec"]["containers"][0];
    container["command"] = json!(["/bin/guard"]);
    container["args"] = json!(["--mode=$(GUARD_MODE)"]);
    container["env"] = json!([{"name": "GUARD_ROOT", "value": "/guard"}]);
    guard["spec"]["parameters"] = json!([{"name": "mode", "type": "String", "default": "strict", "env": "GUARD_MODE"}]);
    // What says nothing of its source is an emptyDir, as the API server has it.
    guard["spec"]["volumes"] = json!([{"name": "own"}]);
    guard["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "own", "mountPath": "/own"}]);
    guard["spec"]["files"] = json!([{"path": "/etc/guard.conf", "content": "watch = \"all\"\n"}]);
    guard["spec"]["sharedVolumes"] =
        json!([{"name": "log", "companion": {"mountPath": "/in"}, "app": {"mountPath": "/log"}}]);
    cluster.companion(&guard).await;
    policies_stand(cluster, name).await;
    cluster.namespace(json!({})).await
}

/// Waits until a required companion's policies and bindings are there, and are in force.
pub async fn policies_stand(cluster: &Cluster, name: &str) {
    let base = "/apis/admissionregistration.k8s.io/v1";
    for part in ["", "-update"] {
        for kind in ["validatingadmissionpolicies", "validatingadmissionpolicybindings"] {
            let path = format!("{base}/{kind}/podgraft-required-{name}{part}");
            cluster.eventually(&path, async || cluster.get(&path).await.status.is_success().then_some(())).await;
        }
    }
    // API servers took up to a second.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
}

pub async fn policies_are_gone(cluster: &Cluster, name: &str) {
    let path = format!("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/podgraft-required-{name}");
    cluster.eventually("no policy", async || (cluster.get(&path).await.status == 404).then_some(())).await;
}

/// Deletes a required companion and waits until nothing is left of it.
pub async fn forget(cluster: &Cluster, name: &str) {
    cluster.delete(&format!("/apis/podgraft.dev/v1alpha1/clustercompanions/{name}")).await.expect("deleting it");
    policies_are_gone(cluster, name).await;
}

async fn a_required_companion_is_injected_into_pods_that_opted_out_and_its_policies_compile(cluster: &Cluster) {
    let namespace = required(cluster, "insistent").await;
    let out = cluster.namespace(json!({"labels": {"podgraft.dev/inject": "disabled"}})).await;
    let into = cluster.namespace(json!({"labels": {"podgraft.dev/inject": "enabled"}})).await;
    let declines = template(json!({"guarded-by": "insistent", "podgraft.dev/inject": "disabled"}), Value::Null);
    for (namespace, template) in [
        (&namespace, of("insistent")),
        (&namespace, declines.clone()),
        (&out, of("insistent")),
        (&out, declines.clone()),
        (&into, declines),
    ] {
        let name = format!("pod-{}", template["metadata"]["labels"].as_object().map_or(0, |labels| labels.len()));
        assert_eq!(
            containers(&create(cluster, namespace, &name, &template).await),
            ["insistent", "web"],
            "{namespace}/{name}"
        );
    }
    let policies = shell(cluster, POLICIES).out.replace("insistent", "proxy");
    let rows: Vec<&str> =
        policies.lines().filter(|row| ["NAME", "podgraft-required-proxy"].iter().any(|s| row.starts_with(s))).collect();
    expect_screen("docs/required.md", POLICIES, &rows.join("\n"));
    for part in ["", "-update"] {
        let path = format!(
            "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/podgraft-required-insistent{part}"
        );
        let policy = cluster.get(&path).await.expect("a policy");
        let owner = &policy["metadata"]["ownerReferences"][0];
        assert_eq!(owner["name"], "podgraft-opted-out", "{policy}");
        // The API server's controllers check the types of each expression, and say what they find.
        cluster
            .eventually("the policy's expressions checked", async || {
                let now = cluster.get(&path).await.expect("a policy");
                (now["status"]["observedGeneration"] == now["metadata"]["generation"]).then_some(())
            })
            .await;
        let checked = cluster.get(&path).await.expect("a policy");
        assert!(checked["status"]["typeChecking"]["expressionWarnings"].is_null(), "{}", checked["status"]);
    }
}

/// A way around a required companion: what is changed in a Pod that has it.
type Evasion = (&'static str, fn(&mut Value));

fn guard(pod: &mut Value) -> &mut Value {
    &mut pod["spec"]["initContainers"][0]
}

const EVASIONS: [Evasion; 24] = [
    ("another image", |pod| guard(pod)["image"] = "registry.example/harmless:1".into()),
    ("another command", |pod| guard(pod)["command"] = json!(["/bin/true"])),
    ("other arguments", |pod| guard(pod)["args"] = json!(["--mode=off"])),
    ("another value of a variable", |pod| set_env(pod, "GUARD_ROOT", "/tmp")),
    ("a variable twice", |pod| add_env(pod, json!({"name": "GUARD_ROOT", "value": "/tmp"}))),
    ("a parameter's variable twice", |pod| add_env(pod, json!({"name": "GUARD_MODE", "value": "off"}))),
    ("all variables of a Secret", |pod| {
        guard(pod)["envFrom"] = json!([{"secretRef": {"name": "mine", "optional": true}}])
    }),
    ("a liveness probe that fails", |pod| guard(pod)["livenessProbe"] = json!({"exec": {"command": ["/bin/false"]}})),
    ("a hook that kills it", |pod| {
        guard(pod)["lifecycle"] = json!({"postStart": {"exec": {"command": ["/bin/sh", "-c", "kill 1"]}}});
    }),
    ("another working directory", |pod| guard(pod)["workingDir"] = "/nowhere".into()),
    ("no mounts", |pod| guard(pod)["volumeMounts"] = json!([])),
    ("a mount over its program", |pod| {
        let mounts = guard(pod)["volumeMounts"].as_array_mut().expect("mounts");
        mounts.push(json!({"name": "mine", "mountPath": "/bin"}));
        pod["spec"]["volumes"].as_array_mut().expect("volumes").push(json!({"name": "mine", "emptyDir": {}}));
    }),
    ("other contents of its files", |pod| {
        let annotations = pod["metadata"]["annotations"].as_object_mut().expect("annotations");
        annotations.insert("text.podgraft.dev/evaded.0".into(), "watch = \"nothing\"\n".into());
    }),
    ("another source of its files", |pod| {
        let volumes = pod["spec"]["volumes"].as_array_mut().expect("volumes");
        for volume in volumes.iter_mut().filter(|v| v["downwardAPI"].is_object()) {
            *volume = json!({"name": volume["name"], "emptyDir": {}});
        }
    }),
    ("not a sidecar, but run once", |pod| guard(pod)["restartPolicy"] = "OnFailure".into()),
    ("not a sidecar, and not listed as injected", |pod| {
        // Where the status lists it, restartPolicy is restored.
        pod["metadata"]["annotations"].as_object_mut().expect("annotations").remove("podgraft.dev/status");
        guard(pod).as_object_mut().expect("a container").remove("restartPolicy");
    }),
    ("removed", |pod| pod["spec"]["initContainers"] = json!([])),
    ("the root user", |pod| guard(pod)["securityContext"] = json!({"runAsUser": 0})),
    ("last words over its files", |pod| guard(pod)["terminationMessagePath"] = "/etc/guard.conf".into()),
    ("its own volume in the app", |pod| {
        let mount = json!({"name": "evaded-own", "mountPath": "/mine"});
        let mounts = &mut pod["spec"]["containers"][0]["volumeMounts"];
        mounts.as_array_mut().expect("the shared one").push(mount);
    }),
    ("a false token", |pod| {
        let volumes = pod["spec"]["volumes"].as_array_mut().expect("volumes");
        volumes.push(json!({"name": "false", "projected": {"sources": [{"configMap": {"name": "mine"}}]}}));
        for mount in guard(pod)["volumeMounts"].as_array_mut().expect("mounts") {
            if mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount" {
                mount["name"] = "false".into();
            }
        }
    }),
    ("the node's network", |pod| pod["spec"]["hostNetwork"] = true.into()),
    ("its files' volume in another init container", |pod| {
        let own =
            json!({"name": "mine", "image": "i:1", "volumeMounts": [{"name": "evaded-files", "mountPath": "/x"}]});
        pod["spec"]["initContainers"].as_array_mut().expect("containers").push(own);
    }),
    ("under another name", |pod| guard(pod)["name"] = "evaded-not".into()),
];

fn set_env(pod: &mut Value, name: &str, value: &str) {
    let env = guard(pod)["env"].as_array_mut().expect("variables");
    env.iter_mut().filter(|v| v["name"] == name).for_each(|v| v["value"] = value.into());
}

fn add_env(pod: &mut Value, variable: Value) {
    guard(pod)["env"].as_array_mut().expect("variables").push(variable);
}

async fn each_way_around_a_required_companion_is_denied(cluster: &Cluster) {
    let namespace = required(cluster, "evaded").await;
    let path = collection("Pod", &namespace);
    let injected = cluster.create(&format!("{path}?dryRun=All"), &pod("whole", &of("evaded"))).await.expect("a Pod");
    let again = |name: &str| {
        let mut again = json!({"metadata": {"name": name}, "spec": injected["spec"]});
        again["metadata"]["labels"] = injected["metadata"]["labels"].clone();
        again["metadata"]["annotations"] = injected["metadata"]["annotations"].clone();
        again
    };
    // What podgraft made is accepted when it comes back, or the others would show nothing.
    cluster.create(&path, &again("whole")).await.expect("the Pod as podgraft made it");
    let mut slipped = Vec::new();
    for (index, (way, change)) in EVASIONS.iter().enumerate() {
        let mut evading = again(&format!("evading-{index}"));
        change(&mut evading);
        let answer = cluster.create(&path, &evading).await;
        let message = answer.body["message"].as_str().unwrap_or_default();
        // Where it is gone podgraft puts it back: that is no way around it either.
        let whole = answer.status.is_success()
            && guard(&mut answer.body.clone())["image"] == "registry.example/evaded:1"
            && answer.body["spec"]["initContainers"].as_array().map_or(0, Vec::len) == 1
            && *way == "removed";
        let refused = answer.status == 403 || answer.status == 422;
        if !(whole || refused) || message.contains("is invalid: :") {
            slipped.push(format!("{way}: {} {message}", answer.status));
        }
    }
    assert!(slipped.is_empty(), "{slipped:#?}");
}

async fn a_running_pod_keeps_its_required_companion_and_can_be_patched(cluster: &Cluster) {
    let namespace = required(cluster, "kept").await;
    create(cluster, &namespace, "guarded", &of("kept")).await;
    let path = format!("{}/guarded", collection("Pod", &namespace));
    let forbidden = |what: &str, answer: crate::control_plane::rest::Answer| {
        let why = answer.expect_refusal(what);
        assert!(why.contains("kept"), "{what}: {why}");
    };
    let image = json!([{"op": "replace", "path": "/spec/initContainers/0/image", "value": "registry.example/off:1"}]);
    forbidden("another image", cluster.json_patch(&path, &image).await);
    let files = json!({"metadata": {"annotations": {"text.podgraft.dev/kept.0": "watch = \"nothing\""}}});
    forbidden("other files", cluster.merge(&path, &files).await);
    let debugger = json!({"spec": {"ephemeralContainers": [
        {"name": "debugger", "image": "registry.example/debug:1", "targetContainerName": "kept"}
    ]}});
    let ephemeral = format!("{path}/ephemeralcontainers");
    forbidden("a debugger in it", cluster.strategic(&ephemeral, &debugger).await);
    let thief = json!({"spec": {"ephemeralContainers": [
        {"name": "thief", "image": "registry.example/debug:1", "volumeMounts": [{"name": "kept-own", "mountPath": "/x"}]}
    ]}});
    forbidden("a debugger on its own volume", cluster.strategic(&ephemeral, &thief).await);
    let mut beside = debugger;
    beside["spec"]["ephemeralContainers"][0]["targetContainerName"] = "web".into();
    cluster.strategic(&ephemeral, &beside).await.expect("a debugger beside it");
    let harmless =
        json!({"metadata": {"labels": {"new": "label"}, "finalizers": ["example.com/one"], "annotations": {"a": "b"}}});
    cluster.merge(&path, &harmless).await.expect("labels, annotations and finalizers");
    cluster.merge(&path, &json!({"metadata": {"finalizers": null}})).await.expect("no finalizers");
}

async fn a_policy_that_is_deleted_or_edited_is_restored(cluster: &Cluster) {
    let namespace = required(cluster, "restored").await;
    let path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/podgraft-required-restored";
    let binding = path.replace("policies/", "policybindings/");
    let before = cluster.get(path).await.expect("the policy")["spec"].clone();
    let same = async || (cluster.get(path).await.body["spec"] == before).then_some(());
    cluster.merge(path, &json!({"spec": {"failurePolicy": "Ignore"}})).await.expect("an edit");
    cluster.eventually("the policy as it was", same).await;
    cluster.delete(path).await.expect("deleting it");
    cluster.eventually("the policy again", same).await;
    // Without its labels it is out of sight.
    for label in ["app.kubernetes.io/managed-by", "podgraft.dev/installation"] {
        for (path, spec) in
            [(path, json!({"failurePolicy": "Ignore"})), (&*binding, json!({"validationActions": ["Audit"]}))]
        {
            let before = cluster.get(path).await.expect("a policy, or its binding");
            let astray = json!({"metadata": {"labels": {label: null}}, "spec": spec});
            cluster.merge(path, &astray).await.expect("a label less");
            cluster
                .eventually("all of it again", async || {
                    let now = cluster.get(path).await.body;
                    let labelled = now["metadata"]["labels"] == before["metadata"]["labels"];
                    (labelled && now["spec"] == before["spec"]).then_some(())
                })
                .await;
        }
    }
    cluster.delete(&binding).await.expect("deleting the binding");
    cluster
        .eventually("the binding again", async || cluster.get(&binding).await.status.is_success().then_some(()))
        .await;
    assert_eq!(containers(&create(cluster, &namespace, "guarded", &of("restored")).await), ["restored", "web"]);
}
