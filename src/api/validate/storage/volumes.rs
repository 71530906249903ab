//! Volumes: names that fit into the Pod, and one source each.

use serde_json::{Map, Value};

use crate::api::derived::{FILES, NO_TOKEN, full_name, secret_directories};
use crate::api::message::{duplicate_of, forbidden, invalid};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema;
use crate::api::validate::conformance;
use crate::inject::names::is_label;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let shared: Vec<_> = object.spec.shared_volumes.iter().map(|v| v.name.as_str()).collect();
    for (i, volume) in object.spec.volumes.iter().enumerate() {
        let at = FieldPath::spec("volumes").item(i);
        name(object, &volume.name, &at, report);
        if shared.contains(&volume.name.as_str()) {
            report.error(&at.member("name"), duplicate_of(&volume.name, "also used in spec.sharedVolumes"));
        }
        conformance::check(&object.raw["volumes"][i], &schema::VOLUME, &at, report);
        one_source(&volume.source, &at, report);
    }
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let at = FieldPath::spec("sharedVolumes").item(i);
        name(object, &volume.name, &at, report);
        let Some(source) = &volume.source else { continue };
        let at = at.member("source");
        if source.contains_key("name") {
            let message = "name is not a volume source; set the name of the shared volume next to source";
            report.schema_error(&at.member("name"), forbidden(message));
        }
        let name = Value::from("x");
        let members = source.iter().filter(|(k, _)| *k != "name").map(|(k, v)| (k.as_str(), v));
        let whole: Vec<_> = [("name", &name)].into_iter().chain(members).collect();
        conformance::check_members(whole.iter().copied(), &schema::VOLUME, &at, report);
        one_source(source, &at, report);
        if source.values().all(Value::is_null) {
            report.error(&at, invalid("must be a volume source; for an emptyDir, remove this field"));
        }
    }
}

fn name(object: &CompanionObject, volume: &str, at: &FieldPath, report: &mut Report) {
    let at = at.member("name");
    if [FILES, NO_TOKEN].contains(&volume) {
        let message =
            format_args!("{FILES} and {NO_TOKEN} are reserved for volumes that podgraft adds; rename the volume");
        report.error(&at, forbidden(message));
    } else if secret_directories(&object.spec).iter().any(|directory| directory.volume == volume) {
        let message = format_args!("{volume} is reserved for the files of SecretKey parameters; rename the volume");
        report.error(&at, forbidden(message));
    } else if object.has_valid_name() && !is_label(&full_name(&object.name, volume), 63) {
        let most = 62_usize.saturating_sub(object.name.len());
        let message =
            format_args!("must have at most {most} characters, because <companion>-<name> has at most 63 in the Pod");
        report.error(&at, invalid(message));
    }
}

fn one_source(source: &Map<String, Value>, at: &FieldPath, report: &mut Report) {
    let sources: Vec<_> =
        source.iter().filter(|(k, v)| *k != "name" && !v.is_null()).map(|(k, _)| k.as_str()).collect();
    if sources.len() > 1 {
        report.error(at, invalid(format_args!("must have exactly one source, but has {}", sources.join(", "))));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion, warns, with};

    #[test]
    fn the_name_of_a_volume_fits_after_that_of_the_companion() {
        let long = json!([{"name": "a".repeat(55)}]);
        check(
            companion("/spec/volumes", long),
            &["spec.volumes[0].name: invalid value: must have at most 54 characters"],
        );
        check(
            companion("/spec/volumes", json!([{"name": "a.b"}])),
            &["spec.volumes[0].name: invalid value: must be a DNS label"],
        );
        check(
            companion("/spec/volumes", json!([{"name": "no-token"}])),
            &["spec.volumes[0].name: forbidden: files and no-token are reserved"],
        );
        check(
            companion("/spec/volumes", json!([{"name": "content"}])),
            &["spec.volumes[0].name: duplicate value \"content\": also used in spec.sharedVolumes"],
        );
        check(
            companion("/spec/volumes", json!([{"name": "a"}, {"name": "a"}])),
            &["spec.volumes[1].name: duplicate value \"a\""],
        );
    }

    #[test]
    fn a_volume_has_one_source_of_the_right_shape() {
        let volumes = json!([{"name": "a", "emptyDir": {}, "hostPath": {"path": "/x"}}, {"name": "b", "emptyDir": {"medium": 1}}]);
        let expected = [
            "spec.volumes[0]: invalid value: must have exactly one source, but has emptyDir, hostPath",
            "spec.volumes[1].emptyDir.medium: invalid value: must be a string, not a number",
        ];
        check(companion("/spec/volumes", volumes), &expected);
        warns(
            companion("/spec/volumes", json!([{"name": "a", "emptydir": {}}])),
            "spec.volumes[0].emptydir: unknown field, kept; did you mean \"emptyDir\"?",
        );
    }

    #[test]
    fn a_shared_volumes_source_is_a_volume_source() {
        let source = |source| companion("/spec/sharedVolumes/0/source", source);
        check(source(json!({})), &["spec.sharedVolumes[0].source: invalid value: must be a volume source"]);
        check(
            source(json!({"name": "x", "emptyDir": {}})),
            &["spec.sharedVolumes[0].source.name: forbidden: name is not a volume source"],
        );
        check(
            source(json!({"persistentVolumeClaim": {}})),
            &["spec.sharedVolumes[0].source.persistentVolumeClaim.claimName: required value"],
        );
        check(
            source(json!("emptyDir")),
            &["spec.sharedVolumes[0].source: invalid value: must be an object, not a string"],
        );
    }

    #[test]
    fn a_shared_volume_has_two_sides() {
        check(
            with(&[("/spec/sharedVolumes/0", json!({"name": "x"})), ("/spec/parameters", json!([]))]),
            &["spec.sharedVolumes[0].companion: required value", "spec.sharedVolumes[0].app: required value"],
        );
    }
}
