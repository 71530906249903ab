//! What is required of a Pod that is created: one version of the companion, as a whole.

use serde_json::{Map, Value};

use super::container;
use super::private_volumes;
use super::required::{Required, RequiredContainer};
use super::validation::{Validation, Variable};
use crate::inject::companion::Placement;
use crate::inject::companion::declared::DeclaredVolume;
use crate::policies::cel::conform;
use crate::policies::cel::conform::Condition;
use crate::policies::cel::literal;

/// Variables that the validations of every version use. They are `dyn`, so that the API server does not check types: it
/// knows the fields of Pods of its own version only, and a companion can declare newer ones.
pub(in crate::policies) fn variables() -> Vec<Variable> {
    vec![
        Variable::new("pod", "dyn(object)"),
        Variable::new("initContainers", "dyn(variables.pod.spec.?initContainers.orValue([]))"),
        Variable::new("containers", "dyn(variables.pod.spec.?containers.orValue([]))"),
        Variable::new("volumes", "dyn(variables.pod.spec.?volumes.orValue([]))"),
        Variable::new("annotations", "dyn(variables.pod.metadata.?annotations.orValue({}))"),
        Variable::new("pullSecrets", "dyn(variables.pod.spec.?imagePullSecrets.orValue([]))"),
    ]
}

/// The containers of one version, as variables `v<version>c<index>`, each `{}` where it is missing; and the names of its
/// private volumes, as `private<version>`.
pub(in crate::policies) fn containers(required: Required<'_>, version: usize) -> Vec<Variable> {
    let variable = |(i, container): (usize, RequiredContainer<'_>)| {
        let (list, name) = (container.list, literal::text(&container.compiled.name));
        let expression = format!("dyn(variables.{list}.filter(c, c.name == {name})[?0].orValue({{}}))");
        Variable::new(format!("v{version}c{i}"), expression)
    };
    let private = Variable::new(format!("private{version}"), private_volumes::names(&[required]));
    required.containers().enumerate().map(variable).chain([private]).collect()
}

/// All containers of one version are in their lists.
pub(in crate::policies) fn present(required: Required<'_>) -> Condition {
    let is_present = |container: RequiredContainer<'_>| {
        let name = literal::text(&container.compiled.name);
        format!("variables.{}.exists_one(c, c.name == {name})", container.list)
    };
    conform::all(&required.containers().map(is_present).collect::<Vec<_>>())
}

/// All that is required of one version, besides the presence of its containers.
pub(in crate::policies) fn validations(required: Required<'_>, version: usize) -> Vec<Validation> {
    let mut validations = Vec::new();
    for (i, one) in required.containers().enumerate() {
        container::validate(required, one, &format!("variables.v{version}c{i}"), &mut validations);
    }
    validations.extend(volumes(required));
    validations.push(not_mounted_elsewhere(required, version));
    validations.extend(pod(required));
    validations.extend(files(required));
    validations.extend(pull_secrets(required));
    let resources = container::resources::of_pod(required);
    validations.extend((!resources.is_empty()).then(|| Validation {
        expression: conform::all(&resources),
        message: "invalid Pod-level resources: must cover those of the companion".to_owned(),
    }));
    validations
}

fn pod(required: Required<'_>) -> impl Iterator<Item = Validation> {
    let host_network = (!required.companion.allows_host_network).then(|| Validation {
        expression: "!variables.pod.spec.?hostNetwork.orValue(false)".to_owned(),
        message: "forbidden: hostNetwork: true, which this companion does not allow".to_owned(),
    });
    let restart = (required.companion.placement == Placement::Container).then(|| Validation {
        expression: "variables.pod.spec.?restartPolicy.orValue('Always') == 'Always'".to_owned(),
        message: "invalid restartPolicy of the Pod: must be Always".to_owned(),
    });
    host_network.into_iter().chain(restart)
}

fn files(required: Required<'_>) -> impl Iterator<Item = Validation> {
    required.companion.files.iter().map(|file| {
        let annotation = conform::optional("variables.annotations", &file.key);
        Validation {
            expression: format!("{annotation} == optional.of({})", literal::text(&file.content)),
            message: format!("invalid annotation {}: must be the file that the companion declares", file.key),
        }
    })
}

fn pull_secrets(required: Required<'_>) -> Option<Validation> {
    let secrets = &required.companion.image_pull_secrets;
    let is_present = |name: &str| format!("variables.pullSecrets.exists(s, s.name == {})", literal::text(name));
    (!secrets.is_empty()).then(|| Validation {
        expression: conform::all(&secrets.iter().map(|name| is_present(name)).collect::<Vec<_>>()),
        message: "invalid imagePullSecrets of the Pod: must include those of the companion".to_owned(),
    })
}

fn volumes(required: Required<'_>) -> Vec<Validation> {
    let declared = required.declared;
    let own = declared.volumes.iter().map(|volume| (&*volume.name, exactly_one(volume)));
    // A shared volume may join one of the app, and a Pod without a token needs no mask.
    let shared = declared.shared_volumes.iter().map(|volume| (&*volume.name, no_other(&[volume])));
    let masks: Vec<_> = declared.token_masks.iter().collect();
    let mask = masks.first().map(|mask| (&*mask.name, no_other(&masks)));
    let validation = |(name, expression): (&str, Condition)| Validation {
        expression,
        message: format!("invalid volume {name}: must be as the companion declares it"),
    };
    own.chain(mask).chain(shared).map(validation).collect()
}

/// The Pod has the volume.
fn exactly_one(volume: &DeclaredVolume) -> Condition {
    let (name, is_declared) = (literal::text(&volume.name), conform::all(&has_declared_source(volume)));
    format!("variables.volumes.exists_one(v, v.name == {name} && {is_declared})")
}

/// No volume of this name has another source than one of the forms that are declared for it.
fn no_other(forms: &[&DeclaredVolume]) -> Condition {
    let name = literal::text(forms.first().map_or("", |volume| &volume.name));
    let is_declared = |volume: &&DeclaredVolume| conform::all(&has_declared_source(volume));
    let is_declared: Vec<_> = forms.iter().map(is_declared).collect();
    let is_declared =
        if let [one] = &is_declared[..] { one.clone() } else { format!("({})", is_declared.join(" || ")) };
    format!("variables.volumes.all(v, v.name != {name} || {is_declared})")
}

/// No other container mounts the private volumes of the companion: the app shares the volumes that are declared as shared,
/// and not the companion's configuration.
fn not_mounted_elsewhere(required: Required<'_>, version: usize) -> Validation {
    let own = literal::texts(required.companion.identities().map(|(container, _)| &*container.name));
    let mounts = private_volumes::used_by("c", &format!("variables.private{version}"));
    Validation {
        expression: format!("(variables.containers + variables.initContainers).all(c, c.name in {own} || !{mounts})"),
        message: "forbidden: another container mounts a private volume of the companion, or the same claim".to_owned(),
    }
}

/// A volume `v` has the declared source, and no other.
fn has_declared_source(volume: &DeclaredVolume) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (key, value) in &volume.source {
        match value.as_object().filter(|_| key == "image") {
            Some(image) => conditions.extend(image_volume(image, volume.image_pull_policy.as_deref())),
            None => conditions.extend(conform::member("v", key, Some(value))),
        }
    }
    let keys = literal::texts(volume.source.keys().map(String::as_str).chain(["name"]));
    conditions.push(format!("v.all(k, k in {keys})"));
    conditions
}

/// The pull policy of an image volume is accepted as that of a container is.
fn image_volume(declared: &Map<String, Value>, policy: Option<&str>) -> Vec<Condition> {
    let accepted = literal::texts([policy.unwrap_or("IfNotPresent"), "Always"]);
    let mut conditions =
        vec!["has(v.image)".to_owned(), format!("v.image.?pullPolicy.orValue('Always') in {accepted}")];
    conditions.extend(conform::item("v.image", "image", declared, &["pullPolicy"]));
    conditions
}
