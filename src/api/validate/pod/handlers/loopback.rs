//! Warnings about probes that probably connect to the wrong address: the kubelet connects to the Pod's IP, and a process
//! that listens on the loopback address only does not answer there.
//!
//! Most companions listen on all addresses, and a probe of their port is right. A warning needs evidence that one does not:
//! the loopback address with that port in the container's arguments, variables or files.

use std::borrow::Cow;

use serde_json::Value;

use crate::api::message::Code;
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::validate::pod::handlers::{Handler, probes};

const HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let endpoints = endpoints(object);
    for each in object.containers() {
        let served = |probe: Handler| {
            let port = number(&each, &probe).filter(|port| is_served(object, *port))?;
            Some((port, probe.at.member("port")))
        };
        let mut served = probes(&each).filter_map(served).peekable();
        // Most containers have no such probe, and their texts are not read.
        let texts = served.peek().map(|_| texts(object, &each, &endpoints)).unwrap_or_default();
        for (port, probed) in served {
            let Some((address, at)) = texts.iter().find_map(|(text, at)| Some((address(text, port)?, at))) else {
                continue;
            };
            let message = format_args!(
                "the kubelet connects to the IP of the Pod, where nothing answers if the process listens on {address} only, as in {at}; use an exec probe, or listen on all addresses"
            );
            report.warn(&probed, Code::Discouraged.because(message));
        }
    }
}

/// The variables of the endpoints with their values: an endpoint is always on the loopback address.
fn endpoints(object: &CompanionObject) -> Vec<(&str, String)> {
    let endpoints = object.spec.listens.iter().filter_map(|endpoint| Some((endpoint.port, endpoint.env.as_ref()?)));
    let variables = endpoints.flat_map(|(port, env)| [(&env.host, HOSTS[0].to_owned()), (&env.port, port.to_string())]);
    variables.filter_map(|(name, value)| Some((name.as_deref()?, value))).collect()
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

/// The texts that configure a container, each with its field path. The kubelet replaces references to variables in all of
/// them except files.
fn texts<'o>(
    object: &'o CompanionObject,
    each: &ContainerAt<'o>,
    endpoints: &[(&str, String)],
) -> Vec<(Cow<'o, str>, FieldPath)> {
    let words = ["command", "args"].into_iter().flat_map(|field| {
        let words = each.field(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let at = each.at.member(field);
        words.enumerate().map(move |(i, word)| (word, at.item(i)))
    });
    let variables = each.container.env.iter().enumerate();
    let variables = variables
        .filter_map(|(i, variable)| Some((variable.value.as_deref()?, each.at.member("env").item(i).member("value"))));
    let files = object.spec.files.iter().enumerate();
    let files = files.map(|(i, file)| (file.content.as_str(), FieldPath::spec("files").item(i).member("content")));
    let replaced = words.chain(variables).map(|(text, at)| (replaced(text, endpoints), at));
    replaced.chain(files.map(|(text, at)| (text.into(), at))).collect()
}

/// A text with the values of endpoints in place of `$(NAME)`.
fn replaced<'t>(text: &'t str, endpoints: &[(&str, String)]) -> Cow<'t, str> {
    if !text.contains("$(") {
        return text.into();
    }
    let (mut replaced, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, (name, after))) =
        rest.split_once("$(").and_then(|(before, opened)| Some((before, opened.split_once(')')?)))
    {
        replaced.push_str(before);
        match endpoints.iter().find(|(endpoint, _)| *endpoint == name) {
            Some((_, value)) => replaced.push_str(value),
            None => replaced.extend(["$(", name, ")"]),
        }
        rest = after;
    }
    (replaced + rest).into()
}

/// The loopback address with this port, if a text has it: as one word, or as the option `bind` on a line with the port.
fn address(text: &str, port: u16) -> Option<String> {
    let addresses = HOSTS.map(|host| format!("{host}:{port}"));
    let together = |(_, address): &(&str, &String)| is_in(text, address);
    let on_a_line = |(host, _): &(&str, &String)| text.lines().any(|line| binds(line, host, port));
    let mut all = HOSTS.into_iter().zip(&addresses);
    all.clone().find(together).or_else(|| all.find(on_a_line)).map(|(_, address)| address.clone())
}

/// Whether a line has `bind=` with the host, and the port, as in `TCP-LISTEN:7070,bind=127.0.0.1`.
fn binds(line: &str, host: &str, port: u16) -> bool {
    line.contains("bind=") && has_word(line, &format!("bind={host}")) && has_word(line, &port.to_string())
}

/// Whether a text has a word that is not part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let (before, after) = (&text[..start], &text[start + word.len()..]);
        !before.ends_with(char::is_alphanumeric)
            && !after.starts_with(|c: char| c.is_alphanumeric() || c == '.' || c == ':')
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
    fn the_address_can_be_that_of_an_endpoint_or_the_option_bind() {
        let with_variables = |args: Value| {
            let mut object = proxy(tcp(), args);
            object["spec"]["listens"][0]["env"] = json!({"host": "H", "port": "P"});
            object
        };
        for word in [
            "TCP-LISTEN:$(P),bind=$(H),fork",
            "TCP-LISTEN:6379,bind=127.0.0.1,fork",
            "--listen=$(H):$(P)",
            "listen localhost:$(P) $(",
        ] {
            warns(
                with_variables(json!([word])),
                "spec.containers[0].startupProbe.tcpSocket.port: discouraged: the kubelet connects to the IP of the Pod, where nothing answers if the process listens on",
            );
        }
        for fine in
            ["TCP-LISTEN:$(P),fork", "TCP-LISTEN:$(P),bind=0.0.0.0", "bind=127.0.0.1", "TCP-LISTEN:63790,bind=$(H)"]
        {
            silent(with_variables(json!(["socat", fine])));
        }
    }

    #[test]
    fn other_addresses_and_other_probes_cause_no_warning() {
        for fine in ["0.0.0.0:6379", ":6379", "127.0.0.1:63790", "http://127.0.0.1:6379/x", "10.127.0.0.1:6379"] {
            silent(proxy(tcp(), json!([fine])));
        }
        silent(proxy(json!({"exec": {"command": ["redis-cli", "ping"]}}), json!(["127.0.0.1:6379"])));
        // The app listens there, and the companion connects to it.
        silent(proxy(json!({"tcpSocket": {"port": 8080}}), json!(["--upstream=127.0.0.1:8080"])));
    }
}
