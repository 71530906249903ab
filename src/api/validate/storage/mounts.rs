//! Mounts: what a container mounts where.

use std::collections::HashMap;

use serde_json::Value;

use crate::api::compile::template;
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots;
use crate::inject::names::lies_below;

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    let mut common = HashMap::new();
    let mut app = HashMap::new();
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let at = FieldPath::spec("sharedVolumes").item(i);
        let owner = format!("shared volume {}", volume.name);
        claim(&mut app, &volume.app.mount_path, &at.member("app").member("mountPath"), owner.clone(), found);
        claim(&mut common, &volume.companion.mount_path, &at.member("companion").member("mountPath"), owner, found);
    }
    let files = &object.spec.files;
    // The same path twice in a list was told by its shape; so below.
    for (i, file) in files.iter().enumerate().filter(|(i, file)| !files[..*i].iter().any(|f| f.path == file.path)) {
        let at = FieldPath::spec("files").item(i).member("path");
        claim(&mut common, &file.path, &at, format!("file {i}"), found);
    }
    for each in object.containers() {
        let mut taken = common.clone();
        for (i, mount) in each.container.volume_mounts.iter().enumerate() {
            let at = each.at.member("volumeMounts").item(i);
            of_own_volume(object, &mount.name, &at.member("name"), found);
            if !each.container.volume_mounts[..i].iter().any(|m| m.mount_path == mount.mount_path) {
                claim(&mut taken, &mount.mount_path, &at.member("mountPath"), "another mount".to_owned(), found);
            }
        }
        for (i, device) in each.field("volumeDevices").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let at = each.at.member("volumeDevices").item(i).member("name");
            of_own_volume(object, device["name"].as_str().unwrap_or_default(), &at, found);
        }
        below_files(object, &each, found);
    }
    meetings(object, found);
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Moved {
    Never,
    Perhaps,
    ByDefault,
}

/// Where a side of a shared volume is mounted if nobody moves it, and the place that says so; `None` where it must be
/// moved. Last, whether a parameter can move it, and whether its default does.
pub(in crate::api) fn unmoved(
    object: &CompanionObject,
    index: usize,
    companion: bool,
) -> Option<(&str, FieldPath, Moved)> {
    let volume = &object.spec.shared_volumes[index];
    let mover = object
        .spec
        .parameters
        .iter()
        .position(|p| p.mount_path.as_deref().and_then(slots::side) == Some((&volume.name, companion)));
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

/// Mounts that meet: a problem where no Pod could have the companion, a warning where some could.
fn meetings(object: &CompanionObject, found: &mut Report) {
    let own: Vec<_> = object.containers().flat_map(|each| template::own_mounts(object, &each)).collect();
    let nested = |path: &str, other: &str| lies_below(path, other) || lies_below(other, path);
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let others = || object.spec.shared_volumes.iter().enumerate().filter(move |(other, _)| *other != i);
        for (earlier, other) in others().take_while(|(other, _)| *other < i) {
            let Some((path, at, moves)) = unmoved(object, i, false) else { continue };
            let Some((its, _, its_moves)) = unmoved(object, earlier, false) else { continue };
            let by_default = [moves, its_moves].contains(&Moved::ByDefault);
            // One path for both was told already where it is declared.
            if path.is_empty() || !(nested(path, its) || path == its && by_default) {
                continue;
            }
            let message = format!("meets {its}, where the app gets another mount of the companion; move one of them");
            // A Pod that mounts both paths already has both joined.
            let joined = path != its && volume.source.is_none() && other.source.is_none();
            if joined || [moves, its_moves] != [Moved::Never; 2] {
                found.warn(&at, message);
            } else {
                found.error(&at, message);
            }
        }
        let Some((path, at, Moved::ByDefault)) = unmoved(object, i, true) else { continue };
        let shared = others().filter_map(|(other, _)| unmoved(object, other, true)).map(|(path, ..)| path);
        let mut all = own.iter().filter_map(|mount| mount["mountPath"].as_str()).chain(shared);
        if let Some(other) = all.find(|other| !other.is_empty() && (*other == path || nested(path, other))) {
            found.warn(&at, format!("meets the companion's own mount {other}; move one of them"));
        }
    }
}

fn of_own_volume(object: &CompanionObject, name: &str, at: &FieldPath, found: &mut Report) {
    let own = || object.spec.volumes.iter().map(|v| v.name.as_str());
    if own().any(|v| v == name) {
        return;
    }
    let shared = object.spec.shared_volumes.iter().any(|v| v.name == name);
    let nearest = found.suggest(name, own()).map(|n| format!("did you mean {n}?"));
    let message = match nearest {
        _ if shared => "a shared volume is mounted by itself, at its companion.mountPath; remove the mount".to_owned(),
        Some(nearest) => format!("is none of volumes; {nearest}"),
        None => "is none of volumes; declare it there".to_owned(),
    };
    found.error(at, message);
}

fn claim<'o>(taken: &mut HashMap<&'o str, String>, path: &'o str, at: &FieldPath, owner: String, found: &mut Report) {
    if path.chars().any(char::is_control) {
        found.error(at, "has a control character; remove it");
    }
    if let Some(other) = taken.get(path).filter(|_| !path.is_empty()) {
        found.error(at, format!("is the path of {other}, too; move one of them"));
    } else {
        taken.insert(path, owner);
    }
}

/// A file is no directory.
fn below_files(object: &CompanionObject, each: &ContainerAt, found: &mut Report) {
    let below = |path: &str| object.spec.files.iter().find(|f| lies_below(path, &f.path));
    for (i, mount) in each.container.volume_mounts.iter().enumerate() {
        if below(&mount.mount_path).is_some_and(|f| !f.path.is_empty()) {
            let at = each.at.member("volumeMounts").item(i).member("mountPath");
            found.error(&at, "lies below one of files, which is no directory; move one of them");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::validate::testing::{check, with};

    fn mounts(mounts: serde_json::Value) -> serde_json::Value {
        let volumes = json!([{"name": "cache", "emptyDir": {}}]);
        with(&[("/spec/volumes", volumes), ("/spec/containers/0/volumeMounts", mounts)])
    }

    #[test]
    fn a_mount_names_one_of_the_companions_own_volumes() {
        check(mounts(json!([{"name": "cache", "mountPath": "/cache"}])), &[]);
        check(
            mounts(json!([{"name": "cach", "mountPath": "/cache"}])),
            &["spec.containers[0].volumeMounts[0].name: is none of volumes; did you mean cache?"],
        );
        check(
            mounts(json!([{"name": "content", "mountPath": "/x"}])),
            &["spec.containers[0].volumeMounts[0].name: a shared volume is mounted by itself"],
        );
        let device = [("/spec/containers/0/volumeDevices", json!([{"name": "disk", "devicePath": "/dev/x"}]))];
        check(with(&device), &["spec.containers[0].volumeDevices[0].name: is none of volumes; declare it there"]);
    }

    #[test]
    fn a_path_is_normalised() {
        for odd in ["cache", "/", "/a/", "/a//b", "/a/../b", "/a:b", ""] {
            let object = mounts(json!([{"name": "cache", "mountPath": odd}]));
            check(object, &["spec.containers[0].volumeMounts[0].mountPath: must be an absolute path"]);
        }
        check(
            mounts(json!([{"name": "cache", "mountPath": "/a\nb"}])),
            &["spec.containers[0].volumeMounts[0].mountPath: has a control character"],
        );
        check(
            with(&[("/spec/sharedVolumes/0/app/mountPath", json!("/a/.."))]),
            &["spec.sharedVolumes[0].app.mountPath: must be an absolute path"],
        );
    }

    #[test]
    fn two_mounts_have_two_paths() {
        check(
            mounts(json!([{"name": "cache", "mountPath": "/git"}])),
            &["spec.containers[0].volumeMounts[0].mountPath: is the path of shared volume content, too"],
        );
        let twice = json!([{"name": "cache", "mountPath": "/a"}, {"name": "cache", "mountPath": "/a"}]);
        check(mounts(twice), &["spec.containers[0].volumeMounts[1].mountPath: is there twice: /a"]);
        let other = json!({"name": "other", "companion": {"mountPath": "/other"}, "app": {"mountPath": "/usr/share/nginx/html"}});
        check(
            with(&[("/spec/sharedVolumes/1", other)]),
            &["spec.sharedVolumes[1].app.mountPath: is the path of shared volume content, too"],
        );
        let file = json!([{"path": "/git", "content": ""}]);
        check(with(&[("/spec/files", file)]), &["spec.files[0].path: is the path of shared volume content, too"]);
    }

    #[test]
    fn nothing_is_mounted_below_a_file() {
        let file = ("/spec/files", json!([{"path": "/etc/x", "content": ""}]));
        let volumes = ("/spec/volumes", json!([{"name": "cache"}]));
        let mount = ("/spec/containers/0/volumeMounts", json!([{"name": "cache", "mountPath": "/etc/x/y"}]));
        check(
            with(&[file, volumes, mount]),
            &["spec.containers[0].volumeMounts[0].mountPath: lies below one of files"],
        );
    }
}
