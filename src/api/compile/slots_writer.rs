use serde_json::Value;

use super::{endpoint_at, mover};
use crate::api::v1alpha1::{Protocol, Spec};
use crate::inject::companion::index::EndpointIndex;
use crate::inject::companion::template::{Template, TemplatePiece};

/// Writes JSON, and leaves gaps where a port is that of an endpoint that a parameter moves.
pub(in crate::api) struct TemplateWriter<'s> {
    spec: &'s Spec,
    text: String,
    pieces: Vec<TemplatePiece>,
}

impl<'s> TemplateWriter<'s> {
    /// A writer of a container of this name.
    pub(in crate::api) fn new(spec: &'s Spec, name: &str) -> Self {
        TemplateWriter { spec, text: format!("{{\"name\":{}", Value::from(name)), pieces: Vec::new() }
    }

    /// JSON that never varies.
    pub(in crate::api) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A gap, if there is one.
    pub(in crate::api) fn push(&mut self, piece: Option<TemplatePiece>) {
        let Some(piece) = piece else { return };
        if !self.text.is_empty() {
            self.pieces.push(TemplatePiece::Text(std::mem::take(&mut self.text).into()));
        }
        self.pieces.push(piece);
    }

    /// The template.
    pub(in crate::api) fn finish(mut self) -> Template {
        self.text("}");
        self.pieces.push(TemplatePiece::Text(self.text.into()));
        Template(self.pieces.into())
    }

    /// A member of the container, with its leading comma.
    pub(in crate::api) fn member(&mut self, key: &str, value: &Value) {
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
                self.object(value, Self::action);
            }
            "lifecycle" => self.object(value, |writer, key, hook| match key {
                "postStart" | "preStop" => writer.object(hook, Self::action),
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
        let moves =
            |e: &EndpointIndex| self.spec.listens.get(e.place()).is_some_and(|e| mover(self.spec, &e.name).is_some());
        match endpoint.filter(moves) {
            Some(endpoint) => self.push(Some(TemplatePiece::Port(endpoint))),
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
