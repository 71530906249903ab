//! The Pod that an API server would send to the webhooks for a workload.

use serde_json::{Map, Value, json};

use crate::inject::container_list::ContainerList;
use crate::inject::keys::TOKEN_PATH;
use crate::inject::pod::ControllerFields;
use crate::workload::Workload;

/// The volume with the Pod's token. The API server ends its name with random characters.
const TOKEN_VOLUME: &str = "kube-api-access-probe";
/// The value of fields that controllers set to a value which is not known before.
const UNKNOWN: &str = "unknown";

/// The Pod that is created from a workload, as API servers send it: with what the controller adds, and with the token that the
/// API server mounts unless `automountServiceAccountToken` is false.
pub(super) fn created_pod(workload: &Workload<'_>) -> Value {
    let template = workload.pod();
    let mut metadata = template["metadata"].as_object().cloned().unwrap_or_default();
    if !metadata.contains_key("name") {
        let name = workload.object["metadata"]["name"].as_str().unwrap_or("pod");
        metadata.insert("generateName".into(), format!("{name}-").into());
    }
    let mut spec = template["spec"].as_object().cloned().unwrap_or_default();
    let created = workload.created();
    let fields = created.fields();
    add_labels(&mut metadata, &fields);
    add_claims(&mut spec, &fields);
    if spec.get("automountServiceAccountToken") != Some(&Value::Bool(false)) {
        mount_token(&mut spec);
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// A Pod of a workload with the owner that its controller would set, which podgraft reads. The Pod that is printed has none: the owner
/// does not exist, so the garbage collector would delete the Pod.
pub(super) fn with_controller(pod: &Value, workload: &Workload<'_>) -> Value {
    let (mut pod, object) = (pod.clone(), workload.object);
    let has_owner = !pod["metadata"]["ownerReferences"].is_null();
    if !workload.created().fields().by_controller || has_owner {
        return pod;
    }
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let (version, kind) = match (version, object["kind"].as_str().unwrap_or_default()) {
        ("apps/v1", "Deployment") | ("argoproj.io/v1alpha1", "Rollout") => ("apps/v1", "ReplicaSet"),
        ("batch/v1", "CronJob") => ("batch/v1", "Job"),
        other => other,
    };
    let name = object["metadata"]["name"].as_str().unwrap_or(UNKNOWN);
    pod["metadata"]["ownerReferences"] = json!([{
        "apiVersion": version, "kind": kind, "name": name, "uid": UNKNOWN, "controller": true, "blockOwnerDeletion": true,
    }]);
    pod
}

fn add_labels(metadata: &mut Map<String, Value>, fields: &ControllerFields<'_>) {
    if fields.labels.is_empty() {
        return;
    }
    let Some(labels) = object_in(metadata, "labels") else { return };
    for label in &fields.labels {
        if !(label.yields && labels.contains_key(label.key)) {
            labels.insert(label.key.to_owned(), label.value.as_deref().unwrap_or(UNKNOWN).into());
        }
    }
}

fn add_claims(spec: &mut Map<String, Value>, fields: &ControllerFields<'_>) {
    if fields.claims.is_empty() {
        return;
    }
    let Some(volumes) = array_in(spec, "volumes") else { return };
    volumes.retain(|volume| fields.claims.iter().all(|claim| volume["name"] != **claim));
    let claims = fields.claims.iter();
    volumes.extend(claims.map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}})));
}

/// Mounts the token into each container that mounts nothing there, as the admission plug-in `ServiceAccount` does.
fn mount_token(spec: &mut Map<String, Value>) {
    for list in ContainerList::ALL {
        for container in spec.get_mut(list.as_str()).and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(mounts) = container.as_object_mut().and_then(|container| array_in(container, "volumeMounts"))
            else {
                continue;
            };
            if mounts.iter().all(|mount| mount["mountPath"] != TOKEN_PATH) {
                mounts.push(json!({"name": TOKEN_VOLUME, "mountPath": TOKEN_PATH, "readOnly": true}));
            }
        }
    }
    if let Some(volumes) = array_in(spec, "volumes") {
        let token = json!({"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}});
        volumes.push(json!({"name": TOKEN_VOLUME, "projected": {"sources": [token]}}));
    }
}

/// A list of an object, which is created where it is absent or null; `None` where it is something else.
fn array_in<'v>(object: &'v mut Map<String, Value>, key: &str) -> Option<&'v mut Vec<Value>> {
    let value = object.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = json!([]);
    }
    value.as_array_mut()
}

/// A map of an object, which is created where it is absent or null; `None` where it is something else.
fn object_in<'v>(object: &'v mut Map<String, Value>, key: &str) -> Option<&'v mut Map<String, Value>> {
    let value = object.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::workloads;

    fn created(object: &Value) -> Value {
        created_pod(&workloads(object)[0])
    }

    #[test]
    fn a_pod_of_a_stateful_set_has_its_claims_and_labels() {
        let template = json!({"spec": {"automountServiceAccountToken": false, "containers": [],
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]}});
        let claims = json!([{"metadata": {"name": "data"}}]);
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
            "spec": {"template": template, "volumeClaimTemplates": claims}});
        let pod = created(&set);
        assert_eq!(pod["metadata"]["generateName"], "db-");
        assert_eq!(pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"], UNKNOWN);
        let claim = json!({"name": "data", "persistentVolumeClaim": {"claimName": "data"}});
        assert_eq!(pod["spec"]["volumes"], json!([{"name": "tmp", "emptyDir": {}}, claim]));
    }

    #[test]
    fn the_token_is_mounted_where_nothing_else_is() {
        let own = json!({"name": "own", "mountPath": TOKEN_PATH});
        let containers = json!([{"name": "a"}, {"name": "b", "volumeMounts": [own]}]);
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"initContainers": [{"name": "i"}], "containers": containers}});
        let spec = &created(&pod)["spec"];
        for container in [&spec["containers"][0], &spec["initContainers"][0]] {
            assert_eq!(container["volumeMounts"][0]["mountPath"], TOKEN_PATH);
        }
        assert_eq!(spec["containers"][1]["volumeMounts"], json!([own]));
        assert_eq!(spec["volumes"][0]["name"], TOKEN_VOLUME);
    }

    #[test]
    fn a_pod_has_the_controller_of_its_workload_unless_it_is_applied_itself() {
        let of = |version: &str, kind: &str, spec: Value| {
            let object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, "spec": spec});
            let workloads = workloads(&object);
            let pod = created_pod(&workloads[0]);
            assert!(pod["metadata"]["ownerReferences"].is_null());
            with_controller(&pod, &workloads[0])["metadata"]["ownerReferences"].clone()
        };
        let containers = json!({"containers": []});
        let template = json!({"template": {"spec": containers}});
        let job = json!({"jobTemplate": {"spec": template}});
        for (version, kind, spec, owner) in [
            ("apps/v1", "Deployment", &template, "apps/v1 ReplicaSet"),
            ("apps/v1", "StatefulSet", &template, "apps/v1 StatefulSet"),
            ("v1", "ReplicationController", &template, "v1 ReplicationController"),
            ("batch/v1", "CronJob", &job, "batch/v1 Job"),
        ] {
            let owners = of(version, kind, spec.clone());
            let text = |field: &str| owners[0][field].as_str().unwrap_or_default().to_owned();
            assert_eq!(
                (text("apiVersion") + " " + &text("kind"), &owners[0]["controller"]),
                (owner.to_owned(), &json!(true))
            );
        }
        assert_eq!(of("v1", "Pod", containers), Value::Null);
    }

    #[test]
    fn labels_that_the_template_has_are_kept_where_the_job_controller_keeps_them() {
        let template = json!({"metadata": {"labels": {"job-name": "own"}}, "spec": {"containers": []}});
        let job =
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template}});
        let labels = &created(&job)["metadata"]["labels"];
        assert_eq!((&labels["job-name"], &labels["batch.kubernetes.io/job-name"]), (&json!("own"), &json!("j")));
    }
}
