//! Compiles what fields of the containers require of the Pod.

use serde_json::Value;

use crate::api::object::{CompanionObject, ContainerAt};
use crate::inject::companion::pod_requirement::{PodRequirement, RequiredValue};

/// The requirements of all containers, without those that others include.
pub(super) fn pod_requirements(object: &CompanionObject) -> Box<[PodRequirement]> {
    let mut all: Vec<PodRequirement> = Vec::new();
    for each in object.containers() {
        for (field, value) in of_container(&each) {
            if all.iter().any(|other| other.value.includes(value)) {
                continue;
            }
            all.retain(|other| !value.includes(other.value));
            all.push(PodRequirement { container: each.container.name.as_str().into(), field, value });
        }
    }
    all.into()
}

fn of_container(each: &ContainerAt) -> impl Iterator<Item = (&'static str, RequiredValue)> {
    let context = each.field("securityContext").unwrap_or(&Value::Null);
    let items = |field: &str| each.field(field).and_then(Value::as_array).into_iter().flatten();
    let hooks = [("postStart", "lifecycle.postStart.sleep"), ("preStop", "lifecycle.preStop.sleep")];
    let lifecycle = each.field("lifecycle").unwrap_or(&Value::Null);
    let sleeps = hooks.map(|(hook, field)| {
        let seconds = lifecycle[hook]["sleep"]["seconds"].as_i64()?;
        Some((field, RequiredValue::GracePeriod(seconds)))
    });
    let has_restart = items("resizePolicy").any(|policy| policy["restartPolicy"] == "RestartContainer");
    let others = [
        (context["procMount"] == "Unmasked", "securityContext.procMount", RequiredValue::UserNamespace),
        (!context["windowsOptions"].is_null(), "securityContext.windowsOptions", RequiredValue::OtherOs),
        (items("volumeDevices").next().is_some(), "volumeDevices", RequiredValue::HostUsers),
        (has_restart, "resizePolicy", RequiredValue::RestartPolicy),
    ];
    let others = others.map(|(is_set, field, value)| is_set.then_some((field, value)));
    sleeps.into_iter().chain(others).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RequiredValue;
    use crate::api::testing::{compiled, container, with};

    /// The requirements of a companion with these fields in its two containers.
    fn requirements(one: &[(&str, Value)], two: &[(&str, Value)]) -> Vec<(String, &'static str, RequiredValue)> {
        let with_fields = |name: &str, fields: &[(&str, Value)]| {
            let mut container = container(name, "registry.example/git-sync:v4");
            for (pointer, value) in fields {
                let (parent, field) = pointer.rsplit_once('/').unwrap();
                let parent = parent.split('/').filter(|p| !p.is_empty()).fold(&mut container, |node, p| &mut node[p]);
                parent[field] = value.clone();
            }
            container
        };
        let containers = json!([with_fields("one", one), with_fields("two", two)]);
        let companion = compiled(&with(&[("/spec/containers", containers)]));
        companion.pod_requirements.iter().map(|r| (r.container.to_string(), r.field, r.value)).collect()
    }

    #[test]
    fn the_longest_sleep_of_all_hooks_is_required() {
        let sleep = |seconds: u32| json!({"sleep": {"seconds": seconds}});
        let (pre_stop, post_start) = ("/lifecycle/preStop", "/lifecycle/postStart");
        assert_eq!(
            requirements(&[(pre_stop, sleep(5)), (post_start, sleep(60))], &[(pre_stop, sleep(59))]),
            [("one".to_owned(), "lifecycle.postStart.sleep", RequiredValue::GracePeriod(60))]
        );
        assert_eq!(
            requirements(&[(pre_stop, sleep(5))], &[(pre_stop, sleep(6))]),
            [("two".to_owned(), "lifecycle.preStop.sleep", RequiredValue::GracePeriod(6))]
        );
        assert_eq!(requirements(&[(pre_stop, json!({"exec": {"command": ["a"]}}))], &[]), []);
    }

    #[test]
    fn each_field_has_its_requirement() {
        let policy = |policy: &str| json!([{"resourceName": "cpu", "restartPolicy": policy}]);
        for (pointer, without, with, expected) in [
            ("/securityContext/procMount", json!("Default"), json!("Unmasked"), RequiredValue::UserNamespace),
            (
                "/securityContext/windowsOptions",
                json!(null),
                json!({"runAsUserName": "ContainerUser"}),
                RequiredValue::OtherOs,
            ),
            ("/resizePolicy", policy("NotRequired"), policy("RestartContainer"), RequiredValue::RestartPolicy),
        ] {
            assert_eq!(requirements(&[(pointer, without)], &[]), [], "{pointer}");
            let field = pointer[1..].replace('/', ".");
            let both = requirements(&[(pointer, with.clone())], &[(pointer, with)]);
            assert_eq!(both.len(), 1, "equal requirements are one");
            assert_eq!((both[0].1.to_owned(), both[0].2), (field, expected));
        }
    }
}
