//! Environment variables: no two sources set the same one in a container.

mod from;
mod value_from;

use std::collections::HashMap;

use crate::api::message::{Message, duplicate_of, forbidden};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema;
use crate::api::slots;
use crate::api::v1alpha1::EnvVar;
use crate::api::validate::conformance;

/// The variable that the Job controller sets in all containers of an Indexed Job (`addCompletionIndexEnvVariables` in
/// Kubernetes' `pkg/controller/job`): one of the app would conflict with it in every such Pod.
const JOB_INDEX: &str = "JOB_COMPLETION_INDEX";

/// Names of variables, each with what sets it.
type Owners<'o> = HashMap<&'o str, String>;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let mut endpoints = Owners::new();
    for (name, at, owner) in slots::variables_of_endpoints(object) {
        check_app_name(name, &at, report);
        claim(&mut endpoints, name, &at, owner, report);
    }
    let mut given = endpoints.clone();
    for (i, parameter) in object.spec.parameters.iter().enumerate() {
        let at = FieldPath::spec("parameters").item(i).member("env");
        if let Some(name) = &parameter.env {
            claim(&mut given, name, &at, format!("parameter {}", parameter.name), report);
        }
    }
    for each in object.containers() {
        from::check(&each, report);
        for (i, variable) in each.container.env.iter().enumerate() {
            let at = each.at.member("env").item(i);
            set_once(variable, &given, &at, report);
            value_from::check(variable, &at, report);
        }
    }
    for (i, variable) in object.spec.app.iter().flat_map(|app| &app.env).enumerate() {
        let at = FieldPath::spec("app").member("env").item(i);
        check_app_name(&variable.name, &at.member("name"), report);
        set_once(variable, &endpoints, &at, report);
        conformance::check(&object.raw["app"]["env"][i], &schema::ENV_VAR, &at, report);
        value_from::check(variable, &at, report);
    }
}

/// The app gets no variable that a controller sets.
fn check_app_name(name: &str, at: &FieldPath, report: &mut Report) {
    if name == JOB_INDEX {
        let message = "the Job controller sets this variable in the containers of Indexed Jobs; use another name";
        report.error(at, forbidden(message));
    }
}

/// No endpoint and no parameter sets the same variable. The schema reports names that one list has twice.
fn set_once(variable: &EnvVar, owners: &Owners, at: &FieldPath, report: &mut Report) {
    if let Some(owner) = owners.get(variable.name.as_str()) {
        report.error(&at.member("name"), set_by(&variable.name, owner));
    }
}

fn claim<'o>(names: &mut Owners<'o>, name: &'o str, at: &FieldPath, owner: String, report: &mut Report) {
    if let Some(other) = names.get(name) {
        report.error(at, set_by(name, other));
    } else {
        names.insert(name, owner);
    }
}

fn set_by(name: &str, other: &str) -> Message {
    duplicate_of(name, format_args!("also set by {other}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion, with};

    #[test]
    fn the_name_of_a_variable_is_valid_in_all_versions() {
        for name in ["", "1A", "A=B", "A B", ".."] {
            let env = json!([{"name": name}]);
            let checked = crate::api::testing::check_companion(&companion("/spec/containers/0/env", env));
            assert_eq!(checked.problems[0].pointer, "/spec/containers/0/env/0/name", "{name:?}");
        }
        check(
            companion("/spec/parameters/0/env", json!("A-B")),
            &["spec.parameters[0].env: invalid value: must be the name of an environment variable"],
        );
    }

    #[test]
    fn a_variable_is_set_once_over_endpoints_parameters_and_containers() {
        let env = json!({"host": "GITSYNC_REPO", "port": "GITSYNC_ROOT"});
        let listens = ("/spec/listens", json!([{"name": "git", "port": 9418, "env": env}]));
        let expected = [
            "spec.parameters[0].env: duplicate value \"GITSYNC_REPO\": also set by endpoint git",
            "spec.containers[0].env[0].name: duplicate value \"GITSYNC_ROOT\": also set by endpoint git",
        ];
        check(with(&[listens]), &expected);
        let twice = json!([{"name": "A"}, {"name": "A"}]);
        check(companion("/spec/containers/0/env", twice), &["spec.containers[0].env[1].name: duplicate value \"A\""]);
        let parameter = json!({"name": "again", "type": "String", "env": "GITSYNC_REPO"});
        check(
            companion("/spec/parameters/4", parameter),
            &["spec.parameters[4].env: duplicate value \"GITSYNC_REPO\": also set by parameter repo"],
        );
        let same = json!([{"name": "git", "port": 1, "env": {"host": "A", "port": "A"}}]);
        check(
            companion("/spec/listens", same),
            &["spec.listens[0].env.port: duplicate value \"A\": also set by endpoint git"],
        );
    }

    #[test]
    fn variables_of_the_app_conflict_with_endpoints_only() {
        let listens = ("/spec/listens", json!([{"name": "git", "port": 9418, "env": {"host": "GIT_HOST"}}]));
        let env = json!([{"name": "GIT_HOST", "value": "x"}, {"name": "GITSYNC_REPO", "value": "x"}]);
        check(
            with(&[listens, ("/spec/app/env", env)]),
            &["spec.app.env[0].name: duplicate value \"GIT_HOST\": also set by endpoint git"],
        );
    }

    #[test]
    fn only_the_companion_itself_may_set_the_index_of_a_job() {
        let index = json!([{"name": "JOB_COMPLETION_INDEX", "value": "0"}]);
        check(companion("/spec/containers/0/env", index.clone()), &[]);
        check(
            companion("/spec/app/env", index),
            &[
                "spec.app.env[0].name: forbidden: the Job controller sets this variable in the containers of Indexed Jobs",
            ],
        );
        let endpoint = json!([{"name": "git", "port": 9418, "env": {"port": "JOB_COMPLETION_INDEX"}}]);
        check(
            companion("/spec/listens", endpoint),
            &["spec.listens[0].env.port: forbidden: the Job controller sets this variable"],
        );
    }
}
