use serde_json::{Value, json};

use crate::api::testing::{check_companion, companion, compiled, everything, git_sync, with};
use crate::inject::companion::index::{EndpointIndex, ParameterIndex};
use crate::inject::companion::parameter::ParameterType;
use crate::inject::companion::template::{Template, TemplatePiece};
use crate::inject::companion::{Companion, Placement};
use crate::inject::container_list::ContainerList;

/// A template as text, with placeholders for its gaps.
fn text(template: &Template) -> String {
    let piece = |piece: &TemplatePiece| match piece {
        TemplatePiece::Text(text) => text.to_string(),
        TemplatePiece::Env { own } => format!(",\"env\":[<given>{}]", text(own)),
        TemplatePiece::Mounts { own, masks_token } => {
            format!(",\"volumeMounts\":[<shared>{own}{}]", if *masks_token { "<mask>" } else { "" })
        }
        TemplatePiece::VolumeName(shared) => format!("<volume {}>", shared.place()),
        TemplatePiece::Port(endpoint) => format!("<port {}>", endpoint.place()),
        TemplatePiece::Resources(resources) => {
            let list = |list: &[crate::inject::companion::template::ResourceSlot]| {
                let items = list.iter().map(|r| {
                    format!(
                        "{}={}/{:?}",
                        r.name,
                        r.value.as_deref().unwrap_or("-"),
                        r.parameter.map(ParameterIndex::place)
                    )
                });
                items.collect::<Vec<_>>().join(" ")
            };
            format!(
                ",<limits {}; requests {}; rest {}>",
                list(&resources.limits),
                list(&resources.requests),
                resources.rest
            )
        }
    };
    template.0.iter().map(piece).collect()
}

fn large() -> std::sync::Arc<Companion> {
    let changes: Vec<_> = everything().into_iter().map(|(name, value)| (format!("/spec/{name}"), value)).collect();
    compiled(&with(&changes.iter().map(|(p, v)| (p.as_str(), v.clone())).collect::<Vec<_>>()))
}

const CONTEXT: &str = r#""securityContext":{"runAsNonRoot":true,"runAsUser":65533,"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"}}"#;

#[test]
fn a_native_container_has_name_and_restart_policy_first_and_keeps_the_order_of_the_rest() {
    let valid = compiled(&git_sync());
    let expected = format!(
        "{}{},{}{}",
        r#"{"name":"git-sync","restartPolicy":"Always","image":"registry.example/git-sync:v4","env":[<given>{"name":"GITSYNC_ROOT","value":"/git"}]"#,
        r#","resources":{"requests":{"cpu":"10m","memory":"32Mi"},"limits":{"memory":"64Mi"}}"#,
        CONTEXT,
        r#","volumeMounts":[<shared><mask>]}"#,
    );
    assert_eq!(text(&valid.containers[0].template), expected);
    assert_eq!(valid.placement, Placement::Last);
}

#[test]
fn a_container_without_slots_is_a_single_text() {
    let bare = with(&[
        ("/spec/lifecycle", json!("Container")),
        ("/spec/containers", json!([{"name": "a", "image": "a:1", "future": {"x": [1.50]}}])),
        ("/spec/sharedVolumes", json!([])),
        ("/spec/parameters", json!([])),
        ("/spec/serviceAccountToken", json!(true)),
    ]);
    let valid = compiled(&bare);
    assert_eq!(valid.containers[0].template.0.len(), 1);
    assert_eq!(text(&valid.containers[0].template), r#"{"name":"a","image":"a:1","future":{"x":[1.5]}}"#);
    assert_eq!(valid.placement, Placement::Container);
    assert_eq!(valid.volumes.len(), 0);
}

#[test]
fn there_is_a_gap_for_each_slot() {
    let valid = large();
    let first = text(&valid.containers[0].template);
    for part in [
        r#""ports":[{"name":"redis","containerPort":<port 0>},{"containerPort":6379,"protocol":"UDP"},{"name":"metrics","containerPort":9113,"protocol":"TCP"}]"#,
        r#""startupProbe":{"tcpSocket":{"port":<port 0>},"periodSeconds":1}"#,
        r#""livenessProbe":{"httpGet":{"port":9113,"path":"/healthz"}}"#,
        r#""lifecycle":{"preStop":{"sleep":{"seconds":2}},"postStart":{"httpGet":{"port":<port 0>}}}"#,
        r#",<limits memory="64Mi"/Some(1) cpu=-/Some(2); requests cpu="10m"/None memory="32Mi"/None; rest >"#,
        r#""volumeMounts":[<shared>{"name":"git-sync-cache","mountPath":"/cache","subPath":"x"},{"name":"git-sync-files","mountPath":"/etc/proxy/a","subPath":"0","readOnly":true},"#,
        r#""volumeDevices":[{"name":"git-sync-disk","devicePath":"/dev/disk"}]"#,
    ] {
        assert!(first.contains(part), "{part}\nis not in\n{first}");
    }
    let second = text(&valid.init_containers[0].template);
    assert!(!second.contains("restartPolicy") && !second.contains("metrics"));
    assert!(second.contains("<given>") && second.contains("git-sync-files"));
}

#[test]
fn a_port_that_no_parameter_moves_is_text_and_still_belongs_to_its_endpoint() {
    let fixed = with(&[
        ("/spec/listens", json!([{"name": "redis", "port": 6379}])),
        ("/spec/containers/0/ports", json!([{"containerPort": 6379}])),
    ]);
    let valid = compiled(&fixed);
    assert!(text(&valid.containers[0].template).contains(r#""containerPort":6379"#));
    assert_eq!(valid.containers[0].ports[0].endpoint.map(EndpointIndex::place), Some(0));
}

#[test]
fn exposes_adds_its_port_unless_a_container_declares_it() {
    let ports = |ports: Value| with(&[("/spec/exposes", json!({"port": 9113})), ("/spec/containers/0/ports", ports)]);
    assert_eq!(compiled(&ports(json!([]))).containers[0].ports.len(), 1);
    assert_eq!(compiled(&ports(json!([{"containerPort": 9113, "name": "metrics"}]))).containers[0].ports.len(), 1);
    assert_eq!(compiled(&ports(json!([{"containerPort": 9113, "protocol": "UDP"}]))).containers[0].ports.len(), 2);
}

#[test]
fn volumes_have_the_names_of_the_pod() {
    let valid = large();
    let volumes: Vec<_> = valid.volumes.iter().map(|v| (&*v.name, &*v.json)).collect();
    let files = r#"{"name":"git-sync-files","downwardAPI":{"items":[{"path":"0","fieldRef":{"fieldPath":"metadata.annotations['text.podgraft.dev/git-sync.0']"},"mode":420},{"path":"1","fieldRef":{"fieldPath":"metadata.annotations['text.podgraft.dev/git-sync.1']"},"mode":384}]}}"#;
    assert_eq!(
        volumes,
        [
            ("git-sync-cache", r#"{"name":"git-sync-cache","emptyDir":{"sizeLimit":"1Gi"}}"#),
            ("git-sync-disk", r#"{"name":"git-sync-disk","persistentVolumeClaim":{"claimName":"disk"}}"#),
            ("git-sync-files", files),
        ]
    );
    let mask = valid.token_mask.as_ref().unwrap();
    assert_eq!(&*mask.volume.json, r#"{"name":"git-sync-no-token","projected":{"sources":[]}}"#);
    assert_eq!(*mask.earlier, [r#"{"name":"git-sync-no-token","emptyDir":{}}"#.into()]);
    let mount =
        r#"{"name":"git-sync-no-token","mountPath":"/var/run/secrets/kubernetes.io/serviceaccount","readOnly":true}"#;
    assert_eq!(&*mask.mount, mount);
    assert_eq!(&*valid.files[1].key, "text.podgraft.dev/git-sync.1");
    assert_eq!(&*valid.files[1].content, "b");
    assert_eq!(&*valid.shared_volumes[0].volume.json, r#"{"name":"git-sync-content","emptyDir":{}}"#);
}

#[test]
fn a_variable_names_the_volume_that_is_mounted() {
    let variable = |name: &str, volume: &str| json!({"name": name, "valueFrom": {"fileKeyRef": {"volumeName": volume, "path": "a.env", "key": "A"}}});
    let changes = [
        ("/spec/volumes", json!([{"name": "own"}])),
        (
            "/spec/containers/0/env",
            json!([variable("A", "content"), variable("B", "own"), {"name": "C", "value": "own"}]),
        ),
        ("/spec/app/env", json!([variable("A", "content")])),
    ];
    let valid = compiled(&with(&changes));
    let first = text(&valid.containers[0].template);
    for part in [
        r#""env":[<given>{"name":"A","valueFrom":{"fileKeyRef":{"volumeName":<volume 0>,"path":"a.env","key":"A"}}},"#,
        r#"{"fileKeyRef":{"volumeName":"git-sync-own","path":"a.env","key":"A"}}},{"name":"C","value":"own"}]"#,
    ] {
        assert!(first.contains(part), "{part}\nis not in\n{first}");
    }
    assert!(text(&valid.app_env[0].template).contains(r#""volumeName":<volume 0>,"#));
    assert!(valid.shared_volumes[0].sets_variables && !compiled(&git_sync()).shared_volumes[0].sets_variables);
    let fixed = [&changes[..], &[("/spec/sharedVolumes/0/source", json!({"emptyDir": {}}))]].concat();
    let valid = compiled(&with(&fixed));
    assert!(text(&valid.app_env[0].template).contains(r#""volumeName":"git-sync-content","#), "it never joins");
}

#[test]
fn a_shared_volume_without_a_source_joins() {
    let valid = compiled(&git_sync());
    assert!(valid.shared_volumes[0].joins && valid.shared_volumes[0].shareable);
    assert_eq!(valid.shared_volumes[0].app.parameter.map(ParameterIndex::place), Some(2));
    assert!(!valid.shared_volumes[0].companion.read_only);
    let claim = companion("/spec/sharedVolumes/0/source", json!({"persistentVolumeClaim": {"claimName": "x"}}));
    let valid = compiled(&claim);
    assert!(!valid.shared_volumes[0].joins && valid.shared_volumes[0].shareable);
    let config = companion("/spec/sharedVolumes/0/source", json!({"configMap": {"name": "x"}}));
    assert!(!compiled(&config).shared_volumes[0].shareable);
}

#[test]
fn an_adapter_mounts_read_only_and_an_ambassador_is_first() {
    let adapter = with(&[
        ("/spec/pattern", json!("Adapter")),
        ("/spec/sharedVolumes/0/app/readOnly", json!(false)),
        ("/spec/reads", json!([{"sharedVolume": "content"}])),
    ]);
    let valid = compiled(&adapter);
    assert!(valid.shared_volumes[0].companion.read_only);
    assert_eq!(valid.placement, Placement::Last);
    let ambassador =
        with(&[("/spec/pattern", json!("Ambassador")), ("/spec/listens", json!([{"name": "a", "port": 1}]))]);
    assert_eq!(compiled(&ambassador).placement, Placement::First);
}

#[test]
fn the_token_is_masked_unless_it_is_requested_or_mounted_explicitly() {
    let masked = |object: &Value| compiled(object).token_mask.is_some();
    assert!(masked(&git_sync()));
    assert!(!masked(&companion("/spec/serviceAccountToken", json!(true))));
    let own = with(&[
        ("/spec/volumes", json!([{"name": "token", "projected": {"sources": []}}])),
        (
            "/spec/containers/0/volumeMounts",
            json!([{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]),
        ),
    ]);
    assert!(!masked(&own));
}

#[test]
fn other_fields_are_compiled_as_declared() {
    let valid = large();
    assert_eq!(&*valid.endpoints[0].name, "redis");
    assert_eq!(valid.endpoints[0].parameter.map(ParameterIndex::place), Some(0));
    assert_eq!(valid.endpoints[0].port_env.as_deref(), Some("REDIS_PORT"));
    assert_eq!(valid.exposes.as_ref().map(|e| (e.port, e.endpoint, &*e.path)), Some((9113, None, "/metrics")));
    assert_eq!(
        text(&valid.app_env[0].template),
        r#"{"name":"REDIS_URL","value":"redis://$(REDIS_HOST):$(REDIS_PORT)"}"#
    );
    assert_eq!(valid.pre_stop_sleep, Some(2));
    assert_eq!(&*valid.image_pull_secrets[0], "registry");
    assert_eq!(valid.parameters.len(), 7);
    assert!(matches!(&valid.parameters[3].kind, ParameterType::Path { below: Some(below) } if &**below == "/git"));
    assert_eq!(valid.placement, Placement::Last);
    assert_eq!(valid.hash.len(), 16);
    assert_eq!(valid.containers[0].mount_paths.len(), 5, "a mount, two files, the mask of the token and a device");
    let names: Vec<_> = valid.identities().map(|(c, init)| (&*c.name, init)).collect();
    assert_eq!(names, [("prepare", ContainerList::Init), ("git-sync", ContainerList::Init)]);
    assert_eq!(check_companion(&git_sync()).warnings, []);
}
