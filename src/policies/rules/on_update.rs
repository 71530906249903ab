//! What is asked of a change of a Pod: what makes the companion stays as it was, and a Pod that does not have it stays as
//! it is until it is created again.

use super::container::resources;
use super::on_create;
use super::on_create::{Validation, Variable};
use super::required::{Required, RequiredContainer};
use super::selects;
use crate::policies::cel::conform;
use crate::policies::cel::literal;

/// The Pod `pod` has one of the versions, by name and image.
fn has_it(pod: &str, versions: &[Required<'_>]) -> String {
    let has = |version: &Required<'_>| format!("({})", has_version(pod, *version));
    versions.iter().map(has).collect::<Vec<_>>().join(" || ")
}

fn has_version(pod: &str, version: Required<'_>) -> String {
    let stands = |container: RequiredContainer<'_>| {
        let (name, image) = (literal::text(&container.compiled.name), literal::text(&container.compiled.image));
        let list = container.list;
        format!("dyn({pod}).spec.?{list}.orValue([]).exists(c, c.name == {name} && c.?image.orValue('') == {image})")
    };
    conform::all(&version.containers().map(stands).collect::<Vec<_>>())
}

/// The change makes the companion's selectors select the Pod; `None` where they select every Pod.
fn becomes_selected(selecting: &[Required<'_>]) -> Option<String> {
    let selectors = selecting.iter().map(|version| &version.companion.pod_selector);
    let selects =
        |pod: &str| selects::expression(&format!("dyn({pod}).metadata.?labels.orValue({{}})"), selectors.clone());
    Some(format!("({} && !{})", selects("object")?, selects("oldObject")?))
}

/// Which changes are looked at: those of Pods that had the companion, others stay as changeable as they are; and those by
/// which the companion becomes required for a Pod, because all of `selecting` select it.
pub(in crate::policies) fn concerned(versions: &[Required<'_>], selecting: &[Required<'_>]) -> String {
    let had = has_it("oldObject", versions);
    becomes_selected(selecting).into_iter().fold(had, |had, selected| format!("{had} || {selected}"))
}

/// The Pod before and after.
pub(in crate::policies) fn variables(versions: &[Required<'_>]) -> Vec<Variable> {
    let variable = |name: String, expression: String| Variable { name, expression };
    let both = "dyn(variables.pod.spec.?containers.orValue([]) + variables.pod.spec.?initContainers.orValue([]))";
    let mut all = vec![
        variable("pod".into(), "dyn(object)".into()),
        variable("old".into(), "dyn(oldObject)".into()),
        variable("containers".into(), both.into()),
        variable("oldContainers".into(), both.replace("variables.pod", "variables.old")),
        variable("ephemeral".into(), "dyn(variables.pod.spec.?ephemeralContainers.orValue([]))".into()),
        variable("oldEphemeral".into(), "dyn(variables.old.spec.?ephemeralContainers.orValue([]))".into()),
        variable("annotations".into(), "dyn(variables.pod.metadata.?annotations.orValue({}))".into()),
        variable("oldAnnotations".into(), "dyn(variables.old.metadata.?annotations.orValue({}))".into()),
        variable("volumes".into(), "dyn(variables.pod.spec.?volumes.orValue([]))".into()),
        variable("private".into(), on_create::private(versions)),
    ];
    for (i, version) in versions.iter().enumerate() {
        all.push(variable(format!("had{i}"), has_version("oldObject", *version)));
    }
    for (i, name) in names(versions).into_iter().enumerate() {
        for (short, list) in [("c", "containers"), ("o", "oldContainers")] {
            let name = literal::text(name);
            let expression = format!("dyn(variables.{list}.filter(c, c.name == {name})[?0].orValue({{}}))");
            all.push(variable(format!("{short}{i}"), expression));
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

/// What stays as it was.
pub(in crate::policies) fn checks(versions: &[Required<'_>], selecting: &[Required<'_>]) -> Vec<Validation> {
    let mut checks = Vec::new();
    if let Some(selected) = becomes_selected(selecting) {
        checks.push(Validation {
            expression: format!("!{selected} || {}", has_it("object", versions)),
            complaint: "labels cannot be changed so that the companion is required for a Pod that does not have it"
                .to_owned(),
        });
    }
    for (i, name) in names(versions).into_iter().enumerate() {
        checks.push(Validation {
            expression: format!("variables.c{i}[?'image'] == variables.o{i}[?'image']"),
            complaint: format!("the image of container {name} cannot be changed in a running Pod"),
        });
        checks.push(resized(versions, i, name));
    }
    checks.push(resized_pod(versions));
    checks.push(Validation {
        expression: format!(
            "variables.ephemeral.all(e, !(e.?targetContainerName.orValue('') in {}) || variables.oldEphemeral.exists(o, o.name == e.name))",
            literal::texts(names(versions))
        ),
        complaint: "no debug container may target one of its containers".to_owned(),
    });
    checks.push(Validation {
        expression: format!(
            "variables.ephemeral.all(e, !{} || variables.oldEphemeral.exists(o, o.name == e.name))",
            on_create::has_private("e", "variables.private")
        ),
        complaint: "no debug container may mount its own volumes, or a claim of theirs".to_owned(),
    });
    checks.extend(files(versions));
    checks
}

/// The resources of a container stay as they were, or are at least those of the version that the Pod has.
fn resized(versions: &[Required<'_>], index: usize, name: &str) -> Validation {
    let (now, before) = (format!("variables.c{index}"), format!("variables.o{index}"));
    let mut accepted = vec![format!("{now}[?'resources'] == {before}[?'resources']")];
    for (i, version) in versions.iter().enumerate() {
        let declared = version.containers().find(|container| *container.compiled.name == *name);
        let members = declared.map(|container| &container.declared.members);
        let enough = members.map(|members| conform::all(&resources::conditions(&now, members.get("resources"))));
        accepted.extend(enough.map(|enough| format!("(variables.had{i} && {enough})")));
    }
    Validation {
        expression: accepted.join(" || "),
        complaint: format!("the resources of container {name} cannot become smaller than the companion declares"),
    }
}

/// Those of the Pod as a whole likewise.
fn resized_pod(versions: &[Required<'_>]) -> Validation {
    let mut accepted = vec!["variables.pod.spec[?'resources'] == variables.old.spec[?'resources']".to_owned()];
    for (i, version) in versions.iter().enumerate() {
        accepted.push(format!("(variables.had{i} && {})", conform::all(&resources::of_pod(*version))));
    }
    Validation {
        expression: accepted.join(" || "),
        complaint: "the resources of the Pod as a whole cannot become smaller than those of the companion".to_owned(),
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
            complaint: format!("annotation {key}, one of its files, cannot be changed in a running Pod"),
        }
    };
    files.into_iter().map(stays).collect()
}
