//! Mounts of containers: paths that do not overlap.

use std::collections::HashMap;

use crate::api::derived;
use crate::api::message::{Code, duplicate_of, forbidden, invalid};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots;
use crate::inject::names::lies_below;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let mut common = HashMap::new();
    let mut app = HashMap::new();
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let at = FieldPath::spec("sharedVolumes").item(i);
        let owner = format!("shared volume {}", volume.name);
        claim(&mut app, &volume.app.mount_path, &at.member("app").member("mountPath"), owner.clone(), report);
        claim(&mut common, &volume.companion.mount_path, &at.member("companion").member("mountPath"), owner, report);
    }
    let files = &object.spec.files;
    // The schema reports paths that one list has twice; the same holds below.
    for (i, file) in files.iter().enumerate().filter(|(i, file)| !files[..*i].iter().any(|f| f.path == file.path)) {
        let at = FieldPath::spec("files").item(i).member("path");
        claim(&mut common, &file.path, &at, format!("file {i}"), report);
    }
    for each in object.containers() {
        let mut taken = common.clone();
        for (i, mount) in each.container.volume_mounts.iter().enumerate() {
            let at = each.at.member("volumeMounts").item(i);
            if !each.container.volume_mounts[..i].iter().any(|m| m.mount_path == mount.mount_path) {
                claim(&mut taken, &mount.mount_path, &at.member("mountPath"), "another mount".to_owned(), report);
            }
        }
        below_files(object, &each, report);
    }
    overlaps(object, report);
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Moved {
    Never,
    Perhaps,
    ByDefault,
}

/// The path of one side of a shared volume in a Pod that gives no value, its field, and whether a parameter can move
/// it. `None` if a value is required.
pub(in crate::api) fn unmoved(
    object: &CompanionObject,
    index: usize,
    companion: bool,
) -> Option<(&str, FieldPath, Moved)> {
    let volume = &object.spec.shared_volumes[index];
    let mover = slots::mover_of_mount(&object.spec, &volume.name, companion);
    let (side, path) =
        if companion { ("companion", &volume.companion.mount_path) } else { ("app", &volume.app.mount_path) };
    let declared = FieldPath::spec("sharedVolumes").item(index).member(side).member("mountPath");
    let Some(mover) = mover else { return Some((path, declared, Moved::Never)) };
    let parameter = &object.spec.parameters[mover];
    match &parameter.default {
        Some(default) => Some((default, FieldPath::spec("parameters").item(mover).member("default"), Moved::ByDefault)),
        None => (!parameter.required).then_some((path, declared, Moved::Perhaps)),
    }
}

/// Mounts that overlap: a problem if no Pod could have the companion, otherwise a warning.
fn overlaps(object: &CompanionObject, report: &mut Report) {
    let own: Vec<_> = object.containers().flat_map(|each| derived::all_mounts(object, &each)).collect();
    let nested = |path: &str, other: &str| lies_below(path, other) || lies_below(other, path);
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let others = || object.spec.shared_volumes.iter().enumerate().filter(move |(other, _)| *other != i);
        for (earlier, other) in others().take_while(|(other, _)| *other < i) {
            let Some((path, at, moves)) = unmoved(object, i, false) else { continue };
            let Some((its, _, its_moves)) = unmoved(object, earlier, false) else { continue };
            let by_default = [moves, its_moves].contains(&Moved::ByDefault);
            // Equal declared paths are reported by `claim`.
            if path.is_empty() || its.is_empty() || !(nested(path, its) || path == its && by_default) {
                continue;
            }
            let message = format_args!(
                "this path overlaps with {its}, where the app gets another mount of the companion; change one of the two"
            );
            // In a Pod that already mounts both paths, the companion joins both volumes.
            let joined = path != its && volume.source.is_none() && other.source.is_none();
            if joined || [moves, its_moves] != [Moved::Never; 2] {
                report.warn(&at, Code::PossibleConflict.because(message));
            } else {
                report.error(&at, forbidden(message));
            }
        }
        let Some((path, at, Moved::ByDefault)) = unmoved(object, i, true).filter(|(path, ..)| !path.is_empty()) else {
            continue;
        };
        let shared = others().filter_map(|(other, _)| unmoved(object, other, true)).map(|(path, ..)| path);
        let mut all = own.iter().filter_map(|mount| mount["mountPath"].as_str()).chain(shared);
        if let Some(other) = all.find(|other| !other.is_empty() && (*other == path || nested(path, other))) {
            let message =
                format_args!("this path overlaps with the companion's own mount {other}; change one of the two");
            report.warn(&at, Code::PossibleConflict.because(message));
        }
    }
}

fn claim<'o>(taken: &mut HashMap<&'o str, String>, path: &'o str, at: &FieldPath, owner: String, report: &mut Report) {
    if path.chars().any(char::is_control) {
        report.error(at, invalid("must not contain control characters"));
    }
    if let Some(other) = taken.get(path).filter(|_| !path.is_empty()) {
        report.error(at, duplicate_of(path, format_args!("also the path of {other}")));
    } else {
        taken.insert(path, owner);
    }
}

/// Mounts below a file.
fn below_files(object: &CompanionObject, each: &ContainerAt, report: &mut Report) {
    let below = |path: &str| object.spec.files.iter().find(|f| lies_below(path, &f.path));
    for (i, mount) in each.container.volume_mounts.iter().enumerate() {
        if below(&mount.mount_path).is_some_and(|f| !f.path.is_empty()) {
            let at = each.at.member("volumeMounts").item(i).member("mountPath");
            report.error(&at, invalid("must not be below one of spec.files, because a file is not a directory"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, warns, with};

    fn mounts(mounts: serde_json::Value) -> serde_json::Value {
        let volumes = json!([{"name": "cache", "emptyDir": {}}]);
        with(&[("/spec/volumes", volumes), ("/spec/containers/0/volumeMounts", mounts)])
    }

    #[test]
    fn a_path_is_normalized() {
        for invalid in ["cache", "/", "/a/", "/a//b", "/a/../b", "/a:b", ""] {
            let object = mounts(json!([{"name": "cache", "mountPath": invalid}]));
            check(object, &["spec.containers[0].volumeMounts[0].mountPath: invalid value: must be an absolute path"]);
        }
        check(
            mounts(json!([{"name": "cache", "mountPath": "/a\nb"}])),
            &["spec.containers[0].volumeMounts[0].mountPath: invalid value: must not contain control characters"],
        );
        check(
            with(&[("/spec/sharedVolumes/0/app/mountPath", json!("/a/.."))]),
            &["spec.sharedVolumes[0].app.mountPath: invalid value: must be an absolute path"],
        );
    }

    #[test]
    fn mounts_have_different_paths() {
        check(
            mounts(json!([{"name": "cache", "mountPath": "/git"}])),
            &[
                "spec.containers[0].volumeMounts[0].mountPath: duplicate value \"/git\": also the path of shared volume content",
            ],
        );
        let twice = json!([{"name": "cache", "mountPath": "/a"}, {"name": "cache", "mountPath": "/a"}]);
        check(mounts(twice), &["spec.containers[0].volumeMounts[1].mountPath: duplicate value \"/a\""]);
        let other = json!({"name": "other", "companion": {"mountPath": "/other"}, "app": {"mountPath": "/usr/share/nginx/html"}});
        check(
            with(&[("/spec/sharedVolumes/1", other)]),
            &[
                "spec.sharedVolumes[1].app.mountPath: duplicate value \"/usr/share/nginx/html\": also the path of shared volume content",
            ],
        );
        let file = json!([{"path": "/git", "content": ""}]);
        check(
            with(&[("/spec/files", file)]),
            &["spec.files[0].path: duplicate value \"/git\": also the path of shared volume content"],
        );
    }

    #[test]
    fn mounts_of_the_app_do_not_overlap() {
        let inner = |source: Value| {
            let inner = json!({"name": "inner", "companion": {"mountPath": "/inner"}, "app": {"mountPath": "/srv/a"}, "source": source});
            with(&[
                ("/spec/sharedVolumes/0/app/mountPath", json!("/srv")),
                ("/spec/sharedVolumes/1", inner),
                ("/spec/parameters", json!([])),
            ])
        };
        let path = "spec.sharedVolumes[1].app.mountPath";
        warns(inner(json!(null)), &format!("{path}: possible conflict: this path overlaps with /srv"));
        check(inner(json!({"emptyDir": {}})), &[&format!("{path}: forbidden: this path overlaps with /srv")]);
    }

    #[test]
    fn nothing_overlaps_with_a_path_that_is_missing() {
        let second = json!({"name": "second", "companion": {"mountPath": "/second"}, "app": {"mountPath": "/srv"}, "source": {"emptyDir": {}}});
        let object = with(&[
            ("/spec/sharedVolumes/0/app/mountPath", json!("")),
            ("/spec/sharedVolumes/1", second),
            ("/spec/parameters", json!([])),
        ]);
        check(object, &["spec.sharedVolumes[0].app.mountPath: invalid value: must be an absolute path"]);
    }

    #[test]
    fn a_default_does_not_overlap_with_a_mount_of_the_companion() {
        let object = with(&[
            ("/spec/volumes", json!([{"name": "cache", "emptyDir": {}}])),
            ("/spec/containers/0/volumeMounts", json!([{"name": "cache", "mountPath": "/git/cache"}])),
            (
                "/spec/parameters/4",
                json!({"name": "where", "type": "Path", "mountPath": "content/companion", "below": "/git", "default": "/git/cache/a"}),
            ),
            ("/spec/sharedVolumes/0/source", json!({"configMap": {"name": "x", "optional": true}})),
        ]);
        warns(
            object,
            "spec.parameters[4].default: possible conflict: this path overlaps with the companion's own mount",
        );
    }

    #[test]
    fn nothing_is_mounted_below_a_file() {
        let file = ("/spec/files", json!([{"path": "/etc/x", "content": ""}]));
        let volumes = ("/spec/volumes", json!([{"name": "cache"}]));
        let mount = ("/spec/containers/0/volumeMounts", json!([{"name": "cache", "mountPath": "/etc/x/y"}]));
        check(
            with(&[file, volumes, mount]),
            &["spec.containers[0].volumeMounts[0].mountPath: invalid value: must not be below one of spec.files"],
        );
    }
}
