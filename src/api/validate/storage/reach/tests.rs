use serde_json::{Value, json};

use crate::api::testing::{check, check_companion, silent, warns, with};
use crate::inject::keys::TOKEN_PATH;

const FILES: (&str, &str) = ("/git/conf", "spec.files[0].path: forbidden: the file is below shared volume content");

fn shared(companion: &str, app: Value, more: &[(&str, Value)]) -> Value {
    let changes = [
        ("/spec/sharedVolumes/0/companion/mountPath", json!(companion)),
        ("/spec/sharedVolumes/0/app", app),
        ("/spec/parameters", json!([])),
    ];
    with(&[&changes, more].concat())
}

fn writable() -> Value {
    json!({"mountPath": "/srv/app"})
}

#[test]
fn nothing_of_the_companions_is_below_a_shared_volume_that_the_app_can_write() {
    let file = ("/spec/files", json!([{"path": FILES.0, "content": "deny all\n"}]));
    check(shared("/git", writable(), std::slice::from_ref(&file)), &[FILES.1]);
    let mount = [
        ("/spec/volumes", json!([{"name": "keys"}])),
        ("/spec/containers/0/volumeMounts", json!([{"name": "keys", "mountPath": "/git/a/keys"}])),
    ];
    check(shared("/git", writable(), &mount), &["spec.containers[0].volumeMounts[0].mountPath: forbidden: the mount"]);
    let device = [
        ("/spec/volumes", json!([{"name": "disk", "persistentVolumeClaim": {"claimName": "x"}}])),
        ("/spec/containers/0/volumeDevices", json!([{"name": "disk", "devicePath": "/git/disk"}])),
    ];
    check(
        shared("/git", writable(), &device),
        &["spec.containers[0].volumeDevices[0].devicePath: forbidden: the device"],
    );
    let run = ("/spec/files", json!([{"path": "/run/x/conf", "content": ""}]));
    check(shared("/var/run/x", writable(), &[run]), &["spec.files[0].path: forbidden"]);
    let claim = ("/spec/sharedVolumes/0/source", json!({"persistentVolumeClaim": {"claimName": "x"}}));
    check(shared("/git", writable(), &[file, claim]), &[FILES.1]);
}

#[test]
fn what_the_app_cannot_write_it_cannot_replace() {
    let file = ("/spec/files", json!([{"path": FILES.0, "content": ""}]));
    let read_only = json!({"mountPath": "/srv/app", "readOnly": true});
    let expected = "spec.files[0].path: insecure: the file is below shared volume content, where an app that mounts";
    warns(shared("/git", read_only.clone(), std::slice::from_ref(&file)), expected);
    for (app, source) in [
        (read_only.clone(), json!({"emptyDir": {}})),
        (writable(), json!({"configMap": {"name": "x", "optional": true}})),
        (read_only.clone(), json!({"persistentVolumeClaim": {"claimName": "x", "readOnly": true}})),
    ] {
        let changes = [
            file.clone(),
            ("/spec/sharedVolumes/0/source", source),
            ("/spec/sharedVolumes/0/companion/readOnly", json!(true)),
        ];
        silent(shared("/git", app, &changes));
    }
}

#[test]
fn an_app_can_write_a_volume_that_it_can_mount_itself() {
    let file = ("/spec/files", json!([{"path": FILES.0, "content": ""}]));
    let read_only = json!({"mountPath": "/srv/app", "readOnly": true});
    for source in [
        json!({"persistentVolumeClaim": {"claimName": "x"}}),
        json!({"nfs": {"server": "x", "path": "/x"}}),
        json!({"csi": {"driver": "x"}}),
    ] {
        let expected =
            "spec.files[0].path: insecure: the file is below shared volume content, where an app that mounts a volume";
        let checked = check_companion(&shared(
            "/git",
            read_only.clone(),
            &[file.clone(), ("/spec/sharedVolumes/0/source", source)],
        ));
        assert!(checked.warnings.iter().any(|w| w.to_string().starts_with(expected)), "{:?}", checked.warnings);
        assert_eq!(checked.problems, []);
    }
    let source = ("/spec/sharedVolumes/0/source", json!({"emptyDir": {"readOnly": true}}));
    let problems = check_companion(&shared("/git", writable(), &[file, source])).problems;
    assert!(
        problems.iter().any(|p| p.to_string().starts_with(FILES.1)),
        "a field that an emptyDir does not have: {problems:?}"
    );
}

#[test]
fn no_shared_volume_is_below_one_that_the_app_can_write_unless_it_can_write_both() {
    let inner = |app: Value, source: Value| {
        let inner = json!({"name": "inner", "companion": {"mountPath": "/git/a/inner"}, "app": app, "source": source});
        shared("/git", writable(), &[("/spec/sharedVolumes/1", inner)])
    };
    let read_only = json!({"mountPath": "/srv/inner", "readOnly": true});
    let expected =
        "spec.sharedVolumes[1].companion.mountPath: forbidden: the shared volume is below shared volume content";
    check(inner(read_only, json!({"emptyDir": {}})), &[expected]);
    let keys = json!({"secret": {"secretName": "x", "optional": true}});
    check(inner(json!({"mountPath": "/srv/inner"}), keys), &[expected]);
    silent(inner(json!({"mountPath": "/srv/inner"}), json!({"emptyDir": {}})));
}

#[test]
fn a_shared_volume_is_not_at_above_or_below_the_token_of_the_companion() {
    for path in [
        "/var/run/secrets/kubernetes.io/serviceaccount",
        "/run/secrets/kubernetes.io/serviceaccount",
        "/var/run/secrets/kubernetes.io/serviceaccount/x",
        "/run/secrets",
        "/var/run",
        "/var",
    ] {
        let expected = "spec.sharedVolumes[0].companion.mountPath: forbidden: the app could place a token or CA at /var/run/secrets/kubernetes.io/serviceaccount; choose another path";
        check(shared(path, writable(), &[]), &[expected]);
        let source = ("/spec/sharedVolumes/0/source", json!({"configMap": {"name": "x", "optional": true}}));
        let expected = "spec.sharedVolumes[0].companion.mountPath: forbidden: the Pod's token, or an empty volume in its place, is mounted at";
        check(shared(path, writable(), &[source]), &[expected]);
    }
    silent(shared("/var/running", writable(), &[]));
}

#[test]
fn no_value_of_a_parameter_takes_a_shared_volume_to_the_token_or_to_programs() {
    let moved = |below: &str| {
        let mover = json!([{"name": "where", "type": "Path", "mountPath": "content/companion", "below": below}]);
        shared("/git", writable(), &[("/spec/parameters", mover)])
    };
    check(moved("/run"), &["spec.parameters[0].below: forbidden: the app could place a token or CA"]);
    warns(moved("/usr"), "spec.parameters[0].below: insecure: the shared volume is at, above or below");
    silent(moved("/git/here"));
}

#[test]
fn a_shared_volume_over_programs_is_warned_about() {
    for path in ["/usr/local/bin", "/bin", "/usr", "/usr/local", "/etc", "/lib/x"] {
        warns(
            shared(path, writable(), &[]),
            "spec.sharedVolumes[0].companion.mountPath: insecure: the shared volume is at, above or below",
        );
    }
    silent(shared("/usr/share/x", writable(), &[]));
    silent(shared("/etc/proxy.d", writable(), &[]));
}

#[test]
fn a_shared_volume_that_overlaps_the_apps_token_conflicts_in_every_pod_that_has_one() {
    for path in ["/var", "/var/run", "/var/run/secrets/kubernetes.io/serviceaccount/more", TOKEN_PATH] {
        let expected = "spec.sharedVolumes[0].app.mountPath: possible conflict: the path is at, above or below /var/run/secrets/kubernetes.io/serviceaccount";
        warns(shared("/git", json!({"mountPath": path}), &[]), expected);
    }
    for path in ["/run", "/run/secrets", "/run/secrets/kubernetes.io/serviceaccount"] {
        let expected = "spec.sharedVolumes[0].app.mountPath: possible conflict: in images where /var/run is a link to /run, the path is at, above or below";
        warns(shared("/git", json!({"mountPath": path}), &[]), expected);
    }
    for path in ["/var/running", "/var/run/secrets/other", "/run/x", "/srv/www"] {
        assert_eq!(check_companion(&shared("/git", json!({"mountPath": path}), &[])).warnings, [], "{path}");
    }
}
