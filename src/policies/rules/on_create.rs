//! What is asked of a Pod that is made: one version of the companion, as a whole.

use serde_json::{Map, Value};

use super::container;
use super::required::{Required, RequiredContainer};
use crate::inject::companion::Placement;
use crate::policies::cel::conform;
use crate::policies::cel::conform::Condition;
use crate::policies::cel::literal;

/// One thing that is asked of a Pod.
#[derive(Debug)]
pub(in crate::policies) struct Validation {
    /// What must hold.
    pub(in crate::policies) expression: String,
    /// What is wrong where it does not hold.
    pub(in crate::policies) complaint: String,
}

/// A variable of a policy.
#[derive(Debug)]
pub(in crate::policies) struct Variable {
    pub(in crate::policies) name: String,
    pub(in crate::policies) expression: String,
}

/// Variables that the checks of every version refer to. Through `dyn` the API server checks no types: what it knows of
/// Pods is what its own version knows.
pub(in crate::policies) fn variables() -> Vec<Variable> {
    let variable = |name: &str, expression: &str| Variable { name: name.into(), expression: expression.into() };
    vec![
        variable("pod", "dyn(object)"),
        variable("initContainers", "dyn(variables.pod.spec.?initContainers.orValue([]))"),
        variable("containers", "dyn(variables.pod.spec.?containers.orValue([]))"),
        variable("volumes", "dyn(variables.pod.spec.?volumes.orValue([]))"),
        variable("annotations", "dyn(variables.pod.metadata.?annotations.orValue({}))"),
        variable("pullSecrets", "dyn(variables.pod.spec.?imagePullSecrets.orValue([]))"),
    ]
}

/// The containers of one version, as variables `v<version>c<index>`: `{}` where one is missing; and the names of volumes
/// that are its own, as `private<version>`.
pub(in crate::policies) fn containers(required: Required<'_>, version: usize) -> Vec<Variable> {
    let variable = |(i, container): (usize, RequiredContainer<'_>)| Variable {
        name: format!("v{version}c{i}"),
        expression: format!(
            "dyn(variables.{}.filter(c, c.name == {})[?0].orValue({{}}))",
            container.list,
            literal::text(&container.compiled.name)
        ),
    };
    let private = Variable { name: format!("private{version}"), expression: private(&[required]) };
    required.containers().enumerate().map(variable).chain([private]).collect()
}

/// All containers of one version stand in their lists.
pub(in crate::policies) fn present(required: Required<'_>) -> String {
    let is_there = |container: RequiredContainer<'_>| {
        let name = literal::text(&container.compiled.name);
        format!("variables.{}.exists_one(c, c.name == {name})", container.list)
    };
    conform::all(&required.containers().map(is_there).collect::<Vec<_>>())
}

/// Everything that is asked of one version besides its containers' being there.
pub(in crate::policies) fn checks(required: Required<'_>, version: usize) -> Vec<Validation> {
    let companion = required.companion;
    let mut checks = Vec::new();
    for (i, one) in required.containers().enumerate() {
        container::check(required, one, &format!("variables.v{version}c{i}"), &mut checks);
    }
    checks.extend(volumes(required));
    checks.push(apart(required, version));
    if !companion.allows_host_network {
        checks.push(Validation {
            expression: "!variables.pod.spec.?hostNetwork.orValue(false)".to_owned(),
            complaint: "the Pod must not be in the node's network (hostNetwork: Allow in the companion lets it)"
                .to_owned(),
        });
    }
    if companion.placement == Placement::Container {
        checks.push(Validation {
            expression: "variables.pod.spec.?restartPolicy.orValue('Always') == 'Always'".to_owned(),
            complaint: "the Pod's restartPolicy must be Always".to_owned(),
        });
    }
    for file in &companion.files {
        let there = conform::optional("variables.annotations", &file.key);
        checks.push(Validation {
            expression: format!("{there} == optional.of({})", literal::text(&file.content)),
            complaint: format!("annotation {} is not the file that the companion declares", file.key),
        });
    }
    if !companion.image_pull_secrets.is_empty() {
        let is_there = |name: &str| format!("variables.pullSecrets.exists(s, s.name == {})", literal::text(name));
        checks.push(Validation {
            expression: conform::all(
                &companion.image_pull_secrets.iter().map(|name| is_there(name)).collect::<Vec<_>>(),
            ),
            complaint: "imagePullSecrets of the Pod must include those of the companion".to_owned(),
        });
    }
    let of_pod = container::resources::of_pod(required);
    if !of_pod.is_empty() {
        checks.push(Validation {
            expression: conform::all(&of_pod),
            complaint: "resources of the Pod as a whole must cover those of the companion".to_owned(),
        });
    }
    checks
}

fn volumes(required: Required<'_>) -> Vec<Validation> {
    let name_of =
        |volume: &Map<String, Value>| volume.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let check = |volume: &Map<String, Value>, needed: bool| {
        let (name, fits) = (name_of(volume), conform::all(&volume_fits(volume)));
        let quoted = literal::text(&name);
        let expression = if needed {
            format!("variables.volumes.exists_one(v, v.name == {quoted} && {fits})")
        } else {
            format!("variables.volumes.all(v, v.name != {quoted} || {fits})")
        };
        Validation { expression, complaint: format!("volume {name} is not as the companion declares it") }
    };
    let declared = required.declared;
    let own = declared.volumes.iter().map(|volume| check(volume, true));
    // A shared volume may join the app's, and a Pod without a token needs no mask.
    let others = declared.token_mask.iter().chain(&declared.shared_volumes).map(|volume| check(volume, false));
    own.chain(others).collect()
}

/// No container of the Pod's author has the companion's own volumes: the app shares what is declared as shared, and not
/// its configuration.
fn apart(required: Required<'_>, version: usize) -> Validation {
    let own = literal::texts(required.companion.identities().map(|(container, _)| &*container.name));
    let has_one = has_private("c", &format!("variables.private{version}"));
    Validation {
        expression: format!("(variables.containers + variables.initContainers).all(c, c.name in {own} || !{has_one})"),
        complaint: "another container mounts its own volumes, or a claim of theirs".to_owned(),
    }
}

/// The container `c` mounts a volume that `private` names, or has it as a device.
pub(in crate::policies) fn has_private(c: &str, private: &str) -> Condition {
    let one_of = |list: &str| format!("{c}.?{list}.orValue([]).exists(m, m.name in {private})");
    format!("({} || {})", one_of("volumeMounts"), one_of("volumeDevices"))
}

/// The names of all volumes of the Pod `variables.pod` that are own ones of some versions: those with the declared names,
/// and under whatever name those with the same claim. What else a volume holds, such as a Secret or a host path, belongs
/// to the namespace or to the node, and any Pod may mount it.
pub(in crate::policies) fn private(versions: &[Required<'_>]) -> String {
    let declared = || versions.iter().map(|version| version.declared);
    let name = |volume: &Map<String, Value>| Some(literal::text(volume.get("name")?.as_str()?));
    let claim = |volume: &Map<String, Value>| -> Option<String> {
        Some(literal::text(volume.get("persistentVolumeClaim")?["claimName"].as_str()?))
    };
    let mut names: Vec<_> = declared().flat_map(|d| d.volumes.iter().chain(&d.token_mask)).filter_map(name).collect();
    let shared: Vec<_> = declared().flat_map(|d| &d.shared_volumes).filter_map(claim).collect();
    let mut claims: Vec<_> = declared().flat_map(|d| &d.volumes).filter_map(claim).collect();
    claims.retain(|claim| !shared.contains(claim));
    for list in [&mut names, &mut claims] {
        list.sort_unstable();
        list.dedup();
    }
    let names = format!("[{}]", names.join(", "));
    if claims.is_empty() {
        return names;
    }
    format!(
        "{names} + variables.volumes.filter(v, v.?persistentVolumeClaim.?claimName.orValue('') in [{}]).map(v, v.name)",
        claims.join(", ")
    )
}

/// A volume `v` has the declared source, and no other.
fn volume_fits(volume: &Map<String, Value>) -> Vec<Condition> {
    let sources = volume.iter().filter(|(key, value)| *key != "name" && !value.is_null());
    let mut conditions = Vec::new();
    for (key, value) in sources.clone() {
        match value.as_object().filter(|_| key == "image") {
            Some(image) => conditions.extend(image_volume(image)),
            None => conditions.extend(conform::member("v", key, Some(value))),
        }
    }
    let keys = literal::texts(sources.map(|(key, _)| key.as_str()).chain(["name"]));
    conditions.push(format!("v.all(k, k in {keys})"));
    conditions
}

/// An image is pulled as those of containers are.
fn image_volume(declared: &Map<String, Value>) -> Vec<Condition> {
    let policy = declared.get("pullPolicy").and_then(Value::as_str).filter(|policy| !policy.is_empty());
    let accepted = literal::texts([policy.unwrap_or("IfNotPresent"), "Always"]);
    let mut conditions =
        vec!["has(v.image)".to_owned(), format!("v.image.?pullPolicy.orValue('Always') in {accepted}")];
    conditions.extend(conform::item("v.image", "image", declared, &["pullPolicy"]));
    conditions
}
