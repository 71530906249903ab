//! Actions and numbers of probes and hooks, as API servers accept them (`validateProbe` and `validateHandler` in Kubernetes'
//! `pkg/apis/core/validation`).

use serde_json::Value;

use super::PROBES;
use crate::api::message::{forbidden, invalid, missing, required, unsupported};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema;

const OF_PROBES: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];
const OF_HOOKS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "sleep"];
const HOOKS: [&str; 2] = ["postStart", "preStop"];

/// Fields of a probe that count seconds or attempts.
const NUMBERS: [&str; 5] =
    ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    // Init containers have neither probes nor hooks.
    for each in object.containers().filter(|each| !each.list.is_init()) {
        for probe in PROBES {
            let known = &schema::CONTAINER["properties"][probe]["properties"];
            if let Some(value) = each.field(probe) {
                action(value, &OF_PROBES, known, &each.at.member(probe), report);
                numbers(probe, value, &each.at.member(probe), report);
            }
        }
        hooks(&each, report);
    }
}

fn hooks(each: &ContainerAt, report: &mut Report) {
    let lifecycle = each.field("lifecycle").unwrap_or(&Value::Null);
    let at = each.at.member("lifecycle");
    for hook in HOOKS {
        let known = &schema::CONTAINER["properties"]["lifecycle"]["properties"][hook]["properties"];
        if !lifecycle[hook].is_null() {
            action(&lifecycle[hook], &OF_HOOKS, known, &at.member(hook), report);
        }
    }
}

/// A probe or a hook has one action. A field that the schema does not know may be one of a later version of Kubernetes.
fn action(handler: &Value, kinds: &[&str], known: &Value, at: &FieldPath, report: &mut Report) {
    let set: Vec<_> = kinds.iter().filter(|kind| !handler[**kind].is_null()).collect();
    let is_known = handler.as_object().is_some_and(|fields| fields.keys().all(|field| known.get(field).is_some()));
    match set.len() {
        0 if is_known => report.error(at, required(format_args!("must have one of {}", kinds.join(", ")))),
        0 | 1 => {}
        _ => report.error(at, invalid(format_args!("must have only one of {}", kinds.join(", ")))),
    }
    exec(&handler["exec"], &at.member("exec"), report);
    http_get(&handler["httpGet"], &at.member("httpGet"), report);
    if handler["sleep"]["seconds"].as_i64().is_some_and(|seconds| seconds < 0) {
        report.error(&at.member("sleep").member("seconds"), invalid("must be at least 0"));
    }
}

fn exec(exec: &Value, at: &FieldPath, report: &mut Report) {
    if exec.is_object() && exec["command"].as_array().is_none_or(Vec::is_empty) {
        report.error(&at.member("command"), missing());
    }
}

fn http_get(action: &Value, at: &FieldPath, report: &mut Report) {
    let schemes = ["HTTP", "HTTPS"];
    if let Some(scheme) = action["scheme"].as_str().filter(|scheme| !scheme.is_empty() && !schemes.contains(scheme)) {
        report.error(&at.member("scheme"), unsupported(scheme, &schemes, None));
    }
    for (i, header) in action["httpHeaders"].as_array().into_iter().flatten().enumerate() {
        let is_valid = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if header["name"].as_str().is_some_and(|name| !is_valid(name)) {
            let at = at.member("httpHeaders").item(i).member("name");
            report.error(&at, invalid("must be the name of a header: letters, digits and hyphens"));
        }
    }
}

fn numbers(probe: &str, value: &Value, at: &FieldPath, report: &mut Report) {
    let number = |field: &str| value[field].as_i64();
    for field in NUMBERS.into_iter().filter(|field| number(field).is_some_and(|number| number < 0)) {
        report.error(&at.member(field), invalid("must be at least 0"));
    }
    // The default of 0 is 1.
    if probe != "readinessProbe" && number("successThreshold").is_some_and(|threshold| threshold > 1) {
        report.error(&at.member("successThreshold"), invalid(format_args!("must be 1 in a {probe}")));
    }
    let Some(seconds) = number("terminationGracePeriodSeconds") else { return };
    let at = at.member("terminationGracePeriodSeconds");
    if probe == "readinessProbe" {
        report.error(&at, forbidden("a readinessProbe never ends a container; remove this field"));
    } else if seconds < 1 {
        report.error(&at, invalid("must be at least 1"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, companion, warns};

    fn of(field: &str, value: Value) -> Value {
        companion(&format!("/spec/containers/0/{field}"), value)
    }

    #[test]
    fn a_probe_or_a_hook_has_one_action() {
        let one_of = "must have one of exec, httpGet, tcpSocket, grpc";
        for (field, value, expected) in [
            ("livenessProbe", json!({"periodSeconds": 5}), format!("livenessProbe: required value: {one_of}")),
            ("lifecycle", json!({"preStop": {}}), "lifecycle.preStop: required value: must have one of exec".into()),
            (
                "startupProbe",
                json!({"exec": {"command": ["a"]}, "tcpSocket": {"port": 80}}),
                "startupProbe: invalid value: must have only one of exec, httpGet".into(),
            ),
            ("livenessProbe", json!({"exec": {}}), "livenessProbe.exec.command: required value".into()),
            (
                "lifecycle",
                json!({"postStart": {"exec": {"command": []}}}),
                "lifecycle.postStart.exec.command: required value".into(),
            ),
            (
                "lifecycle",
                json!({"preStop": {"sleep": {"seconds": -1}}}),
                "lifecycle.preStop.sleep.seconds: invalid value: must be at least 0".into(),
            ),
        ] {
            check(of(field, value), &[&format!("spec.containers[0].{expected}")]);
        }
        check(of("lifecycle", json!({"preStop": {"sleep": {"seconds": 0}}})), &[]);
        warns(
            of("livenessProbe", json!({"quic": {"port": 80}})),
            "spec.containers[0].livenessProbe.quic: unknown field",
        );
    }

    #[test]
    fn a_request_of_a_probe_is_one_that_api_servers_accept() {
        let request = |more: Value| {
            let mut action = json!({"port": 80});
            action.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            of("readinessProbe", json!({"httpGet": action}))
        };
        let at = "spec.containers[0].readinessProbe.httpGet";
        check(
            request(json!({"scheme": "https"})),
            &[&format!("{at}.scheme: unsupported value: \"https\"; supported: HTTP, HTTPS")],
        );
        check(
            request(json!({"httpHeaders": [{"name": "X-A", "value": ""}, {"name": "X A", "value": ""}]})),
            &[&format!("{at}.httpHeaders[1].name: invalid value: must be the name of a header")],
        );
        check(request(json!({"scheme": "HTTPS", "path": ""})), &[]);
    }

    #[test]
    fn numbers_of_a_probe_are_ones_that_api_servers_accept() {
        let probe = |kind: &str, field: &str, number: i32| of(kind, json!({"tcpSocket": {"port": 80}, field: number}));
        for (kind, field, number, expected) in [
            ("readinessProbe", "periodSeconds", -1, "must be at least 0"),
            ("livenessProbe", "successThreshold", 2, "must be 1 in a livenessProbe"),
            ("startupProbe", "successThreshold", 2, "must be 1 in a startupProbe"),
            ("livenessProbe", "terminationGracePeriodSeconds", 0, "must be at least 1"),
        ] {
            let expected = format!("spec.containers[0].{kind}.{field}: invalid value: {expected}");
            check(probe(kind, field, number), &[&expected]);
        }
        check(
            probe("readinessProbe", "terminationGracePeriodSeconds", 5),
            &[
                "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: forbidden: a readinessProbe never ends",
            ],
        );
        check(probe("readinessProbe", "successThreshold", 2), &[]);
        check(probe("livenessProbe", "successThreshold", 0), &[]);
    }
}
