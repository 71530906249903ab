use serde_json::{Value, json};

use crate::api::testing::{check, check_companion, companion, git_sync, silent, warns, with};

/// Asserts that a field of the container, set to a value, is the only one to violate Pod Security, and at which levels.
fn violates(place: &str, value: Value, levels: &str) {
    let checked = check_companion(&companion(&format!("/spec/containers/0/{place}"), value));
    let found: Vec<_> = checked.warnings.iter().map(ToString::to_string).collect();
    let violations: Vec<_> = found.iter().filter(|warning| warning.contains("violates Pod Security")).collect();
    let field = crate::json::field_path(&format!("/spec/containers/0/{place}"));
    assert_eq!(checked.problems, []);
    assert_eq!(violations.len(), 1, "{found:#?}");
    assert!(violations[0].starts_with(&format!("{field}: violates Pod Security: {levels}")), "{violations:#?}");
}

#[test]
fn a_companion_that_restricted_admits_has_no_warning() {
    silent(git_sync());
    for (field, fine) in [
        ("runAsUser", json!(null)),
        ("seccompProfile", json!({"type": "Localhost", "localhostProfile": "a.json"})),
        ("capabilities", json!({"drop": ["NET_RAW", "ALL"], "add": ["NET_BIND_SERVICE"]})),
        ("seLinuxOptions", json!({"type": "container_engine_t", "level": "s0:c1", "user": "", "role": ""})),
        ("appArmorProfile", json!({"type": "RuntimeDefault"})),
        ("privileged", json!(false)),
        ("procMount", json!("Default")),
        ("windowsOptions", json!({"hostProcess": false})),
    ] {
        silent(companion(&format!("/spec/containers/0/securityContext/{field}"), fine));
    }
    silent(companion("/spec/containers/0/readinessProbe", json!({"httpGet": {"port": 80, "host": ""}})));
}

#[test]
fn a_container_without_a_security_context_violates_restricted() {
    let expected = "spec.containers[0].securityContext: violates Pod Security: level restricted would deny the Pod; set runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities.drop: [ALL], seccompProfile.type: RuntimeDefault";
    warns(companion("/spec/containers/0/securityContext", json!(null)), expected);
    warns(
        companion("/spec/containers/0/securityContext/capabilities/drop", json!(["NET_RAW"])),
        "spec.containers[0].securityContext: violates Pod Security: level restricted would deny the Pod; set capabilities.drop: [ALL]",
    );
}

#[test]
fn an_absent_field_that_the_pod_can_set_is_reported_conditionally() {
    let missing = |field: &str| companion(&format!("/spec/containers/0/securityContext/{field}"), json!(null));
    let expected = "spec.containers[0].securityContext: violates Pod Security: level restricted would deny the Pod unless its own securityContext sets";
    for (field, unless) in [
        ("runAsNonRoot", "this field, or it has hostUsers: false; set runAsNonRoot: true"),
        ("seccompProfile", "this field; set seccompProfile.type: RuntimeDefault"),
    ] {
        warns(missing(field), &format!("{expected} {unless}"));
    }
    let mut both = missing("runAsNonRoot");
    both["spec"]["containers"][0]["securityContext"]["seccompProfile"] = json!(null);
    warns(both, &format!("{expected} these fields; set runAsNonRoot: true, seccompProfile.type: RuntimeDefault"));
}

#[test]
fn violations_are_reported_at_their_fields() {
    const BOTH: &str = "levels baseline and restricted would deny";
    const RESTRICTED: &str = "level restricted would deny";
    const AS_ROOT: &str = "level restricted, except in Pods with hostUsers: false, would deny";
    for (place, value, levels) in [
        ("securityContext/runAsUser", json!(0), AS_ROOT),
        ("securityContext/runAsNonRoot", json!(false), AS_ROOT),
        ("securityContext/allowPrivilegeEscalation", json!(true), RESTRICTED),
        ("securityContext/capabilities/add", json!(["NET_BIND_SERVICE", "CHOWN"]), RESTRICTED),
        ("securityContext/capabilities/add", json!(["CHOWN", "NET_ADMIN"]), BOTH),
        ("securityContext/capabilities/add", json!(["net_bind_service"]), BOTH),
        ("securityContext/procMount", json!("Unmasked"), "level restricted, and baseline before Kubernetes 1.35,"),
        ("securityContext/seccompProfile/type", json!("Unconfined"), BOTH),
        ("securityContext/appArmorProfile/type", json!("Unconfined"), BOTH),
        ("securityContext/seLinuxOptions/type", json!("spc_t"), BOTH),
        ("securityContext/seLinuxOptions/role", json!("system_r"), BOTH),
        ("securityContext/seLinuxOptions/user", json!("system_u"), BOTH),
    ] {
        violates(place, value, levels);
    }
    warns(
        companion("/spec/containers/0/securityContext", json!({"privileged": true})),
        "spec.containers[0].securityContext.privileged: violates Pod Security: levels baseline and restricted would deny",
    );
    warns(
        companion("/spec/containers/0/ports", json!([{"containerPort": 80, "hostPort": 80}])),
        "spec.containers[0].ports[0].hostPort: violates Pod Security: levels baseline and restricted would deny",
    );
}

#[test]
fn a_container_with_all_privileges_cannot_limit_them() {
    let at = "/spec/containers/0/securityContext/";
    let expected = "spec.containers[0].securityContext.allowPrivilegeEscalation: forbidden: API servers deny false together with privileged: true or capability CAP_SYS_ADMIN; remove that field or this one";
    check(companion(&format!("{at}privileged"), json!(true)), &[expected]);
    check(companion(&format!("{at}capabilities/add"), json!(["CAP_SYS_ADMIN"])), &[expected]);
    check(companion(&format!("{at}capabilities/add"), json!(["SYS_ADMIN"])), &[]);
}

#[test]
fn a_host_in_a_probe_or_a_hook_violates_baseline() {
    for (place, handler) in [
        ("livenessProbe.httpGet", json!({"livenessProbe": {"httpGet": {"port": 80, "host": "127.0.0.1"}}})),
        ("startupProbe.tcpSocket", json!({"startupProbe": {"tcpSocket": {"port": 80, "host": "db"}}})),
        ("lifecycle.preStop.httpGet", json!({"lifecycle": {"preStop": {"httpGet": {"port": 80, "host": "db"}}}})),
        (
            "lifecycle.postStart.tcpSocket",
            json!({"lifecycle": {"postStart": {"tcpSocket": {"port": 80, "host": "db"}}}}),
        ),
    ] {
        let mut object = git_sync();
        let members = handler.as_object().unwrap().clone();
        object["spec"]["containers"][0].as_object_mut().unwrap().extend(members);
        let levels = "levels baseline and restricted, since Kubernetes 1.34, would deny the Pod; remove this field";
        warns(object, &format!("spec.containers[0].{place}.host: violates Pod Security: {levels}"));
    }
}

#[test]
fn volumes_of_the_node_violate_baseline_and_those_of_the_network_restricted() {
    let volumes = json!([{"name": "a", "hostPath": {"path": "/var"}}]);
    warns(
        companion("/spec/volumes", volumes),
        "spec.volumes[0].hostPath: violates Pod Security: levels baseline and restricted",
    );
    let source = json!({"nfs": {"server": "x", "path": "/"}});
    warns(
        with(&[("/spec/sharedVolumes/0/source", source)]),
        "spec.sharedVolumes[0].source.nfs: violates Pod Security: level restricted",
    );
}

#[test]
fn a_source_that_api_servers_drop_violates_nothing() {
    let checked = check_companion(&companion("/spec/volumes", json!([{"name": "a", "emptydir": {}}])));
    let found: Vec<_> = checked.warnings.iter().map(ToString::to_string).collect();
    assert!(!found.iter().any(|warning| warning.contains("Pod Security")), "{found:#?}");
}

#[test]
fn an_annotation_that_removes_the_app_armor_profile_violates_baseline() {
    let key = "container.apparmor.security.beta.kubernetes.io/git-sync";
    let annotated = |profile: &str| companion("/spec/podAnnotations", json!({key: profile}));
    warns(
        annotated("unconfined"),
        &format!("spec.podAnnotations[\"{key}\"]: violates Pod Security: levels baseline and restricted would deny"),
    );
    silent(annotated("runtime/default"));
    silent(annotated("localhost/profile"));
}
