//! Containers as templates: JSON with gaps for what varies from Pod to Pod.

use serde_json::{Map, Value, json};

use super::compile::{endpoint_at, filler, mover};
use super::object::{Each, Object};
use super::slots;
use super::volumes::{FILES, NO_TOKEN, full_name};
use crate::api::v1alpha1::{Lifecycle, Protocol, Spec};
use crate::inject::keys::TOKEN_PATH;
use crate::inject::template::{Piece, Resource, Resources, Template};

/// The whole container. It opens with the name; each further member writes its own leading comma.
pub(super) fn template(object: &Object, each: &Each) -> Template {
    let spec = &object.spec;
    let mut writer = Writer { spec, text: String::from("{\"name\":"), pieces: Vec::new() };
    writer.text(&Value::from(each.container.name.as_str()).to_string());
    if !each.init && spec.lifecycle == Lifecycle::Native {
        writer.text(",\"restartPolicy\":\"Always\"");
    }
    let mut wanted = Wanted { env: wants_env(object, each), mounts: wants_mounts(object, each), resources: resources(spec, each) };
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
struct Wanted {
    env: Option<Piece>,
    mounts: Option<Piece>,
    resources: Option<Piece>,
}

fn wants_env(object: &Object, each: &Each) -> Option<Piece> {
    let own = each.field("env").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let given = super::env::given(object).next().is_some();
    (given || !own.is_empty()).then(|| Piece::Env { own: joined(own) })
}

fn wants_mounts(object: &Object, each: &Each) -> Option<Piece> {
    let own = own_mounts(object, each);
    (!object.spec.shared_volumes.is_empty() || !own.is_empty()).then(|| Piece::Mounts { own: joined(&own) })
}

fn joined(items: &[Value]) -> Box<str> {
    items.iter().map(Value::to_string).collect::<Vec<_>>().join(",").into()
}

/// The mounts of the container alone, those of files and the mask of the token included.
pub(super) fn own_mounts(object: &Object, each: &Each) -> Vec<Value> {
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
pub(super) fn masks_token(object: &Object, each: &Each) -> bool {
    let spec = &object.spec;
    let own = each.container.volume_mounts.iter().map(|m| &m.mount_path);
    let shared = spec.shared_volumes.iter().map(|v| &v.companion.mount_path);
    !spec.service_account_token && !own.chain(shared).any(|path| path == TOKEN_PATH)
}

fn under_full_name(object: &Object, mount: &Value) -> Value {
    let mut mount = mount.clone();
    if let Some(name) = mount.get_mut("name") {
        *name = full_name(&object.name, name.as_str().unwrap_or_default()).into();
    }
    mount
}

/// Block devices name volumes, too.
fn renamed(object: &Object, key: &str, value: Value) -> Value {
    match value {
        Value::Array(items) if key == "volumeDevices" => items.iter().map(|item| under_full_name(object, item)).collect(),
        other => other,
    }
}

/// The port of `exposes`, if it is this container that gets it: the first one, unless one declares it.
pub(super) fn exposed_port(object: &Object, each: &Each) -> Option<u16> {
    let exposes = object.spec.exposes.as_ref()?;
    let mut ports = object.spec.containers.iter().flat_map(|c| &c.ports);
    let declared = ports.any(|p| p.container_port == exposes.port && p.protocol == Protocol::Tcp);
    let first = object.spec.containers.first().is_some_and(|c| !each.init && c.name == each.container.name);
    (first && !declared).then_some(exposes.port)
}

fn with_exposed_port(object: &Object, each: &Each) -> Map<String, Value> {
    let mut container: Map<_, _> = each.raw.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect();
    if let (Some(port), Some(exposes)) = (exposed_port(object, each), &object.spec.exposes) {
        let ports = container.entry("ports").or_insert_with(|| json!([]));
        if let Some(ports) = ports.as_array_mut() {
            ports.push(json!({"name": exposes.name, "containerPort": port, "protocol": "TCP"}));
        }
    }
    container
}

fn resources(spec: &Spec, each: &Each) -> Option<Piece> {
    let name = each.container.name.as_str();
    let filled = spec.parameters.iter().filter_map(|p| slots::target(p.resource.as_deref()?)).filter(|(c, ..)| *c == name);
    let filled: Vec<_> = filled.collect();
    if filled.is_empty() {
        return None;
    }
    let declared = each.field("resources").and_then(Value::as_object);
    let list = |list: &str| -> Box<[Resource]> {
        let own = declared.and_then(|r| r.get(list)).and_then(Value::as_object);
        let of_own = own.into_iter().flatten().map(|(resource, value)| (resource.as_str(), Some(value.to_string().into())));
        let others = filled.iter().filter(|(_, l, resource)| *l == list && own.is_none_or(|own| !own.contains_key(*resource)));
        let others = others.map(|(_, _, resource)| (*resource, None));
        let all = of_own.chain(others);
        all.map(|(resource, value)| Resource { name: resource.into(), value, parameter: filler(spec, name, list, resource) })
            .collect()
    };
    let rest = declared.into_iter().flatten().filter(|(key, v)| !matches!(key.as_str(), "limits" | "requests") && !v.is_null());
    let rest: Vec<_> = rest.map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
    let (limits, requests) = (list("limits"), list("requests"));
    Some(Piece::Resources(Box::new(Resources { rest: rest.join(",").into(), limits, requests })))
}

/// Writes JSON, and leaves gaps where a port is that of an endpoint that a parameter moves.
struct Writer<'s> {
    spec: &'s Spec,
    text: String,
    pieces: Vec<Piece>,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn push(&mut self, piece: Option<Piece>) {
        let Some(piece) = piece else { return };
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.text).into()));
        }
        self.pieces.push(piece);
    }

    fn finish(mut self) -> Template {
        self.text("}");
        self.pieces.push(Piece::Text(self.text.into()));
        Template(self.pieces.into())
    }

    fn member(&mut self, key: &str, value: &Value) {
        self.text(",");
        self.key(key);
        match key {
            "ports" => self.list(value, |writer, port| {
                let protocol = match port["protocol"].as_str() {
                    Some("UDP") => Protocol::Udp,
                    Some("SCTP") => Protocol::Sctp,
                    _ => Protocol::Tcp,
                };
                writer.object(port, |writer, key, value| writer.port_if(key == "containerPort", protocol, value));
            }),
            "livenessProbe" | "readinessProbe" | "startupProbe" => {
                self.object(value, |writer, key, action| writer.action(key, action));
            }
            "lifecycle" => self.object(value, |writer, key, hook| match key {
                "postStart" | "preStop" => writer.object(hook, |writer, key, action| writer.action(key, action)),
                _ => writer.text(&hook.to_string()),
            }),
            _ => self.text(&value.to_string()),
        }
    }

    /// What a probe or a hook does.
    fn action(&mut self, key: &str, action: &Value) {
        match key {
            "httpGet" | "tcpSocket" | "grpc" => {
                self.object(action, |writer, key, value| writer.port_if(key == "port", Protocol::Tcp, value));
            }
            _ => self.text(&action.to_string()),
        }
    }

    fn port_if(&mut self, is_port: bool, protocol: Protocol, value: &Value) {
        let number = value.as_u64().filter(|_| is_port).and_then(|n| u16::try_from(n).ok());
        let endpoint = number.and_then(|number| endpoint_at(self.spec, number, protocol));
        let moves = |e: &u8| self.spec.listens.get(usize::from(*e)).is_some_and(|e| mover(self.spec, &e.name).is_some());
        match endpoint.filter(moves) {
            Some(endpoint) => self.push(Some(Piece::Port(endpoint))),
            None => self.text(&value.to_string()),
        }
    }

    fn key(&mut self, key: &str) {
        self.text(&Value::from(key).to_string());
        self.text(":");
    }

    fn object(&mut self, value: &Value, write: impl Fn(&mut Self, &str, &Value)) {
        let Some(members) = value.as_object() else { return self.text(&value.to_string()) };
        self.text("{");
        for (i, (key, value)) in members.iter().enumerate() {
            self.text(if i == 0 { "" } else { "," });
            self.key(key);
            write(self, key, value);
        }
        self.text("}");
    }

    fn list(&mut self, value: &Value, write: impl Fn(&mut Self, &Value)) {
        let Some(items) = value.as_array() else { return self.text(&value.to_string()) };
        self.text("[");
        for (i, item) in items.iter().enumerate() {
            self.text(if i == 0 { "" } else { "," });
            write(self, item);
        }
        self.text("]");
    }
}
