use serde_json::json;

use super::*;
use crate::lookup::rules::testing::{PodCase, resources};

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

/// The request of `cpu` that the containers of both sets have together.
fn totals(case: &PodCase) -> [Option<Amount>; 2] {
    let sets = [ContainerSet::All, ContainerSet::OfAuthor];
    case.planned(&[], |pod| sets.map(|set| pod.total(set, AmountKind::Request, "cpu").amount))
}

fn cpu(amount: &str) -> serde_json::Value {
    resources(&json!({"cpu": amount}), &json!({}))
}

#[test]
fn a_pod_has_what_runs_together_or_what_an_init_container_needs_with_the_sidecars_before_it() {
    let init = |cpu_of_init: &str| json!({"initContainers": [{"name": "setup", "image": "i:1", "resources": cpu(cpu_of_init)}]});
    let of = |spec| PodCase { spec, ..PodCase::new(cpu("2"), cpu("1")) };
    assert_eq!(totals(&of(json!({}))), [Some(amount("3")), Some(amount("2"))]);
    assert_eq!(totals(&of(init("500m"))), [Some(amount("3")), Some(amount("2"))]);
    assert_eq!(totals(&of(init("4"))), [Some(amount("5")), Some(amount("4"))]);
    let without = PodCase { spec: init("4"), ..PodCase::new(json!({}), json!({})) };
    assert_eq!(totals(&without), [Some(amount("4")); 2]);
    assert_eq!(totals(&PodCase::new(json!({}), json!({}))), [None; 2]);
}

#[test]
fn overhead_is_added_to_requests_and_to_limits_that_there_are() {
    let spec = json!({"overhead": {"cpu": "250m", "memory": "64Mi"}});
    let case = PodCase { spec, ..PodCase::new(cpu("1"), resources(&json!({}), &json!({"cpu": "1"}))) };
    case.planned(&[], |pod| {
        let charged = |kind, resource| pod.charged(ContainerSet::All, kind, resource).amount;
        assert_eq!(charged(AmountKind::Request, "cpu"), Some(amount("2250m")));
        assert_eq!(charged(AmountKind::Limit, "cpu"), Some(amount("1250m")));
        assert_eq!(charged(AmountKind::Request, "memory"), Some(amount("64Mi")));
        assert_eq!(charged(AmountKind::Limit, "memory"), None);
        assert_eq!(pod.total(ContainerSet::All, AmountKind::Limit, "cpu").amount, Some(amount("1")));
    });
}

#[test]
fn operations_that_remove_something_or_add_to_metadata_do_not_hide_the_containers_of_a_patch() {
    let pod = r#"{"metadata":{"annotations":{"podgraft.dev/skipped":"audit"}},"spec":{"containers":[{"name":"web","image":"i:1"}]}}"#;
    let container = r#"{"name":"note","image":"i:1"}"#;
    let remove = r#"{"op":"remove","path":"/metadata/annotations/podgraft.dev~1skipped"}"#;
    let status = r#"{"op":"add","path":"/metadata/annotations/podgraft.dev~1status","value":"{}"}"#;
    let add = |path: &str, value: &str| format!(r#"{{"op":"add","path":"{path}","value":{value}}}"#);
    let defaults = ContainerDefaults::new(true);
    let injected = |operation: String| {
        let patch = format!("[{status},{operation},{remove}]");
        let planned = PlannedPod::new(&Pod::read(pod.as_bytes()).unwrap(), patch.as_bytes(), &defaults);
        planned.map(|planned| planned.injected().map(|container| container.name.clone()).collect::<Vec<_>>())
    };
    assert_eq!(injected(add("/spec/containers/-", container)), Ok(vec!["note".to_owned()]));
    assert_eq!(injected(add("/spec/initContainers", &format!("[{container}]"))), Ok(vec!["note".to_owned()]));
    assert_eq!(injected(add("/spec/containers/0/env", "[]")), Ok(Vec::new()));
    assert_eq!(injected(add("/spec/containers/-", r#"{"name":5}"#)), Err(NotExamined::Unreadable));
    let many = (0..65).map(|i| format!(r#""example.com/r{i}": 1"#)).collect::<Vec<_>>().join(",");
    let large = format!(r#"{{"name":"note","resources":{{"limits":{{{many}}}}}}}"#);
    assert_eq!(injected(add("/spec/containers/-", &large)), Err(NotExamined::Unreadable));
}

#[test]
fn a_container_that_no_api_server_admits_is_not_examined() {
    let defaults = ContainerDefaults::new(true);
    let is_examined = |name: &str, resources: &str| {
        let json =
            format!(r#"{{"spec":{{"containers":[{{"name":"{name}","image":"i:1","resources":{resources}}}]}}}}"#);
        PlannedPod::new(&Pod::read(json.as_bytes()).unwrap(), b"[]", &defaults).is_ok()
    };
    assert!(
        is_examined("web", "null") && is_examined("web", r#"{"limits": null}"#) && is_examined(&"a".repeat(63), "{}")
    );
    assert!(!is_examined(&"a".repeat(64), "{}") && !is_examined("web", "5"));
    let many = (0..65).map(|i| format!(r#""example.com/r{i}": 1"#)).collect::<Vec<_>>().join(",");
    assert!(!is_examined("web", &format!(r#"{{"requests": {{{many}}}}}"#)));
}

#[test]
fn thousands_of_defaults_need_no_memory_for_each_container() {
    let containers: Vec<String> = (0..250).map(|i| format!(r#"{{"name":"c{i}","image":"i:1"}}"#)).collect();
    let json = format!(r#"{{"spec":{{"containers":[{}]}}}}"#, containers.join(","));
    let pod = Pod::read(json.as_bytes()).unwrap();
    let lists: Vec<ResourceAmounts> = (0..64)
        .map(|list| {
            let all = (0..64).map(|i| format!(r#""example.com/r{list}-{i}": "1""#)).collect::<Vec<_>>().join(",");
            serde_json::from_str(&format!("{{{all}}}")).unwrap()
        })
        .collect();
    let (none, mut defaults) = (ContainerDefaults::new(true), ContainerDefaults::new(true));
    for list in &lists {
        defaults.add(list, list);
    }
    let planned = PlannedPod::new(&pod, b"[]", &defaults).unwrap();
    let last = planned.containers(ContainerSet::All).last().unwrap();
    assert_eq!(last.held(AmountKind::Request, "example.com/r63-63").amount, Some(amount("1")));
    let bytes = |defaults| allocation_counter::measure(|| drop(PlannedPod::new(&pod, b"[]", defaults))).bytes_total;
    assert_eq!(bytes(&defaults), bytes(&none));
}
