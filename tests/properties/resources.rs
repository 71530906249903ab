//! A Pod with Pod-level resources that the API server would admit is still one that it would admit after injection.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::laws::{laws, patched};
use crate::support::generate::{Scene, scene};

/// `spec.initContainers` and `spec.containers` of a Pod or of a companion.
const LISTS: [&str; 2] = ["initContainers", "containers"];

/// Gives the containers these requests of memory, in Mi, one after the other, again from the first one.
fn request(object: &mut Value, amounts: &[u64]) {
    let spec = object["spec"].as_object_mut().unwrap();
    let lists = spec.iter_mut().filter(|(name, _)| LISTS.contains(&name.as_str()));
    let containers = lists.filter_map(|(_, list)| list.as_array_mut()).flatten();
    for (container, amount) in containers.zip(amounts.iter().cycle()) {
        // A limit without a request is a request.
        let list = if amount % 2 == 0 { "requests" } else { "limits" };
        container["resources"] = json!({list: {"memory": format!("{amount}Mi")}});
    }
}

fn amount(container: &Value) -> u64 {
    let resources = &container["resources"];
    let text = ["requests", "limits"].into_iter().find_map(|list| resources[list]["memory"].as_str());
    text.map_or(0, mebibytes)
}

fn mebibytes(text: &str) -> u64 {
    text.strip_suffix("Mi").and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// What the API server computes: `aggregateContainerResourcesByFn` of k8s.io/component-helpers.
fn aggregate(pod: &Value) -> u64 {
    let list = |name: &str| pod["spec"][name].as_array().cloned().unwrap_or_default();
    let mut result: u64 = list("containers").iter().map(amount).sum();
    let (mut restartable, mut starting) = (0, 0);
    for container in list("initContainers") {
        if container["restartPolicy"] == "Always" {
            result += amount(&container);
            restartable += amount(&container);
            starting = starting.max(restartable);
        } else {
            starting = starting.max(restartable + amount(&container));
        }
    }
    result.max(starting)
}

/// A scene whose Pod has Pod-level memory with some room, and whose companions request some.
fn sized() -> impl Strategy<Value = Scene> {
    let amounts = || vec(0_u64..12, 1..6);
    (scene(), amounts(), vec(amounts(), 4), 0_u64..30, any::<bool>()).prop_map(
        |(mut scene, own, of_companions, room, limits)| {
            request(&mut scene.pod, &own);
            let total = aggregate(&scene.pod) + room;
            let list = if limits { "limits" } else { "requests" };
            scene.pod["spec"]["resources"] = json!({list: {"memory": format!("{total}Mi")}});
            let companions = scene.manifests.iter_mut().filter(|m| m["kind"] == "ClusterCompanion");
            for (companion, amounts) in companions.zip(of_companions) {
                request(companion, &amounts);
                if amounts[0] > 9 && companion["spec"]["required"].is_null() {
                    companion["spec"]["podResources"] = json!("Share");
                }
            }
            scene
        },
    )
}

proptest! {
    #![proptest_config(laws())]

    #[test]
    fn p11_the_containers_of_an_injected_pod_fit_into_its_pod_level_resources(scene in sized()) {
        let (_, reply, pod) = patched(&scene);
        if reply.patch.is_none() {
            return Ok(());
        }
        let list = &pod["spec"]["resources"];
        let most = ["requests", "limits"].into_iter().find_map(|name| list[name]["memory"].as_str());
        let most = most.map_or(0, mebibytes);
        prop_assert!(aggregate(&pod) <= most, "{} of {}", aggregate(&pod), most);
        if list["limits"].is_object() {
            for container in pod["spec"]["containers"].as_array().unwrap() {
                let limit = container["resources"]["limits"]["memory"].as_str().map_or(0, mebibytes);
                prop_assert!(limit <= most, "{} of {}", limit, most);
            }
        }
    }
}
