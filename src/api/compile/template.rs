//! Containers as templates: JSON with gaps for what varies from Pod to Pod.

use serde_json::{Map, Value, json};

use super::filler;
use super::slots_writer::TemplateWriter;
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::slots;
use crate::api::v1alpha1::{Lifecycle, Protocol, Spec};
use crate::api::validate::storage::volumes::{FILES, NO_TOKEN, full_name};
use crate::inject::companion::template::{ResourceSlot, ResourceSlots, Template, TemplatePiece};
use crate::inject::keys::TOKEN_PATH;

/// The whole container. It opens with the name; each further member writes its own leading comma.
pub(in crate::api) fn template(object: &CompanionObject, each: &ContainerAt) -> Template {
    let spec = &object.spec;
    let mut writer = TemplateWriter::new(spec, &each.container.name);
    if !each.init && spec.lifecycle == Lifecycle::Native {
        writer.text(",\"restartPolicy\":\"Always\"");
    }
    let mut wanted =
        Slots { env: wants_env(object, each), mounts: wants_mounts(object, each), resources: resources(spec, each) };
    for (key, value) in with_exposed_port(object, each) {
        match key.as_str() {
            "name" => {}
            "env" => writer.push(wanted.env.take()),
            "volumeMounts" => writer.push(wanted.mounts.take()),
            "resources" if wanted.resources.is_some() => writer.push(wanted.resources.take()),
            _ => writer.member(&key, &renamed(object, &key, value)),
        }
    }
    // What the container itself does not have.
    for piece in [wanted.env, wanted.mounts, wanted.resources] {
        writer.push(piece);
    }
    writer.finish()
}

/// Pieces that stand where the container has the member, else at its end.
struct Slots {
    env: Option<TemplatePiece>,
    mounts: Option<TemplatePiece>,
    resources: Option<TemplatePiece>,
}

fn wants_env(object: &CompanionObject, each: &ContainerAt) -> Option<TemplatePiece> {
    let own = each.field("env").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let given = crate::api::validate::pod::env::given(object).next().is_some();
    (given || !own.is_empty()).then(|| TemplatePiece::Env { own: joined(own) })
}

fn wants_mounts(object: &CompanionObject, each: &ContainerAt) -> Option<TemplatePiece> {
    let own = own_mounts(object, each);
    (!object.spec.shared_volumes.is_empty() || !own.is_empty()).then(|| TemplatePiece::Mounts { own: joined(&own) })
}

fn joined(items: &[Value]) -> Box<str> {
    items.iter().map(Value::to_string).collect::<Vec<_>>().join(",").into()
}

/// The mounts of the container alone, those of files and the mask of the token included.
pub(in crate::api) fn own_mounts(object: &CompanionObject, each: &ContainerAt) -> Vec<Value> {
    let declared = each.field("volumeMounts").and_then(Value::as_array).into_iter().flatten();
    let mut mounts: Vec<_> = declared.map(|mount| under_full_name(object, mount)).collect();
    mounts.extend(object.spec.files.iter().enumerate().map(|(i, file)| {
        let name = full_name(&object.name, FILES);
        json!({"name": name, "mountPath": file.path, "subPath": i.to_string(), "readOnly": true})
    }));
    if masks_token(object, each) {
        let name = full_name(&object.name, NO_TOKEN);
        mounts.push(json!({"name": name, "mountPath": TOKEN_PATH, "readOnly": true}));
    }
    mounts
}

/// Whether an empty directory stands where the token would be mounted.
pub(in crate::api) fn masks_token(object: &CompanionObject, each: &ContainerAt) -> bool {
    let spec = &object.spec;
    let own = each.container.volume_mounts.iter().map(|m| &m.mount_path);
    let shared = spec.shared_volumes.iter().map(|v| &v.companion.mount_path);
    !spec.service_account_token && !own.chain(shared).any(|path| path == TOKEN_PATH)
}

fn under_full_name(object: &CompanionObject, mount: &Value) -> Value {
    let mut mount = mount.clone();
    if let Some(name) = mount.get_mut("name") {
        *name = full_name(&object.name, name.as_str().unwrap_or_default()).into();
    }
    mount
}

/// Block devices name volumes, too.
pub(in crate::api) fn renamed(object: &CompanionObject, key: &str, value: Value) -> Value {
    match value {
        Value::Array(items) if key == "volumeDevices" => {
            items.iter().map(|item| under_full_name(object, item)).collect()
        }
        other => other,
    }
}

/// The port of `exposes`, if it is this container that gets it: the first one, unless one declares it.
pub(in crate::api) fn exposed_port(object: &CompanionObject, each: &ContainerAt) -> Option<u16> {
    let exposes = object.spec.exposes.as_ref()?;
    let mut ports = object.spec.containers.iter().flat_map(|c| &c.ports);
    let declared = ports.any(|p| p.container_port == exposes.port && p.protocol == Protocol::Tcp);
    let first = object.spec.containers.first().is_some_and(|c| !each.init && c.name == each.container.name);
    (first && !declared).then_some(exposes.port)
}

pub(in crate::api) fn with_exposed_port(object: &CompanionObject, each: &ContainerAt) -> Map<String, Value> {
    let mut container: Map<_, _> =
        each.raw.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect();
    if let (Some(port), Some(exposes)) = (exposed_port(object, each), &object.spec.exposes) {
        let ports = container.entry("ports").or_insert_with(|| json!([]));
        if let Some(ports) = ports.as_array_mut() {
            ports.push(json!({"name": exposes.name, "containerPort": port, "protocol": "TCP"}));
        }
    }
    container
}

fn resources(spec: &Spec, each: &ContainerAt) -> Option<TemplatePiece> {
    let name = each.container.name.as_str();
    let filled =
        spec.parameters.iter().filter_map(|p| slots::target(p.resource.as_deref()?)).filter(|(c, ..)| *c == name);
    let filled: Vec<_> = filled.collect();
    if filled.is_empty() {
        return None;
    }
    let declared = each.field("resources").and_then(Value::as_object);
    let list = |list: &str| -> Box<[ResourceSlot]> {
        let own = declared.and_then(|r| r.get(list)).and_then(Value::as_object);
        let of_own =
            own.into_iter().flatten().map(|(resource, value)| (resource.as_str(), Some(value.to_string().into())));
        let others =
            filled.iter().filter(|(_, l, resource)| *l == list && own.is_none_or(|own| !own.contains_key(*resource)));
        let others = others.map(|(_, _, resource)| (*resource, None));
        let all = of_own.chain(others);
        all.map(|(resource, value)| ResourceSlot {
            name: resource.into(),
            value,
            parameter: filler(spec, name, list, resource),
        })
        .collect()
    };
    let rest = declared
        .into_iter()
        .flatten()
        .filter(|(key, v)| !matches!(key.as_str(), "limits" | "requests") && !v.is_null());
    let rest: Vec<_> = rest.map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
    let (limits, requests) = (list("limits"), list("requests"));
    Some(TemplatePiece::Resources(Box::new(ResourceSlots { rest: rest.join(",").into(), limits, requests })))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::validate::testing::{check_companion, companion, compiled, everything, git_sync, with};
    use crate::inject::companion::parameter::ParameterType;
    use crate::inject::companion::template::{Template, TemplatePiece};
    use crate::inject::companion::{Companion, Placement};

    /// A template as text, with words for its gaps.
    fn text(template: &Template) -> String {
        let piece = |piece: &TemplatePiece| match piece {
            TemplatePiece::Text(text) => text.to_string(),
            TemplatePiece::Env { own } => format!(",\"env\":[<given>{own}]"),
            TemplatePiece::Mounts { own } => format!(",\"volumeMounts\":[<shared>{own}]"),
            TemplatePiece::Port(endpoint) => format!("<port {}>", endpoint.place()),
            TemplatePiece::Resources(resources) => {
                let list = |list: &[crate::inject::companion::template::ResourceSlot]| {
                    let items = list.iter().map(|r| {
                        format!("{}={}/{:?}", r.name, r.value.as_deref().unwrap_or("-"), r.parameter.map(|p| p.place()))
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
    fn a_native_container_keeps_its_members_in_order_behind_name_and_restart_policy() {
        let good = compiled(&git_sync());
        let expected = format!(
            "{}{},{}{}",
            r#"{"name":"git-sync","restartPolicy":"Always","image":"registry.example/git-sync:v4","env":[<given>{"name":"GITSYNC_ROOT","value":"/git"}]"#,
            r#","resources":{"requests":{"cpu":"10m","memory":"32Mi"},"limits":{"memory":"64Mi"}}"#,
            CONTEXT,
            r#","volumeMounts":[<shared>{"name":"git-sync-no-token","mountPath":"/var/run/secrets/kubernetes.io/serviceaccount","readOnly":true}]}"#,
        );
        assert_eq!(text(&good.containers[0].template), expected);
        assert_eq!(good.placement, Placement::Last);
    }

    #[test]
    fn a_container_with_nothing_to_fill_is_one_text() {
        let bare = with(&[
            ("/spec/lifecycle", json!("Container")),
            ("/spec/containers", json!([{"name": "a", "image": "a:1", "future": {"x": [1.50]}}])),
            ("/spec/sharedVolumes", json!([])),
            ("/spec/parameters", json!([])),
            ("/spec/serviceAccountToken", json!(true)),
        ]);
        let good = compiled(&bare);
        assert_eq!(good.containers[0].template.0.len(), 1);
        assert_eq!(text(&good.containers[0].template), r#"{"name":"a","image":"a:1","future":{"x":[1.5]}}"#);
        assert_eq!(good.placement, Placement::Container);
        assert_eq!(good.volumes.len(), 0);
    }

    #[test]
    fn gaps_stand_where_parameters_fill_something() {
        let good = large();
        let first = text(&good.containers[0].template);
        for part in [
            r#""ports":[{"name":"redis","containerPort":<port 0>},{"containerPort":6379,"protocol":"UDP"},{"name":"metrics","containerPort":9113,"protocol":"TCP"}]"#,
            r#""startupProbe":{"tcpSocket":{"port":<port 0>},"periodSeconds":1}"#,
            r#""livenessProbe":{"httpGet":{"port":9113,"path":"/healthz"}}"#,
            r#""lifecycle":{"preStop":{"sleep":{"seconds":2}},"postStart":{"httpGet":{"port":<port 0>}}}"#,
            r#",<limits memory="64Mi"/Some(1) cpu=-/Some(2); requests cpu="10m"/None memory="32Mi"/None; rest >"#,
            r#""volumeMounts":[<shared>{"name":"git-sync-cache","mountPath":"/cache","subPath":"x"},{"name":"git-sync-files","mountPath":"/etc/proxy/a","subPath":"0","readOnly":true},"#,
            r#""volumeDevices":[{"name":"git-sync-cache","devicePath":"/dev/cache"}]"#,
        ] {
            assert!(first.contains(part), "{part}\nis not in\n{first}");
        }
        let second = text(&good.init_containers[0].template);
        assert!(!second.contains("restartPolicy") && !second.contains("metrics"));
        assert!(second.contains("<given>") && second.contains("git-sync-files"));
    }

    #[test]
    fn without_a_parameter_a_port_is_plain_text_and_still_its_endpoints() {
        let fixed = with(&[
            ("/spec/listens", json!([{"name": "redis", "port": 6379}])),
            ("/spec/containers/0/ports", json!([{"containerPort": 6379}])),
        ]);
        let good = compiled(&fixed);
        assert!(text(&good.containers[0].template).contains(r#""containerPort":6379"#));
        assert_eq!(good.containers[0].ports[0].endpoint.map(|e| e.place()), Some(0));
    }

    #[test]
    fn exposes_adds_its_port_unless_a_container_declares_it() {
        let ports =
            |ports: Value| with(&[("/spec/exposes", json!({"port": 9113})), ("/spec/containers/0/ports", ports)]);
        assert_eq!(compiled(&ports(json!([]))).containers[0].ports.len(), 1);
        assert_eq!(compiled(&ports(json!([{"containerPort": 9113, "name": "metrics"}]))).containers[0].ports.len(), 1);
        assert_eq!(compiled(&ports(json!([{"containerPort": 9113, "protocol": "UDP"}]))).containers[0].ports.len(), 2);
    }

    #[test]
    fn volumes_have_their_final_names() {
        let good = large();
        let volumes: Vec<_> = good.volumes.iter().map(|v| (&*v.name, &*v.json)).collect();
        let files = r#"{"name":"git-sync-files","downwardAPI":{"items":[{"path":"0","fieldRef":{"fieldPath":"metadata.annotations['text.podgraft.dev/git-sync.0']"},"mode":420},{"path":"1","fieldRef":{"fieldPath":"metadata.annotations['text.podgraft.dev/git-sync.1']"},"mode":384}]}}"#;
        assert_eq!(
            volumes,
            [
                ("git-sync-cache", r#"{"name":"git-sync-cache","emptyDir":{"sizeLimit":"1Gi"}}"#),
                ("git-sync-files", files),
                ("git-sync-no-token", r#"{"name":"git-sync-no-token","emptyDir":{}}"#),
            ]
        );
        assert_eq!(&*good.files[1].key, "text.podgraft.dev/git-sync.1");
        assert_eq!(&*good.files[1].content, "b");
        assert_eq!(&*good.shared_volumes[0].volume.json, r#"{"name":"git-sync-content","emptyDir":{}}"#);
    }

    #[test]
    fn a_shared_volume_joins_where_it_declares_no_source() {
        let good = compiled(&git_sync());
        assert!(good.shared_volumes[0].joins && good.shared_volumes[0].shareable);
        assert_eq!(good.shared_volumes[0].app.parameter.map(|p| p.place()), Some(2));
        assert!(!good.shared_volumes[0].companion.read_only);
        let claim = companion("/spec/sharedVolumes/0/source", json!({"persistentVolumeClaim": {"claimName": "x"}}));
        let good = compiled(&claim);
        assert!(!good.shared_volumes[0].joins && good.shared_volumes[0].shareable);
        let config = companion("/spec/sharedVolumes/0/source", json!({"configMap": {"name": "x"}}));
        assert!(!compiled(&config).shared_volumes[0].shareable);
    }

    #[test]
    fn an_adapter_only_reads_and_an_ambassador_stands_first() {
        let adapter = with(&[
            ("/spec/pattern", json!("Adapter")),
            ("/spec/sharedVolumes/0/app/readOnly", json!(false)),
            ("/spec/reads", json!([{"sharedVolume": "content"}])),
        ]);
        let good = compiled(&adapter);
        assert!(good.shared_volumes[0].companion.read_only);
        assert_eq!(good.placement, Placement::Last);
        let ambassador =
            with(&[("/spec/pattern", json!("Ambassador")), ("/spec/listens", json!([{"name": "a", "port": 1}]))]);
        assert_eq!(compiled(&ambassador).placement, Placement::First);
    }

    #[test]
    fn the_token_is_masked_unless_it_is_wanted_or_mounted_otherwise() {
        let masked = |object: &Value| compiled(object).volumes.iter().any(|v| &*v.name == "git-sync-no-token");
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
    fn the_rest_is_compiled_as_declared() {
        let good = large();
        assert_eq!(&*good.endpoints[0].name, "redis");
        assert_eq!(good.endpoints[0].parameter.map(|p| p.place()), Some(0));
        assert_eq!(good.endpoints[0].port_env.as_deref(), Some("REDIS_PORT"));
        assert_eq!(good.exposes.as_ref().map(|e| (e.port, e.endpoint, &*e.path)), Some((9113, None, "/metrics")));
        assert_eq!(&*good.app_env[0].json, r#"{"name":"REDIS_URL","value":"redis://$(REDIS_HOST):$(REDIS_PORT)"}"#);
        assert_eq!(good.pre_stop_sleep, Some(2));
        assert_eq!(&*good.image_pull_secrets[0], "registry");
        assert_eq!(good.parameters.len(), 7);
        assert!(matches!(&good.parameters[3].kind, ParameterType::Path { below: Some(below) } if &**below == "/git"));
        assert_eq!(good.placement, Placement::Last);
        assert_eq!(good.hash.len(), 16);
        assert_eq!(good.containers[0].mount_paths.len(), 5, "a mount, two files, the mask of the token and a device");
        let names: Vec<_> = good.identities().map(|(c, list)| (&*c.name, list.is_init())).collect();
        assert_eq!(names, [("prepare", true), ("git-sync", true)]);
        assert_eq!(check_companion(&git_sync()).warnings, []);
    }
}
