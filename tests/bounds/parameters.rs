//! Parameters of companions that are present: their containers are read again.

use serde_json::json;

use super::support::snapshot;
use super::{companion, pod, review};

/// Companions of one namespace can have containers of the same name, so that each of them reads the same large one.
#[test]
fn work_is_not_the_product_of_companions_and_the_size_of_a_container() {
    let parameters: Vec<_> =
        (0..30).map(|i| json!({"name": format!("p{i}"), "type": "String", "env": format!("P{i}")})).collect();
    let more = json!({"parameters": parameters, "containers": [{"name": "same", "image": "i:1"}]});
    let companions: Vec<_> = (0..16).map(|i| companion(&format!("n{i}"), &more)).collect();
    let names: Vec<_> = (0..16).map(|i| format!("n{i}")).collect();
    for variables in [10, 4_000] {
        let mut pod = pod(&names.join(","), 1, &|_| json!({"name": "app"}));
        let status: serde_json::Map<_, _> =
            names.iter().map(|name| (name.clone(), json!({"initContainers": ["same"]}))).collect();
        let annotations = pod["metadata"]["annotations"].as_object_mut().unwrap();
        annotations.insert("podgraft.dev/status".into(), json!(json!(status).to_string()));
        for (name, i) in names.iter().flat_map(|name| (0..30).map(move |i| (name, i))) {
            annotations.insert(format!("podgraft.dev/{name}.p{i}"), json!("x"));
        }
        let env: Vec<_> = (0..variables).map(|i| json!({"name": format!("V{i}")})).collect();
        pod["spec"]["initContainers"] =
            json!([{"name": "same", "image": "i:1", "restartPolicy": "Always", "env": env}]);
        let reply = review(&pod, &snapshot(&companions));
        assert!(reply.allowed && reply.audit["remarks"].to_string().contains("ParameterDiffers"), "{}", reply.body);
    }
}
