//! What is required of a change of a Pod: the companion stays as it was, and a Pod without the companion does not come to
//! need it before it is created again.

use super::container::resources;
use super::private_volumes;
use super::required::{Required, RequiredContainer};
use super::selects;
use super::validation::{Validation, Variable};
use crate::policies::cel::conform;
use crate::policies::cel::literal;

/// The Pod `pod` has one of the versions, by name and image.
fn has_it(pod: &str, versions: &[Required<'_>]) -> String {
    let has = |version: &Required<'_>| format!("({})", has_version(pod, *version));
    versions.iter().map(has).collect::<Vec<_>>().join(" || ")
}

fn has_version(pod: &str, version: Required<'_>) -> String {
    let is_present = |container: RequiredContainer<'_>| {
        let (name, image) = (literal::text(&container.compiled.name), literal::text(&container.compiled.image));
        let list = container.list;
        format!("dyn({pod}).spec.?{list}.orValue([]).exists(c, c.name == {name} && c.?image.orValue('') == {image})")
    };
    conform::all(&version.containers().map(is_present).collect::<Vec<_>>())
}

/// The change makes the companion's selectors select the Pod; `None` where they select every Pod.
fn becomes_selected(selecting: &[Required<'_>]) -> Option<String> {
    let selectors = selecting.iter().map(|version| &version.companion.pod_selector);
    let selects =
        |pod: &str| selects::expression(&format!("dyn({pod}).metadata.?labels.orValue({{}})"), selectors.clone());
    Some(format!("({} && !{})", selects("object")?, selects("oldObject")?))
}

/// The policy applies to changes of Pods that had the companion, and to those that make the companion required, because
/// all of `selecting` select the Pod. Other Pods can be changed freely.
pub(in crate::policies) fn applies(versions: &[Required<'_>], selecting: &[Required<'_>]) -> String {
    let had = has_it("oldObject", versions);
    becomes_selected(selecting).into_iter().fold(had, |had, selected| format!("{had} || {selected}"))
}

/// The Pod before and after.
pub(in crate::policies) fn variables(versions: &[Required<'_>]) -> Vec<Variable> {
    let both = "dyn(variables.pod.spec.?containers.orValue([]) + variables.pod.spec.?initContainers.orValue([]))";
    let mut all = vec![
        Variable::new("pod", "dyn(object)"),
        Variable::new("old", "dyn(oldObject)"),
        Variable::new("containers", both),
        Variable::new("oldContainers", both.replace("variables.pod", "variables.old")),
        Variable::new("ephemeral", "dyn(variables.pod.spec.?ephemeralContainers.orValue([]))"),
        Variable::new("oldEphemeral", "dyn(variables.old.spec.?ephemeralContainers.orValue([]))"),
        Variable::new("annotations", "dyn(variables.pod.metadata.?annotations.orValue({}))"),
        Variable::new("oldAnnotations", "dyn(variables.old.metadata.?annotations.orValue({}))"),
        Variable::new("volumes", "dyn(variables.pod.spec.?volumes.orValue([]))"),
        Variable::new("private", private_volumes::names(versions)),
    ];
    for (i, version) in versions.iter().enumerate() {
        all.push(Variable::new(format!("had{i}"), has_version("oldObject", *version)));
    }
    for (i, name) in names(versions).into_iter().enumerate() {
        for (short, list) in [("c", "containers"), ("o", "oldContainers")] {
            let name = literal::text(name);
            let expression = format!("dyn(variables.{list}.filter(c, c.name == {name})[?0].orValue({{}}))");
            all.push(Variable::new(format!("{short}{i}"), expression));
        }
    }
    all
}

/// The names of the containers of all versions.
fn names<'c>(versions: &[Required<'c>]) -> Vec<&'c str> {
    let mut names: Vec<&str> =
        versions.iter().flat_map(|v| v.companion.identities()).map(|(container, _)| &*container.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What has to stay as it was.
pub(in crate::policies) fn validations(versions: &[Required<'_>], selecting: &[Required<'_>]) -> Vec<Validation> {
    let mut validations = Vec::new();
    if let Some(selected) = becomes_selected(selecting) {
        validations.push(Validation {
            expression: format!("!{selected} || {}", has_it("object", versions)),
            message: "forbidden: these labels make the companion required, and the Pod does not have the companion"
                .to_owned(),
        });
    }
    for (i, name) in names(versions).into_iter().enumerate() {
        validations.push(Validation {
            expression: format!("variables.c{i}[?'image'] == variables.o{i}[?'image']"),
            message: format!("forbidden: the image of container {name} cannot be changed in a running Pod"),
        });
        validations.push(resized(versions, i, name));
    }
    validations.push(resized_pod(versions));
    validations.push(Validation {
        expression: format!(
            "variables.ephemeral.all(e, !(e.?targetContainerName.orValue('') in {}) || variables.oldEphemeral.exists(o, o.name == e.name))",
            literal::texts(names(versions))
        ),
        message: "forbidden: an ephemeral container that targets a container of the companion".to_owned(),
    });
    validations.push(Validation {
        expression: format!(
            "variables.ephemeral.all(e, !{} || variables.oldEphemeral.exists(o, o.name == e.name))",
            private_volumes::used_by("e", "variables.private")
        ),
        message: "forbidden: an ephemeral container that mounts a private volume of the companion, or the same claim"
            .to_owned(),
    });
    validations.extend(files(versions));
    validations
}

/// The resources of a container stay as they were, or are at least those of the version that the Pod had.
fn resized(versions: &[Required<'_>], index: usize, name: &str) -> Validation {
    let (now, before) = (format!("variables.c{index}"), format!("variables.o{index}"));
    let mut accepted = vec![format!("{now}[?'resources'] == {before}[?'resources']")];
    for (i, version) in versions.iter().enumerate() {
        let declared = version.containers().find(|container| *container.compiled.name == *name);
        let enough = declared.map(|container| conform::all(&resources::conditions(&now, container.declared)));
        accepted.extend(enough.map(|enough| format!("(variables.had{i} && {enough})")));
    }
    Validation {
        expression: accepted.join(" || "),
        message: format!("invalid resources of container {name}: must be at least those that the companion declares"),
    }
}

/// Pod-level resources stay as they were, or cover those of the version that the Pod had.
fn resized_pod(versions: &[Required<'_>]) -> Validation {
    let mut accepted = vec!["variables.pod.spec[?'resources'] == variables.old.spec[?'resources']".to_owned()];
    for (i, version) in versions.iter().enumerate() {
        accepted.push(format!("(variables.had{i} && {})", conform::all(&resources::of_pod(*version))));
    }
    Validation {
        expression: accepted.join(" || "),
        message: "invalid Pod-level resources: must cover those of the companion".to_owned(),
    }
}

fn files(versions: &[Required<'_>]) -> Vec<Validation> {
    let mut files: Vec<&str> = versions.iter().flat_map(|v| &v.companion.files).map(|file| &*file.key).collect();
    files.sort_unstable();
    files.dedup();
    let stays = |key: &str| {
        let of = |list: &str| conform::optional(&format!("variables.{list}"), key);
        Validation {
            expression: format!("{} == {}", of("annotations"), of("oldAnnotations")),
            message: format!(
                "forbidden: annotation {key}, a file of the companion, cannot be changed in a running Pod"
            ),
        }
    };
    files.into_iter().map(stays).collect()
}
