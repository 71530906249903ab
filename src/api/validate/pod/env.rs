//! Environment variables: nothing may set one twice in the same container.

use std::collections::HashMap;

use serde_json::Value;

use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema;
use crate::api::slots;
use crate::api::v1alpha1::EnvVar;
use crate::api::validate::conformance;

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    let mut endpoints = HashMap::new();
    for (name, at, owner) in slots::variables_of_endpoints(object) {
        claim(&mut endpoints, name, &at, owner, found);
    }
    let mut given = endpoints.clone();
    for (i, parameter) in object.spec.parameters.iter().enumerate() {
        let at = FieldPath::spec("parameters").item(i).member("env");
        if let Some(name) = &parameter.env {
            claim(&mut given, name, &at, format!("parameter {}", parameter.name), found);
        }
    }
    for each in object.containers() {
        let at = each.at.member("env");
        for (i, variable) in each.container.env.iter().enumerate() {
            let here = at.item(i);
            // One that stands twice in the list was told by its shape.
            if let Some(other) = given.get(variable.name.as_str()) {
                found.error(&here.member("name"), format!("is set by {other}, too; rename one of them"));
            }
            one_value(variable, &here, found);
        }
    }
    let Some(app) = &object.spec.app else { return };
    for (i, variable) in app.env.iter().enumerate() {
        let here = FieldPath::spec("app").member("env").item(i);
        if let Some(other) = endpoints.get(variable.name.as_str()) {
            found.error(&here.member("name"), format!("is set by {other}, too; rename one of them"));
        }
        let raw = &object.raw["app"]["env"][i];
        conformance::check(raw, &schema::ENV_VAR, &here, found);
        one_value(variable, &here, found);
    }
}

fn claim<'o>(names: &mut HashMap<&'o str, String>, name: &'o str, at: &FieldPath, owner: String, found: &mut Report) {
    if let Some(other) = names.get(name) {
        found.error(at, format!("{name} is set by {other}, too; rename one of them"));
    } else {
        names.insert(name, owner);
    }
}

fn one_value(variable: &EnvVar, at: &FieldPath, found: &mut Report) {
    let from = variable.rest.get("valueFrom").is_some_and(|v| !v.is_null());
    if from && variable.value.as_ref().is_some_and(|v| !v.is_empty()) {
        found.error(at, "must have one of value and valueFrom, not both");
    }
    let sources = variable.rest.get("valueFrom").and_then(Value::as_object);
    if sources.is_some_and(|s| s.values().filter(|v| !v.is_null()).count() != 1) {
        found.error(&at.member("valueFrom"), "must have exactly one source");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion, with};

    #[test]
    fn a_variable_has_a_name_that_every_kubernetes_takes() {
        for odd in ["", "1A", "A=B", "A B", ".."] {
            let env = json!([{"name": odd}]);
            let gated = crate::api::check_companion(&companion("/spec/containers/0/env", env));
            assert_eq!(gated.problems[0].pointer, "/spec/containers/0/env/0/name", "{odd:?}");
        }
        check(
            companion("/spec/parameters/0/env", json!("A-B")),
            &["spec.parameters[0].env: must be a name of an environment variable"],
        );
    }

    #[test]
    fn a_variable_is_set_once_over_endpoints_parameters_and_containers() {
        let env = json!({"host": "GITSYNC_REPO", "port": "GITSYNC_ROOT"});
        let listens = ("/spec/listens", json!([{"name": "git", "port": 9418, "env": env}]));
        let expected = [
            "spec.parameters[0].env: GITSYNC_REPO is set by endpoint git, too",
            "spec.containers[0].env[0].name: is set by endpoint git, too",
        ];
        check(with(&[listens]), &expected);
        let twice = json!([{"name": "A"}, {"name": "A"}]);
        check(companion("/spec/containers/0/env", twice), &["spec.containers[0].env[1].name: is there twice: A"]);
        let parameter = json!({"name": "again", "type": "String", "env": "GITSYNC_REPO"});
        check(
            companion("/spec/parameters/4", parameter),
            &["spec.parameters[4].env: GITSYNC_REPO is set by parameter repo, too"],
        );
        let same = json!([{"name": "git", "port": 1, "env": {"host": "A", "port": "A"}}]);
        check(companion("/spec/listens", same), &["spec.listens[0].env.port: A is set by endpoint git, too"]);
    }

    #[test]
    fn the_apps_variables_meet_endpoints_only() {
        let listens = ("/spec/listens", json!([{"name": "git", "port": 9418, "env": {"host": "GIT_HOST"}}]));
        let env = json!([{"name": "GIT_HOST", "value": "x"}, {"name": "GITSYNC_REPO", "value": "x"}]);
        check(with(&[listens, ("/spec/app/env", env)]), &["spec.app.env[0].name: is set by endpoint git, too"]);
    }

    #[test]
    fn a_variable_has_one_value() {
        let from = json!({"fieldRef": {"fieldPath": "metadata.name"}});
        let env = json!([{"name": "A", "value": "x", "valueFrom": from}, {"name": "B", "valueFrom": {}}, {"name": "C", "value": 1}]);
        let expected = [
            "spec.app.env[0]: must have one of value and valueFrom",
            "spec.app.env[1].valueFrom: must have exactly one source",
            "spec.app.env[2].value: must be a string, not a number; put it in quotes",
        ];
        check(companion("/spec/app/env", env), &expected);
    }
}
