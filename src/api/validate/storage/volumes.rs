//! Volumes: names that fit, and one source each.

use serde_json::{Map, Value};

use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema;
use crate::api::validate::conformance;
use crate::inject::names::is_label;

/// The volume of files.
pub(in crate::api) const FILES: &str = "files";
/// The empty volume that stands where the Pod's token would be mounted.
pub(in crate::api) const NO_TOKEN: &str = "no-token";

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    let shared: Vec<_> = object.spec.shared_volumes.iter().map(|v| v.name.as_str()).collect();
    for (i, volume) in object.spec.volumes.iter().enumerate() {
        let at = FieldPath::spec("volumes").item(i);
        name(object, &volume.name, &at, found);
        if shared.contains(&volume.name.as_str()) {
            let message = "stands in sharedVolumes, too: a name may stand in one of the two lists only; rename one";
            found.error(&at.member("name"), message);
        }
        conformance::check(&object.raw["volumes"][i], &schema::VOLUME, &at, found);
        one_source(&volume.source, &at, found);
    }
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let at = FieldPath::spec("sharedVolumes").item(i);
        name(object, &volume.name, &at, found);
        let Some(source) = &volume.source else { continue };
        let at = at.member("source");
        if source.contains_key("name") {
            found.schema_error(&at.member("name"), "is no volume source; the name stands beside source");
        }
        let name = Value::from("x");
        let members = source.iter().filter(|(k, _)| *k != "name").map(|(k, v)| (k.as_str(), v));
        let whole: Vec<_> = [("name", &name)].into_iter().chain(members).collect();
        conformance::check_members(whole.iter().copied(), &schema::VOLUME, &at, found);
        one_source(source, &at, found);
        if source.values().all(Value::is_null) {
            found.error(&at, "is empty; name a source, or leave it out for an emptyDir");
        }
    }
}

/// The name of a volume in the Pod.
pub(in crate::api) fn full_name(companion: &str, volume: &str) -> String {
    format!("{companion}-{volume}")
}

fn name(object: &CompanionObject, volume: &str, at: &FieldPath, found: &mut Report) {
    let at = at.member("name");
    if [FILES, NO_TOKEN].contains(&volume) {
        found.error(&at, format!("{FILES} and {NO_TOKEN} are volumes that podgraft makes itself; rename it"));
    } else if object.has_good_name() && !is_label(&full_name(&object.name, volume), 63) {
        let most = 62_usize.saturating_sub(object.name.len());
        let message = format!(
            "is called <companion>-<name> in the Pod, which has at most 63 characters: it has at most {most}; shorten it"
        );
        found.error(&at, message);
    }
}

fn one_source(source: &Map<String, Value>, at: &FieldPath, found: &mut Report) {
    let sources: Vec<_> =
        source.iter().filter(|(k, v)| *k != "name" && !v.is_null()).map(|(k, _)| k.as_str()).collect();
    if sources.len() > 1 {
        found.error(at, format!("must have one source, and has {}", sources.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::validate::testing::{check, companion, warns, with};

    #[test]
    fn a_volumes_name_fits_behind_the_companions() {
        let long = json!([{"name": "a".repeat(55)}]);
        check(
            companion("/spec/volumes", long),
            &[
                "spec.volumes[0].name: is called <companion>-<name> in the Pod, which has at most 63 characters: it has at most 54",
            ],
        );
        check(companion("/spec/volumes", json!([{"name": "a.b"}])), &["spec.volumes[0].name: must be a DNS label"]);
        check(
            companion("/spec/volumes", json!([{"name": "no-token"}])),
            &["spec.volumes[0].name: files and no-token are volumes that podgraft makes itself"],
        );
        check(
            companion("/spec/volumes", json!([{"name": "content"}])),
            &["spec.volumes[0].name: stands in sharedVolumes, too"],
        );
        check(
            companion("/spec/volumes", json!([{"name": "a"}, {"name": "a"}])),
            &["spec.volumes[1].name: is there twice: a"],
        );
    }

    #[test]
    fn a_volume_has_one_source_of_the_right_shape() {
        let volumes = json!([{"name": "a", "emptyDir": {}, "hostPath": {"path": "/x"}}, {"name": "b", "emptyDir": {"medium": 1}}]);
        let expected = [
            "spec.volumes[0]: must have one source, and has emptyDir, hostPath",
            "spec.volumes[1].emptyDir.medium: must be a string, not a number",
        ];
        check(companion("/spec/volumes", volumes), &expected);
        warns(
            companion("/spec/volumes", json!([{"name": "a", "emptydir": {}}])),
            "spec.volumes[0].emptydir: no field of Kubernetes that podgraft knows, kept as it is; did you mean emptyDir?",
        );
    }

    #[test]
    fn a_shared_volumes_source_is_a_volume_source() {
        let source = |source| companion("/spec/sharedVolumes/0/source", source);
        check(source(json!({})), &["spec.sharedVolumes[0].source: is empty"]);
        check(
            source(json!({"name": "x", "emptyDir": {}})),
            &["spec.sharedVolumes[0].source.name: is no volume source"],
        );
        check(
            source(json!({"persistentVolumeClaim": {}})),
            &["spec.sharedVolumes[0].source.persistentVolumeClaim.claimName: is missing"],
        );
        check(source(json!("emptyDir")), &["spec.sharedVolumes[0].source: must be an object, not a string"]);
    }

    #[test]
    fn a_shared_volume_has_two_sides() {
        check(
            with(&[("/spec/sharedVolumes/0", json!({"name": "x"})), ("/spec/parameters", json!([]))]),
            &["spec.sharedVolumes[0].companion: is missing", "spec.sharedVolumes[0].app: is missing"],
        );
    }
}
