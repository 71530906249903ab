use serde_json::{Value, json};

use crate::api::testing::{check, check_companion, companion, silent, warns, with};

/// git-sync with these resources and Quantity parameters that fill them: name, slot, and more members.
fn resources(resources: Value, parameters: &[(&str, Value)]) -> Value {
    let mut object = companion("/spec/containers/0/resources", resources);
    object["spec"]["parameters"] = parameters
        .iter()
        .enumerate()
        .map(|(i, (slot, more))| {
            let slot = format!("git-sync/{slot}");
            let mut parameter = json!({"name": format!("p{i}"), "type": "Quantity", "resource": slot});
            parameter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            parameter
        })
        .collect();
    object
}

/// git-sync, whose memory is 32Mi to 64Mi, with these parameters.
fn with_parameters(parameters: &[(&str, Value)]) -> Value {
    resources(json!({"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}}), parameters)
}

/// cpu and memory, and one more resource, whose request or limit can be null: then it is absent.
fn more(resource: &str, request: Value, limit: Value) -> Value {
    let mut resources = json!({"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {}});
    for (list, amount) in [("requests", request), ("limits", limit)] {
        if !amount.is_null() {
            resources[list][resource] = amount;
        }
    }
    resources
}

#[test]
fn problems_are_reported_in_the_same_order_each_time() {
    let names = ["a", "b", "c", "d", "e", "f"].map(|name| format!("example.com/{name}"));
    let all = |amount: &str| names.iter().map(|name| (name.clone(), json!(amount))).collect::<Value>();
    let object = companion("/spec/containers/0/resources", json!({"requests": all("2"), "limits": all("1")}));
    let problems = check_companion(&object).problems;
    assert!(
        problems.is_sorted_by_key(|problem| problem.pointer.clone()) && problems.len() == names.len(),
        "{problems:?}"
    );
}

#[test]
fn a_resource_has_a_name_that_api_servers_accept() {
    let supported = "supported: cpu, memory, ephemeral-storage, hugepages-<size>, <domain>/<name>";
    let at = "spec.containers[0].resources.limits";
    for (name, field, suggestion) in [
        ("memoy", ".memoy", "; did you mean \"memory\"?"),
        ("requests.x/y", "[\"requests.x/y\"]", ""),
        ("hugepages-3Xi", ".hugepages-3Xi", ""),
    ] {
        check(
            companion("/spec/containers/0/resources/limits", json!({"memory": "64Mi", name: "1"})),
            &[&format!("{at}{field}: unsupported value: {name:?}; {supported}{suggestion}")],
        );
    }
    check(
        with_parameters(&[("limits.memoy", json!({}))]),
        &[&format!("spec.parameters[0].resource: unsupported value: \"memoy\"; {supported}; did you mean \"memory\"?")],
    );
}

#[test]
fn an_amount_can_be_any_number_of_at_least_zero() {
    let resources = |cpu: Value| companion("/spec/containers/0/resources/requests/cpu", cpu);
    for fine in [json!(0), json!(0.5), json!(1e3), json!("0.5"), json!("1e3")] {
        silent(resources(fine));
    }
    for invalid in [json!(-1), json!(-0.5), json!("-1"), json!(1e30)] {
        check(
            resources(invalid),
            &[
                "spec.containers[0].resources.requests.cpu: invalid value: must be a quantity of at least 0, such as 64Mi or 250m",
            ],
        );
    }
}

#[test]
fn requests_are_quantities_within_their_limits() {
    let at = "spec.containers[0].resources";
    check(
        companion("/spec/containers/0/resources/limits/memory", json!("64 MB")),
        &[&format!("{at}.limits.memory: invalid value: must be a quantity")],
    );
    for limit in [json!("16Mi"), json!("16777216"), json!("512000m"), json!(0)] {
        check(
            companion("/spec/containers/0/resources/limits/memory", limit),
            &[&format!("{at}.requests.memory: invalid value: must be less than or equal to the memory limit of")],
        );
    }
}

#[test]
fn defaults_that_contradict_each_other_are_an_error() {
    let expected = "spec.parameters[0].default: invalid value: must be";
    for (parameters, expected) in [
        (
            vec![("requests.memory", json!({"default": "128Mi"})), ("limits.memory", json!({"default": "64Mi"}))],
            format!("{expected} less than or equal to the memory limit of 64Mi"),
        ),
        (
            vec![("limits.memory", json!({"default": "16Mi"}))],
            format!("{expected} greater than or equal to the memory request of 32Mi"),
        ),
        (
            vec![("requests.memory", json!({"default": "1e9"}))],
            format!("{expected} less than or equal to the memory limit of 64Mi"),
        ),
        (
            vec![("limits.cpu", json!({"default": "0"}))],
            format!("{expected} greater than or equal to the cpu request of 10m"),
        ),
    ] {
        check(with_parameters(&parameters), &[&expected]);
    }
    let both = [("requests.memory", json!({"default": "128Mi"})), ("limits.memory", json!({"default": "1Gi"}))];
    silent(with_parameters(&both));
}

#[test]
fn a_default_replaces_what_is_declared() {
    let crossed = json!({"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "16Mi"}});
    silent(resources(crossed, &[("limits.memory", json!({"default": "64Mi", "minimum": "32Mi"}))]));
}

#[test]
fn bounds_that_admit_no_value_are_an_error() {
    for (parameters, expected) in [
        (
            vec![("requests.memory", json!({"minimum": "128Mi"}))],
            "spec.parameters[0].minimum: invalid value: must be less than or equal to the memory limit, which is at most 64Mi",
        ),
        (
            vec![("limits.memory", json!({"maximum": "16Mi"}))],
            "spec.parameters[0].maximum: invalid value: must be greater than or equal to the memory request, which is at least 32Mi",
        ),
        (
            vec![
                ("requests.cpu", json!({"minimum": 2, "required": true})),
                ("limits.cpu", json!({"maximum": "1500m"})),
            ],
            "spec.parameters[0].minimum: invalid value: must be less than or equal to the cpu limit, which is at most 1500m",
        ),
    ] {
        check(with_parameters(&parameters), &[expected]);
    }
    let touching =
        [("requests.cpu", json!({"minimum": "1"})), ("limits.cpu", json!({"maximum": "1000m", "default": "1"}))];
    silent(with_parameters(&touching));
}

#[test]
fn values_that_would_be_denied_are_warned_about() {
    for (slot, bounds, expected) in [
        ("limits.memory", json!({}), "less than the memory request of 32Mi is denied; set minimum: 32Mi"),
        (
            "limits.memory",
            json!({"minimum": "16Mi"}),
            "less than the memory request of 32Mi is denied; set minimum: 32Mi",
        ),
        (
            "requests.memory",
            json!({"maximum": "1Gi"}),
            "greater than the memory limit of 64Mi is denied; set maximum: 64Mi",
        ),
    ] {
        let expected = format!("spec.parameters[0].resource: possible conflict: a value {expected}");
        warns(with_parameters(&[(slot, bounds)]), &expected);
    }
    silent(with_parameters(&[("limits.memory", json!({"minimum": "32Mi"}))]));
    silent(with_parameters(&[("requests.cpu", json!({})), ("limits.cpu", json!({}))]));
}

#[test]
fn the_request_of_an_extended_resource_is_its_limit() {
    let (gpu, pages) = ("example.com/gpu", "hugepages-2Mi");
    for (resource, request, limit, expected) in [
        (
            gpu,
            json!("1"),
            json!("2"),
            "requests[\"example.com/gpu\"]: invalid value: must be equal to the example.com/gpu limit of 2",
        ),
        (
            pages,
            json!("2Mi"),
            json!("4Mi"),
            "requests.hugepages-2Mi: invalid value: must be equal to the hugepages-2Mi limit of 4Mi",
        ),
        (gpu, json!(1), json!(null), "limits[\"example.com/gpu\"]: required value: example.com/gpu requires a limit"),
        (gpu, json!(null), json!("500m"), "limits[\"example.com/gpu\"]: invalid value: must be a whole number"),
        (pages, json!(null), json!("3Mi"), "limits.hugepages-2Mi: invalid value: must be a multiple of the page size"),
    ] {
        let object = companion("/spec/containers/0/resources", more(resource, request, limit));
        check(object, &[&format!("spec.containers[0].resources.{expected}")]);
    }
    for (resource, request, limit) in [
        ("example.com/gpu", json!("1"), json!("1000m")),
        ("hugepages-2Mi", json!("4Mi"), json!("4096Ki")),
        ("example.com/gpu", json!(null), json!("2")),
        ("kubernetes.io/batch-cpu", json!("1"), json!("2")),
        ("ephemeral-storage", json!("1Gi"), json!("2Gi")),
    ] {
        silent(companion("/spec/containers/0/resources", more(resource, request, limit)));
    }
}

#[test]
fn a_parameter_of_an_extended_resource_fills_the_limit() {
    let gpu = |slots: &[(&str, Value)]| with_parameters(slots);
    silent(gpu(&[("limits.example.com/gpu", json!({}))]));
    check(
        gpu(&[("requests.example.com/gpu", json!({}))]),
        &["spec.parameters[0].resource: invalid value: example.com/gpu requires a limit, which is also the request"],
    );
    check(
        gpu(&[("requests.example.com/gpu", json!({"default": "1"})), ("limits.example.com/gpu", json!({}))]),
        &["spec.parameters[1].default: required value: example.com/gpu requires a limit"],
    );
    check(
        gpu(&[
            ("requests.example.com/gpu", json!({"default": "1"})),
            ("limits.example.com/gpu", json!({"default": "2"})),
        ]),
        &["spec.parameters[0].default: invalid value: must be equal to the example.com/gpu limit of 2"],
    );
    let declared = json!({"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"example.com/gpu": 2}});
    check(
        resources(declared.clone(), &[("requests.example.com/gpu", json!({"maximum": 1}))]),
        &[
            "spec.parameters[0].maximum: invalid value: must be greater than or equal to the example.com/gpu limit, which is at least 2",
        ],
    );
    warns(
        resources(declared, &[("requests.example.com/gpu", json!({"maximum": 2}))]),
        "spec.parameters[0].resource: possible conflict: Pods with example.com/gpu requests and limits that differ are denied",
    );
}

#[test]
fn huge_pages_require_cpu_or_memory() {
    let pages = json!({"limits": {"hugepages-2Mi": "2Mi"}});
    check(
        companion("/spec/containers/0/resources", pages.clone()),
        &["spec.containers[0].resources: forbidden: huge pages require cpu or memory"],
    );
    let shared = with(&[
        ("/spec/containers/0/resources", more("hugepages-2Mi", json!("2Mi"), json!("2Mi"))),
        ("/spec/podResources", json!("Share")),
    ]);
    check(
        shared,
        &[
            "spec.podResources: forbidden: huge pages require cpu or memory, which podResources: Share leaves out; set Add, or remove the huge pages",
        ],
    );
}
