//! What people ask for, and what they get: by annotation, by namespace, for the whole cluster, on everything that makes
//! Pods.

use serde_json::{Value, json};

use crate::cluster::{Cluster, printed};
use crate::tests;
use crate::workload::{KINDS, collection, companion, containers, pod, template, workload};

tests![
    an_annotated_deployment_gets_its_companion_and_its_values,
    every_kind_of_workload_gets_what_its_template_asks_for,
    every_kind_of_workload_gets_what_its_opted_in_namespace_gives,
    an_opted_in_namespace_gives_companions_to_pods_without_annotations,
    a_namespace_lists_the_companions_of_its_pods,
    a_cluster_wide_companion_is_injected_into_every_pod_that_does_not_opt_out,
    a_pod_opts_out_of_an_opted_in_namespace,
    a_pod_opts_in_where_its_namespace_opted_out,
    a_companion_of_a_namespace_is_visible_there_only_and_shadows_the_clusters,
    a_request_from_outside_the_selectors_is_denied_with_the_reason,
    an_unknown_companion_is_denied_with_the_nearest_name,
    a_job_with_a_native_companion_ends,
    a_dry_run_gives_the_same_pod,
    fields_newer_than_our_types_are_kept needs NewestFields,
    kubectl_apply_prints_why_pods_will_be_denied,
];

/// The only Pod that a workload made.
pub async fn made_by(cluster: &Cluster, namespace: &str, app: &str) -> Value {
    let path = format!("{}?labelSelector=app={app}", collection("Pod", namespace));
    cluster
        .eventually(&format!("a Pod of {app}"), async || {
            let pods = cluster.get(&path).await.expect("the Pods");
            pods["items"].as_array().and_then(|pods| pods.first().cloned())
        })
        .await
}

/// Creates a Pod and returns it as it was stored.
pub async fn create(cluster: &Cluster, namespace: &str, name: &str, template: &Value) -> Value {
    cluster.create(&collection("Pod", namespace), &pod(name, template)).await.expect(name)
}

fn asks(names: &str) -> Value {
    template(Value::Null, json!({"podgraft.dev/companions": names}))
}

fn silent() -> Value {
    template(Value::Null, Value::Null)
}

fn for_namespaces(mut companion: Value, activation: &str, namespace: &str) -> Value {
    companion["spec"]["activation"] = activation.into();
    companion["spec"]["namespaceSelector"] = json!({"matchLabels": {"namespace": namespace}});
    companion
}

fn variable<'p>(pod: &'p Value, container: usize, name: &str) -> Option<&'p Value> {
    let env = pod["spec"]["containers"][container]["env"].as_array()?;
    env.iter().find(|v| v["name"] == name).map(|v| &v["value"])
}

async fn an_annotated_deployment_gets_its_companion_and_its_values(cluster: &Cluster) {
    let mut mirror = companion("mirror");
    mirror["spec"]["parameters"] = json!([{"name": "period", "type": "Duration", "default": "10s", "env": "PERIOD"}]);
    mirror["spec"]["sharedVolumes"] = json!([
        {"name": "content", "companion": {"mountPath": "/in"}, "app": {"mountPath": "/srv", "readOnly": true}}
    ]);
    cluster.companion(&mirror).await;
    let namespace = cluster.namespace(json!({})).await;
    let mut template = asks("mirror");
    template["metadata"]["annotations"]["podgraft.dev/mirror.period"] = "30s".into();
    let deployment = workload("Deployment", "site", &template);
    cluster.create(&collection("Deployment", &namespace), &deployment).await.expect("the Deployment");
    let pod = made_by(cluster, &namespace, "site").await;
    assert_eq!(containers(&pod), ["mirror", "web"]);
    let (mirror, web) = (&pod["spec"]["initContainers"][0], &pod["spec"]["containers"][0]);
    assert_eq!(mirror["restartPolicy"], "Always");
    assert_eq!(mirror["env"], json!([{"name": "PERIOD", "value": "30s"}]));
    let inside = json!({"name": "mirror-content", "mountPath": "/in"});
    assert!(mirror["volumeMounts"].as_array().is_some_and(|mounts| mounts.contains(&inside)), "{mirror}");
    let mount = json!({"name": "mirror-content", "mountPath": "/srv", "readOnly": true});
    assert!(web["volumeMounts"].as_array().is_some_and(|mounts| mounts.contains(&mount)), "{web}");
    assert_eq!(variable(&pod, 0, "MIRROR"), Some(&json!("here")));
    let volume = json!({"name": "mirror-content", "emptyDir": {}});
    assert!(pod["spec"]["volumes"].as_array().is_some_and(|volumes| volumes.contains(&volume)), "{pod}");
}

async fn every_kind_of_workload_gets_what_its_template_asks_for(cluster: &Cluster) {
    cluster.companion(&companion("asked-everywhere")).await;
    let namespace = cluster.namespace(json!({})).await;
    each_kind_is_given(cluster, &namespace, &asks("asked-everywhere"), "asked-everywhere").await;
}

async fn every_kind_of_workload_gets_what_its_opted_in_namespace_gives(cluster: &Cluster) {
    let given = for_namespaces(companion("given-everywhere"), "OptedInNamespaces", "given-everywhere");
    cluster.companion(&given).await;
    let labels = json!({"podgraft.dev/inject": "enabled", "namespace": "given-everywhere"});
    let namespace = cluster.namespace(json!({"labels": labels})).await;
    each_kind_is_given(cluster, &namespace, &silent(), "given-everywhere").await;
}

async fn each_kind_is_given(cluster: &Cluster, namespace: &str, template: &Value, companion: &str) {
    for (kind, _) in KINDS {
        let name = kind.to_lowercase();
        let object = workload(kind, &name, template);
        cluster.create(&collection(kind, namespace), &object).await.expect(kind);
        if kind == "CronJob" {
            let from = format!("cronjob/{name}");
            printed(cluster.kubectl(["--namespace", namespace, "create", "job", "once", "--from", &from]));
        }
        let pod = made_by(cluster, namespace, &name).await;
        assert_eq!(containers(&pod), [companion, "web"], "{kind}");
        let status = pod["metadata"]["annotations"]["podgraft.dev/status"].as_str().expect("a status");
        let status: Value = serde_json::from_str(status).expect("JSON");
        let hash = &status[companion]["hash"].as_str().expect("a hash")[..8];
        assert_eq!(pod["metadata"]["labels"][format!("companions.podgraft.dev/{companion}")], hash, "{kind}");
    }
}

async fn an_opted_in_namespace_gives_companions_to_pods_without_annotations(cluster: &Cluster) {
    cluster.companion(&for_namespaces(companion("for-opted-in"), "OptedInNamespaces", "opted-in")).await;
    let opted_in = json!({"labels": {"podgraft.dev/inject": "enabled", "namespace": "opted-in"}});
    let (namespace, other) =
        (cluster.namespace(opted_in).await, cluster.namespace(json!({"labels": {"namespace": "opted-in"}})).await);
    assert_eq!(containers(&create(cluster, &namespace, "given", &silent()).await), ["for-opted-in", "web"]);
    assert_eq!(containers(&create(cluster, &other, "bare", &silent()).await), ["web"], "its namespace did not opt in");
}

async fn a_namespace_lists_the_companions_of_its_pods(cluster: &Cluster) {
    for name in ["listed-one", "listed-two", "asked-instead"] {
        cluster.companion(&companion(name)).await;
    }
    let labels = json!({"podgraft.dev/inject": "enabled"});
    let annotations = json!({"podgraft.dev/companions": "listed-two, listed-one"});
    let namespace = cluster.namespace(json!({"labels": labels, "annotations": annotations})).await;
    let listed = create(cluster, &namespace, "says-nothing", &silent()).await;
    assert_eq!(containers(&listed), ["listed-two", "listed-one", "web"]);
    let asked = create(cluster, &namespace, "asks", &asks("asked-instead")).await;
    assert_eq!(containers(&asked), ["asked-instead", "web"], "a Pod's own list takes the place of its namespace's");
}

async fn a_cluster_wide_companion_is_injected_into_every_pod_that_does_not_opt_out(cluster: &Cluster) {
    cluster.companion(&for_namespaces(companion("everywhere"), "ClusterWide", "everywhere")).await;
    let namespace = cluster.namespace(json!({"labels": {"namespace": "everywhere"}})).await;
    assert_eq!(containers(&create(cluster, &namespace, "given", &silent()).await), ["everywhere", "web"]);
    let declines = template(json!({"podgraft.dev/inject": "disabled"}), Value::Null);
    assert_eq!(containers(&create(cluster, &namespace, "declines", &declines).await), ["web"]);
    let labels = json!({"namespace": "everywhere", "podgraft.dev/inject": "disabled"});
    let out = cluster.namespace(json!({"labels": labels})).await;
    assert_eq!(containers(&create(cluster, &out, "declined-for", &silent()).await), ["web"]);
}

async fn a_pod_opts_out_of_an_opted_in_namespace(cluster: &Cluster) {
    cluster.companion(&for_namespaces(companion("declined"), "OptedInNamespaces", "declined")).await;
    let labels = json!({"podgraft.dev/inject": "enabled", "namespace": "declined"});
    let namespace = cluster.namespace(json!({"labels": labels})).await;
    let declines = template(json!({"podgraft.dev/inject": "disabled"}), json!({"podgraft.dev/companions": "declined"}));
    let pod = create(cluster, &namespace, "declines", &declines).await;
    assert_eq!(containers(&pod), ["web"]);
    assert!(pod["metadata"]["annotations"]["podgraft.dev/status"].is_null());
}

async fn a_pod_opts_in_where_its_namespace_opted_out(cluster: &Cluster) {
    cluster.companion(&for_namespaces(companion("insisted"), "OptedInNamespaces", "insisted")).await;
    let labels = json!({"podgraft.dev/inject": "disabled", "namespace": "insisted"});
    let namespace = cluster.namespace(json!({"labels": labels})).await;
    let insists = template(json!({"podgraft.dev/inject": "enabled"}), Value::Null);
    assert_eq!(containers(&create(cluster, &namespace, "insists", &insists).await), ["insisted", "web"]);
    assert_eq!(containers(&create(cluster, &namespace, "silent", &silent()).await), ["web"]);
}

async fn a_companion_of_a_namespace_is_visible_there_only_and_shadows_the_clusters(cluster: &Cluster) {
    let (own, other) = (cluster.namespace(json!({})).await, cluster.namespace(json!({})).await);
    cluster.companion(&companion("twice")).await;
    for name in ["twice", "only-here"] {
        let mut local = companion(name);
        local["kind"] = "Companion".into();
        local["metadata"]["namespace"] = own.clone().into();
        local["spec"]["containers"][0]["image"] = "registry.example/local:1".into();
        cluster.companion(&local).await;
    }
    let image = |pod: &Value| pod["spec"]["initContainers"][0]["image"].clone();
    assert_eq!(image(&create(cluster, &own, "local", &asks("twice")).await), "registry.example/local:1");
    assert_eq!(image(&create(cluster, &other, "clusters", &asks("twice")).await), "registry.example/twice:1");
    assert_eq!(image(&create(cluster, &own, "only", &asks("only-here")).await), "registry.example/local:1");
    let stranger = cluster.create(&collection("Pod", &other), &pod("stranger", &asks("only-here"))).await;
    let why = stranger.expect_refusal("a companion of another namespace");
    assert!(why.contains("only-here") && !why.contains(&own), "{why}");
}

async fn a_request_from_outside_the_selectors_is_denied_with_the_reason(cluster: &Cluster) {
    let mut guarded = companion("guarded");
    guarded["spec"]["namespaceSelector"] = json!({"matchLabels": {"namespace": "guarded"}});
    guarded["spec"]["podSelector"] = json!({"matchLabels": {"tier": "web"}});
    cluster.companion(&guarded).await;
    let inside = cluster.namespace(json!({"labels": {"namespace": "guarded"}})).await;
    let outside = cluster.namespace(json!({})).await;
    let web = template(json!({"tier": "web"}), json!({"podgraft.dev/companions": "guarded"}));
    assert_eq!(containers(&create(cluster, &inside, "web", &web).await), ["guarded", "web"]);
    for (namespace, template) in [(&outside, &web), (&inside, &asks("guarded"))] {
        let refused = cluster.create(&collection("Pod", namespace), &pod("outside", template)).await;
        let why = refused.expect_refusal("a Pod that the selectors leave out");
        assert!(why.contains("podgraft") && why.contains("guarded"), "{why}");
    }
}

async fn an_unknown_companion_is_denied_with_the_nearest_name(cluster: &Cluster) {
    cluster.companion(&companion("lighthouse")).await;
    let namespace = cluster.namespace(json!({})).await;
    let refused = cluster.create(&collection("Pod", &namespace), &pod("lost", &asks("lighthuose"))).await;
    let why = refused.expect_refusal("an unknown companion");
    assert!(why.contains("lighthuose") && why.contains("lighthouse"), "{why}");
}

async fn a_job_with_a_native_companion_ends(cluster: &Cluster) {
    cluster.companion(&companion("beside-a-job")).await;
    let namespace = cluster.namespace(json!({})).await;
    let job = workload("Job", "task", &asks("beside-a-job"));
    let path = collection("Job", &namespace);
    cluster.create(&path, &job).await.expect("the Job");
    let pod = made_by(cluster, &namespace, "task").await;
    assert_eq!(pod["spec"]["initContainers"][0]["restartPolicy"], "Always", "else the Pod would never end");
    assert_eq!(pod["spec"]["restartPolicy"], "Never");
    // There is no node: what a kubelet reports once the app has ended, and it has stopped the companion, is written here.
    let name = pod["metadata"]["name"].as_str().expect("a name");
    let succeeded = json!({"status": {"phase": "Succeeded"}});
    let status = format!("{}/{name}/status", collection("Pod", &namespace));
    cluster.merge(&status, &succeeded).await.expect("the Pod's end");
    // The Job's controller releases the Pod by an update: nothing of ours may be in its way.
    cluster
        .eventually("the Job's end", async || {
            (cluster.get(&format!("{path}/task")).await.body["status"]["succeeded"] == 1).then_some(())
        })
        .await;
}

async fn a_dry_run_gives_the_same_pod(cluster: &Cluster) {
    cluster.companion(&companion("rehearsed")).await;
    let namespace = cluster.namespace(json!({})).await;
    let path = collection("Pod", &namespace);
    let object = pod("rehearsal", &asks("rehearsed"));
    let mut rehearsed = cluster.create(&format!("{path}?dryRun=All"), &object).await.expect("the dry run");
    let mut real = cluster.create(&path, &object).await.expect("the real thing");
    for pod in [&mut rehearsed, &mut real] {
        for ours_not in ["uid", "resourceVersion", "creationTimestamp", "managedFields"] {
            pod["metadata"].as_object_mut().expect("metadata").remove(ours_not);
        }
        // The token's volume has a name by chance.
        let text = pod.to_string();
        let name = text.split("kube-api-access-").nth(1).and_then(|rest| rest.get(..5)).unwrap_or_default().to_owned();
        *pod =
            serde_json::from_str(&text.replace(&format!("kube-api-access-{name}"), "kube-api-access")).expect("JSON");
    }
    assert_eq!(rehearsed, real);
    assert_eq!(containers(&real), ["rehearsed", "web"]);
}

async fn fields_newer_than_our_types_are_kept(cluster: &Cluster) {
    cluster.companion(&companion("modest")).await;
    let namespace = cluster.namespace(json!({})).await;
    let mut template = asks("modest");
    // Neither is in Kubernetes 1.33, the oldest version whose types the Kubernetes library that we use can have.
    template["spec"]["hostnameOverride"] = "web.example".into();
    template["spec"]["containers"][0]["restartPolicy"] = "Never".into();
    template["spec"]["containers"][0]["restartPolicyRules"] =
        json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]);
    let pod = create(cluster, &namespace, "newer", &template).await;
    assert_eq!(containers(&pod), ["modest", "web"]);
    assert_eq!(pod["spec"]["hostnameOverride"], "web.example");
    let rules = &pod["spec"]["containers"][0]["restartPolicyRules"];
    assert_eq!(*rules, template["spec"]["containers"][0]["restartPolicyRules"]);
}

async fn kubectl_apply_prints_why_pods_will_be_denied(cluster: &Cluster) {
    cluster.companion(&companion("clockwork")).await;
    let namespace = cluster.namespace(json!({})).await;
    let mut deployment = workload("Deployment", "site", &asks("clokwork"));
    deployment["apiVersion"] = "apps/v1".into();
    deployment["kind"] = "Deployment".into();
    let file = cluster.folder.join("clockwork.json");
    std::fs::write(&file, deployment.to_string()).expect("a file");
    let applied = cluster.kubectl(["--namespace", &namespace, "apply", "-f", &file.display().to_string()]);
    let said = String::from_utf8_lossy(&applied.stderr).into_owned();
    assert!(applied.status.success(), "the preview refused something: {said}");
    assert!(said.contains("Warning: podgraft: ") && said.contains("did you mean \"clockwork\""), "{said}");
}
