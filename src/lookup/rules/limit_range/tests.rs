use serde_json::{Value, json};

use super::LimitRange;
use crate::lookup::rules::testing::{PodCase, expect, limit_range, no_companions, read, resources};

fn violations(item: &Value, case: &PodCase) -> Vec<String> {
    let all = [limit_range(item)];
    let remedies = no_companions();
    case.planned(&all, |pod| all[0].violations(pod, &remedies).collect())
}

fn memory(request: &str, limit: &str) -> Value {
    let list = |text: &str| if text.is_empty() { json!({}) } else { json!({"memory": text}) };
    resources(&list(request), &list(limit))
}

#[test]
fn the_ratio_of_an_injected_container_is_checked_as_that_of_the_whole_pod_is() {
    let of_container = json!({"type": "Container", "maxLimitRequestRatio": {"memory": "1.5"}});
    let app = || memory("64Mi", "64Mi");
    let beyond = "LimitRange team allows a container a limit of at most 1.5 times its request of memory, and the injected container \
                  note has a limit of 128Mi and a request of 64Mi; set limits.memory of container note to at most 1.5 times its \
                  request, or raise maxLimitRequestRatio.memory of the LimitRange";
    expect(&violations(&of_container, &PodCase::new(app(), memory("64Mi", "128Mi"))), &[beyond]);
    expect(&violations(&of_container, &PodCase::new(app(), memory("64Mi", "96Mi"))), &[]);
    expect(&violations(&of_container, &PodCase::new(memory("64Mi", "1Gi"), app())), &[]);
    let none = "and the injected container note requests no memory; set requests.memory and limits.memory of container note, the limit";
    expect(&violations(&of_container, &PodCase::new(app(), json!({}))), &[none]);
    let no_limit =
        "and the injected container note has no limit of memory; set limits.memory of container note to at most";
    expect(&violations(&of_container, &PodCase::new(app(), memory("64Mi", ""))), &[no_limit]);
    let of_pod = json!({"type": "Pod", "maxLimitRequestRatio": {"memory": "2"}});
    let together = "LimitRange team allows a Pod a limit of at most 2 times its request of memory, and with the injected containers it \
                    has a limit of 320Mi and a request of 128Mi; set limits.memory of container note to less, or raise";
    expect(&violations(&of_pod, &PodCase::new(app(), memory("64Mi", "256Mi"))), &[together]);
    expect(&violations(&of_pod, &PodCase::new(app(), memory("64Mi", "192Mi"))), &[]);
    expect(&violations(&of_pod, &PodCase::new(memory("64Mi", "1Gi"), memory("64Mi", "256Mi"))), &[]);
}

#[test]
fn a_default_limit_below_the_request_of_a_container_is_reported() {
    let item = json!({"type": "Container", "default": {"memory": "128Mi"}, "defaultRequest": {"memory": "128Mi"}});
    let invalid = "LimitRange team sets limits.memory of the injected container note to 128Mi, less than its request of 256Mi; set \
                   limits.memory of container note to at least 256Mi, or change default.memory of the LimitRange";
    expect(&violations(&item, &PodCase::new(json!({}), memory("256Mi", ""))), &[invalid]);
    expect(&violations(&item, &PodCase::new(json!({}), memory("128Mi", ""))), &[]);
    expect(&violations(&item, &PodCase::new(json!({}), memory("256Mi", "256Mi"))), &[]);
    let app = "LimitRange team sets limits.memory of container web to 128Mi, less than its request of 1Gi; set limits.memory of";
    expect(&violations(&item, &PodCase::new(memory("1Gi", ""), json!({}))), &[app]);
    // Above the maximum as well: there is one cause, and one sentence.
    let most = json!({"type": "Container", "max": {"memory": "128Mi"}, "default": {"memory": "64Mi"}});
    let above = "to 64Mi, less than its request of 256Mi; set requests.memory of container note to at most 64Mi, or raise \
                 max.memory and default.memory of the LimitRange";
    expect(&violations(&most, &PodCase::new(json!({}), memory("256Mi", ""))), &[above]);
    let devices = json!({"type": "Container", "default": {"example.com/gpu": "2"}});
    let one = resources(&json!({"example.com/gpu": "1"}), &json!({}));
    expect(
        &violations(&devices, &PodCase::new(json!({}), one)),
        &["to 2, not equal to its request of 1; set limits.example.com/gpu of container note to 1, or"],
    );
}

#[test]
fn different_default_limits_of_two_limit_ranges_decide_nothing() {
    let item = |memory: &str| limit_range(&json!({"type": "Container", "default": {"memory": memory}}));
    let (all, remedies) = ([item("128Mi"), item("512Mi")], no_companions());
    let case = PodCase::new(json!({}), memory("256Mi", ""));
    let found: Vec<String> =
        case.planned(&all, |pod| all.iter().flat_map(|limit_range| limit_range.violations(pod, &remedies)).collect());
    expect(&found, &[]);
}

#[test]
fn limits_and_requests_of_the_whole_pod_are_compared_with_the_maximum() {
    let item = json!({"type": "Pod", "max": {"memory": "256Mi"}});
    let limit = "LimitRange team allows a Pod at most 256Mi memory, and with the injected containers it has a limit of 320Mi memory; set \
                 limits.memory of container note to less, or raise max.memory of the LimitRange";
    expect(&violations(&item, &PodCase::new(memory("", "192Mi"), memory("", "128Mi"))), &[limit]);
    let request =
        "and with the injected containers it requests 320Mi memory; set requests.memory of container note to less";
    expect(&violations(&item, &PodCase::new(memory("64Mi", "64Mi"), memory("256Mi", ""))), &[request]);
    expect(&violations(&item, &PodCase::new(memory("64Mi", "64Mi"), memory("192Mi", ""))), &[]);
    expect(&violations(&item, &PodCase::new(memory("512Mi", "512Mi"), memory("64Mi", "64Mi"))), &[]);
    expect(&violations(&item, &PodCase::new(memory("512Mi", ""), json!({}))), &[]);
}

#[test]
fn a_limit_of_the_whole_pod_below_the_minimum_is_raised() {
    let item = json!({"type": "Pod", "min": {"memory": "50Mi"}});
    let limit = "LimitRange team allows a Pod no memory limit below 50Mi, and with the injected containers it has a limit of 20Mi memory; \
                 set limits.memory of container note to at least 50Mi, or lower min.memory of the LimitRange";
    expect(&violations(&item, &PodCase::new(memory("64Mi", ""), memory("", "20Mi"))), &[limit]);
    expect(&violations(&item, &PodCase::new(memory("64Mi", ""), memory("", "50Mi"))), &[]);
    expect(&violations(&item, &PodCase::new(memory("64Mi", ""), memory("20Mi", ""))), &[]);
}

#[test]
fn a_remedy_names_each_amount_that_must_change_and_no_other() {
    let least = json!({"type": "Container", "min": {"memory": "50Mi"}});
    let most = json!({"type": "Container", "max": {"memory": "100Mi"}});
    let ratio = json!({"type": "Container", "maxLimitRequestRatio": {"memory": "2"}});
    for (item, request, limit, parts) in [
        (
            &least,
            "",
            "20Mi",
            "allows a container no memory limit below 50Mi, and the injected container note has a limit of 20Mi memory; set \
             limits.memory of container note to at least 50Mi, or lower",
        ),
        (&least, "20Mi", "30Mi", "requests 20Mi memory; set requests.memory and limits.memory of container note to at"),
        (&least, "20Mi", "50Mi", "requests 20Mi memory; set requests.memory of container note to at least 50Mi, or"),
        (&least, "20Mi", "", "requests 20Mi memory; set requests.memory of container note to at least 50Mi, or lower"),
        (&most, "", "500Mi", "; set limits.memory of container note to at most 100Mi, or raise"),
        (&most, "60Mi", "500Mi", "; set limits.memory of container note to at most 100Mi, or raise"),
        (&most, "200Mi", "500Mi", "; set requests.memory and limits.memory of container note to at most 100Mi, or"),
        (&most, "200Mi", "", "has no limit of memory; set requests.memory and limits.memory of container note to at"),
        (
            &ratio,
            "",
            "",
            "; set requests.memory and limits.memory of container note, the limit to at most 2 times the request",
        ),
        (
            &ratio,
            "0",
            "9Mi",
            "; set requests.memory of container note so that the limit is at most 2 times the request, or",
        ),
        (&ratio, "2Mi", "9Mi", "; set limits.memory of container note to at most 2 times its request, or"),
        (
            &ratio,
            "2Mi",
            "",
            "has no limit of memory; set limits.memory of container note to at most 2 times its request",
        ),
    ] {
        expect(&violations(item, &PodCase::new(json!({}), memory(request, limit))), &[parts]);
    }
}

#[test]
fn a_limit_that_would_be_reduced_below_the_request_is_reduced_with_it() {
    let item = json!({"type": "Pod", "max": {"memory": "256Mi"}});
    let of = |request: &str| violations(&item, &PodCase::new(memory("", "192Mi"), memory(request, "256Mi")));
    expect(&of("64Mi"), &["; set limits.memory of container note to less, or raise max.memory"]);
    expect(&of("65Mi"), &["; set requests.memory and limits.memory of container note to less, or raise max.memory"]);
    expect(&of(""), &["; set limits.memory of container note to less, or raise max.memory"]);
}

#[test]
fn of_resources_without_overcommit_request_and_limit_change_together() {
    let item = json!({"type": "Container", "max": {"example.com/gpu": "1"}});
    let two = json!({"example.com/gpu": "2"});
    let of = |note: Value| violations(&item, &PodCase::new(json!({}), note));
    expect(
        &of(resources(&two, &two)),
        &["; set requests.example.com/gpu and limits.example.com/gpu of container note to"],
    );
    expect(&of(resources(&json!({}), &two)), &["; set limits.example.com/gpu of container note to at most 1, or"]);
}

#[test]
fn a_limit_range_without_items_is_read() {
    let empty: LimitRange = read(&json!({"metadata": {"name": "team"}, "spec": {"limits": null}}));
    assert!(!empty.is_too_long());
}

#[test]
fn init_containers_raise_the_total_only_if_they_need_more_than_what_runs() {
    let item = json!({"type": "Pod", "max": {"memory": "256Mi"}});
    let of = |init: &str| PodCase {
        spec: json!({"initContainers": [{"name": "setup", "image": "i:1", "resources": memory("", init)}]}),
        ..PodCase::new(memory("", "64Mi"), memory("", "64Mi"))
    };
    expect(&violations(&item, &of("192Mi")), &[]);
    expect(&violations(&item, &of("224Mi")), &["it has a limit of 288Mi memory"]);
    expect(&violations(&item, &of("512Mi")), &[]);
}

#[test]
fn resources_of_the_pod_itself_replace_sums_of_containers_and_not_the_rules_for_each() {
    let spec = || json!({"resources": {"limits": {"memory": "1Gi"}}});
    let case = || PodCase { spec: spec(), ..PodCase::new(memory("", "192Mi"), memory("", "128Mi")) };
    expect(&violations(&json!({"type": "Pod", "max": {"memory": "256Mi"}}), &case()), &[]);
    let of_container = json!({"type": "Container", "max": {"memory": "64Mi"}});
    expect(&violations(&of_container, &case()), &["the injected container note has a limit of 128Mi memory"]);
}

#[test]
fn a_limit_range_with_thousands_of_names_is_too_long_and_costs_no_more_than_one_with_64() {
    let item = |names: usize| {
        let all: Value =
            (0..names).map(|i| (format!("example.com/r{i}"), "1".into())).collect::<serde_json::Map<_, _>>().into();
        json!({"type": "Container", "default": all, "defaultRequest": all, "max": all, "min": all, "maxLimitRequestRatio": all})
    };
    let found = |names| {
        let all = [limit_range(&item(names))];
        let remedies = no_companions();
        let count = PodCase::new(json!({}), json!({})).planned(&all, |pod| all[0].violations(pod, &remedies).count());
        (all[0].is_too_long(), count)
    };
    let beyond = |names| {
        let all = [limit_range(&json!({"type": "Container", "max": item(names)["max"]}))];
        let remedies = no_companions();
        PodCase::new(json!({}), json!({})).planned(&all, |pod| all[0].violations(pod, &remedies).count())
    };
    assert_eq!((found(64), found(20_000)), ((false, 0), (true, 0)));
    assert_eq!((beyond(64), beyond(20_000)), (64, 64));
}
