//! What is required of a container's environment: the variables of endpoints, of parameters and of the container itself, in
//! this order, each once.

use serde_json::{Map, Value};

use crate::inject::companion::parameter::Parameter;
use crate::inject::companion::{Endpoint, SharedVolume};
use crate::policies::cel::conform;
use crate::policies::cel::conform::Condition;
use crate::policies::cel::literal;
use crate::policies::rules::parameter;
use crate::policies::rules::required::{Required, RequiredContainer};

/// All conditions but those of parameters.
pub(super) fn conditions(required: Required<'_>, container: RequiredContainer<'_>, at: &str) -> Vec<Condition> {
    let companion = required.companion;
    let env_from: Value = container.declared.env_from.iter().cloned().map(Value::Object).collect();
    let mut conditions = match container.declared.env_from[..] {
        [] => vec![format!("{}.orValue([]).size() == 0", conform::optional(at, "envFrom"))],
        _ => conform::member(at, "envFrom", Some(&env_from)),
    };
    let variables = self::variables(at);
    let own = &container.declared.env;
    let endpoints: Vec<_> = companion.endpoints.iter().flat_map(of_endpoint).collect();
    let names = literal::texts(parameters(required).map(|(_, name)| name));
    let fixed = endpoints.len() + own.len();
    conditions.push(format!("{variables}.filter(e, !(e.name in {names})).size() == {fixed}"));
    for (i, variable) in endpoints.iter().enumerate() {
        conditions.extend(conform::item(&format!("{at}.env[{i}]"), "env", variable, &[]));
    }
    for (i, variable) in own.iter().enumerate() {
        let item = format!("{at}.env[{at}.env.size() - {}]", own.len() - i);
        match variable.joins.and_then(|shared| companion.shared_volumes.get(shared)) {
            Some(shared) => conditions.extend(of_joined_file(at, &item, &variable.fields, shared)),
            None => conditions.extend(conform::item(&item, "env", &variable.fields, &[])),
        }
    }
    conditions
}

/// A variable that is read from a file of a shared volume is as declared, and is read from the volume that the container
/// `at` mounts at the shared path: the companion's own, or the one that the companion joins.
fn of_joined_file(at: &str, item: &str, variable: &Map<String, Value>, shared: &SharedVolume) -> Vec<Condition> {
    let (from, file) = (format!("{item}.valueFrom"), format!("{item}.valueFrom.fileKeyRef"));
    let path = literal::text(&shared.companion.path);
    let mut conditions = conform::item(item, "env", variable, &["valueFrom"]);
    conditions.push(format!("has({from}) && has({file})"));
    let member =
        |of: &Map<String, Value>, key: &str| of.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let source = member(variable, "valueFrom");
    conditions.extend(conform::item(&from, "valueFrom", &source, &["fileKeyRef"]));
    conditions.extend(conform::item(&file, "fileKeyRef", &member(&source, "fileKeyRef"), &["volumeName"]));
    let mounts = conform::optional(at, "volumeMounts");
    conditions.push(format!("{mounts}.orValue([]).exists(m, m.mountPath == {path} && m.name == {file}.volumeName)"));
    conditions
}

/// The parameters that set a variable, and its name.
pub(super) fn parameters(required: Required<'_>) -> impl Iterator<Item = (&Parameter, &str)> {
    required.companion.parameters.iter().filter_map(|parameter| Some((parameter, parameter.env.as_deref()?)))
}

/// The variable of a parameter occurs once, or at most once where there is no default, and has a value that the parameter
/// accepts.
pub(super) fn of_parameter(at: &str, parameter: &Parameter, name: &str) -> Vec<Condition> {
    let (variables, name) = (variables(at), literal::text(name));
    let count = if parameter.default.is_some() { "== 1" } else { "<= 1" };
    let is_accepted = conform::all(&parameter::accepts(&parameter.kind));
    vec![
        format!("{variables}.filter(e, e.name == {name}).size() {count}"),
        format!("{variables}.all(e, e.name != {name} || ({is_accepted}))"),
    ]
}

fn variables(at: &str) -> String {
    format!("dyn({}.orValue([]))", conform::optional(at, "env"))
}

fn of_endpoint(endpoint: &Endpoint) -> Vec<Map<String, Value>> {
    let variable = |name: &str, value: String| {
        Map::from_iter([("name".to_owned(), Value::from(name)), ("value".to_owned(), value.into())])
    };
    let host = endpoint.host_env.as_deref().map(|name| variable(name, "127.0.0.1".to_owned()));
    let port = endpoint.port_env.as_deref().map(|name| variable(name, endpoint.port.to_string()));
    host.into_iter().chain(port).collect()
}
