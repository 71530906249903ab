//! Warnings about probes that probably connect to the wrong address: the kubelet connects to the Pod's IP, and a process
//! that listens on the loopback address only does not answer there.
//!
//! Most companions listen on all addresses, and a probe of their port is right. A warning needs a sign of the contrary: the
//! loopback address with that port, in what configures the container.

use serde_json::Value;

use crate::api::message::Code;
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::validate::pod::handlers::{Handler, probes};

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for each in object.containers() {
        for probe in probes(&each) {
            let port = number(&each, &probe).filter(|port| is_served(object, *port));
            let Some((address, at)) = port.and_then(|port| listens(object, &each, port)) else { continue };
            let message = format_args!(
                "the kubelet connects to the IP of the Pod, where nothing answers if the process listens on {address} only, as in {at}; use an exec probe, or listen on all addresses"
            );
            report.warn(&probe.at.member("port"), Code::Discouraged.because(message));
        }
    }
}

/// The port of a probe of the Pod itself.
fn number(each: &ContainerAt, probe: &Handler) -> Option<u16> {
    let names_host = probe.action["host"].as_str().is_some_and(|host| !host.is_empty());
    let number = match &probe.action["port"] {
        Value::String(name) => each.container.ports.iter().find(|p| p.name.as_ref() == Some(name))?.container_port,
        port => u16::try_from(port.as_u64()?).ok()?,
    };
    (!names_host).then_some(number)
}

/// Whether the companion declares that it listens on a port. An address with another port is that of a server which the
/// companion uses.
fn is_served(object: &CompanionObject, port: u16) -> bool {
    let spec = &object.spec;
    spec.listens.iter().any(|endpoint| endpoint.port == port)
        || spec.exposes.as_ref().is_some_and(|exposes| exposes.port == port)
        || spec.containers.iter().flat_map(|container| &container.ports).any(|p| p.container_port == port)
}

/// The loopback address with a port, and the field that has it.
fn listens(object: &CompanionObject, each: &ContainerAt, port: u16) -> Option<(String, FieldPath)> {
    let words = ["command", "args"].into_iter().flat_map(|field| {
        let words = each.field(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        words.enumerate().map(move |(i, word)| (word, each.at.member(field).item(i)))
    });
    let variables = each.container.env.iter().enumerate();
    let variables = variables
        .filter_map(|(i, variable)| Some((variable.value.as_deref()?, each.at.member("env").item(i).member("value"))));
    let files = object.spec.files.iter().enumerate();
    let files = files.map(|(i, file)| (file.content.as_str(), FieldPath::spec("files").item(i).member("content")));
    let addresses = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
    words.chain(variables).chain(files).find_map(|(text, at)| {
        let address = addresses.iter().find(|address| is_in(text, address))?;
        Some((address.clone(), at))
    })
}

/// Whether a text has an address that is not part of a longer one, nor of a URL, which clients use.
fn is_in(text: &str, address: &str) -> bool {
    text.match_indices(address).any(|(start, _)| {
        let (before, after) = (&text[..start], &text[start + address.len()..]);
        !before.ends_with("//")
            && !before.ends_with(|c: char| c.is_alphanumeric() || c == '.' || c == '-' || c == '@')
            && !after.starts_with(|c: char| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{silent, warns, with};

    fn proxy(probe: Value, args: Value) -> Value {
        with(&[
            ("/spec/pattern", json!("Ambassador")),
            ("/spec/listens", json!([{"name": "redis", "port": 6379}])),
            ("/spec/containers/0/startupProbe", probe),
            ("/spec/containers/0/args", args),
        ])
    }

    fn tcp() -> Value {
        json!({"tcpSocket": {"port": 6379}})
    }

    #[test]
    fn a_probe_of_a_port_on_the_loopback_address_is_warned_about() {
        let expected = "spec.containers[0].startupProbe.tcpSocket.port: discouraged: the kubelet connects to the IP of the Pod, where nothing answers if the process listens on 127.0.0.1:6379 only, as in spec.containers[0].args[1]; use an exec probe, or listen on all addresses";
        warns(proxy(tcp(), json!(["--listen", "127.0.0.1:6379"])), expected);
        warns(
            proxy(json!({"grpc": {"port": 6379}}), json!(["--listen=[::1]:6379"])),
            "spec.containers[0].startupProbe.grpc.port: discouraged: the kubelet connects to the IP of the Pod",
        );
    }

    #[test]
    fn the_address_can_be_in_a_variable_or_in_a_file_and_the_port_can_have_a_name() {
        let mut object = proxy(json!({"httpGet": {"port": "redis"}}), json!([]));
        object["spec"]["containers"][0]["ports"] = json!([{"name": "redis", "containerPort": 6379}]);
        object["spec"]["files"] = json!([{"path": "/etc/proxy", "content": "bind localhost:6379\n"}]);
        warns(
            object.clone(),
            "spec.containers[0].startupProbe.httpGet.port: discouraged: the kubelet connects to the IP of the Pod, where nothing answers if the process listens on localhost:6379 only, as in spec.files[0].content;",
        );
        object["spec"]["files"] = json!([]);
        object["spec"]["containers"][0]["env"] = json!([{"name": "LISTEN", "value": "127.0.0.1:6379"}]);
        warns(object, "spec.containers[0].startupProbe.httpGet.port: discouraged: the kubelet connects");
    }

    #[test]
    fn other_addresses_and_other_probes_are_fine() {
        for fine in ["0.0.0.0:6379", ":6379", "127.0.0.1:63790", "http://127.0.0.1:6379/x", "10.127.0.0.1:6379"] {
            silent(proxy(tcp(), json!([fine])));
        }
        silent(proxy(json!({"exec": {"command": ["redis-cli", "ping"]}}), json!(["127.0.0.1:6379"])));
        // The app listens there, and the companion connects to it.
        silent(proxy(json!({"tcpSocket": {"port": 8080}}), json!(["--upstream=127.0.0.1:8080"])));
    }
}
