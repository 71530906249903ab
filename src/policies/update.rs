//! What is asked of a change of a Pod that has the companion: what makes it stays as it was.

use super::create::{Check, Variable};
use super::fit;
use super::literal;
use crate::inject::companion::{Companion, Container};

/// The Pod had one of the versions, by name and image. Others stay as changeable as they are.
pub(super) fn had_it(versions: &[&Companion]) -> String {
    let had = |companion: &&Companion| {
        let stood = |(container, init): (&Container, bool)| {
            let (name, image) = (literal::text(&container.name), literal::text(&container.image));
            let list = if init { "initContainers" } else { "containers" };
            format!(
                "dyn(oldObject).spec.?{list}.orValue([]).exists(c, c.name == {name} && c.?image.orValue('') == {image})"
            )
        };
        fit::all(&companion.identities().map(stood).collect::<Vec<_>>())
    };
    versions.iter().map(|version| format!("({})", had(version))).collect::<Vec<_>>().join(" || ")
}

/// The Pod before and after.
pub(super) fn surroundings() -> Vec<Variable> {
    let variable = |name: &str, expression: &str| Variable { name: name.into(), expression: expression.into() };
    let both = "dyn(variables.pod.spec.?containers.orValue([]) + variables.pod.spec.?initContainers.orValue([]))";
    vec![
        variable("pod", "dyn(object)"),
        variable("old", "dyn(oldObject)"),
        variable("containers", both),
        variable("oldContainers", &both.replace("variables.pod", "variables.old")),
        variable("ephemeral", "dyn(variables.pod.spec.?ephemeralContainers.orValue([]))"),
        variable("oldEphemeral", "dyn(variables.old.spec.?ephemeralContainers.orValue([]))"),
        variable("annotations", "dyn(variables.pod.metadata.?annotations.orValue({}))"),
        variable("oldAnnotations", "dyn(variables.old.metadata.?annotations.orValue({}))"),
    ]
}

/// What stays as it was.
pub(super) fn checks(versions: &[&Companion]) -> Vec<Check> {
    let mut names: Vec<&str> = versions.iter().flat_map(|v| v.identities()).map(|(c, _)| &*c.name).collect();
    let mut files: Vec<&str> = versions.iter().flat_map(|v| &v.files).map(|file| &*file.key).collect();
    for list in [&mut names, &mut files] {
        list.sort_unstable();
        list.dedup();
    }
    let mut checks = Vec::new();
    for name in &names {
        let quoted = literal::text(name);
        let same = |field: &str, absent: &str| {
            let of = |list: &str| {
                format!("variables.{list}.filter(c, c.name == {quoted}).map(c, c.?{field}.orValue({absent}))")
            };
            format!("{} == {}", of("containers"), of("oldContainers"))
        };
        checks.push(Check {
            expression: same("image", "''"),
            complaint: format!("the image of container {name} cannot be changed in a running Pod"),
        });
        checks.push(Check {
            expression: same("resources", "{}"),
            complaint: format!("the resources of container {name} cannot be changed in a running Pod"),
        });
    }
    checks.push(Check {
        expression: format!(
            "variables.ephemeral.all(e, !(e.?targetContainerName.orValue('') in {}) || variables.oldEphemeral.exists(o, o.name == e.name))",
            literal::texts(names)
        ),
        complaint: "no debug container may target one of its containers".to_owned(),
    });
    let mut volumes: Vec<&str> = versions.iter().flat_map(|v| &v.volumes).map(|volume| &*volume.name).collect();
    volumes.sort_unstable();
    volumes.dedup();
    if !volumes.is_empty() {
        let mounts = format!("e.?volumeMounts.orValue([]).exists(m, m.name in {})", literal::texts(volumes));
        checks.push(Check {
            expression: format!(
                "variables.ephemeral.all(e, !{mounts} || variables.oldEphemeral.exists(o, o.name == e.name))"
            ),
            complaint: "no debug container may mount its own volumes".to_owned(),
        });
    }
    for key in files {
        let of = |list: &str| fit::optional(&format!("variables.{list}"), key);
        checks.push(Check {
            expression: format!("{} == {}", of("annotations"), of("oldAnnotations")),
            complaint: format!("annotation {key}, one of its files, cannot be changed in a running Pod"),
        });
    }
    checks
}
