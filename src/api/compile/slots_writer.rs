use serde::Deserialize as _;
use serde_json::Value;

use crate::api::derived::{full_name, volume_names};
use crate::api::object::CompanionObject;
use crate::api::slots::{endpoint_at, index, mover};
use crate::api::v1alpha1::Protocol;
use crate::inject::companion::index::EndpointIndex;
use crate::inject::companion::template::{Template, TemplatePiece};
use crate::json::{ObjectWriter, Sink, write_array, write_object};

/// Writes the JSON of a container, or of variables, as a template. A port that equals that of an endpoint which a parameter
/// moves becomes a gap, and so does the name of a shared volume instead of which the companion may join another one. Other
/// names of volumes are replaced by those in the Pod.
pub(in crate::api) struct TemplateWriter<'s> {
    object: &'s CompanionObject,
    text: String,
    pieces: Vec<TemplatePiece>,
}

impl<'s> TemplateWriter<'s> {
    /// Starts the container of this name.
    pub(in crate::api) fn of_container(object: &'s CompanionObject, name: &str) -> Self {
        TemplateWriter { text: format!("{{\"name\":{}", Value::from(name)), ..Self::of_items(object) }
    }

    /// Starts items of a list.
    pub(in crate::api) fn of_items(object: &'s CompanionObject) -> Self {
        TemplateWriter { object, text: String::new(), pieces: Vec::new() }
    }

    /// Appends a gap, if there is one.
    pub(in crate::api) fn push(&mut self, piece: Option<TemplatePiece>) {
        let Some(piece) = piece else { return };
        if !self.text.is_empty() {
            self.pieces.push(TemplatePiece::Text(std::mem::take(&mut self.text).into()));
        }
        self.pieces.push(piece);
    }

    pub(in crate::api) fn finish_container(mut self) -> Template {
        self.text("}");
        self.finish()
    }

    pub(in crate::api) fn finish(mut self) -> Template {
        if !self.text.is_empty() {
            self.pieces.push(TemplatePiece::Text(self.text.into()));
        }
        Template(self.pieces.into())
    }

    /// Appends items of a member that is a list, joined by commas.
    pub(in crate::api) fn items(&mut self, key: &str, items: &[Value]) {
        let paths = volume_names::paths(key);
        for (i, item) in items.iter().enumerate() {
            self.text(if i > 0 { "," } else { "" });
            self.naming(item, &paths);
        }
    }

    /// Appends a member of the container, with its leading comma.
    pub(in crate::api) fn member(&mut self, key: &str, value: &Value) {
        ObjectWriter::resumed(self).named(key);
        match key {
            "ports" => self.list(value, |writer, port| {
                let protocol = Protocol::deserialize(&port["protocol"]).unwrap_or_default();
                writer.object(port, |writer, key, value| writer.port_if(key == "containerPort", protocol, value));
            }),
            "livenessProbe" | "readinessProbe" | "startupProbe" => {
                self.object(value, Self::action);
            }
            "lifecycle" => self.object(value, |writer, key, hook| match key {
                "postStart" | "preStop" => writer.object(hook, Self::action),
                _ => writer.text(&hook.to_string()),
            }),
            _ => self.naming(value, &volume_names::paths(key)),
        }
    }

    /// A value in which the fields at the paths name volumes.
    fn naming(&mut self, value: &Value, paths: &[volume_names::Path]) {
        match value {
            Value::Array(_) if !paths.is_empty() => self.list(value, |writer, item| writer.naming(item, paths)),
            Value::Object(_) if !paths.is_empty() => self.object(value, |writer, key, value| {
                writer.naming(value, &volume_names::below(paths, key));
            }),
            Value::String(name) if paths.iter().any(|path| path.is_empty()) => self.volume_name(name),
            _ => self.text(&value.to_string()),
        }
    }

    fn volume_name(&mut self, name: &str) {
        let joins = self.object.spec.shared_volumes.iter().position(|v| v.name == name && v.source.is_none());
        match index(joins) {
            Some(shared) => self.push(Some(TemplatePiece::VolumeName(shared))),
            None => self.string(&full_name(&self.object.name, name)),
        }
    }

    /// The handler of a probe or of a hook.
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
        let spec = &self.object.spec;
        let endpoint = number.and_then(|number| endpoint_at(spec, number, protocol));
        let moves = |e: &EndpointIndex| spec.listens.get(e.place()).is_some_and(|e| mover(spec, &e.name).is_some());
        match endpoint.filter(moves) {
            Some(endpoint) => self.push(Some(TemplatePiece::Port(endpoint))),
            None => self.text(&value.to_string()),
        }
    }

    fn object(&mut self, value: &Value, write: impl Fn(&mut Self, &str, &Value)) {
        let Some(members) = value.as_object() else { return self.text(&value.to_string()) };
        write_object(self, |object| members.iter().for_each(|(key, value)| write(object.named(key), key, value)));
    }

    fn list(&mut self, value: &Value, write: impl Fn(&mut Self, &Value)) {
        let Some(items) = value.as_array() else { return self.text(&value.to_string()) };
        write_array(self, |array| items.iter().for_each(|item| write(array.item(), item)));
    }
}

/// Text that never varies.
impl Sink for TemplateWriter<'_> {
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }
}
